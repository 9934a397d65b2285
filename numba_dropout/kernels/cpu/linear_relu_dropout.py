"""A hidden layer in one kernel: linear, ReLU and dropout.

The backward pass needs no mask.
"""

from ...core.jit import kernel, scalar, serial_loop
from ..scalar.activations.relu import relu, relu_dropout_derivative
from ..simd import parallel, store_relu_kept, vector
from ._gemm import chunk_bounds, chunk_grid, packed_columns
from .linear import fill_units, linear_backward
from .mask import chunk_size, first_bits, for_each_group


@scalar
def _write_relu_kept(j, left, bits, operands):
    """Apply ReLU and dropout in place to 64 elements, or the `left` ones."""
    flat, scale = operands
    store_relu_kept(flat, flat, j, first_bits(left), bits, scale)


_relu_dropout_groups = for_each_group(_write_relu_kept)


@serial_loop
def _relu_dropout_runs(flat, begin, size, distance, runs, threshold, scale, k0, k1, stream, step, offset):
    """Apply ReLU and dropout in place to runs of neighbouring elements that begin `distance` elements apart."""
    for run in range(runs):
        start = begin + run * distance
        _relu_dropout_groups(start, start + size, (flat, scale), threshold, k0, k1, stream, step, offset)


@parallel
@serial_loop
def _forward_chunks(
    chunk, row_chunks, unit_chunks, out, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset
):
    """Write a range of rows and units: the product, then ReLU and dropout in place."""
    units = out.shape[1]
    flat = vector(out, 0, out.size)
    row0, row1, unit0, unit1 = chunk_bounds(chunk, row_chunks, unit_chunks, out.shape[0], units, out.itemsize)
    width = packed_columns(unit1 - unit0, inp.shape[1], out.itemsize)
    for unit in range(unit0, unit1, width):
        stop = min(unit + width, unit1)
        fill_units(out, inp, weight, bias, row0, row1, unit, stop)
        size, runs = stop - unit, row1 - row0
        if size == units:  # full rows are adjacent: one run needs fewer groups of 64
            size, runs = size * runs, min(runs, 1)
        begin = row0 * units + unit
        if threshold:
            _relu_dropout_runs(flat, begin, size, units, runs, threshold, scale, k0, k1, stream, step, offset)
        else:
            for run in range(runs):
                out_run = vector(flat, begin + run * units, size)
                for o in range(size):
                    out_run[o] = relu(out_run[o])


@kernel
def linear_relu_dropout_forward(out, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset):
    """Write dropout(relu(inp @ weight.T + bias)). A threshold of 0 skips dropout. If bias is empty, none is added.

    out (B, K), inp (B, C), weight (K, C), bias (K,). Element i of out is element offset + i of the stream.
    """
    row_chunks, unit_chunks = chunk_grid(out.shape[0], out.shape[1], inp.shape[1], out.itemsize)
    mask_arguments = (threshold, scale, k0, k1, stream, step, offset)
    _forward_chunks(row_chunks * unit_chunks, (row_chunks, unit_chunks, out, inp, weight, bias, *mask_arguments))


@parallel
@serial_loop
def _derivative_chunks(chunk, size, dinp, dout, out, scale):
    for i in range(chunk * size, min((chunk + 1) * size, out.size)):
        dinp[i] = relu_dropout_derivative(dout[i], out[i], scale)


@kernel
def linear_relu_dropout_backward(dinp, dweight, dbias, dout, out, inp, weight, scale):
    """Write the gradients of the layer, and overwrite dout with the gradient of the product.

    If dinp is empty, its gradient is not computed.

    An output is positive if and only if it was kept and the input to the ReLU was positive, so its sign replaces the
    mask. The gradient is 0 where an output is NaN.

    dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), out (B, K), inp (B, C), weight (K, C)
    """
    flat = vector(dout, 0, dout.size)
    size = chunk_size(flat.size)
    chunks = (flat.size + size - 1) // size
    _derivative_chunks(chunks, (size, flat, flat, vector(out, 0, out.size), scale))
    linear_backward(dinp, dweight, dbias, dout, inp, weight)
