"""Models in other formats: safetensors, ONNX, PyTorch's Sequential, and `ndrop export`."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.storage.sequential import modules, names

OTHERS = ("gaussian", "concrete", "dropconnect", "subnetwork")
LOSSES = [("cross_entropy", 3), ("bce", 1), ("bce", 2), ("mse", 1), ("mse", 2)]


def network(loss="cross_entropy", outputs=3, **options):
    """Return a network whose weights, biases and scaling are all of some value."""
    options = {"dropout": [0.3, 0.0], "input_dropout": 0.1, "seed": 4, **options}
    net = nd.MLP([5, 8, 6, outputs], loss=loss, **options)
    rng = np.random.default_rng(3)
    for name, value in net.state_dict().items():
        if name.endswith("bias"):
            value[:] = rng.standard_normal(value.shape)
    net.scale_input(rng.standard_normal(5), 0.5 + rng.random(5))
    if loss == "mse":
        net.scale_target(rng.standard_normal(outputs), 0.5 + rng.random(outputs))
    return net


@pytest.fixture
def x(rng):
    return rng.standard_normal((40, 5)).astype(np.float32)


# ---------------------------------------------------------------- which module stands where


def test_places_in_sequential_count_relu_and_dropout():
    """As docs/formats.md writes it."""
    choices = network().choices()
    kinds = [kind for kind, _ in modules(choices)]
    assert kinds == ["dropout", "linear", "relu", "dropout", "linear", "relu", "linear"]
    theirs = {
        f"{own}.{part}": f"{place}.{part}" for own, place in ((0, 1), (1, 4), (2, 6)) for part in ("weight", "bias")
    }
    assert names(choices) == theirs
    assert names(network(dropout=0.0, input_dropout=0.0).choices())["2.bias"] == "4.bias"
    assert names(network(variant="dropconnect").choices())["2.bias"] == "4.bias"


# ---------------------------------------------------------------- safetensors


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("loss", "outputs"), LOSSES)
def test_safetensors_bring_the_model_back(loss, outputs, dtype, tmp_path, x):
    pytest.importorskip("safetensors")
    net = network(loss, outputs, dtype=dtype)
    net.classes, net.features, net.step = (None if loss == "mse" else [7, 8, 9][:3]), list("abcde"), 12
    net.save(tmp_path / "m.safetensors")
    back = nd.MLP.load(tmp_path / "m.safetensors")
    assert back.choices() == net.choices()
    assert (back.classes, back.features, back.step) == (net.classes, net.features, 12)
    assert np.array_equal(back.outputs(x), net.outputs(x))
    assert np.array_equal(back.predictive(back.outputs(x)), net.predictive(net.outputs(x)))
    once = (tmp_path / "m.safetensors").read_bytes()
    back.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == once


def test_tensors_have_sequentials_names(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    net = network()
    net.save(tmp_path / "m.safetensors")
    tensors = numpy.load_file(tmp_path / "m.safetensors")
    assert set(tensors) == set(names(net.choices()).values())
    assert np.array_equal(tensors["4.weight"], net.weights()["1.weight"])


def test_rates_that_are_learnt_come_back(tmp_path, x):
    pytest.importorskip("safetensors")
    net = network(variant="concrete")
    net.state_dict()["0.logit"][:] = 0.25
    net.save(tmp_path / "m.safetensors")
    assert nd.MLP.load(tmp_path / "m.safetensors").rates == net.rates


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:-5], "a truncated or damaged model file"),
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "its content does not match its hash"),
        (
            lambda raw: raw.replace(b'\\\\\\"step\\\\\\": 0', b'\\\\\\"step\\\\\\": 1'),
            "its content does not match its hash",
        ),
        (lambda raw: b"nothing", "a truncated or damaged model file"),
    ],
)
def test_damaged_safetensors(damage, message, tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "m.safetensors"
    network().save(path)
    raw = path.read_bytes()
    assert damage(raw) != raw
    path.write_bytes(damage(raw))
    with pytest.raises(ValueError, match=message):
        nd.MLP.load(path)


def test_tensors_of_others_are_refused(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    numpy.save_file({"0.weight": np.ones((2, 2))}, tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="expected a model saved by numba-dropout, got tensors only"):
        nd.MLP.load(tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="no such file"):
        nd.MLP.load(tmp_path / "none.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(ValueError, match="expected a model file, got a folder"):
        nd.MLP.load(tmp_path / "folder.safetensors")


# ---------------------------------------------------------------- ONNX


def run(path, x):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip((output.name for output in session.get_outputs()), session.run(None, {"x": x}), strict=True))


def exported(net, path, **options):
    pytest.importorskip("onnx")
    from numba_dropout.formats import onnx

    onnx.export(net, path, **options)
    return path


@pytest.mark.parametrize("variant", ["dropout", *(pytest.param(name, marks=pytest.mark.full) for name in OTHERS)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("loss", "outputs"), LOSSES)
def test_onnxruntime_gives_what_the_network_gives(loss, outputs, dtype, variant, tmp_path, x):
    net, x = network(loss, outputs, dtype=dtype, variant=variant), x.astype(dtype)
    found = run(exported(net, tmp_path / "m.onnx"), x)
    tolerance = {"rtol": 1e-5, "atol": 1e-5 if dtype == "float32" else 1e-12}
    np.testing.assert_allclose(found["outputs"], net.outputs(x), **tolerance)
    predictive = found["values" if loss == "mse" else "probabilities"]
    assert predictive.shape == net.predictive(net.outputs(x)).shape
    np.testing.assert_allclose(predictive, net.predictive(net.outputs(x)), **tolerance)


def test_rates_for_each_unit_and_networks_without_scaling_or_dropout(tmp_path, x):
    rates = network(dropout=[np.linspace(0, 1, 8), 0.2])
    plain = nd.MLP([5, 3], dropout=0.0, seed=1)
    for net in (rates, plain, network(dropout=1.0)):
        np.testing.assert_allclose(run(exported(net, tmp_path / "m.onnx"), x)["outputs"], net.outputs(x), rtol=1e-5)


def test_the_model_says_what_it_is(tmp_path):
    onnx = pytest.importorskip("onnx")
    net = network()
    net.classes = ["a", "b", "c"]
    model = onnx.load(exported(net, tmp_path / "m.onnx"))
    kinds = [node.op_type for node in model.graph.node]
    assert kinds == [
        "Cast",
        "Sub",
        "Mul",
        "Cast",
        "Dropout",
        "Gemm",
        "Relu",
        "Dropout",
        "Gemm",
        "Relu",
        "Gemm",
        "Softmax",
    ]
    about = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert about["classes"] == ["a", "b", "c"]
    assert about["network"]["sizes"] == net.sizes
    once = (tmp_path / "m.onnx").read_bytes()
    assert exported(net, tmp_path / "m.onnx").read_bytes() == once


@pytest.mark.jit_only
def test_draws_by_onnxruntime(tmp_path, x):
    """Rows that are repeated are draws: their mean is that of ours."""
    net, rows = network(), np.repeat(x[:1], 20_000, 0)
    found = run(exported(net, tmp_path / "m.onnx", mc=True), rows)["probabilities"]
    drawn = net.predict_mc(x[:1], 20_000)
    assert found.std(0) == pytest.approx(drawn.std[0], abs=0.01)
    assert found.mean(0) == pytest.approx(drawn.mean[0], abs=0.01)


@pytest.mark.parametrize(
    "options", [{"variant": "gaussian"}, {"dropout": [np.full(8, 0.1), 0.1]}, {"dropout": 1.0}, {"variant": "concrete"}]
)
def test_draws_that_onnx_has_not(options, tmp_path):
    with pytest.raises(ValueError, match="mc: expected variant dropout and one rate below 1 for each layer"):
        exported(network(**options), tmp_path / "m.onnx", mc=True)
    assert not (tmp_path / "m.onnx").exists()


# ---------------------------------------------------------------- PyTorch


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sequential_there_and_back(dtype, tmp_path, x):
    torch = pytest.importorskip("torch")
    load_file = pytest.importorskip("safetensors.torch").load_file
    from numba_dropout.formats.torch import from_sequential, to_sequential

    net = network(dtype=dtype)
    model = to_sequential(net).eval()
    rows = net.standardized(x)
    np.testing.assert_allclose(model(torch.from_numpy(rows)).detach().numpy(), net.outputs(x), rtol=1e-5, atol=1e-6)
    back = from_sequential(model, seed=4)
    assert (back.sizes, back.dropout, back.input_dropout, back.dtype) == (net.sizes, [0.3, 0.0], 0.1, net.dtype)
    assert np.array_equal(back.outputs(rows), net.outputs(x))
    net.save(tmp_path / "m.safetensors")
    model.load_state_dict(load_file(tmp_path / "m.safetensors"))
    assert from_sequential(torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False))).weights()["0.bias"].tolist() == [
        0,
        0,
    ]


def test_refused_sequentials():
    torch = pytest.importorskip("torch")
    from numba_dropout.formats.torch import from_sequential, to_sequential

    nn = torch.nn
    for modules_, message in [
        ([nn.Linear(2, 2), nn.Linear(2, 2)], r"model\[1\]: Linear: expected ReLU between two Linear"),
        ([nn.Linear(2, 2), nn.Dropout(), nn.ReLU(), nn.Linear(2, 2)], r"model\[1\]: Dropout: expected one Dropout"),
        ([nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)], r"model\[1\]: Tanh: expected Linear, ReLU or Dropout"),
        ([nn.Linear(2, 2), nn.ReLU()], "model: expected a Linear at the end"),
        ([nn.ReLU(), nn.Linear(2, 2)], r"model\[0\]: ReLU: expected ReLU right after a Linear"),
    ]:
        with pytest.raises(ValueError, match=message):
            from_sequential(nn.Sequential(*modules_))
    with pytest.raises(TypeError, match=r"model: expected a torch\.nn\.Sequential, got Linear"):
        from_sequential(nn.Linear(2, 2))
    half = nn.Sequential(nn.Linear(2, 2)).bfloat16()
    assert np.array_equal(from_sequential(half).weights()["0.weight"], half[0].weight.detach().float().numpy())
    with pytest.raises(ValueError, match="expected variant dropout and one rate for each layer, got variant gaussian"):
        to_sequential(network(variant="gaussian"))


# ---------------------------------------------------------------- the command


def test_export(tmp_path, x):
    pytest.importorskip("onnx")
    pytest.importorskip("safetensors")
    net = network()
    net.save(tmp_path / "m.npz")

    def ndrop(*words):
        return CliRunner().invoke(cli, ["export", *words])

    assert ndrop(str(tmp_path / "m.npz"), "--format", "onnx").exit_code == 0
    np.testing.assert_allclose(run(tmp_path / "m.onnx", x)["outputs"], net.outputs(x), rtol=1e-5, atol=1e-5)
    assert ndrop(str(tmp_path / "m.npz"), "--out", str(tmp_path / "n.safetensors")).exit_code == 0
    assert ndrop(str(tmp_path / "n.safetensors"), "--out", str(tmp_path / "back.npz")).exit_code == 0
    assert (tmp_path / "back.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()
    for words, message in [
        ([], "--format: expected onnx, safetensors or npz"),
        (["--format", "onnx", "--out", "m.txt"], "--out: expected a name that ends in .onnx, got m.txt"),
        (["--format", "npz", "--mc"], "--mc: only valid with --format onnx"),
        (["--format", "npz"], "m.npz"),
    ]:  # the last would write over what is read
        done = ndrop(str(tmp_path / "m.npz"), *words)
        assert done.exit_code == 2
        assert message in done.output
    assert ndrop(".", "--format", "onnx").exit_code == 2


@pytest.mark.parametrize(("library", "file"), [("onnx", "m.onnx"), ("safetensors", "m.safetensors")])
def test_what_is_missing_is_said_in_a_line(library, file, tmp_path):
    network().save(tmp_path / "m.npz")
    code = f"import sys; sys.modules[{library!r}] = None\nfrom numba_dropout_cli.main import cli\ncli()"
    words = ["export", str(tmp_path / "m.npz"), "--out", str(tmp_path / file)]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"pip install 'numba-dropout[{library}]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / file).exists()
