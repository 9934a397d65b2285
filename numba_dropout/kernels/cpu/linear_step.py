"""Step a layer's parameters: the gradient of its weight is used where it is computed, and not stored."""

import numpy as np

from ..._jit import span
from ..simd import TILE_WIDTH, matrix, multiply_tiles, pack_columns, pack_rows, parallel, scratch, strided, tensor
from .linear import sum_rows
from .product import (
    PACKED,
    PACKED_LEFT,
    ROWS,
    TILE_ROWS,
    TILES,
    block_columns,
    block_depth,
    multiply_block,
    part_columns,
)

GRADIENT = 64 * 1024  # bytes of the gradient that are held at once: they stay in the second-level cache


def stepping(step_row):
    """Return the parts of the work of a layer's step, for a rule that steps neighbouring parameters.

    step_row(params, dparams, state, start, settings, decays) is a `span`; column `start` of the state belongs to the
    first of the parameters.
    """

    @span
    def step_block(weight, state, start, dout, inp, settings, row0, row1, column0, column1):
        """Step some rows and columns of the weight: the gradient goes from a block on the stack into the rule."""
        inputs, depth, columns = weight.shape[1], inp.shape[0], column1 - column0
        width = TILE_WIDTH // weight.itemsize
        panels = (columns + width - 1) // width
        memory = scratch(PACKED, weight)
        packed = tensor(memory, 0, panels, depth, width)
        lefts = tensor(scratch(PACKED_LEFT, weight), 0, TILES, depth, TILE_ROWS)
        gradient = matrix(scratch(GRADIENT, weight), 0, ROWS, columns)
        left, block = strided(dout.T), strided(gradient)
        pack_columns(packed, strided(inp[:, column0:column1]))
        for row in range(row0, row1, ROWS):
            stop = min(row + ROWS, row1)
            pack_rows(lefts, left[row:stop])
            for i in range(row, stop, TILE_ROWS):
                i1 = min(i + TILE_ROWS, stop)
                side = lefts[(i - row) // TILE_ROWS].T
                multiply_tiles(block[i - row : i1 - row], side, packed, np.bool_(False))
            for i in range(row, stop):
                first = start + i * inputs + column0
                step_row(weight[i, column0:column1], gradient[i - row], state, first, settings, np.bool_(True))

    @parallel
    @span
    def parts(part, row_parts, column_parts, weight, bias, dweight, dbias, state, starts, dout, inp, settings):
        units, inputs = weight.shape
        depth = inp.shape[0]
        row0, row1, column0, column1 = part_columns(part, row_parts, column_parts, units, inputs, weight.itemsize)
        at_once = block_depth(depth) == depth
        step = block_columns(column1 - column0, depth, weight.itemsize)
        if at_once:
            step = min(step, GRADIENT // (ROWS * weight.itemsize))
        for column in range(column0, column1, step):
            stop = min(column + step, column1)
            if at_once:
                step_block(weight, state, starts[0], dout, inp, settings, row0, row1, column, stop)
            else:  # sums over many rows are cut, and what is done of them must be kept somewhere
                block = strided(dweight[row0:row1, column:stop])
                multiply_block(block, strided(dout[:, row0:row1].T), strided(inp[:, column:stop]), np.bool_(False))
                for i in range(row0, row1):
                    first = starts[0] + i * inputs + column
                    step_row(weight[i, column:stop], dweight[i, column:stop], state, first, settings, np.bool_(True))
        unit0, unit1 = sum_rows(dbias, dout, part, row_parts * column_parts)
        step_row(bias[unit0:unit1], dbias[unit0:unit1], state, starts[1] + unit0, settings, np.bool_(False))

    return parts
