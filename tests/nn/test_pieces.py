"""Pieces of a batch equal the whole bit for bit: outputs, gradients with respect to the input, and predictions."""

import itertools

import numpy as np
import pytest
from small_networks import VARIANTS

import numba_dropout as nd
from numba_dropout.kernels.scalar.activations import ACTIVATIONS

pytestmark = pytest.mark.jit_only  # in plain Python, products are those of BLAS, whose sums depend on the shape

ROWS, SIZES = 13, [300, 35, 70, 4, 9]


def network(variant, **choices):
    """Return a network with a layer deeper than a pass of a product, and a narrow one."""
    if variant == "rates":
        options = {"dropout": [np.linspace(0.1, 0.6, units) for units in SIZES[1:-1]]}
    else:
        options = {"dropout": 0.4, "input_dropout": 0.2, "variant": variant}
    return nd.MLP(SIZES, seed=1, **{**options, **choices})


def cuts(rng):
    """Return lists of the limits of pieces: of two, of single rows, and random ones."""
    yield from ([0, row, ROWS] for row in range(1, ROWS))
    yield range(ROWS + 1)
    for _ in range(20):
        yield [0, *np.flatnonzero(rng.random(ROWS - 1) < 0.4) + 1, ROWS]


def results(net, x, dout, row_offset):
    """Return all results that have rows."""
    train = net.forward(x, training=True, step=3, row_offset=row_offset), net.backward(dout)
    evaluation = net.forward(x), net.backward(dout)
    samples = np.stack(list(net.samples(x, 3, row_offset=row_offset)), 1)
    return *train, *evaluation, samples, net.outputs(x), net.predict_proba(x)


def check(net, rng):
    x, dout = rng.standard_normal((ROWS, SIZES[0])), rng.standard_normal((ROWS, SIZES[-1]))
    whole = results(net, x, dout, 0)
    for limits in cuts(rng):
        pieces = [results(net, x[i:j], dout[i:j], i) for i, j in itertools.pairwise(limits)]
        for expected, parts in zip(whole, zip(*pieces, strict=True), strict=True):
            assert np.array_equal(np.concatenate(parts), expected), list(limits)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.full)])
@pytest.mark.parametrize(
    "variant", [name if name == "dropout" else pytest.param(name, marks=pytest.mark.full) for name in VARIANTS]
)
def test_variants(variant, dtype, rng):
    check(network(variant, dtype=dtype), rng)


@pytest.mark.full
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, rng):
    check(network("dropout", activation=activation), rng)
