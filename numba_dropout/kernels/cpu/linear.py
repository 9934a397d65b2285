"""A fully connected layer: out = inp @ weight.T + bias, with weight (K, C) as in PyTorch."""

import numpy as np
from numba import prange

from ..._jit import kernel, reordered_span
from ..simd import scratch, threads

TILE = 4  # rows, and units, whose sums are held at once: 16 sums for 8 loads
BAND = 64  # units of the output that one part of the work computes
STRIP = 128  # columns of a gradient that one part of the work computes
TILE_OF_STRIPS = TILE * STRIP
ROWS = 256  # rows of one part of the work
SERIAL = 1 << 16  # up to this many multiply-adds a second thread costs more than it brings


@reordered_span
def _forward_part(out, inp, weight, bias, row0, row1, unit0, unit1):
    """Fill out[row0:row1, unit0:unit1]: 4 x 4 dot products at a time, what is left one by one."""
    columns = inp.shape[1]
    zero = inp.dtype.type(0)
    for o in range(unit0, unit1, TILE):
        whole = row0 + (row1 - row0) // TILE * TILE if o + TILE <= unit1 else row0
        for i in range(row0, whole, TILE):
            a00 = a01 = a02 = a03 = a10 = a11 = a12 = a13 = zero
            a20 = a21 = a22 = a23 = a30 = a31 = a32 = a33 = zero
            for c in range(columns):
                x0, x1, x2, x3 = inp[i, c], inp[i + 1, c], inp[i + 2, c], inp[i + 3, c]
                w0, w1, w2, w3 = weight[o, c], weight[o + 1, c], weight[o + 2, c], weight[o + 3, c]
                a00, a01, a02, a03 = a00 + x0 * w0, a01 + x0 * w1, a02 + x0 * w2, a03 + x0 * w3
                a10, a11, a12, a13 = a10 + x1 * w0, a11 + x1 * w1, a12 + x1 * w2, a13 + x1 * w3
                a20, a21, a22, a23 = a20 + x2 * w0, a21 + x2 * w1, a22 + x2 * w2, a23 + x2 * w3
                a30, a31, a32, a33 = a30 + x3 * w0, a31 + x3 * w1, a32 + x3 * w2, a33 + x3 * w3
            out[i, o], out[i, o + 1], out[i, o + 2], out[i, o + 3] = a00, a01, a02, a03
            out[i + 1, o], out[i + 1, o + 1], out[i + 1, o + 2], out[i + 1, o + 3] = a10, a11, a12, a13
            out[i + 2, o], out[i + 2, o + 1], out[i + 2, o + 2], out[i + 2, o + 3] = a20, a21, a22, a23
            out[i + 3, o], out[i + 3, o + 1], out[i + 3, o + 2], out[i + 3, o + 3] = a30, a31, a32, a33
        for i in range(whole, row1):
            for unit in range(o, min(o + TILE, unit1)):
                total = zero
                for c in range(columns):
                    total += inp[i, c] * weight[unit, c]
                out[i, unit] = total
    if bias.size:
        for i in range(row0, row1):
            for o in range(unit0, unit1):
                out[i, o] += bias[o]


@kernel
def linear_forward(out, inp, weight, bias):
    """Write inp @ weight.T + bias; an empty bias is none."""
    # out (B, K), inp (B, C), weight (K, C), bias (K,)
    rows, units = out.shape
    if rows * units * inp.shape[1] <= SERIAL or threads() == 1:
        for row in range(0, rows, ROWS):
            for unit in range(0, units, BAND):
                _forward_part(out, inp, weight, bias, row, min(row + ROWS, rows), unit, min(unit + BAND, units))
    else:
        bands = (units + BAND - 1) // BAND
        for part in prange((rows + ROWS - 1) // ROWS * bands):
            row = np.int64(part) // bands * ROWS
            unit = np.int64(part) % bands * BAND
            _forward_part(out, inp, weight, bias, row, min(row + ROWS, rows), unit, min(unit + BAND, units))


@reordered_span
def _product_part(out, left, row_step, depth_step, right, row0, row1, column0, column1):
    """Fill out[row0:row1, column0:column1] with left @ right: four rows of it in a strip on the stack."""
    depth = right.shape[0]
    width = column1 - column0
    strip = scratch(TILE_OF_STRIPS, out.dtype).reshape(TILE, STRIP)
    for i in range(row0, row1, TILE):
        # a tile that hangs over the end works on the last row again, and is not written out
        r0, r1 = i * row_step, min(i + 1, row1 - 1) * row_step
        r2, r3 = min(i + 2, row1 - 1) * row_step, min(i + 3, row1 - 1) * row_step
        strip[:] = 0
        whole = depth // TILE * TILE
        for k in range(0, whole, TILE):
            d0, d1, d2, d3 = k * depth_step, (k + 1) * depth_step, (k + 2) * depth_step, (k + 3) * depth_step
            a00, a01, a02, a03 = left[r0 + d0], left[r0 + d1], left[r0 + d2], left[r0 + d3]
            a10, a11, a12, a13 = left[r1 + d0], left[r1 + d1], left[r1 + d2], left[r1 + d3]
            a20, a21, a22, a23 = left[r2 + d0], left[r2 + d1], left[r2 + d2], left[r2 + d3]
            a30, a31, a32, a33 = left[r3 + d0], left[r3 + d1], left[r3 + d2], left[r3 + d3]
            for j in range(width):
                b0, b1 = right[k, column0 + j], right[k + 1, column0 + j]
                b2, b3 = right[k + 2, column0 + j], right[k + 3, column0 + j]
                strip[0, j] += a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
                strip[1, j] += a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
                strip[2, j] += a20 * b0 + a21 * b1 + a22 * b2 + a23 * b3
                strip[3, j] += a30 * b0 + a31 * b1 + a32 * b2 + a33 * b3
        for k in range(whole, depth):
            d0 = k * depth_step
            for j in range(width):
                b0 = right[k, column0 + j]
                strip[0, j] += left[r0 + d0] * b0
                strip[1, j] += left[r1 + d0] * b0
                strip[2, j] += left[r2 + d0] * b0
                strip[3, j] += left[r3 + d0] * b0
        for r in range(min(TILE, row1 - i)):
            for j in range(width):
                out[i + r, column0 + j] = strip[r, j]


@kernel
def _product(out, left, row_step, depth_step, right):
    """Write left @ right, where left is flat and has steps for its rows and along the sum: it may be transposed."""
    # out (R, C), left (R * D,), right (D, C)
    rows, columns = out.shape
    if rows * columns * right.shape[0] <= SERIAL or threads() == 1:
        for row in range(0, rows, ROWS):
            for column in range(0, columns, STRIP):
                stop = min(column + STRIP, columns)
                _product_part(out, left, row_step, depth_step, right, row, min(row + ROWS, rows), column, stop)
    else:
        strips = (columns + STRIP - 1) // STRIP
        for part in prange((rows + ROWS - 1) // ROWS * strips):
            row = np.int64(part) // strips * ROWS
            column = np.int64(part) % strips * STRIP
            stop = min(column + STRIP, columns)
            _product_part(out, left, row_step, depth_step, right, row, min(row + ROWS, rows), column, stop)


@kernel(parallel=False)
def linear_backward(dinp, dweight, dbias, dout, inp, weight):
    """Write the gradients of a layer; an empty dinp is not computed."""
    # dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), inp (B, C), weight (K, C)
    rows, units = dout.shape
    flat = dout.reshape(dout.size)
    one = np.int64(1)
    _product(dweight, flat, one, units, inp)
    for o in range(units):
        dbias[o] = 0
    for i in range(rows):
        for o in range(units):
            dbias[o] += dout[i, o]
    if dinp.size:
        _product(dinp, flat, units, one, weight)
