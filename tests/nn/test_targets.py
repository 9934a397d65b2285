"""Targets of a network: losses of values, scaling and transformation."""

import pickle

import numpy as np
import pytest
from losses import FORMULAS

import numba_dropout as nd
from numba_dropout.nn.target_transform import inverse

VALUES = ("mse", "huber", "absolute", "poisson")


def regression(transform="none", loss="mse", outputs=1, rows=200, **options):
    """Return a network whose target is transformed and standardized, with its data."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((rows, 3))
    y = np.exp(x[:, :outputs] + 0.1 * rng.standard_normal((rows, outputs)))
    net = nd.MLP([3, 8, outputs], dropout=0.1, loss=loss, dtype="float64", seed=2, **options)
    values = net.transform_target(transform, y)
    net.scale_target(values.mean(0), 1 / values.std(0))
    return net, x, y, values


@pytest.mark.parametrize("loss", ["cross_entropy", "bce", *VALUES])
def test_predicts_values(loss):
    assert nd.MLP([3, 2], loss=loss).predicts_values == (loss in VALUES)


@pytest.mark.parametrize(
    "loss", [name if name == "huber" else pytest.param(name, marks=pytest.mark.compiles_long) for name in FORMULAS]
)
def test_mean_loss(loss, rng):
    net = nd.MLP([3, 4, 2], dropout=0.0, loss=loss, dtype="float64", seed=1)
    x, y = rng.standard_normal((9, 3)), rng.poisson(2.0, (9, 2))
    expected = FORMULAS[loss](net.outputs(x), y)[0].mean()
    assert net.evaluate_loss(x, y) == (pytest.approx(expected), None)


def test_rates_of_counts(rng):
    net = nd.MLP([3, 16, 1], dropout=0.1, loss="poisson", seed=1)
    x = rng.standard_normal((400, 3))
    y = rng.poisson(np.exp(1 + x[:, 0]))
    nd.fit(net, x, y, optimizer=nd.Adam(0.01), epochs=20, batch_size=20)
    values = net.predict(x)
    np.testing.assert_allclose(values, np.exp(net.outputs(x)[:, 0], dtype=np.float64))
    assert values.min() > 0
    assert np.corrcoef(np.log(values), x[:, 0])[0, 1] > 0.9
    assert values.mean() == pytest.approx(y.mean(), rel=0.2)
    sampled = net.predict_mc(x[:5], 7)
    samples = np.exp([out.astype(np.float64) for out in net.samples(x[:5], 7)])
    np.testing.assert_allclose(sampled.mean, samples.mean(0))
    np.testing.assert_allclose(sampled.std, samples.std(0))


def test_rates_beyond_the_largest_number():
    assert nd.MLP([3, 1], loss="poisson").predictive(np.array([[1000.0]])) == np.inf


@pytest.mark.parametrize("loss", ["huber", "absolute"])
def test_outliers(loss, rng):
    """A robust loss is not moved by a few large targets, which move the mean."""
    x = np.zeros((100, 1))
    y = np.concatenate([np.linspace(-0.1, 0.1, 90), np.full(10, 100.0)])[rng.permutation(100)]
    net = nd.MLP([1, 1], loss=loss, seed=1)
    nd.fit(net, x, y, optimizer=nd.SGD(0.1), epochs=30, batch_size=10)
    assert abs(net.predict(x[:1])[0]) < 0.5


def test_refused_targets():
    net = nd.MLP([3, 2], loss="poisson")
    with pytest.raises(ValueError, match=r"at least 0 for loss poisson, got -1 at \[1, 0\]; use another loss"):
        net.evaluate_loss(np.zeros((2, 3)), [[0.0, 0.5], [-1.0, -2.0]])
    with pytest.raises(ValueError, match="scale_target: expected a regression, got loss 'poisson'"):
        net.scale_target(0.0, 1.0)
    for loss in ("poisson", "cross_entropy", "bce"):
        with pytest.raises(ValueError, match=f"expected loss mse, huber or absolute for log1p, got {loss}"):
            nd.MLP([3, 2], loss=loss).transform_target("log1p", np.zeros((4, 2)))
    with pytest.raises(ValueError, match="target_transform: expected one of none, log1p, yeo-johnson, got 'sqrt'"):
        nd.MLP([3, 2], loss="mse").transform_target("sqrt", np.zeros((4, 2)))
    with pytest.raises(ValueError, match="at least 0 for log1p"):
        nd.MLP([3, 1], loss="mse").transform_target("log1p", [-0.5])


@pytest.mark.parametrize(
    "loss", ["mse", *(pytest.param(name, marks=pytest.mark.compiles_long) for name in ("huber", "absolute"))]
)
@pytest.mark.parametrize(("transform", "outputs"), [("log1p", 1), ("yeo-johnson", 2)])
def test_transformed_target(transform, outputs, loss):
    """A network of a transformed target equals one that is trained on transformed values."""
    net, x, y, values = regression(transform, loss, outputs)
    plain = nd.MLP([3, 8, outputs], dropout=0.1, loss=loss, dtype="float64", seed=2)
    plain.scale_target(values.mean(0), 1 / values.std(0))
    histories = [
        nd.fit(one, x, target, optimizer=nd.Adam(0.01), epochs=2, batch_size=20, validation=(x, target))
        for one, target in ((net, y), (plain, values))
    ]
    assert histories[0].column("val_loss") == histories[1].column("val_loss")
    assert np.array_equal(net.outputs(x), plain.outputs(x))

    def back(predictive):
        return inverse(transform, predictive, net.target_lambdas)

    predicted = back(plain.predictive(plain.outputs(x)))
    np.testing.assert_allclose(net.predict(x).reshape(-1, outputs), predicted)
    samples = list(map(back, plain.sample_predictive(x[:3], 9)))
    np.testing.assert_allclose(net.predict_mc(x[:3], 9).mean, np.mean(samples, 0))
    np.testing.assert_allclose(net.predict_mc(x[:3], 9).std, np.std(samples, 0))


def test_predictions_of_log1p_are_at_least_0():
    net, _, _, _ = regression("log1p")
    assert net.predictive(np.array([[-1e6]])).tolist() == [[0.0]]


def test_lambdas_with_an_inverse(rng):
    """The network's lambdas are within [0, 2]: the inverse of every output is finite."""
    y = np.column_stack([1 / rng.random(300), -1 / rng.random(300)])
    net = nd.MLP([3, 2], loss="mse")
    net.transform_target("yeo-johnson", y)
    assert net.target_lambdas == [0.0, 2.0]
    assert np.isfinite(net.predictive(np.array([[-300.0, 300.0], [300.0, -300.0]]))).all()


def test_precision_of_large_targets():
    """Targets are transformed in float64, before they are rounded to the network's dtype."""
    y = 2.0**30 + np.arange(4.0)
    net = nd.MLP([3, 1], loss="mse")
    net.transform_target("log1p", y)
    assert np.array_equal(net.as_target(y)[:, 0], np.log1p(y).astype(np.float32))


def test_another_transformation():
    """Setting a transformation resets what was set for another one."""
    net, _, y, _ = regression("yeo-johnson")
    net.tau = [1.0]
    assert np.array_equal(net.transform_target("none", y), y)
    assert (net.target_transform, net.target_lambdas, net.tau) == ("none", None, None)
    assert [values.tolist() for values in net.target_scaling()] == [[1.0], [0.0]]


@pytest.mark.parametrize("suffix", ["npz", "safetensors", "pickle"])
@pytest.mark.parametrize("transform", ["log1p", "yeo-johnson"])
def test_saving(transform, suffix, tmp_path):
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    net, x, y, _ = regression(transform)
    if suffix == "pickle":
        loaded = pickle.loads(pickle.dumps(net))
    else:
        net.save(tmp_path / f"m.{suffix}")
        loaded = nd.MLP.load(tmp_path / f"m.{suffix}")
    assert (loaded.target_transform, loaded.target_lambdas) == (transform, net.target_lambdas)
    assert np.array_equal(loaded.predict(x), net.predict(x))
    assert loaded.evaluate_loss(x, y) == net.evaluate_loss(x, y)


def test_files_without_a_transformation(tmp_path):
    config, arrays = nd.MLP([3, 1], loss="mse").content()
    del config["target_transform"], config["target_lambdas"]
    net = nd.MLP.of_content(config, arrays, "cpu", "float32")
    assert (net.target_transform, net.target_lambdas) == ("none", None)
    config["target_transform"] = "sqrt"
    with pytest.raises(ValueError, match="target_transform: expected one of none, log1p, yeo-johnson, got 'sqrt'"):
        nd.MLP.of_content(config, arrays, "cpu", "float32")
