"""Parameter updates: from a product, fused with it, and from a stored gradient."""

import numpy as np

from ...core.jit import serial_loop
from ..simd import matrix, parallel, row, scratch_area, vector, window
from ._gemm import (
    PACKED,
    PACKED_LEFT,
    ROWS,
    chunk_bounds,
    multiply_packed,
    pack,
    pack_and_multiply,
    packed_columns,
    packed_depth,
    view_panels,
)
from .linear import sum_rows

GRADIENT = 64 * 1024  # bytes of a gradient tile, which stays in the second-level cache
GRADIENT_START = PACKED + PACKED_LEFT  # offset of the tile in a thread's area, behind the memory of a product


def fused_update(step_row):
    """Return the parallel loop that updates a layer, for a rule that updates neighbouring parameters.

    step_row(params, dparams, state, start, hyperparameters, decays) is a `serial_loop`. Column `start` of the state
    belongs to the first parameter.
    """

    @serial_loop
    def step_range(weight, state, start, dout, inp, hyperparameters, row0, row1, column0, column1):
        """Update a range of rows and columns of the weight, with the gradient in a tile of scratch memory."""
        inputs, depth, columns = weight.shape[1], inp.shape[0], column1 - column0
        packed = view_panels(scratch_area(PACKED, 0, weight), depth, columns)
        pack(packed, window(inp, 0, depth, column0, column1))
        gradient = matrix(scratch_area(GRADIENT, GRADIENT_START, weight), 0, ROWS, columns)
        for tile0 in range(row0, row1, ROWS):
            stop = min(tile0 + ROWS, row1)
            tile = window(gradient, 0, stop - tile0, 0, columns)
            multiply_packed(tile, window(dout.T, tile0, stop, 0, depth), packed, np.bool_(False))
            if columns == inputs:  # full rows are adjacent: update them together
                size = (stop - tile0) * inputs
                params, dparams = vector(weight, tile0 * inputs, size), vector(gradient, 0, size)
                step_row(params, dparams, state, start + tile0 * inputs, hyperparameters, np.bool_(True))
            else:
                for i in range(tile0, stop):
                    first = start + i * inputs + column0
                    params, dparams = row(weight, i, column0, column1), row(gradient, i - tile0, 0, columns)
                    step_row(params, dparams, state, first, hyperparameters, np.bool_(True))

    @parallel
    @serial_loop
    def chunks(
        chunk, row_chunks, column_chunks, weight, bias, dweight, dbias, state, starts, dout, inp, hyperparameters
    ):
        """Update a range of rows and columns of the weight, and some of the biases."""
        units, inputs = weight.shape
        depth = inp.shape[0]
        row0, row1, column0, column1 = chunk_bounds(chunk, row_chunks, column_chunks, units, inputs, weight.itemsize)
        single_pass = packed_depth(depth) == depth
        width = packed_columns(column1 - column0, depth, weight.itemsize)
        if single_pass:
            width = min(width, GRADIENT // (ROWS * weight.itemsize))
        for column in range(column0, column1, width):
            stop = min(column + width, column1)
            if single_pass:
                step_range(weight, state, starts[0], dout, inp, hyperparameters, row0, row1, column, stop)
            else:  # the sums over many rows are taken in several passes: dweight holds the partial sums
                left, right = window(dout.T, row0, row1, 0, depth), window(inp, 0, depth, column, stop)
                pack_and_multiply(window(dweight, row0, row1, column, stop), left, right, np.bool_(False))
                for i in range(row0, row1):
                    first = starts[0] + i * inputs + column
                    params, dparams = row(weight, i, column, stop), row(dweight, i, column, stop)
                    step_row(params, dparams, state, first, hyperparameters, np.bool_(True))
        unit0, unit1 = sum_rows(dbias, dout, chunk, row_chunks * column_chunks)
        biases, dbiases = vector(bias, unit0, unit1 - unit0), vector(dbias, unit0, unit1 - unit0)
        step_row(biases, dbiases, state, starts[1] + unit0, hyperparameters, np.bool_(False))

    return chunks


def stored_update(step_row):
    """Return the parallel loop that updates parameters from a stored gradient."""

    @parallel
    @serial_loop
    def chunks(chunk, size, params, dparams, state, start, hyperparameters, decays):
        """Update one chunk of the parameters."""
        first = chunk * size
        count = min(size, params.size - first)
        chunk_params, chunk_dparams = vector(params, first, count), vector(dparams, first, count)
        step_row(chunk_params, chunk_dparams, state, start + first, hyperparameters, decays)

    return chunks
