"""Networks with random weights, biases and scaling, and small problems to train on."""

import numpy as np

import numba_dropout as nd


def network(loss="cross_entropy", outputs=3, **options):
    """Return a network of sizes 5, 8, 6 and the outputs."""
    options = {"dropout": [0.3, 0.0], "input_dropout": 0.1, "seed": 4, **options}
    net = nd.MLP([5, 8, 6, outputs], loss=loss, **options)
    rng = np.random.default_rng(3)
    for name, value in net.state_dict().items():
        if name.endswith("bias"):
            value[:] = rng.standard_normal(value.shape)
    net.scale_input(rng.standard_normal(5), 0.5 + rng.random(5))
    if loss in ("mse", "huber", "absolute"):
        net.scale_target(rng.standard_normal(outputs), 0.5 + rng.random(outputs))
    return net


def binary_problem(rng, rows=60):
    """Return a network and data of two classes."""
    x = rng.standard_normal((rows, 4))
    return nd.MLP([4, 6, 2], dropout=0.2, seed=1), x, (x[:, 0] > 0).astype(int)


def problem(rng, rows=30, inputs=4, classes=3):
    """Return data of several classes."""
    return rng.standard_normal((rows, inputs)), rng.integers(0, classes, rows)


def parameters(net):
    """Return all parameters in one array."""
    return np.concatenate([value.ravel() for value in net.state_dict().values()])
