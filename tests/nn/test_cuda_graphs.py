"""Training steps as CUDA graphs: recording, interrupts, and calls of the driver."""

import sys
from types import ModuleType

import numpy as np
import pytest
from device_networks import batch, network
from numba import cuda
from numba.core import config

import numba_dropout as nd
from numba_dropout.kernels.cuda._launch import current_stream
from numba_dropout.nn import cuda_graphs

pytestmark = pytest.mark.cuda_device

on_a_device = pytest.mark.skipif(bool(config.ENABLE_CUDASIM), reason="for a device")


def test_warm_up(rng):
    x, y = batch("cross_entropy", rng, 3)
    net, rule = network("cuda"), nd.Adam()
    before = net.weights()
    data, target = net.check_xy(x, y)
    net.train_steps(np.empty((0, 2)), data, target, np.arange(0), 2, rule)
    assert (net.step, rule.step) == (0, 0)
    assert (rule.state.copy_to_host() == 0).all()
    assert all(np.array_equal(before[name], values) for name, values in net.weights().items())


def test_record_once(monkeypatch, rng):
    recorded = []
    record = cuda_graphs._record
    monkeypatch.setattr(cuda_graphs, "_record", lambda *arguments: recorded.append(1) or record(*arguments))
    net, rule = network("cuda", loss="mse"), nd.SGD()
    x, y = batch("mse", rng, 3)
    for _ in range(2):
        net.train_step(x[:1], y[:1], rule)
    assert len(recorded) == 1
    net.train_step(x[:2], y[:2], rule)  # other arrays: a larger batch
    assert len(recorded) == 1
    data, target = net.check_xy(x, y)
    net.train_steps(np.empty((2, 2)), data, target, np.arange(2), 1, rule)
    assert len(recorded) == 2


def test_interrupt_between_steps(monkeypatch, rng):
    net, rule = network("cuda", loss="mse"), nd.SGD()
    x, y = batch("mse", rng, 4)
    data, target = net.check_xy(x, y)
    take, taken = cuda_graphs.Steps._take, []

    def interrupted(self, *arguments):
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(take(self, *arguments))

    monkeypatch.setattr(cuda_graphs.Steps, "_take", interrupted)
    totals = np.empty((4, 2))
    with pytest.raises(KeyboardInterrupt):
        net.train_steps(totals, data, target, np.arange(4), 1, rule)
    assert (net.step, rule.step) == (2, 2)
    assert (totals[:2, 0] > 0).all()


def test_interrupt_during_allocation(monkeypatch, rng):
    x, y = batch("mse", rng, 2)
    losses = []
    for interrupted in (False, True):
        net, rule = network("cuda", loss="mse"), nd.SGD()
        net.train_step(x[:1], y[:1], rule)
        if interrupted:
            with monkeypatch.context() as patch:
                patch.setattr(cuda_graphs, "_zeros", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
                with pytest.raises(KeyboardInterrupt):
                    net.train_step(x, y, rule)
        losses.append(net.train_step(x, y, rule))
    assert losses[0] == losses[1]


@on_a_device
def test_graphs_equal_single_launches(monkeypatch, rng):
    x, y = batch("cross_entropy", rng, 300)
    weights = []
    for record in (cuda_graphs._record, lambda launch, stream: launch):
        monkeypatch.setattr(cuda_graphs, "_record", record)
        net = network("cuda")
        nd.fit(net, x, y, optimizer=nd.Adam(), epochs=3, batch_size=32)
        weights.append(net.weights())
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


class Driver:
    """Replace the functions of the driver, and record their calls."""

    class CUresult:
        CUDA_SUCCESS = 0

    class CUstream_flags:
        CU_STREAM_NON_BLOCKING = 1

    class CUstreamCaptureMode:
        CU_STREAM_CAPTURE_MODE_RELAXED = "relaxed"

    def __init__(self, failing=None):
        self.calls, self.failing = [], failing

    def __getattr__(self, name):
        def function(*arguments):
            self.calls.append((name, *arguments))
            if name == "cuGetErrorName":
                return 0, b"CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"
            if name == self.failing:
                return (901,)
            if name == "cuStreamCreate":
                return 0, 8
            return (0, f"result of {name}") if name in ("cuStreamEndCapture", "cuGraphInstantiate") else (0,)

        return function


def recorded(monkeypatch, driver, launch):
    bindings = ModuleType("cuda.bindings")
    bindings.driver = driver
    monkeypatch.setitem(sys.modules, "cuda", ModuleType("cuda"))
    monkeypatch.setitem(sys.modules, "cuda.bindings", bindings)
    monkeypatch.setattr(cuda, "external_stream", lambda handle: f"stream {handle}", raising=False)
    return cuda_graphs._Graph(launch, 7)


def test_record_and_launch(monkeypatch):
    driver = Driver()
    graph = recorded(monkeypatch, driver, lambda: driver.calls.append(f"launches on {current_stream()}"))
    graph.launch()
    assert driver.calls == [
        ("cuStreamCreate", 1),
        ("cuStreamBeginCapture", 8, "relaxed"),
        "launches on stream 8",
        ("cuStreamEndCapture", 8),
        ("cuGraphInstantiate", "result of cuStreamEndCapture", 0),
        ("cuGraphDestroy", "result of cuStreamEndCapture"),
        ("cuStreamDestroy", 8),
        ("cuGraphLaunch", "result of cuGraphInstantiate", 7),
    ]
    del graph
    assert driver.calls[-1] == ("cuGraphExecDestroy", "result of cuGraphInstantiate")


def test_failed_recording(monkeypatch):
    driver = Driver("cuGraphInstantiate")
    with pytest.raises(RuntimeError, match="CUDA graph: CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"):
        recorded(monkeypatch, driver, lambda: None)
    assert [call[0] for call in driver.calls[-2:]] == ["cuGraphDestroy", "cuStreamDestroy"]
    driver = Driver()

    def launch():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recorded(monkeypatch, driver, launch)
    assert driver.calls[-2:] == [("cuStreamEndCapture", 8), ("cuStreamDestroy", 8)]
