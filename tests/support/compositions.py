"""Train networks of some kinds, and print a digest of all results of each. Runs in separate processes.

`python tests/support/compositions.py KIND ...`, where a kind is loss,update,bounds,variant,dtype,data. Kinds are
trained in this order, in one process, with the cache for compiled code that the environment names.
"""

import hashlib
import itertools
import sys

import numpy as np
from updates import UPDATES

import numba_dropout as nd
from numba_dropout.nn.variants import KINDS

LOSSES = ("cross_entropy", "mse", "bce", "huber", "absolute", "poisson")
BOUNDS = ("none", "clip", "max", "both")
VARIANTS = tuple(KINDS)  # and "rates": one for each unit
DTYPES = ("float32", "float64")
DATA = ("dense", "sparse", "weighted")

ROWS, INPUTS, UNITS = 20, 5, 7


def kinds():
    """Return every kind: dense data with all choices, and other data with every loss, update and variant."""
    dense = itertools.product(LOSSES, UPDATES, BOUNDS, VARIANTS, DTYPES, DATA[:1])
    others = itertools.product(LOSSES, UPDATES, BOUNDS[:1], VARIANTS, DTYPES[:1], DATA[1:])
    return [",".join(kind) for kind in (*dense, *others)]


def computed(kind):
    """Yield the results of a network of a kind: losses and weights, and all others once for each loss and variant."""
    loss, update, bounds, variant, dtype, data = kind.split(",")
    rng = np.random.default_rng(3)
    x = rng.standard_normal((ROWS, INPUTS)) * (rng.random((ROWS, INPUTS)) < 0.5)
    outputs = {"cross_entropy": 3, "bce": 1}.get(loss, 2)
    labels, values = rng.integers(0, 3, ROWS), rng.standard_normal((ROWS, 2))
    y = {"cross_entropy": labels, "bce": labels > 1, "poisson": np.abs(values)}.get(loss, values)
    options = {"dropout": 0.4, "input_dropout": 0.2, "variant": variant}
    if variant == "rates":
        options = {"dropout": [np.linspace(0.1, 0.6, UNITS)]}
    net = nd.MLP([INPUTS, UNITS, outputs], seed=1, loss=loss, dtype=dtype, **options)
    limits = {"clip_norm": 0.5} if bounds in ("clip", "both") else {}
    limits |= {"max_norm": 0.6} if bounds in ("max", "both") else {}
    optimizer = UPDATES[update](lr=0.1, **limits)
    if data == "sparse":
        from scipy.sparse import csr_matrix

        x = csr_matrix(x)
    weights = {"sample_weight": rng.random(ROWS)} if data == "weighted" else {}
    history = nd.fit(net, x, y, optimizer=optimizer, epochs=2, batch_size=8, **weights)
    yield np.array(history.column("loss"))
    yield from net.weights().values()
    if update == "sgd" and bounds == "none" and data != "weighted":
        yield np.array([value for value in net.evaluate_loss(x, y) if value is not None])
        yield net.forward(x)
        yield np.array(list(net.samples(x, 3)))
        yield net.forward(x, training=True)
        yield net.backward(np.ones((ROWS, outputs)))
        yield from map(np.asarray, net.gradients().values())


def main():
    for kind in sys.argv[1:]:
        digest = hashlib.sha256()
        for array in computed(kind):
            digest.update(np.ascontiguousarray(array).data)
        print(kind, digest.hexdigest()[:16], flush=True)


if __name__ == "__main__":
    main()
