"""Forward and backward agree on the mask: of any shape, in any pieces, on another thread, and when it is done again."""

import itertools
import threading

import numpy as np
import pytest

import numba_dropout as nd

# of each function: the least and most dimensions, and how many mask elements a row has, by its shape
FAMILY = {
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
@pytest.mark.parametrize("name", FAMILY)
def test_forward_and_backward_agree(name, seed):
    forward, backward, least, most, elements = FAMILY[name]
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

    again = []
    thread = threading.Thread(target=lambda: again.append((forward(x, p, **at), backward(dy, p, **at))))
    thread.start()
    thread.join()
    assert np.array_equal(again[0][0], forward(x, p, **at))
    assert np.array_equal(again[0][1], dx)

    cuts = [0, *sorted(rng.integers(0, shape[0] + 1, 2)), shape[0]]
    row = int(elements(shape[1:]))
    pieces = []
    for start, stop in itertools.pairwise(cuts):
        here = {**at, "offset": at["offset"] + int(start) * row}
        pieces.append((forward(x[start:stop], p, **here), backward(dy[start:stop], p, **here)))
    assert np.array_equal(np.concatenate([y for y, _ in pieces]), forward(x, p, **at))
    assert np.array_equal(np.concatenate([d for _, d in pieces]), dx)


LATER = [
    {"variant": "subnetwork"},
    {"variant": "gaussian"},
    {"variant": "concrete", "weight_regularizer": 1e-6, "dropout_regularizer": 1e-5},
    {"variant": "dropconnect"},
    {"dropout": [[0.2] * 9]},
]


@pytest.mark.parametrize(
    "choices", [{}, *(pytest.param(choices, marks=pytest.mark.compiles_long) for choices in LATER)]
)
def test_a_network_that_is_saved_between_forward_and_backward(choices, tmp_path, rng):
    """Checkpointing: what is loaded again runs forward once more, and back with the same masks."""
    x, dout = rng.standard_normal((6, 4)), rng.standard_normal((6, 3))
    net = nd.MLP(
        [4, 9, 3], **{"dropout": 0.5, "input_dropout": 0.3, "seed": 5, "loss": "mse", "dtype": "float64", **choices}
    )
    net.train_step(x, np.zeros((6, 3)), nd.SGD())
    out = net.forward(x, training=True)
    net.save(tmp_path / "m.npz")
    expected = net.backward(dout)
    again = nd.MLP.load(tmp_path / "m.npz")
    assert again.step == net.step == 1
    assert np.array_equal(again.forward(x, training=True), out)
    assert np.array_equal(again.backward(dout), expected)
    for name, value in net.gradients().items():
        assert np.array_equal(again.gradients()[name], value)
