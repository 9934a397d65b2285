"""Models as ONNX: the outputs of onnxruntime equal those of the network."""

import json

import numpy as np
import pytest
from networks import network

import numba_dropout as nd

OTHERS = ("gaussian", "concrete", "dropconnect", "subnetwork")
CLASSES = [("cross_entropy", 3), ("bce", 1), ("bce", 2)]
LOSSES = [*CLASSES, ("mse", 1), ("mse", 2), ("huber", 2), ("absolute", 1), ("poisson", 1), ("poisson", 2)]


@pytest.fixture
def x(rng):
    return rng.standard_normal((40, 5)).astype(np.float32)


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
def test_onnxruntime_outputs(loss, outputs, dtype, variant, tmp_path, x):
    net, x = network(loss, outputs, dtype=dtype, variant=variant), x.astype(dtype)
    results = run(exported(net, tmp_path / "m.onnx"), x)
    tolerance = {"rtol": 1e-5, "atol": 1e-5 if dtype == "float32" else 1e-12}
    np.testing.assert_allclose(results["outputs"], net.outputs(x), **tolerance)
    predictive = results["values" if net.predicts_values else "probabilities"]
    assert predictive.shape == net.predictive(net.outputs(x)).shape
    np.testing.assert_allclose(predictive, net.predictive(net.outputs(x)), **tolerance)


@pytest.mark.parametrize("outputs", [1, 2])
def test_transformed_targets(outputs, tmp_path, x, rng):
    net, y = network("mse", outputs, dtype="float64"), rng.exponential(9.0, (40, outputs))
    net.transform_target("log1p", y)
    net.scale_target(np.arange(outputs), 0.4)
    expected = net.predictive(net.outputs(x.astype(np.float64)))
    assert (expected == 0).any()
    np.testing.assert_allclose(
        run(exported(net, tmp_path / "m.onnx"), x.astype(np.float64))["values"], expected, atol=1e-9
    )
    net.transform_target("yeo-johnson", y)
    with pytest.raises(ValueError, match="target_transform: no export to ONNX for yeo-johnson"):
        exported(net, tmp_path / "n.onnx")
    assert not (tmp_path / "n.onnx").exists()


def test_unit_rates_and_plain_networks(tmp_path, x):
    rates = network(dropout=[np.linspace(0, 1, 8), 0.2])
    plain = nd.MLP([5, 3], dropout=0.0, seed=1)
    for net in (rates, plain, network(dropout=1.0)):
        np.testing.assert_allclose(run(exported(net, tmp_path / "m.onnx"), x)["outputs"], net.outputs(x), rtol=1e-5)


def test_graph_and_metadata(tmp_path):
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
    metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert metadata["classes"] == ["a", "b", "c"]
    assert metadata["network"]["sizes"] == net.sizes
    first = (tmp_path / "m.onnx").read_bytes()
    assert exported(net, tmp_path / "m.onnx").read_bytes() == first


@pytest.mark.jit_only
def test_monte_carlo_samples(tmp_path, x):
    """Predictions for repeated rows have the mean and the standard deviation of the network's samples."""
    net, rows = network(), np.repeat(x[:1], 20_000, 0)
    probabilities = run(exported(net, tmp_path / "m.onnx", mc=True), rows)["probabilities"]
    expected = net.predict_mc(x[:1], 20_000)
    assert probabilities.std(0) == pytest.approx(expected.std[0], abs=0.01)
    assert probabilities.mean(0) == pytest.approx(expected.mean[0], abs=0.01)


@pytest.mark.parametrize(
    "options", [{"variant": "gaussian"}, {"dropout": [np.full(8, 0.1), 0.1]}, {"dropout": 1.0}, {"variant": "concrete"}]
)
def test_unsupported_monte_carlo(options, tmp_path):
    with pytest.raises(ValueError, match="mc: expected variant dropout and one rate below 1 for each layer"):
        exported(network(**options), tmp_path / "m.onnx", mc=True)
    assert not (tmp_path / "m.onnx").exists()
