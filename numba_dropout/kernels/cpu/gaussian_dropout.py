"""Gaussian noise, as a factor (Gaussian dropout) and as a term; normal numbers are those of `kernels.normal`."""

from ...core.jit import kernel, serial_loop
from ..scalar.normal import normals32, normals64
from ..scalar.transcendental import bits32, bits64
from ._random_map import each_piece
from .mask import part_size


@serial_loop
def _shape(numbers, deviation):
    """Make standard normal numbers of words."""
    if numbers.itemsize == 4:
        for i in range(numbers.size >> 1):
            numbers[2 * i], numbers[2 * i + 1] = normals32(bits32(numbers[2 * i]), bits32(numbers[2 * i + 1]))
    else:
        for i in range(numbers.size >> 1):
            numbers[2 * i], numbers[2 * i + 1] = normals64(bits64(numbers[2 * i]), bits64(numbers[2 * i + 1]))


@serial_loop
def _multiply(out, inp, values, normals, deviation, part):
    one = out.dtype.type(1)
    for i in range(out.size):
        out[i] = inp[i] * (one + deviation * normals[i])


@serial_loop
def _add(out, inp, values, normals, deviation, part):
    for i in range(out.size):
        out[i] = inp[i] + deviation * normals[i]


@serial_loop
def _pass_back(out, inp, values, normals, deviation, part):
    one, zero = out.dtype.type(1), out.dtype.type(0)
    for i in range(out.size):
        out[i] = inp[i] * (one + deviation * normals[i]) if values[i] != zero else zero


_dropout_parts = each_piece(_shape, _multiply)
_derivative_parts = each_piece(_shape, _pass_back)
_noise_parts = each_piece(_shape, _add)


@kernel
def gaussian_dropout_forward(out, inp, deviation, k0, k1, stream, step, offset):
    """Write inp * (1 + deviation * z), z standard normal; out may be inp.

    out (n,), inp (n,)
    """
    size = part_size(out.size)
    parts = (out.size + size - 1) // size
    _dropout_parts(parts, (size, out, inp, inp, deviation, k0, k1, stream, step, offset))


@kernel
def add_gaussian_noise(out, inp, deviation, k0, k1, stream, step, offset):
    """Write inp + deviation * z, z standard normal; out may be inp.

    out (n,), inp (n,)
    """
    size = part_size(out.size)
    parts = (out.size + size - 1) // size
    _noise_parts(parts, (size, out, inp, inp, deviation, k0, k1, stream, step, offset))


@kernel
def gaussian_relu_derivative(out, inp, values, deviation, k0, k1, stream, step, offset):
    """Pass a gradient back through Gaussian dropout and the ReLU before it, where what they gave is not 0.

    Noise may change a value's sign, so that the sign does not tell what the ReLU did; out may be inp.

    out (n,), inp (n,), values (n,)
    """
    size = part_size(out.size)
    parts = (out.size + size - 1) // size
    _derivative_parts(parts, (size, out, inp, values, deviation, k0, k1, stream, step, offset))


# Gaussian dropout is linear in its input: its derivative is itself, with the same numbers drawn again.
gaussian_dropout_backward = gaussian_dropout_forward
