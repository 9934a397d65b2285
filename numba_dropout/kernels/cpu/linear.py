"""A fully connected layer: out = inp @ weight.T + bias, with weight (K, C) as in PyTorch."""

import numpy as np

from ...core.jit import kernel, reordered_loop, serial_loop
from ..scalar.activations.relu import relu_dropout_derivative
from ..scalar.constants import ZERO
from ..simd import FEW_ROWS, multiply_few_rows, parallel, row, scratch, scratch_area, tensor, vector, window
from ._gemm import (
    PACKED,
    PACKED_LEFT,
    chunk_bounds,
    chunk_grid,
    chunk_grid_by_rows,
    pack_and_multiply,
    packed_columns,
    packed_depth,
)

SUMS = 2048  # bytes of the bias gradient that are summed together
NARROW = 4  # units up to which dot products are faster than packing the weights


@reordered_loop
def _add_dots(out, inp, weight, row0, row1, unit0, unit1):
    """Add inp @ weight.T to a range of rows and units of out, one dot product at a time."""
    for o in range(unit0, unit1):
        for i in range(row0, row1):
            total = out.dtype.type(0)
            for c in range(inp.shape[1]):
                total += inp[i, c] * weight[o, c]
            out[i, o] += total


# Loops take complete arrays and ranges: in a slice of columns, Numba does not assume that elements are adjacent.


@serial_loop
def fill_units(out, inp, weight, bias, row0, row1, unit0, unit1):
    """Write inp @ weight.T + bias into a range of rows and at most `packed_columns` units of an output."""
    for i in range(row0, row1):
        out_run = row(out, i, unit0, unit1)
        if bias.size:
            biases = vector(bias, unit0, unit1 - unit0)
            for o in range(out_run.size):
                out_run[o] = biases[o]
        else:
            for o in range(out_run.size):
                out_run[o] = ZERO
    if out.shape[1] <= NARROW:  # the order of a sum does not depend on the number of rows
        _add_dots(out, inp, weight, row0, row1, unit0, unit1)
    else:
        inputs = inp.shape[1]
        target = window(out, row0, row1, unit0, unit1)
        left, right = window(inp, row0, row1, 0, inputs), window(weight.T, 0, inputs, unit0, unit1)
        if row1 - row0 <= FEW_ROWS:
            memory = scratch_area(PACKED_LEFT, PACKED, out)
            multiply_few_rows(target, left, right, tensor(memory, 0, 1, packed_depth(inputs), FEW_ROWS)[0])
        else:
            pack_and_multiply(target, left, right, np.bool_(True))


@parallel
@serial_loop
def _forward_chunks(chunk, row_chunks, unit_chunks, out, inp, weight, bias):
    row0, row1, unit0, unit1 = chunk_bounds(chunk, row_chunks, unit_chunks, out.shape[0], out.shape[1], out.itemsize)
    width = packed_columns(unit1 - unit0, inp.shape[1], out.itemsize)
    for unit in range(unit0, unit1, width):
        fill_units(out, inp, weight, bias, row0, row1, unit, min(unit + width, unit1))


@kernel
def linear_forward(out, inp, weight, bias):
    """Write inp @ weight.T + bias. If bias is empty, none is added.

    out (B, K), inp (B, C), weight (K, C), bias (K,)
    """
    row_chunks, unit_chunks = chunk_grid(out.shape[0], out.shape[1], inp.shape[1], out.itemsize)
    _forward_chunks(row_chunks * unit_chunks, (row_chunks, unit_chunks, out, inp, weight, bias))


def _input_chunks(finish):
    """Return the parallel loop over chunks of dinp. It calls finish(dinp, operands, row, start, stop) for each row."""

    @parallel
    @serial_loop
    def chunks(chunk, row_chunks, column_chunks, dinp, dout, weight, operands):
        """Write a range of rows and columns of dinp: the product, then its last step."""
        rows, columns = dinp.shape
        units = weight.shape[0]
        row0, row1, column0, column1 = chunk_bounds(chunk, row_chunks, column_chunks, rows, columns, dinp.itemsize)
        width = packed_columns(column1 - column0, units, dinp.itemsize)
        for column in range(column0, column1, width):
            stop = min(column + width, column1)
            left, right = window(dout, row0, row1, 0, units), window(weight, 0, units, column, stop)
            pack_and_multiply(window(dinp, row0, row1, column, stop), left, right, np.bool_(False))
            for i in range(row0, row1):
                finish(dinp, operands, i, column, stop)

    return chunks


@serial_loop
def _multiply_by_sign(dinp, operands, i, column, stop):
    """Multiply by the derivative of ReLU and dropout, if there is an output of them."""
    out, scale = operands
    if out.size:
        dx, y = row(dinp, i, column, stop), row(out, i, column, stop)
        for j in range(dx.size):
            dx[j] = relu_dropout_derivative(dx[j], y[j], scale)


@serial_loop
def _multiply_by_slope(dinp, slopes, i, column, stop):
    """Multiply by the slopes, except for slopes of 0: they are those of dropped elements."""
    dx, slope = row(dinp, i, column, stop), row(slopes, i, column, stop)
    for j in range(dx.size):
        dx[j] = dx[j] * slope[j] if slope[j] != ZERO else ZERO


_sign_chunks, _slope_chunks = _input_chunks(_multiply_by_sign), _input_chunks(_multiply_by_slope)


@kernel
def linear_backward_input(dinp, dout, weight, out, scale):
    """Write the gradient with respect to a layer's input, or to the product of the hidden layer before it.

    It is the latter if `out` is not empty: `out` is the output of that hidden layer, and `scale` is its scale.

    dinp (B, C), dout (B, K), weight (K, C), out (B, C) or empty
    """
    row_chunks, column_chunks = chunk_grid(dinp.shape[0], dinp.shape[1], weight.shape[0], dinp.itemsize)
    _sign_chunks(row_chunks * column_chunks, (row_chunks, column_chunks, dinp, dout, weight, (out, scale)))


@kernel
def linear_backward_product(dinp, dout, weight, slopes):
    """Write the gradient with respect to the product of the hidden layer before a layer.

    It is 0 where a slope is 0, as those of dropped outputs are.

    dinp (B, C), dout (B, K), weight (K, C), slopes (B, C) of the hidden layer's outputs
    """
    row_chunks, column_chunks = chunk_grid(dinp.shape[0], dinp.shape[1], weight.shape[0], dinp.itemsize)
    _slope_chunks(row_chunks * column_chunks, (row_chunks, column_chunks, dinp, dout, weight, slopes))


@serial_loop
def sum_rows(total, dout, chunk, chunks):
    """Write one chunk of the sums of dout (B, K) over its rows. Return the start and the end of the chunk."""
    start, stop = total.size * chunk // chunks, total.size * (chunk + 1) // chunks
    sums = scratch(SUMS, total)  # no other array overlaps it, so the loop is vectorized
    for first in range(start, stop, sums.size):
        columns = min(sums.size, stop - first)
        for o in range(columns):
            sums[o] = 0
        for i in range(dout.shape[0]):
            for o in range(columns):
                sums[o] += dout[i, first + o]
        for o in range(columns):
            total[first + o] = sums[o]
    return start, stop


@parallel
@serial_loop
def _weight_chunks(chunk, row_chunks, column_chunks, dweight, dbias, dout, inp):
    units, columns = dweight.shape
    rows = inp.shape[0]
    row0, row1, column0, column1 = chunk_bounds(chunk, row_chunks, column_chunks, units, columns, dweight.itemsize)
    width = packed_columns(column1 - column0, rows, inp.itemsize)
    for column in range(column0, column1, width):
        stop = min(column + width, column1)
        left, right = window(dout.T, row0, row1, 0, rows), window(inp, 0, rows, column, stop)
        pack_and_multiply(window(dweight, row0, row1, column, stop), left, right, np.bool_(False))
    sum_rows(dbias, dout, chunk, row_chunks * column_chunks)


@kernel
def linear_backward_weight(dweight, dbias, dout, inp):
    """Write the gradients with respect to a layer's weight and bias.

    dweight (K, C), dbias (K,), dout (B, K), inp (B, C)
    """
    row_chunks, column_chunks = chunk_grid_by_rows(dweight.shape[0], dweight.shape[1], dout.shape[0], dweight.itemsize)
    _weight_chunks(row_chunks * column_chunks, (row_chunks, column_chunks, dweight, dbias, dout, inp))


@kernel
def linear_backward(dinp, dweight, dbias, dout, inp, weight):
    """Write the gradients of a layer. If dinp is empty, its gradient is not computed.

    dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), inp (B, C), weight (K, C)
    """
    linear_backward_weight(dweight, dbias, dout, inp)
    if dinp.size:
        linear_backward_input(dinp, dout, weight, dinp[:0], dinp.dtype.type(1))
