"""Passes of a network: masks, gradients, updates, threads and memory."""

import numpy as np
import pytest
from networks import problem
from numba.core.runtime import _nrt_python, rtsys
from processes import run

import numba_dropout as nd


def test_forward(rng):
    net = nd.MLP([4, 5, 3], dropout=0.5, input_dropout=0.2, seed=3, dtype="float64")
    x, _ = problem(rng)
    state = net.state_dict()
    h = nd.dropout(x, 0.2, seed=3, stream=0, step=9)
    h = nd.linear_relu_dropout(h, state["0.weight"], state["0.bias"], 0.5, seed=3, stream=1, step=9)
    expected = nd.linear(h, state["1.weight"], state["1.bias"])
    assert np.array_equal(net.forward(x, training=True, step=9), expected)
    h = nd.relu(nd.linear(x, state["0.weight"], state["0.bias"]))
    assert np.array_equal(net.forward(x), nd.linear(h, state["1.weight"], state["1.bias"]))


def test_row_offset(rng):
    net = nd.MLP([4, 6, 3], dropout=0.5, input_dropout=0.2, seed=3, dtype="float64")
    x, _ = problem(rng, rows=8)
    full = net.forward(x, training=True, step=5)
    pieces = [net.forward(x[r : r + 2], training=True, step=5, row_offset=r) for r in range(0, 8, 2)]
    assert np.allclose(full, np.concatenate(pieces), rtol=1e-13)


def test_dropout_of_all_units(rng):
    net, (x, y) = nd.MLP([4, 5, 3], dropout=1.0, input_dropout=1.0, seed=1), problem(rng)
    before = {key: value.copy() for key, value in net.state_dict().items()}
    net.train_step(x, y, nd.SGD())
    changed = [key for key, value in net.state_dict().items() if not np.array_equal(value, before[key])]
    assert changed == ["1.bias"]


@pytest.mark.compiles_long
@pytest.mark.parametrize("share", [0.5, 2.0])
def test_clip_norm(share, rng):
    x, y = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    net, shadow = (nd.MLP([5, 4, 3], seed=2, loss="mse", dtype="float64") for _ in range(2))
    out = shadow.forward(x, training=True)
    shadow.backward(2 * (out - y) / out.size)
    gradients = shadow.gradients()
    norm = np.sqrt(sum((value**2).sum() for value in gradients.values()))
    net.train_step(x, y, nd.SGD(0.1, clip_norm=share * norm))
    for key, value in shadow.weights().items():
        expected = value - 0.1 * min(1.0, share) * gradients[key]
        np.testing.assert_allclose(net.weights()[key], expected, rtol=1e-9, atol=1e-12, err_msg=key)


@pytest.mark.compiles_long
def test_max_norm(rng):
    net, (x, y) = nd.MLP([4, 5, 6, 3], seed=1, dtype="float64"), problem(rng)
    net.train_step(x, y, nd.SGD(max_norm=0.5))
    norms = [np.linalg.norm(net.state_dict()[f"{layer}.weight"], axis=1).max() for layer in range(3)]
    assert norms[0] <= 0.5 + 1e-12
    assert norms[1] <= 0.5 + 1e-12
    assert norms[2] > 0.5


def test_weight_decay(rng):
    x, y = problem(rng)
    plain, decayed = nd.MLP([4, 5, 3], seed=1), nd.MLP([4, 5, 3], seed=1)
    for net in (plain, decayed):
        for key, value in net.state_dict().items():
            value[...] += 0.1 * key.endswith("bias")
    plain.train_step(x, y, nd.SGD(0.1))
    decayed.train_step(x, y, nd.SGD(0.1, weight_decay=0.5))
    for key in ("0.bias", "1.bias"):
        assert np.array_equal(plain.state_dict()[key], decayed.state_dict()[key])
    assert not np.array_equal(plain.state_dict()["0.weight"], decayed.state_dict()["0.weight"])


TRAIN = """
import hashlib, numpy as np, numba, numba_dropout as nd
r = np.random.default_rng(1)
x, y = r.standard_normal((600, 50)), r.integers(0, 5, 600)
for threads in (1, 2, 3):
    numba.set_num_threads(threads)
    net = nd.MLP([50, 300, 200, 5], dropout=0.5, input_dropout=0.2, seed=4)
    nd.fit(net, x, y, optimizer=nd.SGD(max_norm=2.0), epochs=2, batch_size=200)
    mask = nd.sample_mask(200_003, 0.3, seed=4)
    print(hashlib.sha256(b"".join(v.tobytes() for v in net.state_dict().values())).hexdigest(), mask.sum())
"""


@pytest.mark.jit_only
def test_number_of_threads():
    """A process that may have three threads trains with one, two and three of them."""
    results = run(TRAIN, NUMBA_NUM_THREADS="3").splitlines()
    assert len(results) == 3
    assert len(set(results)) == 1


@pytest.mark.jit_only
def test_no_allocations(rng):
    """Thirty steps have as many allocations of Numba's runtime as three."""
    net = nd.MLP([50, 64, 64, 5], dropout=0.5, input_dropout=0.2)
    x, y = rng.standard_normal((960, 50)), rng.integers(0, 5, 960)
    optimizer, rows = nd.Adam(max_norm=3.0), np.arange(960)
    _nrt_python.memsys_enable_stats()
    try:
        taken = []
        for steps in (3, 3, 30):
            before = rtsys.get_allocation_stats()
            net.train_steps(np.empty((steps, 2)), x, y, rows[: 32 * steps], 32, optimizer)
            after = rtsys.get_allocation_stats()
            taken.append(after.alloc - before.alloc)
    finally:
        _nrt_python.memsys_disable_stats()
    assert 0 < taken[1] == taken[2]  # one for each array that is passed, none for a step
