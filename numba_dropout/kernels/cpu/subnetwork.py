"""The sub-network of a step: units that are dropped for a complete batch are left out of all products.

A list of units is an array (n + 1,): the number of units, then their indices in ascending order.
"""

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..simd import parallel, read_ahead, row, scratch_area, threads, vector
from .mask import first_bits, for_each_group

GRADIENT = 16 * 1024  # bytes of a row's gradient that are spread together: they stay in the first-level cache
AHEAD = 2 * 1024  # bytes that are prefetched ahead of the current ones
SERIAL = 1 << 14  # weights up to which one thread is faster than two


@scalar
def _append(j, left, bits, kept):
    """Append the kept units of 64 to the list, without branches."""
    bits &= first_bits(left)
    count = kept[0]
    for i in range(min(left, 64)):
        kept[1 + count] = j + i
        count += np.int64((bits >> np.uint64(i)) & np.uint64(1))
    kept[0] = count


_append_groups = for_each_group(_append)


@kernel
def kept_units(kept, units, threshold, k0, k1, stream, step):
    """List the units of 0 .. units - 1 that a mask of one row keeps. A threshold of 0 keeps all, `2**32` none.

    kept (units + 2,) int64. The last element is never counted.
    """
    kept[0] = 0
    if threshold == np.uint64(0):
        for unit in range(units):
            kept[1 + unit] = unit
        kept[0] = units
    elif threshold < np.uint64(1 << 32):
        _append_groups(np.int64(0), units, kept, threshold, k0, k1, stream, step, np.uint64(0))


@scalar
def rows_per_chunk(rows, columns):
    """Return the number of rows of a chunk."""
    max_threads = np.int64(threads()) if rows * columns > SERIAL else np.int64(1)
    return max((rows + max_threads - 1) // max_threads, 1)


@parallel
@serial_loop
def _take_chunks(chunk, size, out, out_bias, weight, bias, units, inputs, scale):
    for i in range(chunk * size, min((chunk + 1) * size, out.shape[0])):
        unit = units[1 + i]
        out_bias[i] = bias[unit]
        if out.shape[1] == weight.shape[1]:  # no input is dropped
            for j in range(out.shape[1]):
                out[i, j] = weight[unit, j] * scale
        else:
            for j in range(out.shape[1]):
                out[i, j] = weight[unit, inputs[1 + j]] * scale


@kernel
def take_layer(out, out_bias, weight, bias, units, inputs, scale):
    """Write the weights between some of a layer's inputs and units, times scale, and the biases of these units.

    out (k, c), out_bias (k,), weight (K, C), bias (K,), units and inputs: lists of k and c
    """
    size = rows_per_chunk(out.shape[0], out.shape[1])
    _take_chunks((out.shape[0] + size - 1) // size, (size, out, out_bias, weight, bias, units, inputs, scale))


@parallel
@serial_loop
def _gather_chunks(chunk, size, out, data, rows, columns, offset, scale):
    for i in range(chunk * size, min((chunk + 1) * size, rows.size)):
        index = rows[i]
        if out.shape[1] == data.shape[1]:  # no column is dropped
            for j in range(out.shape[1]):
                out[i, j] = (np.float64(data[index, j]) - offset[j]) * scale[j]
        else:
            for j in range(out.shape[1]):
                column = columns[1 + j]
                out[i, j] = (np.float64(data[index, column]) - offset[column]) * scale[column]


@kernel
def gather_columns(out, data, rows, columns, offset, scale):
    """Write (data[rows] - offset) * scale of some columns, computed in float64 and rounded once.

    out (B, c), data (N, C), rows (B,) int64, columns: a list of c, offset (C,) float64, scale (C,) float64
    """
    size = rows_per_chunk(out.shape[0], out.shape[1])
    _gather_chunks((rows.size + size - 1) // size, (size, out, data, rows, columns, offset, scale))


@scalar
def _first_at_least(units, value):
    """Return the index in a list of its first unit that is at least a value."""
    low, high = np.int64(0), units[0]
    while low < high:
        middle = (low + high) >> 1
        if units[1 + middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@parallel
@serial_loop
def _spread_chunks(chunk, size, dweight, dbias, small_dweight, small_dbias, units, inputs, scale):
    """Write a range of rows of dweight and dbias, with 0 for dropped units and inputs."""
    row0, row1 = chunk * size, min((chunk + 1) * size, dweight.shape[0])
    index = _first_at_least(units, row0)
    for i in range(row0, row1):
        dbias[i] = 0
        for j in range(dweight.shape[1]):
            dweight[i, j] = 0
        if index < units[0] and units[1 + index] == i:
            dbias[i] = small_dbias[index]
            for j in range(small_dweight.shape[1]):
                dweight[i, inputs[1 + j]] = small_dweight[index, j] * scale
            index += 1


@kernel
def spread_layer(dweight, dbias, small_dweight, small_dbias, units, inputs, scale):
    """Write the gradients with respect to a layer's weight and bias from those of some units and inputs, else 0.

    dweight (K, C), dbias (K,), small_dweight (k, c), multiplied by scale here, small_dbias (k,), units and inputs:
    lists of k and c
    """
    size = rows_per_chunk(dweight.shape[0], dweight.shape[1])
    chunks = (dweight.shape[0] + size - 1) // size
    _spread_chunks(chunks, (size, dweight, dbias, small_dweight, small_dbias, units, inputs, scale))


@kernel
def spread_columns(wide, columns):
    """Move the columns of a matrix (B, c) at the start of a wider one to their positions, with 0 between.

    wide (B, C), columns: a list of c
    """
    count, flat = columns[0], vector(wide, 0, wide.size)
    for i in range(wide.shape[0] - 1, -1, -1):  # from the end: every element is read before it is overwritten
        index = count - 1
        for j in range(wide.shape[1] - 1, -1, -1):
            value = wide.dtype.type(0)
            if index >= 0 and columns[1 + index] == j:
                value = flat[i * count + index]
                index -= 1
            wide[i, j] = value


def subnetwork_update(step_row):
    """Return the parallel loop that updates a layer from the gradients of some units and inputs. Others are 0."""

    @serial_loop
    def step_bias(bias, dbias, state, start, units, hyperparameters, row0, row1):
        """Update a range of biases, with their gradients spread in scratch memory."""
        gradient = scratch_area(GRADIENT, GRADIENT, bias)
        for first in range(row0, row1, gradient.size):
            size = min(row1 - first, gradient.size)
            for i in range(size):
                gradient[i] = 0
            index = _first_at_least(units, first)
            while index < units[0] and units[1 + index] < first + size:
                gradient[units[1 + index] - first] = dbias[index]
                index += 1
            params, dparams = vector(bias, first, size), vector(gradient, 0, size)
            step_row(params, dparams, state, start + first, hyperparameters, np.bool_(False))

    @parallel
    @serial_loop
    def chunks(chunk, size, weight, bias, dweight, dbias, state, starts, units, inputs, scale, hyperparameters):
        """Update a range of rows of the weight, and their biases."""
        columns = weight.shape[1]
        row0, row1 = chunk * size, min((chunk + 1) * size, weight.shape[0])
        gradient = scratch_area(GRADIENT, 0, weight)
        for c0 in range(0, columns, gradient.size):
            c1 = min(c0 + gradient.size, columns)
            index0, index1 = _first_at_least(inputs, c0), _first_at_least(inputs, c1)
            index = _first_at_least(units, row0)
            for j in range(c1 - c0):
                gradient[j] = 0
            is_zero = True
            for i in range(row0, row1):
                if index < units[0] and units[1 + index] == i:
                    if index1 - index0 == c1 - c0:  # no input is dropped
                        for j in range(index0, index1):
                            gradient[j - index0] = dweight[index, j] * scale
                    else:
                        for j in range(index0, index1):
                            gradient[inputs[1 + j] - c0] = dweight[index, j] * scale
                    index += 1
                    is_zero = False
                elif not is_zero:
                    for j in range(c1 - c0):
                        gradient[j] = 0
                    is_zero = True
                for first in range(c0, c1, AHEAD // weight.itemsize):
                    last = min(first + AHEAD // weight.itemsize, c1)
                    params, dparams = row(weight, i, first, last), vector(gradient, first - c0, last - first)
                    next_start = i * columns + last
                    read_ahead(weight, next_start, AHEAD)
                    for slot in range(state.shape[0]):
                        read_ahead(state[slot], starts[0] + next_start, AHEAD)
                    step_row(params, dparams, state, starts[0] + i * columns + first, hyperparameters, np.bool_(True))
        step_bias(bias, dbias, state, starts[1], units, hyperparameters, row0, row1)

    return chunks
