"""A hidden layer as one operation: linear, ReLU, dropout; the backward pass needs no mask."""

from ...core.jit import kernel, scalar, serial_loop
from ..scalar.activations import relu, relu_dropout_derivative
from ..simd import parallel, store_relu_kept, vector
from ._gemm import block_columns, grid, part_columns
from .linear import fill_units, linear_backward
from .mask import first_bits, for_each_group, part_size


@scalar
def _write_relu_kept(j, left, bits, how):
    flat, scale = how
    store_relu_kept(flat, flat, j, first_bits(left), bits, scale)


_relu_dropout_groups = for_each_group(_write_relu_kept)


@serial_loop
def _relu_dropout_runs(flat, begin, size, distance, runs, threshold, scale, k0, k1, stream, step, offset):
    """Apply ReLU and dropout in place to runs of neighbouring elements, whose beginnings lie a distance apart."""
    for run in range(runs):
        start = begin + run * distance
        _relu_dropout_groups(start, start + size, (flat, scale), threshold, k0, k1, stream, step, offset)


@parallel
@serial_loop
def _forward_parts(part, row_parts, unit_parts, out, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset):
    units = out.shape[1]
    flat = vector(out, 0, out.size)
    row0, row1, unit0, unit1 = part_columns(part, row_parts, unit_parts, out.shape[0], units, out.itemsize)
    columns = block_columns(unit1 - unit0, inp.shape[1], out.itemsize)
    for unit in range(unit0, unit1, columns):
        stop = min(unit + columns, unit1)
        fill_units(out, inp, weight, bias, row0, row1, unit, stop)
        size, runs = stop - unit, row1 - row0
        if size == units:  # whole rows lie behind one another: as one run they need fewer groups of 64
            size, runs = size * runs, min(runs, 1)
        begin = row0 * units + unit
        if threshold:
            _relu_dropout_runs(flat, begin, size, units, runs, threshold, scale, k0, k1, stream, step, offset)
        else:
            for run in range(runs):
                some = vector(flat, begin + run * units, size)
                for o in range(size):
                    some[o] = relu(some[o])


@kernel
def linear_relu_dropout_forward(out, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset):
    """Write dropout(relu(inp @ weight.T + bias)); threshold 0 leaves dropout out, an empty bias is none.

    out (B, K), inp (B, C), weight (K, C), bias (K,); element i of out is element offset + i of the stream
    """
    row_parts, unit_parts = grid(out.shape[0], out.shape[1], inp.shape[1], out.itemsize)
    where = (threshold, scale, k0, k1, stream, step, offset)
    _forward_parts(row_parts * unit_parts, (row_parts, unit_parts, out, inp, weight, bias, *where))


@parallel
@serial_loop
def _derivative_parts(part, size, dinp, dout, out, scale):
    for i in range(part * size, min((part + 1) * size, out.size)):
        dinp[i] = relu_dropout_derivative(dout[i], out[i], scale)


@kernel
def linear_relu_dropout_backward(dinp, dweight, dbias, dout, out, inp, weight, scale):
    """Write the gradients of the layer; dout is overwritten with that of the product; an empty dinp is not computed.

    An output is positive exactly where it was kept and its input to the ReLU was positive, so its sign is all that is
    needed; defined for outputs that are not NaN.

    dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), out (B, K), inp (B, C), weight (K, C)
    """
    flat = vector(dout, 0, dout.size)
    size = part_size(flat.size)
    parts = (flat.size + size - 1) // size
    _derivative_parts(parts, (size, flat, flat, vector(out, 0, out.size), scale))
    linear_backward(dinp, dweight, dbias, dout, inp, weight)
