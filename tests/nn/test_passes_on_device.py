"""Passes on a CUDA device, or in Numba's simulator, against the same passes on the CPU."""

import numpy as np
import pytest
from device_networks import INPUTS, OUTPUTS, ROWS, assert_close, batch, network

import numba_dropout as nd
from numba_dropout.arrays import devices

pytestmark = pytest.mark.cuda_device

tensor_cores = pytest.mark.skipif(devices._capability(0) < devices.TENSOR_CORES, reason="needs compute capability 8.0")


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [
        pytest.param("cross_entropy", lambda: nd.SGD(lr=0.2, momentum=0.9, nesterov=True), marks=pytest.mark.full),
        ("mse", lambda: nd.AdamW(lr=0.01, max_norm=0.8)),
        pytest.param("mse", lambda: nd.AdamW(lr=0.01, max_norm=0.8, clip_norm=0.3), marks=pytest.mark.full),
        pytest.param("bce", lambda: nd.SGD(weight_decay=0.01), marks=pytest.mark.full),
        pytest.param("huber", lambda: nd.SGD(), marks=pytest.mark.full),
        pytest.param("absolute", lambda: nd.SGD(), marks=pytest.mark.full),
        pytest.param("poisson", lambda: nd.SGD(), marks=pytest.mark.full),
    ],
)
def test_training(loss, optimizer, rng):
    """Train for two epochs of 2 + 1 rows with scaling and validation, and for one more step."""
    x, y = batch(loss, rng)
    results = []
    for device in ("cpu", "cuda"):
        net, rule = network(device, loss=loss), optimizer()
        net.scale_input(0.5, 2.0)
        if loss == "mse":
            net.scale_target(0.3, np.array([1.0, 2.0, 3.0]))
        history = nd.fit(net, x, y, optimizer=rule, epochs=2, batch_size=2, validation=(x[:1], y[:1]))
        last = net.train_step(x[:1], y[:1], rule)
        results.append((net, history, last))
    (cpu, expected, last_expected), (net, history, last) = results
    assert (net.device, net.step, net.epoch) == ("cuda:0", cpu.step, cpu.epoch)
    for column in ("loss", "val_loss"):
        assert_close(history.column(column), expected.column(column))
    assert history.column("accuracy") == expected.column("accuracy")
    assert_close(last, last_expected)
    for name, values in cpu.weights().items():
        assert_close(net.weights()[name], values)
    assert_close(net.predict(x[:1]), cpu.predict(x[:1]))


def test_training_on_sparse_rows(rng):
    rows = pytest.importorskip("scipy.sparse").csr_array(np.where(rng.random((3, INPUTS)) < 0.5, 1.5, 0))
    results = []
    for device in ("cpu", "cuda"):
        net = network(device)
        options = {"optimizer": nd.SGD(lr=0.1), "epochs": 2, "batch_size": 2, "sample_weight": [1, 0, 2]}
        history = nd.fit(net, rows, np.array([0, 1, 2]), **options, validation=(rows[:2], [0, 1]))
        results.append((net, history))
    (cpu, expected), (net, history) = results
    for column in ("loss", "val_loss"):
        assert_close(history.column(column), expected.column(column))
    for name, values in cpu.weights().items():
        assert_close(net.weights()[name], values)
    assert_close(net.predict_proba(rows), cpu.predict_proba(rows))


@pytest.mark.parametrize("variant", ["dropout", pytest.param("concrete", marks=pytest.mark.full)])
def test_accumulation(variant, rng):
    """Steps of chunks of 2 and 1 rows."""
    x, y = batch("cross_entropy", rng)
    results = []
    for device in ("cpu", "cuda"):
        net = network(device, variant=variant)
        options = {"optimizer": nd.SGD(lr=0.1), "epochs": 1, "batch_size": 2, "accumulate": 2}
        results.append((nd.fit(net, x, y, **options), net))
    (expected, cpu), (history, net) = results
    assert_close(history.column("loss"), expected.column("loss"))
    for name, values in cpu.weights().items():
        assert_close(net.weights()[name], values)


@pytest.mark.parametrize("training", [False, True])
def test_forward_and_backward(training, rng):
    x, dout = batch("cross_entropy", rng, 2)[0], rng.standard_normal((2, OUTPUTS)).astype(np.float32)
    results = []
    for device in ("cpu", "cuda"):
        net = network(device)
        out = net.forward(x, training=training, step=5, row_offset=3)
        results.append((out, net.backward(dout), {name: np.array(g) for name, g in host(net.gradients()).items()}))
    (out, dx, gradients), (cuda_out, cuda_dx, cuda_gradients) = results
    assert_close(cuda_out, out)
    assert_close(cuda_dx, dx)
    for name, values in gradients.items():
        assert_close(cuda_gradients[name], values)


def host(arrays):
    return {name: a.copy_to_host() if devices.on_device(a) else a for name, a in arrays.items()}


@pytest.mark.parametrize(
    "rates", [{}, pytest.param({"dropout": 1.0, "input_dropout": 0.0}, marks=pytest.mark.full)], ids=["some", "all"]
)
def test_subnetwork(rates, rng):
    """The CPU computes smaller layers, and the device masks units."""
    x, y = batch("cross_entropy", rng)
    results = []
    for device in ("cpu", "cuda"):
        net, optimizer = network(device, variant="subnetwork", **rates), nd.SGD(lr=0.2)
        losses = [net.train_step(x, y, optimizer)]
        out = net.forward(x, training=True, step=5)
        dinp = net.backward(np.ones((ROWS, OUTPUTS), np.float32))
        gradients = [net.memory.read(value) for value in net.gradients().values()]
        results.append([losses, out, dinp, *gradients, *net.weights().values()])
    for expected, actual in zip(*results, strict=True):
        assert_close(actual, expected)


def test_dropout_of_all_units(rng):
    x = batch("cross_entropy", rng, 2)[0]
    for choice in ({"dropout": [1.0, 0.0]}, {"input_dropout": 1.0}):
        outputs = [network(device, **choice).forward(x, training=True) for device in ("cpu", "cuda")]
        assert_close(*outputs)


@tensor_cores
def test_precision():
    assert network("cuda", precision="tf32").memory.device == "cuda:0"
    for arguments, message in (
        ({"device": "cuda", "precision": "fp8"}, "precision: expected one of float32, tf32, bf16, got 'fp8'"),
        ({"device": "cpu", "precision": "bf16"}, "precision: expected float32 on the CPU, got bf16"),
    ):
        with pytest.raises(ValueError, match=message):
            network(**arguments)


@tensor_cores
@pytest.mark.parametrize("precision", ["tf32", pytest.param("bf16", marks=pytest.mark.full)])
def test_tensor_cores(precision, rng):
    x, y = batch("mse", rng)
    net, reference = (network("cuda", loss="mse", precision=choice) for choice in (precision, "float32"))
    actual, expected = (each.forward(x, training=True) for each in (net, reference))
    assert not np.array_equal(actual, expected)
    np.testing.assert_allclose(actual, expected, atol=0.05)
    losses = [each.train_step(x, y, nd.SGD()) for each in (net, reference)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_no_rows():
    assert network("cuda").forward(np.empty((0, INPUTS), np.float32)).shape == (0, OUTPUTS)
