"""A hidden layer with any activation in one kernel: linear, activation and dropout."""

import functools

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..scalar.activations import ACTIVATIONS
from ..scalar.constants import ZERO
from ..simd import parallel, store_kept, vector
from ._gemm import chunk_bounds, chunk_grid, packed_columns
from .linear import fill_units
from .mask import chunk_size, first_bits, for_each_group


@scalar
def _write_kept(j, left, bits, operands):
    """Apply dropout in place to 64 outputs, or the `left` ones, and to their slopes."""
    flat, slopes, scale = operands
    store_kept(flat, flat, j, first_bits(left), bits, scale)
    if slopes.size:
        store_kept(slopes, slopes, j, first_bits(left), bits, scale)


_dropout_groups = for_each_group(_write_kept)


@serial_loop
def _dropout_runs(flat, slopes, begin, size, distance, runs, threshold, scale, k0, k1, stream, step, offset):
    """Apply dropout in place to runs of neighbouring elements that begin `distance` elements apart."""
    for run in range(runs):
        start = begin + run * distance
        _dropout_groups(start, start + size, (flat, slopes, scale), threshold, k0, k1, stream, step, offset)


@functools.cache
def linear_dropout(activation):
    """Return the kernel of a hidden layer with an activation, by its name.

    kernel(out, slopes, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset) writes
    dropout(activation(inp @ weight.T + bias)), and to `slopes` the derivatives of the outputs with respect to the
    products, unless it is empty. A threshold of 0 skips dropout. If bias is empty, none is added.

    out (B, K), slopes (B, K) or (0, K), inp (B, C), weight (K, C), bias (K,). Element i of out is element offset + i of
    the stream.
    """
    value, value_and_slope = ACTIVATIONS[activation].value, ACTIVATIONS[activation].value_and_slope

    @serial_loop
    def activate(out):
        """Replace products by outputs."""
        for i in range(out.size):
            out[i] = value(np.float64(out[i]), out.itemsize == 4)

    @serial_loop
    def activate_with_slopes(out, slopes):
        """Replace products by outputs, and write their slopes."""
        for i in range(out.size):
            out[i], slopes[i] = value_and_slope(np.float64(out[i]), out.itemsize == 4)

    @parallel
    @serial_loop
    def chunks(
        chunk,
        row_chunks,
        unit_chunks,
        out,
        slopes,
        inp,
        weight,
        bias,
        threshold,
        scale,
        k0,
        k1,
        stream,
        step,
        offset,
    ):
        """Write a range of rows and units: the product, then the activation and dropout in place."""
        units = out.shape[1]
        flat, flat_slopes = vector(out, 0, out.size), vector(slopes, 0, slopes.size)
        row0, row1, unit0, unit1 = chunk_bounds(chunk, row_chunks, unit_chunks, out.shape[0], units, out.itemsize)
        width = packed_columns(unit1 - unit0, inp.shape[1], out.itemsize)
        for unit in range(unit0, unit1, width):
            stop = min(unit + width, unit1)
            fill_units(out, inp, weight, bias, row0, row1, unit, stop)
            size, runs = stop - unit, row1 - row0
            if size == units:  # full rows are adjacent: one run needs fewer groups of 64
                size, runs = size * runs, min(runs, 1)
            begin = row0 * units + unit
            for run in range(runs):
                start = begin + run * units
                if flat_slopes.size:
                    activate_with_slopes(vector(flat, start, size), vector(flat_slopes, start, size))
                else:
                    activate(vector(flat, start, size))
            if threshold:
                _dropout_runs(
                    flat, flat_slopes, begin, size, units, runs, threshold, scale, k0, k1, stream, step, offset
                )

    @kernel
    def linear_dropout_forward(out, slopes, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset):
        """Write the outputs, and the slopes unless their array is empty."""
        row_chunks, unit_chunks = chunk_grid(out.shape[0], out.shape[1], inp.shape[1], out.itemsize)
        operands = (threshold, scale, k0, k1, stream, step, offset)
        chunks(row_chunks * unit_chunks, (row_chunks, unit_chunks, out, slopes, inp, weight, bias, *operands))

    return linear_dropout_forward


@parallel
@serial_loop
def _slope_chunks(chunk, size, dinp, dout, slopes):
    for i in range(chunk * size, min((chunk + 1) * size, dinp.size)):
        dinp[i] = dout[i] * slopes[i] if slopes[i] != ZERO else ZERO


@kernel
def multiply_slopes(dinp, dout, slopes):
    """Write the gradient with respect to a hidden layer's product: 0 where a slope is 0. dinp may be dout.

    dinp (n,), dout (n,), slopes (n,)
    """
    size = chunk_size(dinp.size)
    _slope_chunks((dinp.size + size - 1) // size, (size, dinp, dout, slopes))
