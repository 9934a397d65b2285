"""Step parameters by a rule: a layer's, whose gradient is used where it is computed, or those of a stored gradient."""

import numpy as np

from ...core.jit import serial_loop
from ..simd import matrix, parallel, row, scratch_area, vector, window
from ._gemm import (
    PACKED,
    PACKED_LEFT,
    ROWS,
    block_columns,
    block_depth,
    multiply_block,
    multiply_packed,
    pack,
    panels_in,
    part_columns,
)
from .linear import sum_rows

GRADIENT = 64 * 1024  # bytes of the gradient that are held at once: they stay in the second-level cache
BEHIND = PACKED + PACKED_LEFT  # where they begin in a thread's area: behind what a product takes of it


def stepping(step_row):
    """Return the parts of the work of a layer's step, for a rule that steps neighbouring parameters.

    step_row(params, dparams, state, start, hyperparameters, decays) is a `serial_loop`; column `start` of the state
    belongs to the first of the parameters.
    """

    @serial_loop
    def step_block(weight, state, start, dout, inp, hyperparameters, row0, row1, column0, column1):
        """Step some rows and columns of the weight: the gradient goes from a block of scratch memory into the rule."""
        inputs, depth, columns = weight.shape[1], inp.shape[0], column1 - column0
        packed = panels_in(scratch_area(PACKED, 0, weight), depth, columns)
        pack(packed, window(inp, 0, depth, column0, column1))
        gradient = matrix(scratch_area(GRADIENT, BEHIND, weight), 0, ROWS, columns)
        for some in range(row0, row1, ROWS):
            stop = min(some + ROWS, row1)
            block = window(gradient, 0, stop - some, 0, columns)
            multiply_packed(block, window(dout.T, some, stop, 0, depth), packed, np.bool_(False))
            if columns == inputs:  # whole rows lie behind one another: narrow ones are stepped together
                size = (stop - some) * inputs
                params, dparams = vector(weight, some * inputs, size), vector(gradient, 0, size)
                step_row(params, dparams, state, start + some * inputs, hyperparameters, np.bool_(True))
            else:
                for i in range(some, stop):
                    first = start + i * inputs + column0
                    params, dparams = row(weight, i, column0, column1), row(gradient, i - some, 0, columns)
                    step_row(params, dparams, state, first, hyperparameters, np.bool_(True))

    @parallel
    @serial_loop
    def parts(part, row_parts, column_parts, weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters):
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
                step_block(weight, state, starts[0], dout, inp, hyperparameters, row0, row1, column, stop)
            else:  # sums over many rows are cut, and what is done of them must be kept somewhere
                left, right = window(dout.T, row0, row1, 0, depth), window(inp, 0, depth, column, stop)
                multiply_block(window(dweight, row0, row1, column, stop), left, right, np.bool_(False))
                for i in range(row0, row1):
                    first = starts[0] + i * inputs + column
                    params, dparams = row(weight, i, column, stop), row(dweight, i, column, stop)
                    step_row(params, dparams, state, first, hyperparameters, np.bool_(True))
        unit0, unit1 = sum_rows(dbias, dout, part, row_parts * column_parts)
        biases, dbiases = vector(bias, unit0, unit1 - unit0), vector(dbias, unit0, unit1 - unit0)
        step_row(biases, dbiases, state, starts[1] + unit0, hyperparameters, np.bool_(False))

    return parts


def stepping_stored(step_row):
    """Return the parts of the work of a step with a stored gradient."""

    @parallel
    @serial_loop
    def parts(part, size, params, dparams, state, start, hyperparameters, decays):
        first = part * size
        count = min(size, params.size - first)
        some, by_some = vector(params, first, count), vector(dparams, first, count)
        step_row(some, by_some, state, start + first, hyperparameters, decays)

    return parts
