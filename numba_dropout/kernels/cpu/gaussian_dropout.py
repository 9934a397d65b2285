"""Gaussian noise as a factor (Gaussian dropout) and as a term, with the normal numbers of `kernels.scalar.normal`."""

from ...core.jit import kernel, serial_loop
from ..scalar.normal import normals32, normals64
from ..scalar.transcendental import bits32, bits64
from ..simd import narrow, widen
from ._random_map import for_each_piece
from .mask import chunk_size


@serial_loop
def _to_normals(numbers, deviation):
    """Convert words to standard normal numbers."""
    if numbers.itemsize == 4:
        for i in range(numbers.size >> 1):
            numbers[2 * i], numbers[2 * i + 1] = normals32(bits32(numbers[2 * i]), bits32(numbers[2 * i + 1]))
    else:
        for i in range(numbers.size >> 1):
            numbers[2 * i], numbers[2 * i + 1] = normals64(bits64(numbers[2 * i]), bits64(numbers[2 * i + 1]))


@serial_loop
def _multiply(out, inp, values, normals, deviation, chunk):
    one = normals.dtype.type(1)
    for i in range(out.size):
        out[i] = narrow(widen(inp[i]) * (one + deviation * normals[i]), out)


@serial_loop
def _add(out, inp, values, normals, deviation, chunk):
    for i in range(out.size):
        out[i] = narrow(widen(inp[i]) + deviation * normals[i], out)


@serial_loop
def _relu_multiply_backward(out, inp, values, normals, deviation, chunk):
    """Multiply by the noise where the output is not 0."""
    one, zero = normals.dtype.type(1), normals.dtype.type(0)
    for i in range(out.size):
        x, value = widen(inp[i]), widen(values[i])
        out[i] = narrow(x * (one + deviation * normals[i]) if value != zero else zero, out)


_dropout_chunks = for_each_piece(_to_normals, _multiply)
_derivative_chunks = for_each_piece(_to_normals, _relu_multiply_backward)
_noise_chunks = for_each_piece(_to_normals, _add)


@kernel
def gaussian_dropout_forward(out, inp, deviation, k0, k1, stream, step, offset):
    """Write inp * (1 + deviation * z), z standard normal. out may be inp.

    out (n,), inp (n,)
    """
    size = chunk_size(out.size)
    chunks = (out.size + size - 1) // size
    _dropout_chunks(chunks, (size, out, inp, inp, deviation, k0, k1, stream, step, offset))


# Gaussian dropout is linear in its input: its derivative is the same function, with the same numbers drawn again.
gaussian_dropout_backward = gaussian_dropout_forward


@kernel
def add_gaussian_noise(out, inp, deviation, k0, k1, stream, step, offset):
    """Write inp + deviation * z, z standard normal. out may be inp.

    out (n,), inp (n,)
    """
    size = chunk_size(out.size)
    chunks = (out.size + size - 1) // size
    _noise_chunks(chunks, (size, out, inp, inp, deviation, k0, k1, stream, step, offset))


@kernel
def gaussian_relu_derivative(out, inp, values, deviation, k0, k1, stream, step, offset):
    """Write the gradient through Gaussian dropout and the ReLU before it: 0 where their output `values` is 0.

    Noise may change the sign of a value, so the sign does not show the ReLU's branch. out may be inp.

    out (n,), inp (n,), values (n,)
    """
    size = chunk_size(out.size)
    chunks = (out.size + size - 1) // size
    _derivative_chunks(chunks, (size, out, inp, values, deviation, k0, k1, stream, step, offset))
