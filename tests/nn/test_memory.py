"""Memory of networks on a CUDA device, or in Numba's simulator: data, states, and batch sizes."""

import numpy as np
import pytest
from device_networks import INPUTS, assert_close, batch, network
from numba import cuda

import numba_dropout as nd
from numba_dropout.arrays import cuda as _cuda_arrays
from numba_dropout.arrays import devices
from numba_dropout.nn.buffers import row_size

pytestmark = pytest.mark.cuda_device


def test_load_on_another_device(tmp_path, rng):
    x, y = batch("cross_entropy", rng, 3)
    net = network("cuda")
    nd.fit(net, x, y, optimizer=nd.Adam(), epochs=1, batch_size=3)
    net.save(tmp_path / "m.npz")
    for device in ("cpu", "cuda:0"):
        loaded = nd.MLP.load(tmp_path / "m.npz", device=device)
        assert (loaded.device, loaded.step) == (device, 1)
        for name, values in net.weights().items():
            assert np.array_equal(loaded.weights()[name], values)
    assert_close(loaded.predict_proba(x), nd.MLP.load(tmp_path / "m.npz").predict_proba(x))


def test_state_dict(rng):
    net, source = network("cuda"), network("cpu", seed=9)
    state = net.state_dict()
    assert all(devices.on_device(array) for array in state.values())
    net.load_state_dict(source.state_dict())
    assert np.array_equal(state["1.weight"].copy_to_host(), source.state_dict()["1.weight"])
    fresh = network("cpu", seed=10)
    fresh.load_state_dict(state)
    assert np.array_equal(fresh.state_dict()["1.weight"], source.state_dict()["1.weight"])


def test_data_on_device(rng):
    x, y = batch("cross_entropy", rng, 2)
    losses = []
    for data in ((x, y), (cuda.to_device(x), cuda.to_device(y))):
        net = network("cuda")
        history = nd.fit(net, *data, optimizer=nd.SGD(), epochs=1, batch_size=2)
        losses.append((history.column("loss"), net.predict(data[0]).tolist()))
    assert losses[0] == losses[1]
    on_device = cuda.to_device(x)
    assert network("cuda").to_device(network("cuda").as_input(on_device)) is on_device
    with pytest.raises(ValueError, match=r"x: expected shape \(rows, 5\), got \(3, 4\)"):
        network("cuda").predict(cuda.to_device(np.ones((3, 4), np.float32)))
    with pytest.raises(ValueError, match="y: expected labels from 0 to 2, got 0 to 3"):
        network("cuda").train_step(on_device, cuda.to_device(np.array([0, 3])), nd.SGD())
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan at \[0, 0\]"):
        nd.fit(network("cuda"), cuda.to_device(np.full((2, 5), np.nan)), y, optimizer=nd.SGD())


def test_data_on_another_device(monkeypatch, rng):
    monkeypatch.setattr(_cuda_arrays, "device_of", lambda x: 1)
    with pytest.raises(ValueError, match="x: expected an array on cuda:0 like the network, got one on cuda:1"):
        network("cuda").predict(cuda.to_device(np.ones((1, INPUTS), np.float32)))


def test_float64(tmp_path):
    with pytest.raises(ValueError, match=r"^dtype: expected float32 on cuda:0, got float64"):
        network("cuda", dtype="float64")
    network("cpu", dtype="float64").save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match=r"^dtype: expected float32 on cuda:0, got float64"):
        nd.MLP.load(tmp_path / "m.npz", device="cuda")


def test_batch_too_large(monkeypatch, rng):
    context = type(cuda.current_context())
    monkeypatch.setattr(context, "get_memory_info", lambda self: (3000, 2**30), raising=False)
    with pytest.raises(ValueError, match=r"cuda:0: a batch of 100 rows needs .* KiB, and 2.93 KiB of 1 GiB are"):
        network("cuda").forward(np.ones((100, INPUTS), np.float32))
    with pytest.raises(ValueError, match=r"cuda:0: .* needs .* and 2.93 KiB of 1 GiB are free; train on fewer rows"):
        nd.MLP([1000, 10], device="cuda")


def test_suggested_batch_size(monkeypatch, rng):
    net = network("cuda")
    free = 20_000
    context = type(cuda.current_context())
    monkeypatch.setattr(context, "get_memory_info", lambda self: (free, free), raising=False)
    with pytest.raises(ValueError, match="a batch size of") as raised:
        net.forward(np.ones((1000, INPUTS), np.float32))
    fitting = int(str(raised.value).rpartition("size of ")[2].split()[0])
    assert fitting > 50
    workspace = net._state.take()
    assert workspace.reserve(fitting)
    with pytest.raises(ValueError, match="a batch size of"):
        workspace.reserve(fitting + 1)


def test_prediction_in_chunks(monkeypatch, rng):
    x, y = batch("cross_entropy", rng, rows=5)
    expected, measured = network("cpu").outputs(x), network("cpu").evaluate_loss(x, y)
    net = network("cuda")
    free = 3 * row_size(net._state.net)
    context = type(cuda.current_context())
    monkeypatch.setattr(context, "get_memory_info", lambda self: (free, free), raising=False)
    assert_close(net.outputs(x), expected)
    assert_close(net.evaluate_loss(x, y), measured)
    assert net._state.take().net.batch.losses.size == 2
