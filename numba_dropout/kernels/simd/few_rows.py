"""Inner loop of a matrix product with few rows: tiles of the right operand are transposed in registers.

Packing the right operand would take longer than the product. Sums have the order of `multiply_tiles`.
"""

import numpy as np
from numba import types
from numba.core import cgutils

from . import vectors
from .gemm import LINE, QUARTER, multiply_add, transpose
from .intrinsic import intrinsic
from .registers import TILE
from .vectors import I32, I64

__all__ = ["FEW_ROWS", "multiply_few_rows"]

FEW_ROWS = 4  # rows up to which the loop is faster than packed tiles
WIDTH = 32  # bytes of a group of columns: their cache lines fit the ways of one set of a cache, whatever their distance
GROUPS = 2  # groups of columns at a time: their sums hide the latency of each other
LAG = 4  # lines that the second group is behind the first, so that they do not use one set at a time


def _multiply_few_rows(out, left, right, factors):
    """Add left @ right to out (rows, n). left (rows, K), right (K, n), rows <= FEW_ROWS.

    Columns of out and left are adjacent, and rows of right. Sums run along K in order, in passes as deep as `factors`
    (pass, FEW_ROWS), which receives the rows of left: at one distance in memory, they would share sets of the cache.
    """
    size = factors.shape[0]
    for k in range(0, max(right.shape[0], 1), size):
        with np.errstate(all="ignore"):
            out += left[:, k : k + size] @ right[k : k + size]


def emit_few_rows(context, builder, tile, kinds, arguments):
    """Emit `multiply_few_rows` for a register file: passes along the depth, with loops for one row and for FEW_ROWS."""
    out, left, right, factors = vectors.views(context, builder, kinds, arguments)
    one = builder.icmp_signed("==", out.shape[0], I64(1))
    depth, size = right.shape[0], factors.shape[0]
    passes = builder.sdiv(builder.sub(builder.add(depth, size), I64(1)), size)
    passes = builder.select(builder.icmp_signed(">", passes, I64(1)), passes, I64(1))
    with cgutils.for_range(builder, passes, intp=I64) as loop:
        first = builder.mul(loop.index, size)
        count = _smaller(builder, size, builder.sub(depth, first))
        _emit_copies(builder, factors, left, first, count)
        with builder.if_else(one) as (yes, no):
            for branch, rows in ((yes, 1), (no, FEW_ROWS)):
                with branch:
                    _emit_panels(builder, tile, out, factors, right, first, count, rows)
    return context.get_dummy_value()


def _emit_copies(builder, factors, left, first, count):
    """Emit the copies of `count` columns of left, from column `first` on, to the factors."""
    with cgutils.for_range(builder, count, intp=I64) as column:
        number = builder.add(first, column.index)
        with cgutils.for_range(builder, left.shape[0], intp=I64) as row:
            value = vectors.load(builder, left.address(row.index, number), left.element)
            vectors.store(builder, value, factors.address(column.index, row.index))


def _emit_panels(builder, tile, out, factors, right, first_row, depth, rows):
    """Emit the loop over panels of columns, for `depth` rows of right and at most `rows` rows of out."""
    columns = right.shape[1]
    lanes = min(tile.size, WIDTH) // out.size
    kind = vectors.vector(out.element, lanes)
    groups = [[cgutils.alloca_once(builder, kind) for _ in range(rows)] for _ in range(GROUPS)]
    last_column = builder.sub(columns, I64(1))  # columns beyond the last repeat it, and are not written
    line = LINE // out.size
    width = GROUPS * lanes
    panels = builder.sdiv(builder.add(columns, I64(width - 1)), I64(width))
    lines = builder.sdiv(depth, I64(line))
    first_of_rest = builder.mul(lines, I64(line))
    rest = builder.sub(depth, first_of_rest)
    with cgutils.for_range(builder, panels, intp=I64) as panel:
        first = builder.mul(panel.index, I64(width))
        numbers = [_smaller(builder, builder.add(first, I64(lane)), last_column) for lane in range(width)]
        starts = [right.address(first_row, number) for number in numbers]
        for sums in groups:
            for total in sums:
                builder.store(vectors.constant(kind, 0.0), total)

        turns = builder.add(lines, I64(LAG * (GROUPS - 1)))
        with cgutils.for_range(builder, turns, intp=I64) as turn:
            for group, sums in enumerate(groups):
                index = builder.sub(turn.index, I64(LAG * group))
                with builder.if_then(builder.icmp_unsigned("<", index, lines)):  # false below 0 too
                    sources = starts[group * lanes :][:lanes]
                    _emit_line(builder, tile, out.size, sums, sources, factors.start, builder.mul(index, I64(line)))
        with cgutils.for_range(builder, rest, intp=I64) as loop:
            k = builder.add(first_of_rest, loop.index)
            factor = factors.address(k)
            for group, sums in enumerate(groups):
                column = vectors.undefined(kind)
                for lane, start in enumerate(starts[group * lanes :][:lanes]):
                    address = builder.gep(start, [builder.mul(k, I64(out.size))])
                    column = builder.insert_element(column, vectors.load(builder, address, out.element), I32(lane))
                _emit_products(builder, tile, sums, factor, column)
        for group, sums in enumerate(groups):
            start = builder.add(first, I64(group * lanes))
            mask = vectors.first_lanes(builder, builder.sub(columns, start), 0, lanes)
            _emit_stores(builder, out, sums, start, mask)


def _emit_stores(builder, out, sums, start, mask):
    """Emit the additions of the sums of a group of columns to out."""
    for row, total in enumerate(sums):
        with builder.if_then(builder.icmp_signed("<", I64(row), out.shape[0])):
            target, value = out.address(I64(row), start), builder.load(total)
            old = vectors.load_masked(builder, mask, target, value.type)
            vectors.store_masked(builder, mask, builder.fadd(old, value), target)


def _emit_line(builder, tile, size, sums, starts, factors, first):
    """Emit the multiply-adds of LINE bytes of the columns' memory, from element `first` on."""
    quarter = QUARTER // size
    small = vectors.vector(sums[0].type.pointee.element, quarter)
    with cgutils.for_range(builder, I64(LINE // QUARTER), intp=I64) as loop:
        k = builder.add(first, builder.mul(loop.index, I64(quarter)))
        offset = builder.mul(k, I64(size))
        pieces = [vectors.load(builder, builder.gep(start, [offset]), small) for start in starts]
        factor = builder.gep(factors, [builder.mul(offset, I64(FEW_ROWS))])
        for i, column in enumerate(transpose(builder, pieces, quarter)):
            _emit_products(builder, tile, sums, builder.gep(factor, [I64(i * FEW_ROWS * size)]), column)


def _emit_products(builder, tile, sums, factors, column):
    """Emit the multiply-adds of an element of all rows."""
    element, lanes = column.type.element, column.type.count
    size = {"float": 4, "double": 8}[str(element)]
    for row, total in enumerate(sums):
        factor = vectors.splat(builder, vectors.load(builder, factors, element, row * size), lanes)
        builder.store(multiply_add(builder, tile, factor, column, builder.load(total)), total)


def _smaller(builder, a, b):
    """Return the smaller of two integers."""
    return builder.select(builder.icmp_signed("<", a, b), a, b)


@intrinsic(_multiply_few_rows, outlined=True)
def multiply_few_rows(typing_context, out, left, right, factors):
    """Emit the loops for the target's registers."""
    vectors.require_same_dtype(out, left, right, factors)

    def generate(context, builder, signature, arguments):
        return emit_few_rows(context, builder, TILE, signature.args, arguments)

    return types.none(out, left, right, factors), generate
