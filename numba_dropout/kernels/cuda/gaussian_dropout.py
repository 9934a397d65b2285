"""Gaussian noise as a factor (Gaussian dropout) and as a term, with the normal numbers of `scalar.normal`."""

from ...core.jit import scalar
from ..scalar.constants import ONE, ZERO
from ..scalar.normal import normals32
from ._half import CONVERSIONS
from ._random_map import for_each_four, launch_for_each_four


@scalar
def _deviation(params):
    """Return the standard deviation, the same for all elements."""
    return params


@scalar
def _draw(deviation, w0, w1, w2, w3):
    """Return four normal numbers."""
    z0, z1 = normals32(w0, w1)
    z2, z3 = normals32(w2, w3)
    return z0, z1, z2, z3


@scalar
def _multiply(x, value, z, deviation):
    return x * (ONE + deviation * z)


@scalar
def _add(x, value, z, deviation):
    return x + deviation * z


@scalar
def _derivative(x, value, z, deviation):
    return x * (ONE + deviation * z) if value != ZERO else ZERO


_DROPOUT = {dtype: for_each_four(_deviation, _draw, _multiply, dtype) for dtype in CONVERSIONS}
_NOISE = {dtype: for_each_four(_deviation, _draw, _add, dtype) for dtype in CONVERSIONS}
_DERIVATIVE = for_each_four(_deviation, _draw, _derivative)


def gaussian_dropout_forward(out, inp, deviation, k0, k1, stream, step, offset):
    """Write inp * (1 + deviation * z), z standard normal. out may be inp.

    out (n,), inp (n,)
    """
    launch_for_each_four(_DROPOUT[str(out.dtype)], out, inp, inp, deviation, k0, k1, stream, step, offset)


# Gaussian dropout is linear in its input: its derivative is the same kernel, which draws the same numbers again.
gaussian_dropout_backward = gaussian_dropout_forward


def add_gaussian_noise(out, inp, deviation, k0, k1, stream, step, offset):
    """Write inp + deviation * z, z standard normal. out may be inp.

    out (n,), inp (n,)
    """
    launch_for_each_four(_NOISE[str(out.dtype)], out, inp, inp, deviation, k0, k1, stream, step, offset)


def gaussian_relu_derivative(out, inp, values, deviation, k0, k1, stream, step, offset):
    """Write the gradient through a ReLU and the Gaussian dropout after it: 0 where their output `values` is 0.

    out (n,), inp (n,), values (n,)
    """
    launch_for_each_four(_DERIVATIVE, out, inp, values, deviation, k0, k1, stream, step, offset)
