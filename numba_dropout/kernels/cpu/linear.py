"""A fully connected layer: out = inp @ weight.T + bias, with weight (K, C) as in PyTorch."""

import numpy as np

from ...core.jit import kernel, reordered_loop, serial_loop
from ..scalar.activations import relu_dropout_derivative
from ..scalar.constants import ZERO
from ..simd import parallel, row, scratch, vector, window
from ._gemm import block_columns, grid, grid_of_rows, multiply_block, part_columns

SUMS = 2048  # bytes of the gradient by the bias that are summed at once
SKINNY = 4  # rows, or units, up to which dot products are faster than packing the weights


@reordered_loop
def _add_dots(out, inp, weight, row0, row1, unit0, unit1):
    """Add inp @ weight.T to some rows and units of out, one dot product at a time."""
    for o in range(unit0, unit1):
        for i in range(row0, row1):
            total = out.dtype.type(0)
            for c in range(inp.shape[1]):
                total += inp[i, c] * weight[o, c]
            out[i, o] += total


# Loops take whole arrays and ranges: of a slice of columns Numba no longer knows that its elements are adjacent.


@serial_loop
def fill_units(out, inp, weight, bias, row0, row1, unit0, unit1):
    """Write inp @ weight.T + bias into some rows and units of an output, no more units than `block_columns`."""
    for i in range(row0, row1):
        some = row(out, i, unit0, unit1)
        if bias.size:
            biases = vector(bias, unit0, unit1 - unit0)
            for o in range(some.size):
                some[o] = biases[o]
        else:
            for o in range(some.size):
                some[o] = ZERO
    if min(out.shape) <= SKINNY:
        _add_dots(out, inp, weight, row0, row1, unit0, unit1)
    else:
        inputs = inp.shape[1]
        left, right = window(inp, row0, row1, 0, inputs), window(weight.T, 0, inputs, unit0, unit1)
        multiply_block(window(out, row0, row1, unit0, unit1), left, right, np.bool_(True))


@parallel
@serial_loop
def _forward_parts(part, row_parts, unit_parts, out, inp, weight, bias):
    row0, row1, unit0, unit1 = part_columns(part, row_parts, unit_parts, out.shape[0], out.shape[1], out.itemsize)
    step = block_columns(unit1 - unit0, inp.shape[1], out.itemsize)
    for unit in range(unit0, unit1, step):
        fill_units(out, inp, weight, bias, row0, row1, unit, min(unit + step, unit1))


@kernel
def linear_forward(out, inp, weight, bias):
    """Write inp @ weight.T + bias; an empty bias is none.

    out (B, K), inp (B, C), weight (K, C), bias (K,)
    """
    row_parts, unit_parts = grid(out.shape[0], out.shape[1], inp.shape[1], out.itemsize)
    _forward_parts(row_parts * unit_parts, (row_parts, unit_parts, out, inp, weight, bias))


@parallel
@serial_loop
def _input_parts(part, row_parts, column_parts, dinp, dout, weight, out, scale):
    rows, columns = dinp.shape
    units = weight.shape[0]
    row0, row1, column0, column1 = part_columns(part, row_parts, column_parts, rows, columns, dinp.itemsize)
    step = block_columns(column1 - column0, units, dinp.itemsize)
    for column in range(column0, column1, step):
        stop = min(column + step, column1)
        left, right = window(dout, row0, row1, 0, units), window(weight, 0, units, column, stop)
        multiply_block(window(dinp, row0, row1, column, stop), left, right, np.bool_(False))
        if out.size:
            for i in range(row0, row1):
                dx, y = row(dinp, i, column, stop), row(out, i, column, stop)
                for j in range(dx.size):
                    dx[j] = relu_dropout_derivative(dx[j], y[j], scale)


@kernel
def linear_backward_input(dinp, dout, weight, out, scale):
    """Write the gradient by a layer's input; go on through the ReLU and dropout that gave `out`, if it is not empty.

    `out` then is this layer's input, the output of the hidden layer before it, and `scale` that layer's.

    dinp (B, C), dout (B, K), weight (K, C), out (B, C) or empty
    """
    row_parts, column_parts = grid(dinp.shape[0], dinp.shape[1], weight.shape[0], dinp.itemsize)
    _input_parts(row_parts * column_parts, (row_parts, column_parts, dinp, dout, weight, out, scale))


@serial_loop
def sum_rows(total, dout, part, parts):
    """Write one part of the sums of dout (B, K) over its rows; return where the part begins and ends."""
    start, stop = total.size * part // parts, total.size * (part + 1) // parts
    sums = scratch(SUMS, total)  # nothing else can be there, so that the loop is vectorised
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
def _weight_parts(part, row_parts, column_parts, dweight, dbias, dout, inp):
    units, columns = dweight.shape
    rows = inp.shape[0]
    row0, row1, column0, column1 = part_columns(part, row_parts, column_parts, units, columns, dweight.itemsize)
    step = block_columns(column1 - column0, rows, inp.itemsize)
    for column in range(column0, column1, step):
        stop = min(column + step, column1)
        left, right = window(dout.T, row0, row1, 0, rows), window(inp, 0, rows, column, stop)
        multiply_block(window(dweight, row0, row1, column, stop), left, right, np.bool_(False))
    sum_rows(dbias, dout, part, row_parts * column_parts)


@kernel
def linear_backward_weight(dweight, dbias, dout, inp):
    """Write the gradients by a layer's weight and bias.

    dweight (K, C), dbias (K,), dout (B, K), inp (B, C)
    """
    row_parts, column_parts = grid_of_rows(dweight.shape[0], dweight.shape[1], dout.shape[0], dweight.itemsize)
    _weight_parts(row_parts * column_parts, (row_parts, column_parts, dweight, dbias, dout, inp))


@kernel
def linear_backward(dinp, dweight, dbias, dout, inp, weight):
    """Write the gradients of a layer; an empty dinp is not computed.

    dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), inp (B, C), weight (K, C)
    """
    linear_backward_weight(dweight, dbias, dout, inp)
    if dinp.size:
        linear_backward_input(dinp, dout, weight, dinp[:0], dinp.dtype.type(1))
