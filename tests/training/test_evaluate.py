"""Evaluation: measures, calibration and uncertainty, against sums written out here."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.training.evaluate import evaluation
from numba_dropout.training.metrics import calibration, class_metrics

PROBA = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1], [0.25, 0.5, 0.25], [0.9, 0.05, 0.05]])
Y = np.array([0, 1, 1, 2, 0])


def test_measures_of_classes():
    found = class_metrics(Y, PROBA, np.log(PROBA[np.arange(5), Y]), calibration(Y, PROBA))
    assert found["ece"] == calibration(Y, PROBA).error
    assert found["confusion"] == [[2, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["error"] == pytest.approx(2 / 5)
    assert found["precision"][:2] == pytest.approx([2 / 3, 1 / 2])
    assert math.isnan(found["precision"][2])
    assert found["recall"] == pytest.approx([1, 1 / 2, 0])
    assert found["log_likelihood"] == pytest.approx(np.log([0.7, 0.4, 0.8, 0.25, 0.9]).mean())


def test_calibration_by_hand():
    """Of the 15 bins ]a, b], 0.5 twice falls into one, everything else into one of its own."""
    found = calibration(Y, PROBA)
    assert found.rows.tolist() == [0] * 7 + [2, 0, 0, 1, 1, 0, 1, 0]
    assert found.accuracy[7] == 0
    gaps = [2 * 0.5, 1 - 0.7, 1 - 0.8, 1 - 0.9]
    assert found.error == pytest.approx(sum(gaps) / 5)


def test_certainty_is_in_the_last_bin():
    found = calibration(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert found.rows[-1] == 2
    assert found.error == pytest.approx(0.5)


def test_measures_of_a_network_of_classes(rng):
    net, x, y = nd.MLP([4, 6, 3], dropout=0.4, seed=3), rng.standard_normal((50, 4)), rng.integers(0, 3, 50)
    found = nd.evaluate(net, x, y)
    assert found["log_likelihood"] == pytest.approx(-found["loss"], rel=1e-5)
    assert found["accuracy"] == pytest.approx((net.predict(x) == y).mean())
    drawn = np.mean([net.predictive(out) for out in net.samples(x, 20)], axis=0)
    sampled = evaluation(net, x, y, samples=20)
    assert sampled.measures["loss"] == pytest.approx(-np.log(drawn[np.arange(50), y]).mean())
    assert sampled.measures["accuracy"] == (drawn.argmax(1) == y).mean()
    np.testing.assert_allclose(sampled.uncertainty, -(drawn * np.log(drawn)).sum(1))
    assert sampled.wrong.tolist() == (drawn.argmax(1) != y).tolist()


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("samples", [None, 5])
def test_measures_of_logits(outputs, samples, rng):
    net, x = nd.MLP([4, 6, outputs], dropout=0.4, seed=3, loss="bce"), rng.standard_normal((30, 4))
    y = rng.integers(0, 2, (30, outputs)).astype(float)
    outs = [net.forward(x)] if samples is None else list(net.samples(x, samples))
    p = np.mean([1 / (1 + np.exp(-out.astype(float))) for out in outs], axis=0)
    found = nd.evaluate(net, x, y, samples=samples)
    expected = (y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    assert found["log_likelihood"] == pytest.approx(expected, rel=1e-5)
    assert found["loss"] == pytest.approx(-expected, rel=1e-5)
    assert found["accuracy"] == pytest.approx(((p > 0.5) == y).mean())
    assert ("confusion" in found) == (outputs == 1)


@pytest.mark.parametrize("samples", [None, 4])
@pytest.mark.parametrize("logit", [50.0, 1000.0])
@pytest.mark.parametrize(("loss", "outputs"), [("cross_entropy", 2), ("bce", 1), ("bce", 3)])
def test_what_is_surely_wrong_has_a_likelihood(loss, outputs, logit, samples):
    net = nd.MLP([1, outputs], loss=loss)
    net.state_dict()["0.weight"][:] = np.linspace(logit, -logit if outputs == 2 else logit, outputs)[:, None]
    x, y = np.ones((4, 1)), np.zeros((4, outputs) if outputs == 3 else 4, int)
    y[0] = 1
    found = nd.evaluate(net, x, y, samples=samples)
    wrong = logit * (2 / 4 if loss == "cross_entropy" else 3 / 4)  # rows 1 to 3 are, or row 0 is
    assert found["log_likelihood"] == pytest.approx(-wrong, rel=1e-6)
    assert found["loss"] == pytest.approx(wrong, rel=1e-6)


def normal(y, mean, tau):
    return np.exp(-tau / 2 * (y - mean) ** 2) * np.sqrt(tau / (2 * np.pi))


@pytest.mark.parametrize("tau", [0.5, (0.5, 2.0)])
def test_log_likelihood_of_values(tau, rng):
    net, x, y = nd.MLP([4, 6, 2], loss="mse", dtype="float64"), rng.standard_normal((20, 4)), rng.normal(5, 3, (20, 2))
    net.scale_target(5, 1 / 3)
    assert nd.evaluate(net, x, y)["log_likelihood"] is None
    density = normal(y, net.predict(x), np.array(tau)).prod(1)
    assert nd.evaluate(net, x, y, tau=tau)["log_likelihood"] == pytest.approx(np.log(density).mean())
    drawn = np.array([net.predictive(out) for out in net.samples(x, 40)])
    density = normal(y, drawn, np.array(tau)).prod(2).mean(0)
    found = evaluation(net, x, y, samples=40, tau=tau)
    assert found.measures["log_likelihood"] == pytest.approx(np.log(density).mean())
    assert found.measures["rmse"] == pytest.approx(np.sqrt(((y - drawn.mean(0)) ** 2).mean()))
    assert found.measures["loss"] == pytest.approx((((y - drawn.mean(0)) / 3) ** 2).mean())
    np.testing.assert_allclose(found.uncertainty, np.sqrt((drawn.var(0) + 1 / np.array(tau)).mean(1)))
    np.testing.assert_allclose(found.wrong, ((y - drawn.mean(0)) ** 2).mean(1))


def test_large_targets_are_not_rounded(rng):
    net, x = nd.MLP([2, 1], loss="mse"), rng.standard_normal((40, 2))
    y = 1e9 + rng.standard_normal(40)
    net.scale_target(1e9, 1.0)
    residual = y - net.predict(x)
    assert nd.evaluate(net, x, y)["rmse"] == pytest.approx(np.sqrt((residual**2).mean()), rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "tau", "message"),
    [
        ("mse", 0, "tau: expected a number above 0, got 0"),
        ("mse", (1, 2, 3), "tau: expected one number or 2"),
        ("mse", "a", "tau: expected a number"),
        ("cross_entropy", 1, "tau: only valid for a regression"),
    ],
)
def test_a_precision_that_is_none(loss, tau, message, rng):
    net = nd.MLP([3, 2], loss=loss)
    y = np.zeros((5, 2)) if loss == "mse" else np.zeros(5, int)
    with pytest.raises((ValueError, TypeError), match=message):
        nd.evaluate(net, np.zeros((5, 3)), y, tau=tau)


@pytest.fixture
def folder(tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    nd.MLP([20, 4, 3], dropout=0.3).save("classes.npz")
    net = nd.MLP([3, 4, 1], dropout=0.3, loss="mse")
    net.save("values.npz")
    x = rng.standard_normal((30, 3))
    np.savez("set.npz", x=x, y=x[:, 0])
    return tmp_path


def ndrop(*arguments):
    return CliRunner().invoke(cli, ["evaluate", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("more", [[], ["--mc", "7"]])
def test_the_command_prints_what_python_returns(folder, more):
    printed = json.loads(ndrop("classes.npz", "pipeline", "--json", *more).output)
    pipeline = nd.data.load("pipeline")
    found = nd.evaluate(nd.MLP.load("classes.npz"), pipeline.x, pipeline.y, samples=7 if more else None)
    assert printed == {"rows": 1000, **json.loads(json.dumps(found).replace("NaN", "null"))}
    values = json.loads(ndrop("values.npz", "set.npz", "--json", "--tau", "2", *more).output)
    assert set(values) == {"rows", "rmse", "mae", "r2", "log_likelihood", "loss"}


def test_the_table_of_classes(folder):
    lines = ndrop("classes.npz", "pipeline").output.splitlines()
    assert lines[0].split() == ["rows", "1000"]
    assert [line.split()[0] for line in lines[1:6]] == ["loss", "accuracy", "error", "log-likelihood", "ece"]
    assert lines[7].split() == ["class", "precision", "recall", "predicted:", "0", "1", "2"]
    assert [sum(map(int, line.split()[3:])) for line in lines[8:]] == [334, 333, 333]


def test_without_a_precision_the_table_says_what_is_missing(folder):
    assert "log-likelihood -  (requires --tau" in ndrop("values.npz", "set.npz").output


@pytest.mark.parametrize("model", ["classes", "values"])
@pytest.mark.parametrize("more", [[], ["--mc", "7", "--tau", "1"]])
def test_pictures(folder, model, more):
    pytest.importorskip("matplotlib")
    more = [word for word in more if model == "values" or word not in ("--tau", "1")]
    data = {"classes": "pipeline", "values": "set.npz"}[model]
    assert ndrop(f"{model}.npz", data, "--plot", "found.svg", *more).exit_code == 0
    drawn = (folder / "found.svg").read_text()
    assert drawn.count('id="axes_') == {"classes": 3, "values": 1 + bool(more)}[model]


def test_the_command_refuses_in_one_line(folder):
    for arguments, message in (
        (["classes.npz", "pipeline", "--tau", "1"], "tau: only valid for a regression"),
        (["classes.npz", "pipeline", "--mc", "0"], "--mc"),
        (["classes.npz", "pipeline", "--plot", "found.txt"], "found.txt"),
    ):
        refused = ndrop(*arguments)
        assert refused.exit_code == 2
        assert message in refused.output.splitlines()[-1]


@pytest.mark.parametrize("samples", [[], ["--mc", "5"]])
def test_dollars_are_drawn_as_they_are(samples, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a$b_{x$.csv").write_text("x,y\n" + "".join(f"{n},{['US$', 'A$B_{x$'][n % 2]}\n" for n in range(20)))
    assert CliRunner().invoke(cli, ["train", "a$b_{x$.csv", "--epochs", "1", "--hidden", "3"]).exit_code == 0
    drawn = ndrop("model.npz", "a$b_{x$.csv", "--plot", "e.svg", *samples)
    assert drawn.exit_code == 0, drawn.output
    assert "<!-- A$B_{x$ -->" in (tmp_path / "e.svg").read_text()
    assert json.loads(ndrop("model.npz", "a$b_{x$.csv", "--json").output)["classes"] == ["A$B_{x$", "US$"]
