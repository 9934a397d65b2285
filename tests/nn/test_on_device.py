"""Networks and operations on a CUDA device, or in Numba's simulator (NUMBA_ENABLE_CUDASIM=1): what the CPU gives."""

import sys
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner
from numba import cuda
from numba.core import config
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.arrays import devices

if not config.ENABLE_CUDASIM and devices.why_not() is not None:
    pytest.skip("needs NUMBA_ENABLE_CUDASIM=1, or a device", allow_module_level=True)

from numba_dropout.arrays import cuda as _cuda_arrays
from numba_dropout.kernels.cuda._launch import current_stream
from numba_dropout.nn import cuda_graphs
from numba_dropout.nn.buffers import row_size

tensor_cores = pytest.mark.skipif(devices._capability(0) < devices.TENSOR_CORES, reason="needs compute capability 8.0")

ROWS, INPUTS, UNITS, OUTPUTS = 3, 5, 3, 3


def pair(loss, rng, rows=ROWS):
    """Return data and targets for a loss."""
    x = rng.random((rows, INPUTS), np.float32)
    if loss == "cross_entropy":
        return x, rng.integers(0, OUTPUTS, rows)
    return x, rng.random((rows, OUTPUTS), np.float32)


def network(device, **choices):
    choices = {"dropout": 0.4, "input_dropout": 0.2, "seed": 3, **choices}
    return nd.MLP([INPUTS, UNITS, UNITS + 1, OUTPUTS], device=device, **choices)


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-6)


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [
        pytest.param("cross_entropy", lambda: nd.SGD(lr=0.2, momentum=0.9, nesterov=True), marks=pytest.mark.full),
        ("mse", lambda: nd.AdamW(lr=0.01, max_norm=0.8)),
        pytest.param("mse", lambda: nd.AdamW(lr=0.01, max_norm=0.8, clip_norm=0.3), marks=pytest.mark.full),
        pytest.param("bce", lambda: nd.SGD(weight_decay=0.01), marks=pytest.mark.full),
    ],
)
def test_training_is_the_cpus(loss, optimizer, rng):
    """Two epochs of 2 + 1 rows, with scaling, validation and one step apart."""
    x, y = pair(loss, rng)
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
        close(history.column(column), expected.column(column))
    assert history.column("accuracy") == expected.column("accuracy")
    close(last, last_expected)
    for name, values in cpu.weights().items():
        close(net.weights()[name], values)
    close(net.predict(x[:1]), cpu.predict(x[:1]))


def test_training_on_sparse_rows_with_weights_is_the_cpus(rng):
    rows = pytest.importorskip("scipy.sparse").csr_array(np.where(rng.random((3, INPUTS)) < 0.5, 1.5, 0))
    results = []
    for device in ("cpu", "cuda"):
        net = network(device)
        options = {"optimizer": nd.SGD(lr=0.1), "epochs": 2, "batch_size": 2, "sample_weight": [1, 0, 2]}
        history = nd.fit(net, rows, np.array([0, 1, 2]), **options, validation=(rows[:2], [0, 1]))
        results.append((net, history))
    (cpu, expected), (net, history) = results
    for column in ("loss", "val_loss"):
        close(history.column(column), expected.column(column))
    for name, values in cpu.weights().items():
        close(net.weights()[name], values)
    close(net.predict_proba(rows), cpu.predict_proba(rows))


@pytest.mark.parametrize("training", [False, True])
def test_forward_and_backward(training, rng):
    x, dout = pair("cross_entropy", rng, 2)[0], rng.standard_normal((2, OUTPUTS)).astype(np.float32)
    results = []
    for device in ("cpu", "cuda"):
        net = network(device)
        out = net.forward(x, training=training, step=5, row_offset=3)
        results.append((out, net.backward(dout), {name: np.array(g) for name, g in host(net.gradients()).items()}))
    (out, dx, gradients), (ours, our_dx, our_gradients) = results
    close(ours, out)
    close(our_dx, dx)
    for name, values in gradients.items():
        close(our_gradients[name], values)


def host(arrays):
    return {name: a.copy_to_host() if devices.on_device(a) else a for name, a in arrays.items()}


@pytest.mark.parametrize(
    "rates", [{}, pytest.param({"dropout": 1.0, "input_dropout": 0.0}, marks=pytest.mark.full)], ids=["some", "all"]
)
def test_sub_networks_are_the_cpus(rates, rng):
    """The CPU leaves out what the device masks."""
    x, y = pair("cross_entropy", rng)
    results = []
    for device in ("cpu", "cuda"):
        net, optimizer = network(device, variant="subnetwork", **rates), nd.SGD(lr=0.2)
        losses = [net.train_step(x, y, optimizer)]
        out = net.forward(x, training=True, step=5)
        dinp = net.backward(np.ones((ROWS, OUTPUTS), np.float32))
        gradients = [net.memory.read(value) for value in net.gradients().values()]
        results.append([losses, out, dinp, *gradients, *net.weights().values()])
    for ours, theirs in zip(*results, strict=True):
        close(theirs, ours)


def test_a_layer_that_drops_all(rng):
    x = pair("cross_entropy", rng, 2)[0]
    for choice in ({"dropout": [1.0, 0.0]}, {"input_dropout": 1.0}):
        outputs = [network(device, **choice).forward(x, training=True) for device in ("cpu", "cuda")]
        close(*outputs)


def test_a_model_goes_from_one_device_to_another(tmp_path, rng):
    x, y = pair("cross_entropy", rng, 3)
    net = network("cuda")
    nd.fit(net, x, y, optimizer=nd.Adam(), epochs=1, batch_size=3)
    net.save(tmp_path / "m.npz")
    for device in ("cpu", "cuda:0"):
        other = nd.MLP.load(tmp_path / "m.npz", device=device)
        assert (other.device, other.step) == (device, 1)
        for name, values in net.weights().items():
            assert np.array_equal(other.weights()[name], values)
    close(other.predict_proba(x), nd.MLP.load(tmp_path / "m.npz").predict_proba(x))


def test_state_dicts_are_live_on_the_device(rng):
    net, other = network("cuda"), network("cpu", seed=9)
    state = net.state_dict()
    assert all(devices.on_device(array) for array in state.values())
    net.load_state_dict(other.state_dict())
    assert np.array_equal(state["1.weight"].copy_to_host(), other.state_dict()["1.weight"])
    fresh = network("cpu", seed=10)
    fresh.load_state_dict(state)
    assert np.array_equal(fresh.state_dict()["1.weight"], other.state_dict()["1.weight"])


def test_data_on_the_device_are_taken_as_they_are(rng):
    x, y = pair("cross_entropy", rng, 2)
    losses = []
    for given in ((x, y), (cuda.to_device(x), cuda.to_device(y))):
        net = network("cuda")
        history = nd.fit(net, *given, optimizer=nd.SGD(), epochs=1, batch_size=2)
        losses.append((history.column("loss"), net.predict(given[0]).tolist()))
    assert losses[0] == losses[1]
    there = cuda.to_device(x)
    assert network("cuda").to_device(network("cuda").as_input(there)) is there
    with pytest.raises(ValueError, match=r"x: expected shape \(rows, 5\), got \(3, 4\)"):
        network("cuda").predict(cuda.to_device(np.ones((3, 4), np.float32)))
    with pytest.raises(ValueError, match="y: expected labels from 0 to 2, got 0 to 3"):
        network("cuda").train_step(there, cuda.to_device(np.array([0, 3])), nd.SGD())
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan at \[0, 0\]"):
        nd.fit(network("cuda"), cuda.to_device(np.full((2, 5), np.nan)), y, optimizer=nd.SGD())


def test_getting_ready_changes_nothing(rng):
    x, y = pair("cross_entropy", rng, 3)
    net, rule = network("cuda"), nd.Adam()
    before = net.weights()
    data, target = net.check_xy(x, y)
    net.train_steps(np.empty((0, 2)), data, target, np.arange(0), 2, rule)
    assert (net.step, rule.step) == (0, 0)
    assert (rule.state.copy_to_host() == 0).all()
    assert all(np.array_equal(before[name], values) for name, values in net.weights().items())


def test_a_step_is_recorded_once_for_the_same_arrays(monkeypatch, rng):
    recorded = []
    record = cuda_graphs._record
    monkeypatch.setattr(cuda_graphs, "_record", lambda *arguments: recorded.append(1) or record(*arguments))
    net, rule = network("cuda", loss="mse"), nd.SGD()
    x, y = pair("mse", rng, 3)
    for _ in range(2):
        net.train_step(x[:1], y[:1], rule)
    assert len(recorded) == 1
    net.train_step(x[:2], y[:2], rule)  # other arrays: a larger batch
    assert len(recorded) == 1
    data, target = net.check_xy(x, y)
    net.train_steps(np.empty((2, 2)), data, target, np.arange(2), 1, rule)
    assert len(recorded) == 2


def test_an_interruption_leaves_the_steps_that_were_done(monkeypatch, rng):
    net, rule = network("cuda", loss="mse"), nd.SGD()
    x, y = pair("mse", rng, 4)
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


def test_a_batch_that_does_not_fit(monkeypatch, rng):
    context = type(cuda.current_context())
    monkeypatch.setattr(context, "get_memory_info", lambda self: (3000, 2**30), raising=False)
    with pytest.raises(ValueError, match=r"cuda:0: a batch of 100 rows needs .* KiB, and 2.93 KiB of 1 GiB are"):
        network("cuda").forward(np.ones((100, INPUTS), np.float32))
    with pytest.raises(ValueError, match=r"cuda:0: .* needs .* and 2.93 KiB of 1 GiB are free; train on fewer rows"):
        nd.MLP([1000, 10], device="cuda")


def test_the_batch_size_that_is_named_fits(monkeypatch, rng):
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


def test_prediction_takes_as_many_rows_as_fit(monkeypatch, rng):
    x, y = pair("cross_entropy", rng, rows=5)
    expected, measured = network("cpu").outputs(x), network("cpu").evaluate_loss(x, y)
    net = network("cuda")
    free = 3 * row_size(net._state.net)
    context = type(cuda.current_context())
    monkeypatch.setattr(context, "get_memory_info", lambda self: (free, free), raising=False)
    close(net.outputs(x), expected)
    close(net.evaluate_loss(x, y), measured)
    assert net._state.take().net.losses.size == 2


@tensor_cores
def test_precisions():
    assert network("cuda", precision="tf32").memory.device == "cuda:0"
    for arguments, message in (
        ({"device": "cuda", "precision": "fp8"}, "precision: expected one of float32, tf32, bf16, got 'fp8'"),
        ({"device": "cpu", "precision": "bf16"}, "precision: expected float32 on the CPU, got bf16"),
    ):
        with pytest.raises(ValueError, match=message):
            network(**arguments)


@tensor_cores
@pytest.mark.parametrize("precision", ["tf32", pytest.param("bf16", marks=pytest.mark.full)])
def test_networks_on_tensor_cores(precision, rng):
    x, y = pair("mse", rng)
    net, other = (network("cuda", loss="mse", precision=choice) for choice in (precision, "float32"))
    ours, theirs = (each.forward(x, training=True) for each in (net, other))
    assert not np.array_equal(ours, theirs)
    np.testing.assert_allclose(ours, theirs, atol=0.05)
    losses = [each.train_step(x, y, nd.SGD()) for each in (net, other)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_float64_stays_on_the_cpu(tmp_path):
    with pytest.raises(ValueError, match=r"^dtype: expected float32 on cuda:0, got float64"):
        network("cuda", dtype="float64")
    network("cpu", dtype="float64").save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match=r"^dtype: expected float32 on cuda:0, got float64"):
        nd.MLP.load(tmp_path / "m.npz", device="cuda")


def test_no_rows():
    assert network("cuda").forward(np.empty((0, INPUTS), np.float32)).shape == (0, OUTPUTS)


def test_an_interruption_while_room_is_made_changes_nothing(monkeypatch, rng):
    x, y = pair("mse", rng, 2)
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


def test_data_on_another_device_are_refused(monkeypatch, rng):
    monkeypatch.setattr(_cuda_arrays, "device_of", lambda x: 1)
    with pytest.raises(ValueError, match="x: expected an array on cuda:0 like the network, got one on cuda:1"):
        network("cuda").predict(cuda.to_device(np.ones((1, INPUTS), np.float32)))


def test_the_commands(tmp_path):
    table, model = tmp_path / "t.csv", str(tmp_path / "m.npz")
    table.write_text("a,b,c\n1,2,x\n2,1,y\n3,3,x\n")
    choices = ["--hidden", "3", "--epochs", "1", "--batch-size", "2", "--precision", "tf32", "--out", model]
    printed = []
    for command in (["train", str(table), *choices], ["predict", model, str(table)]):
        result = CliRunner().invoke(cli, [*command, "--device", "cuda"])
        assert result.exit_code == 0, result.output
        printed.append(result.stdout)
    assert "seed 0, on cuda:0" in printed[0]
    assert printed[1] == CliRunner().invoke(cli, ["predict", model, str(table)]).stdout
    assert CliRunner().invoke(cli, ["info"]).stdout.splitlines()[-1].startswith("cuda")


on_a_device = pytest.mark.skipif(bool(config.ENABLE_CUDASIM), reason="for a device")


@on_a_device
def test_graphs_give_what_single_launches_give(monkeypatch, rng):
    x, y = pair("cross_entropy", rng, 300)
    weights = []
    for record in (cuda_graphs._record, lambda launch, stream: launch):
        monkeypatch.setattr(cuda_graphs, "_record", record)
        net = network("cuda")
        nd.fit(net, x, y, optimizer=nd.Adam(), epochs=3, batch_size=32)
        weights.append(net.weights())
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


# ---------------------------------------------------------------- graphs


class Driver:
    """Stand in for the driver's functions that graphs are made with: they tell what was called."""

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


def test_graphs_are_recorded_and_launched(monkeypatch):
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


def test_a_graph_that_fails_says_so_and_leaves_nothing(monkeypatch):
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
