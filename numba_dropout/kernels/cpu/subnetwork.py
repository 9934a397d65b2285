"""The sub-network of a step: units that are dropped for a whole batch are left out of all products.

A list of units is an array (n + 1,): how many there are, then their numbers, ascending.
"""

import numpy as np

from ...core.jit import kernel, scalar, serial_loop
from ..simd import parallel, read_ahead, row, scratch_area, threads, vector
from .mask import first_bits, for_each_group

GRADIENT = 16 * 1024  # bytes of a row's gradient that are spread at once: they stay in the first-level cache
AHEAD = 2 * 1024  # bytes that are read ahead of those that are worked on
SERIAL = 1 << 14  # up to this many weights a second thread costs more than it brings


@scalar
def _append(j, left, bits, kept):
    bits &= first_bits(left)
    count = kept[0]
    for i in range(min(left, 64)):
        kept[1 + count] = j + i
        count += np.int64((bits >> np.uint64(i)) & np.uint64(1))
    kept[0] = count


_append_groups = for_each_group(_append)


@kernel
def kept_units(kept, units, threshold, k0, k1, stream, step):
    """List the units of 0 .. units - 1 that a mask of one row keeps; threshold 0 keeps all, `2**32` none.

    kept (units + 2,) int64: the last place is never counted
    """
    kept[0] = 0
    if threshold == np.uint64(0):
        for unit in range(units):
            kept[1 + unit] = unit
        kept[0] = units
    elif threshold < np.uint64(1 << 32):
        _append_groups(np.int64(0), units, kept, threshold, k0, k1, stream, step, np.uint64(0))


@scalar
def rows_at_once(rows, columns):
    """Return how many of so many rows are one part of the work."""
    most = np.int64(threads()) if rows * columns > SERIAL else np.int64(1)
    return max((rows + most - 1) // most, 1)


@parallel
@serial_loop
def _take_parts(part, size, out, out_bias, weight, bias, units, inputs, scale):
    for i in range(part * size, min((part + 1) * size, out.shape[0])):
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
    """Write the weights, times scale, from some of a layer's inputs to some of its units, and those units' biases.

    out (k, c), out_bias (k,), weight (K, C), bias (K,), units and inputs: lists of k and c
    """
    size = rows_at_once(out.shape[0], out.shape[1])
    _take_parts((out.shape[0] + size - 1) // size, (size, out, out_bias, weight, bias, units, inputs, scale))


@parallel
@serial_loop
def _gather_parts(part, size, out, data, rows, columns, shift, stretch):
    for i in range(part * size, min((part + 1) * size, rows.size)):
        number = rows[i]
        if out.shape[1] == data.shape[1]:  # none is dropped
            for j in range(out.shape[1]):
                out[i, j] = (np.float64(data[number, j]) - shift[j]) * stretch[j]
        else:
            for j in range(out.shape[1]):
                column = columns[1 + j]
                out[i, j] = (np.float64(data[number, column]) - shift[column]) * stretch[column]


@kernel
def gather_columns(out, data, rows, columns, shift, stretch):
    """Write (data[rows] - shift) * stretch of some columns, computed in float64 and rounded once.

    out (B, c), data (N, C), rows (B,) int64, columns: a list of c, shift (C,) float64, stretch (C,) float64
    """
    size = rows_at_once(out.shape[0], out.shape[1])
    _gather_parts((rows.size + size - 1) // size, (size, out, data, rows, columns, shift, stretch))


@scalar
def _first_at_least(some, value):
    """Return the place in a list of its first unit that is at least a value."""
    low, high = np.int64(0), some[0]
    while low < high:
        middle = (low + high) >> 1
        if some[1 + middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@parallel
@serial_loop
def _spread_parts(part, size, dweight, dbias, small_dweight, small_dbias, units, inputs, scale):
    row0, row1 = part * size, min((part + 1) * size, dweight.shape[0])
    place = _first_at_least(units, row0)
    for i in range(row0, row1):
        dbias[i] = 0
        for j in range(dweight.shape[1]):
            dweight[i, j] = 0
        if place < units[0] and units[1 + place] == i:
            dbias[i] = small_dbias[place]
            for j in range(small_dweight.shape[1]):
                dweight[i, inputs[1 + j]] = small_dweight[place, j] * scale
            place += 1


@kernel
def spread_layer(dweight, dbias, small_dweight, small_dbias, units, inputs, scale):
    """Write the gradients by a layer's weight and bias, of which those of some units and inputs are given; else 0.

    dweight (K, C), dbias (K,), small_dweight (k, c), to be multiplied by scale, small_dbias (k,), units and inputs:
    lists of k and c
    """
    size = rows_at_once(dweight.shape[0], dweight.shape[1])
    parts = (dweight.shape[0] + size - 1) // size
    _spread_parts(parts, (size, dweight, dbias, small_dweight, small_dbias, units, inputs, scale))


@kernel
def spread_columns(wide, columns):
    """Move the columns of a matrix (B, c), which lies where a wider one begins, to their places, with 0 between.

    wide (B, C), columns: a list of c
    """
    count, flat = columns[0], vector(wide, 0, wide.size)
    for i in range(wide.shape[0] - 1, -1, -1):  # from the end: nothing is written before it is read
        place = count - 1
        for j in range(wide.shape[1] - 1, -1, -1):
            value = wide.dtype.type(0)
            if place >= 0 and columns[1 + place] == j:
                value = flat[i * count + place]
                place -= 1
            wide[i, j] = value


def stepping_all(step_row):
    """Return the parts of the step of a layer whose gradient is that of some units and inputs, 0 for the others."""

    @serial_loop
    def step_bias(bias, dbias, state, start, units, hyperparameters, row0, row1):
        gradient = scratch_area(GRADIENT, GRADIENT, bias)
        for first in range(row0, row1, gradient.size):
            size = min(row1 - first, gradient.size)
            for i in range(size):
                gradient[i] = 0
            place = _first_at_least(units, first)
            while place < units[0] and units[1 + place] < first + size:
                gradient[units[1 + place] - first] = dbias[place]
                place += 1
            some, dsome = vector(bias, first, size), vector(gradient, 0, size)
            step_row(some, dsome, state, start + first, hyperparameters, np.bool_(False))

    @parallel
    @serial_loop
    def parts(part, size, weight, bias, dweight, dbias, state, starts, units, inputs, scale, hyperparameters):
        columns = weight.shape[1]
        row0, row1 = part * size, min((part + 1) * size, weight.shape[0])
        gradient = scratch_area(GRADIENT, 0, weight)
        for c0 in range(0, columns, gradient.size):
            c1 = min(c0 + gradient.size, columns)
            place0, place1 = _first_at_least(inputs, c0), _first_at_least(inputs, c1)
            place = _first_at_least(units, row0)
            for j in range(c1 - c0):
                gradient[j] = 0
            clean = True
            for i in range(row0, row1):
                if place < units[0] and units[1 + place] == i:
                    if place1 - place0 == c1 - c0:  # no input is dropped
                        for j in range(place0, place1):
                            gradient[j - place0] = dweight[place, j] * scale
                    else:
                        for j in range(place0, place1):
                            gradient[inputs[1 + j] - c0] = dweight[place, j] * scale
                    place += 1
                    clean = False
                elif not clean:
                    for j in range(c1 - c0):
                        gradient[j] = 0
                    clean = True
                for first in range(c0, c1, AHEAD // weight.itemsize):
                    last = min(first + AHEAD // weight.itemsize, c1)
                    params, dparams = row(weight, i, first, last), vector(gradient, first - c0, last - first)
                    place_ahead = i * columns + last
                    read_ahead(weight, place_ahead, AHEAD)
                    for slot in range(state.shape[0]):
                        read_ahead(state[slot], starts[0] + place_ahead, AHEAD)
                    step_row(params, dparams, state, starts[0] + i * columns + first, hyperparameters, np.bool_(True))
        step_bias(bias, dbias, state, starts[1], units, hyperparameters, row0, row1)

    return parts
