"""A fully connected layer: out = inp @ weight.T + bias, with weight (K, C) as in PyTorch."""

from ..._jit import kernel, reordered_span, span
from ..pointwise import ZERO
from ..simd import TILE_ROWS, TILE_WIDTH, parallel, strided
from .product import block_columns, grid, multiply_block, part_range

SKINNY = 4  # rows, or units, up to which dot products are faster than packing the weights


@reordered_span
def _dots(out, inp, weight, row0, row1, unit0, unit1):
    """Add inp @ weight.T to out, one dot product at a time."""
    for unit in range(unit0, unit1):
        for i in range(row0, row1):
            total = out.dtype.type(0)
            for c in range(inp.shape[1]):
                total += inp[i, c] * weight[unit, c]
            out[i, unit] += total


@span
def fill_units(out, inp, weight, bias, row0, row1, unit0, unit1):
    """Write inp @ weight.T + bias into out[row0:row1, unit0:unit1], no more than `block_columns`."""
    for i in range(row0, row1):
        for o in range(unit0, unit1):
            out[i, o] = bias[o] if bias.size else ZERO
    if min(out.shape) <= SKINNY:
        _dots(out, inp, weight, row0, row1, unit0, unit1)
    else:
        multiply_block(out, strided(inp), strided(weight.T), row0, row1, unit0, unit1, True)


@parallel
@span
def _forward_parts(part, row_parts, column_parts, out, inp, weight, bias):
    width = TILE_WIDTH // out.itemsize
    row0, row1 = part_range(part // column_parts, row_parts, out.shape[0], TILE_ROWS)
    unit0, unit1 = part_range(part % column_parts, column_parts, out.shape[1], width)
    step = block_columns(inp.shape[1], out.itemsize)
    for unit in range(unit0, unit1, step):
        fill_units(out, inp, weight, bias, row0, row1, unit, min(unit + step, unit1))


@kernel
def linear_forward(out, inp, weight, bias):
    """Write inp @ weight.T + bias; an empty bias is none."""
    # out (B, K), inp (B, C), weight (K, C), bias (K,)
    row_parts, column_parts = grid(out.shape[0], out.shape[1], inp.shape[1], out.itemsize)
    _forward_parts(row_parts * column_parts, (row_parts, column_parts, out, inp, weight, bias))


@parallel
@span
def _product_parts(part, row_parts, column_parts, out, left, right):
    width = TILE_WIDTH // out.itemsize
    row0, row1 = part_range(part // column_parts, row_parts, out.shape[0], TILE_ROWS)
    column0, column1 = part_range(part % column_parts, column_parts, out.shape[1], width)
    step = block_columns(right.shape[0], out.itemsize)
    for column in range(column0, column1, step):
        multiply_block(out, left, right, row0, row1, column, min(column + step, column1), False)


@span
def _product(out, left, right):
    row_parts, column_parts = grid(out.shape[0], out.shape[1], right.shape[0], out.itemsize)
    _product_parts(row_parts * column_parts, (row_parts, column_parts, out, left, right))


@kernel
def linear_backward(dinp, dweight, dbias, dout, inp, weight):
    """Write the gradients of a layer; an empty dinp is not computed."""
    # dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), inp (B, C), weight (K, C)
    _product(dweight, strided(dout.T), strided(inp))
    for o in range(dbias.size):
        dbias[o] = 0
    for i in range(dout.shape[0]):
        for o in range(dbias.size):
            dbias[o] += dout[i, o]
    if dinp.size:
        _product(dinp, strided(dout), strided(weight))
