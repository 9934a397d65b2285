"""The same masks in forward and backward passes, in chunks of a batch, in another thread, and in a second call."""

import itertools
import threading

import numpy as np
import pytest
from floats import DTYPES, same_bits

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3}

# By function: its gradient, the range of dimensions, and the number of mask elements of a row by the row's shape.
VARIANTS = {
    "dropout": (nd.dropout, nd.dropout_backward, 1, 4, np.prod),
    "dropout1d": (nd.dropout1d, nd.dropout1d_backward, 3, 3, lambda row: row[0]),
    "dropout2d": (nd.dropout2d, nd.dropout2d_backward, 4, 4, lambda row: row[0]),
    "dropout3d": (nd.dropout3d, nd.dropout3d_backward, 5, 5, lambda row: row[0]),
    "stochastic_depth": (nd.stochastic_depth, nd.stochastic_depth_backward, 1, 4, lambda row: 1),
    "alpha_dropout": (nd.alpha_dropout, nd.alpha_dropout_backward, 1, 4, np.prod),
    "feature_alpha_dropout": (nd.feature_alpha_dropout, nd.feature_alpha_dropout_backward, 2, 4, lambda row: row[0]),
    "gaussian_dropout": (nd.gaussian_dropout, nd.gaussian_dropout_backward, 1, 4, np.prod),
}


def slopes(forward, x, p, at):
    """Return the derivative of an affine function of each element."""
    return forward(x + 1, p, **at) - forward(x, p, **at)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", VARIANTS)
def test_forward_and_backward(name, seed):
    """A random shape, rate and position, cut at random rows."""
    forward, backward, least, most, elements = VARIANTS[name]
    rng = np.random.default_rng([seed, *name.encode()])
    shape = tuple(int(n) for n in rng.integers(1, 6, rng.integers(least, most + 1)))
    at = {
        "seed": int(rng.integers(2**63)) * 2 + 1,
        "stream": int(rng.integers(2**24)),
        "step": int(rng.integers(2**32)),
    }
    at["offset"] = int(rng.integers(2 ** int(rng.integers(1, 62))))
    p = float(rng.choice([0.1, 0.5, 0.9]))
    x, dy = rng.integers(-4, 5, shape).astype(np.float64), rng.integers(1, 5, shape).astype(np.float64)

    dx = backward(dy, p, **at)
    np.testing.assert_allclose(dx, dy * slopes(forward, x, p, at), rtol=1e-12, atol=1e-12)

    results = []
    thread = threading.Thread(target=lambda: results.append((forward(x, p, **at), backward(dy, p, **at))))
    thread.start()
    thread.join()
    assert np.array_equal(results[0][0], forward(x, p, **at))
    assert np.array_equal(results[0][1], dx)

    cuts = [0, *sorted(rng.integers(0, shape[0] + 1, 2)), shape[0]]
    row = int(elements(shape[1:]))
    pieces = []
    for start, stop in itertools.pairwise(cuts):
        here = {**at, "offset": at["offset"] + int(start) * row}
        pieces.append((forward(x[start:stop], p, **here), backward(dy[start:stop], p, **here)))
    assert np.array_equal(np.concatenate([y for y, _ in pieces]), forward(x, p, **at))
    assert np.array_equal(np.concatenate([d for _, d in pieces]), dx)


# By function: its rate, and the number of mask elements of a row (4, 6).
CHUNKED = {
    "dropout": (nd.dropout, 0.4, 24),
    "rates": (nd.dropout, np.linspace(0, 1, 6), 24),
    "noise shape": (lambda x, p, **at: nd.dropout(x, p, noise_shape=(None, 1, 6), **at), 0.4, 6),
    "dropout1d": (nd.dropout1d, 0.4, 4),
    "dropout2d": (nd.dropout2d, 0.4, 4),
    "stochastic_depth": (nd.stochastic_depth, 0.4, 1),
    "alpha_dropout": (nd.alpha_dropout, 0.4, 24),
    "feature_alpha_dropout": (nd.feature_alpha_dropout, 0.4, 4),
    "gaussian_dropout": (nd.gaussian_dropout, 0.4, 24),
    "gaussian_noise": (nd.gaussian_noise, 0.4, 24),
    "concrete_dropout": (nd.concrete_dropout, -0.4, 24),
}


@pytest.mark.parametrize("name", CHUNKED)
@pytest.mark.parametrize("dtype", DTYPES)
def test_chunks(name, dtype, rng):
    function, rate, elements = CHUNKED[name]
    x = rng.standard_normal((5, 4, 6)).astype(dtype)
    pieces = [function(x[r : r + 1], rate, offset=r * elements, **AT) for r in range(5)]
    assert same_bits(np.concatenate(pieces), function(x, rate, **AT))
