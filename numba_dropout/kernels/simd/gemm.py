"""Inner loops of a matrix product: tiles in registers, and the packing of their operands.

The method is that of Goto and van de Geijn (ACM TOMS 34, 2008), with one operand packed. The right operand lies in
panels as wide as a tile, so that a row of a panel fills registers. Elements of the left operand are broadcast from
memory.
"""

import contextlib

import numpy as np
from numba import types
from numba.core import cgutils

from . import vectors
from .intrinsic import intrinsic
from .registers import TILE
from .vectors import I64

__all__ = [
    "LINE",
    "QUARTER",
    "TILE_ROWS",
    "TILE_WIDTH",
    "multiply_add",
    "multiply_tiles",
    "pack_columns",
    "pack_rows",
    "transpose",
]

TILE_ROWS = TILE.rows
TILE_WIDTH = TILE.width  # bytes of a row of a tile
QUARTER = 16  # bytes of a row that are transposed together, with as many rows as they have elements
LINE = 64  # bytes of a row that are read together: a cache line


# ---------------------------------------------------------------- tiles


def _multiply_tiles(out, left, packed, accumulate):
    """Write left @ right into out (rows, n) with adjacent columns, or add it. packed (panels, K, width) holds right.

    rows <= TILE_ROWS, and n <= panels * width. Left is (rows, K) with adjacent columns, or packed as TILE_ROWS adjacent
    rows, of which only the first `rows` count. A sum runs along K in order, so it does not depend on its position.
    """
    rows, columns = out.shape
    _, depth, width = packed.shape
    for panel, begin in enumerate(range(0, columns, width)):
        target = out[:, begin : begin + width]
        with np.errstate(all="ignore"):  # compiled code never warns, and BLAS may warn of memory beside the operands
            product = left[:rows, :depth] @ packed[panel, :, : target.shape[1]]
        target[:] = target + product if accumulate else product


def emit_tiles(context, builder, tile, kinds, arguments):
    """Emit `multiply_tiles` for a register file."""
    out, left, packed = vectors.views(context, builder, kinds[:3], arguments[:3])
    rows, accumulate = out.shape[0], arguments[3]
    lanes = tile.size // out.size
    kind = vectors.vector(out.element, lanes)
    if kinds[1].layout == "F":
        stride, offsets = out.size * tile.rows, [I64(out.size * row) for row in range(tile.rows)]
    else:
        # a tile beyond the last row multiplies that row again, and does not write it
        stride, last = out.size, builder.sub(rows, I64(1))
        clamped = [builder.select(builder.icmp_signed("<", I64(row), rows), I64(row), last) for row in range(tile.rows)]
        offsets = [builder.mul(row, left.strides[0]) for row in clamped]
    with cgutils.for_range(builder, packed.shape[0], intp=I64) as panel:
        columns = builder.sub(out.shape[1], builder.mul(panel.index, I64(tile.vectors * lanes)))
        begin = builder.gep(out.start, [builder.mul(panel.index, I64(tile.width))])
        targets = [builder.gep(begin, [builder.mul(I64(row), out.strides[0])]) for row in range(tile.rows)]
        done = builder.append_basic_block()
        for count in range(1, tile.vectors + 1):  # number of vectors: the last tile may be narrower
            fits = builder.icmp_signed("<=", columns, I64(count * lanes))
            with builder.if_then(fits) if count < tile.vectors else contextlib.nullcontext():
                starts = left.start, packed.address(panel.index)
                sums = _emit_sums(builder, tile, kind, count, starts, stride, offsets, packed.shape[1])
                _emit_stores(builder, tile, sums, targets, rows, columns, accumulate)
                builder.branch(done)
        builder.position_at_end(done)
    return context.get_dummy_value()


def _emit_sums(builder, tile, kind, count, starts, stride, offsets, depth):
    """Emit the loops along the depth for `count` vectors of columns. Return the sums by row."""
    state = [I64(0), *starts, *[vectors.constant(kind, 0.0)] * (tile.rows * count)]
    for turns in sorted({1, tile.turns}, reverse=True):
        before, body, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
        last = builder.sub(depth, I64(turns))
        builder.cbranch(builder.icmp_signed("<=", state[0], last), body, after)
        builder.position_at_end(body)
        phis = [builder.phi(value.type) for value in state]
        k, a, b, *sums = phis
        for turn in range(turns):
            values = [vectors.load(builder, b, kind, tile.width * turn + tile.size * index) for index in range(count)]
            for row, offset in enumerate(offsets):
                factor = vectors.load(builder, builder.gep(a, [offset]), kind.element, stride * turn)
                factor = vectors.splat(builder, factor, kind.count)
                for index, value in enumerate(values, row * count):
                    sums[index] = multiply_add(builder, tile, factor, value, sums[index])
        k = builder.add(k, I64(turns))
        a, b = (builder.gep(pointer, [I64(size * turns)]) for pointer, size in ((a, stride), (b, tile.width)))
        builder.cbranch(builder.icmp_signed("<=", k, last), body, after)
        builder.position_at_end(after)
        results = [builder.phi(value.type) for value in state]
        for phi, result, start, value in zip(phis, results, state, [k, a, b, *sums], strict=True):
            for node in (phi, result):
                node.add_incoming(start, before)
                node.add_incoming(value, body)
        state = results
    return [state[3 + row * count :][:count] for row in range(tile.rows)]


def _emit_stores(builder, tile, sums, targets, rows, columns, accumulate):
    """Emit the stores of a tile's sums: all lanes, or only those inside the rows and columns of the result."""
    kind, count = sums[0][0].type, len(sums[0])
    full = builder.and_(
        builder.icmp_signed("==", rows, I64(tile.rows)), builder.icmp_signed("==", columns, I64(count * kind.count))
    )
    with builder.if_else(full, likely=True) as (yes, no):
        with yes, builder.if_else(accumulate) as (add, write):
            for adding, branch in ((True, add), (False, write)):
                with branch:
                    for target, values in zip(targets, sums, strict=True):
                        for index, value in enumerate(values):
                            old = vectors.load(builder, target, kind, index * tile.size) if adding else None
                            new = builder.fadd(old, value) if adding else value
                            vectors.store(builder, new, target, index * tile.size)
        with no:
            masks = [vectors.first_lanes(builder, columns, index * kind.count, kind.count) for index in range(count)]
            for row, (target, values) in enumerate(zip(targets, sums, strict=True)):
                with builder.if_then(builder.icmp_signed("<", I64(row), rows)):
                    for index, (value, mask) in enumerate(zip(values, masks, strict=True)):
                        old = vectors.load_masked(builder, mask, target, kind, index * tile.size)
                        new = builder.select(accumulate, builder.fadd(old, value), value)
                        vectors.store_masked(builder, mask, new, target, index * tile.size)


def multiply_add(builder, tile, a, b, total):
    """Emit total + a * b, in one operation if the target has it."""
    if not tile.fused:
        return builder.fadd(total, builder.fmul(a, b))
    return vectors.call(builder, f"llvm.fma.{vectors.vector_name(a.type)}", a.type, [a, b, total])


@intrinsic(_multiply_tiles, outlined=True)
def multiply_tiles(typing_context, out, left, packed, accumulate):
    """Emit the tiles for the target's registers."""
    vectors.require_same_dtype(out, left, packed)

    def generate(context, builder, signature, arguments):
        return emit_tiles(context, builder, TILE, signature.args, arguments)

    return types.none(out, left, packed, types.boolean), generate


# ---------------------------------------------------------------- packing


def _pack_columns(packed, right):
    """Pack right (K, n) into panels as wide as a tile, packed (panels, K, width). Columns beyond n are undefined."""
    _pack(packed, right)


def _pack_rows(packed, left):
    """Pack left (n, K) into panels as high as a tile, packed (panels, K, TILE_ROWS). Rows beyond n are undefined."""
    _pack(packed, left.T)


def _pack(packed, right):
    """Copy the columns of right to panels, with 0 in the columns beyond its last."""
    width = packed.shape[2]
    for panel in range(packed.shape[0]):
        columns = right[:, panel * width : (panel + 1) * width]
        packed[panel, : len(columns)] = 0
        packed[panel, : len(columns), : columns.shape[1]] = columns


def emit_packing(builder, register, packed, right, width):
    """Emit the packing of columns: copies of rows if columns are adjacent, or transposed tiles if rows are."""
    columns = right.shape[1]
    panels = builder.sdiv(builder.add(columns, I64(width - 1)), I64(width))
    adjacent = builder.icmp_signed("==", right.strides[1], I64(right.size))
    with builder.if_else(adjacent) as (yes, no):
        with yes:
            _emit_row_copies(builder, register, packed, right, width, panels)
        with no:
            _emit_transposition(builder, register, packed, right, width, panels)


def _emit_row_copies(builder, register, packed, right, width, panels):
    """Emit the packing of columns that are adjacent in memory: copies of parts of rows."""
    lanes = min(register // right.size, width)
    kind = vectors.vector(right.element, lanes)
    with cgutils.for_range(builder, right.shape[0], intp=I64) as row:
        source = right.address(row.index)
        with cgutils.for_range(builder, panels, intp=I64) as panel:
            target = packed.address(panel.index, row.index)
            begin = builder.mul(panel.index, I64(width))
            start = builder.gep(source, [builder.mul(begin, I64(right.size))])
            remaining = builder.sub(right.shape[1], begin)
            with builder.if_else(builder.icmp_signed(">=", remaining, I64(width)), likely=True) as (yes, no):
                for branch, full in ((yes, True), (no, False)):
                    with branch:
                        for lane in range(0, width, lanes):
                            if full:
                                value = vectors.load(builder, start, kind, lane * right.size)
                            else:
                                mask = vectors.first_lanes(builder, remaining, lane, lanes)
                                value = vectors.load_masked(builder, mask, start, kind, lane * right.size)
                            vectors.store(builder, value, target, lane * right.size)


def _emit_transposition(builder, register, packed, right, width, panels):
    """Emit the packing of columns that lie in rows of memory: LINE bytes of the columns of one register at a time."""
    depth, columns = right.shape
    lanes, line = min(register // right.size, width), LINE // right.size
    last = builder.sub(columns, I64(1))
    with cgutils.for_range(builder, panels, intp=I64) as panel:
        for lane in range(0, width, lanes):
            first = builder.add(builder.mul(panel.index, I64(width)), I64(lane))
            with builder.if_then(builder.icmp_signed("<", first, columns)):
                # columns beyond the last repeat it: their sums are never written
                numbers = [builder.add(first, I64(column)) for column in range(lanes)]
                starts = [
                    right.address(I64(0), builder.select(builder.icmp_signed("<", number, last), number, last))
                    for number in numbers
                ]
                target = builder.gep(packed.address(panel.index), [I64(lane * right.size)])
                lines = builder.sdiv(builder.add(depth, I64(line - 1)), I64(line))
                with cgutils.for_range(builder, lines, intp=I64) as loop:
                    k = builder.mul(loop.index, I64(line))
                    offset = builder.mul(k, I64(right.size))
                    sources = [builder.gep(start, [offset]) for start in starts]
                    row = builder.gep(target, [builder.mul(k, packed.strides[1])])
                    remaining = builder.sub(depth, k)
                    with builder.if_else(builder.icmp_signed(">=", remaining, I64(line)), likely=True) as (yes, no):
                        with yes:
                            _emit_tile(builder, packed, right, sources, row, None)
                        with no:
                            _emit_tile(builder, packed, right, sources, row, remaining)


def _emit_tile(builder, packed, right, sources, target, remaining):
    """Transpose LINE bytes of rows of memory into rows of the panel, or `remaining` elements unless it is None."""
    quarter = QUARTER // right.size
    small = vectors.vector(right.element, quarter)
    for q in range(LINE // QUARTER):
        begin = q * quarter
        rows = []
        for source in sources:
            if remaining is None:
                rows.append(vectors.load(builder, source, small, q * QUARTER))
            else:
                mask = vectors.first_lanes(builder, remaining, begin, quarter)
                rows.append(vectors.load_masked(builder, mask, source, small, q * QUARTER))
        for i, column in enumerate(transpose(builder, rows, quarter)):
            address = builder.gep(target, [builder.mul(packed.strides[1], I64(begin + i))])
            if remaining is None:
                vectors.store(builder, column, address)
            else:
                with builder.if_then(builder.icmp_signed(">", remaining, I64(begin + i))):
                    vectors.store(builder, column, address)


def transpose(builder, rows, size):
    """Return `size` vectors. Vector i holds element i of all rows.

    First, rows r, r + size, r + 2 size, ... are placed side by side, which the loads can do. All shuffles then stay
    within quarters of a register, where they take one cycle.
    """
    wide = []
    for r in range(size):
        pieces = rows[r::size]
        while len(pieces) > 1:
            both = range(2 * pieces[0].type.count)
            pieces = [vectors.shuffle(builder, a, b, both) for a, b in zip(pieces[::2], pieces[1::2], strict=True)]
        wide.append(pieces[0])
    lanes = wide[0].type.count

    def within(a, b, pattern):
        """Select lanes of a (side 0) and b (side 1), the same in each quarter."""
        lanes_of_both = [side * lanes + first + i for first in range(0, lanes, size) for side, i in pattern]
        return vectors.shuffle(builder, a, b, lanes_of_both)

    if size == 2:
        return [within(wide[0], wide[1], [(0, i), (1, i)]) for i in range(2)]
    results = []
    for i in (0, 2):
        a = within(wide[0], wide[1], [(0, i), (1, i), (0, i + 1), (1, i + 1)])
        b = within(wide[2], wide[3], [(0, i), (1, i), (0, i + 1), (1, i + 1)])
        results += [within(a, b, [(0, j), (0, j + 1), (1, j), (1, j + 1)]) for j in (0, 2)]
    return results


def _packing_intrinsic(plain, transposed, width_of):
    """Return an intrinsic that packs into panels. Their width may depend on the size of an element."""

    @intrinsic(plain, outlined=True)
    def pack(typing_context, packed, matrix):
        vectors.require_same_dtype(packed, matrix)

        def generate(context, builder, signature, arguments):
            packed, matrix = (
                vectors.View(context, builder, *pair) for pair in zip(signature.args, arguments, strict=True)
            )
            if transposed:
                matrix.shape.reverse()
                matrix.strides.reverse()
            emit_packing(builder, TILE.size, packed, matrix, width_of(packed.size))
            return context.get_dummy_value()

        return types.none(packed, matrix), generate

    return pack


pack_columns = _packing_intrinsic(_pack_columns, False, lambda size: TILE.width // size)
pack_rows = _packing_intrinsic(_pack_rows, True, lambda size: TILE.rows)
