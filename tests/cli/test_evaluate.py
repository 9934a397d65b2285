"""`ndrop evaluate`: metrics of saved models."""

import json

import numpy as np
import pytest
from commands import invoke, ndrop, refused
from csv_tables import rewrite
from numba_dropout_cli._evaluate_report import show

import numba_dropout as nd
from numba_dropout.training.baseline import baseline
from numba_dropout.training.evaluate import evaluation

SMALL = ("--hidden", "4", "--epochs", "2", "--batch-size", "8")

pytestmark = pytest.mark.usefixtures("tables")


def test_metrics_of_classes(kinds):
    measures = json.loads(ndrop("evaluate", "model.npz", "kinds.csv", "--json").stdout)
    predicted = ndrop("predict", "model.npz", "kinds.csv").stdout.split()
    assert predicted[0] == "prediction"
    correct = sum(a == b for a, b in zip(predicted[1:], kinds, strict=True))
    assert measures["accuracy"] == pytest.approx(correct / 30)
    assert measures["error"] == pytest.approx(1 - correct / 30)
    assert measures["loss"] > 0


def test_metrics_of_regression(values):
    measures = json.loads(ndrop("evaluate", "model.npz", "values.csv", "--json").stdout)
    ndrop("predict", "model.npz", "values.csv", "--out", "p.npy")
    residual = values - np.load("p.npy")
    assert measures["rmse"] == pytest.approx(np.sqrt((residual**2).mean()))
    assert measures["mae"] == pytest.approx(abs(residual).mean())
    assert measures["r2"] == pytest.approx(1 - (residual**2).sum() / ((values - values.mean()) ** 2).sum())
    assert measures["loss"] > 0


def test_table(kinds):
    measures, _, classes = ndrop("evaluate", "model.npz", "kinds.csv").stdout.partition("\n\n")
    assert [line.split()[0] for line in classes.splitlines()] == ["class", "above", "below"]
    values = dict(line.split() for line in measures.splitlines())
    assert {"loss", "accuracy", "error"} <= set(values)


@pytest.mark.parametrize("how", ["reordered", "without a header"])
def test_equivalent_tables(kinds, folder, how):
    rewrite(folder, how)
    expected = ndrop("evaluate", "model.npz", "kinds.csv", "--json").stdout
    options = ["--by-position"] * (how == "without a header")
    assert ndrop("evaluate", "model.npz", "other.csv", "--json", *options).stdout == expected


def test_target_in_first_column(folder):
    text = [line.split(",")[::-1] for line in (folder / "kinds.csv").read_text().splitlines()]
    (folder / "named.csv").write_text("\n".join(map(",".join, text)))
    (folder / "plain.csv").write_text("\n".join(map(",".join, text[1:])))
    ndrop("train", "named.csv", *SMALL, "--target", "kind")
    expected = ndrop("evaluate", "model.npz", "named.csv", "--json").stdout
    assert "use --by-position" in refused("evaluate", "model.npz", "plain.csv")
    assert ndrop("evaluate", "model.npz", "plain.csv", "--json", "--by-position").stdout == expected


@pytest.fixture
def models(folder, rng):
    """Save a network of classes and one of values, and data for it."""
    nd.MLP([20, 4, 3], dropout=0.3).save("classes.npz")
    net = nd.MLP([3, 4, 1], dropout=0.3, loss="mse")
    net.save("values.npz")
    x = rng.standard_normal((30, 3))
    np.savez("set.npz", x=x, y=x[:, 0])
    return folder


@pytest.mark.parametrize("more", [[], ["--mc", "7"]])
def test_json(models, more):
    printed = json.loads(invoke("evaluate", "classes.npz", "pipeline", "--json", *more).output)
    pipeline = nd.data.load("pipeline")
    expected = nd.evaluate(nd.MLP.load("classes.npz"), pipeline.x, pipeline.y, samples=7 if more else None)
    assert printed == {"rows": 1000, **json.loads(json.dumps(expected).replace("NaN", "null"))}
    values = json.loads(invoke("evaluate", "values.npz", "set.npz", "--json", "--tau", "2", *more).output)
    sampled = {"coverage", "interval"} if more else set()
    assert set(values) == {"rows", "rmse", "mae", "r2", "log_likelihood", "loss"} | sampled


def test_table_of_classes(models):
    lines = invoke("evaluate", "classes.npz", "pipeline").output.splitlines()
    assert lines[0].split() == ["rows", "1000"]
    names = ["loss", "accuracy", "error", "log-likelihood", "log-loss", "ece", "balanced-accuracy", "auc", "f1"]
    assert [line.split()[0] for line in lines[1:10]] == names
    assert lines[11].split() == ["class", "precision", "recall", "predicted:", "0", "1", "2"]
    assert [sum(map(int, line.split()[3:])) for line in lines[12:]] == [334, 333, 333]


def test_coverage(models):
    values = ["evaluate", "values.npz", "set.npz", "--tau", "2", "--mc", "7"]
    assert "\ninterval       0.95\n" in invoke(*values).output
    wide, narrow = (json.loads(invoke(*values, "--json", "--interval", p).output) for p in ("0.99", "0.01"))
    assert wide["coverage"] > narrow["coverage"]
    refusal = "--interval: only valid with --mc and a model of values"
    assert refusal in invoke("evaluate", "values.npz", "set.npz", "--interval", "0.9").output
    assert refusal in invoke("evaluate", "classes.npz", "pipeline", "--mc", "2", "--interval", "0.9").output


def report(capsys, net, targets, *, as_json=False):
    x = np.zeros((len(targets), net.sizes[0]))
    show(evaluation(net, x, targets), as_json, baseline(net, targets, targets))
    return capsys.readouterr().out


def test_baseline_of_classes(capsys):
    net = nd.MLP([2, 2], seed=1)
    net.classes = ["no", "yes"]
    net.state_dict()["0.bias"][:] = [0.0, 0.1]
    printed = report(capsys, net, np.array([0] * 47 + [1] * 3))
    rows = dict(line.split(maxsplit=1) for line in printed.splitlines()[1:] if line)
    assert printed.splitlines()[0].split() == ["network", "always", "'no'"]
    assert rows["accuracy"].split() == ["0.06", "0.94"]
    assert rows["rows"] == "50"
    assert "\n\nno better than always predicting 'no' (accuracy 0.940)\n" in printed
    assert max(map(len, printed.splitlines())) <= 80
    assert json.loads(report(capsys, net, np.array([0, 0, 1]), as_json=True))["baseline"]["prediction"] == "'no'"


def test_baseline_of_values(capsys):
    net = nd.MLP([2, 1], loss="mse")
    printed = report(capsys, net, np.array([0.0, 4.0]))
    assert "no better than always predicting the mean (rmse 2)" in printed
    assert printed.splitlines()[2].split() == ["rmse", "2.82843", "2"]


def test_missing_tau(models):
    assert "log-likelihood -  (requires --tau" in invoke("evaluate", "values.npz", "set.npz").output


@pytest.mark.parametrize("model", ["classes", "values"])
@pytest.mark.parametrize("more", [[], ["--mc", "7", "--tau", "1"]])
def test_plots(models, model, more):
    pytest.importorskip("matplotlib")
    more = [word for word in more if model == "values" or word not in ("--tau", "1")]
    data = {"classes": "pipeline", "values": "set.npz"}[model]
    assert invoke("evaluate", f"{model}.npz", data, "--plot", "found.svg", *more).exit_code == 0
    drawn = (models / "found.svg").read_text()
    assert drawn.count('id="axes_') == {"classes": 3, "values": 1 + bool(more)}[model]


def test_refused_arguments(models):
    for arguments, message in (
        (["classes.npz", "pipeline", "--tau", "1"], "tau: only valid for a regression"),
        (["classes.npz", "pipeline", "--mc", "0"], "--mc"),
        (["classes.npz", "pipeline", "--plot", "found.txt"], "found.txt"),
    ):
        assert message in refused("evaluate", *arguments)


@pytest.mark.parametrize("samples", [[], ["--mc", "5"]])
def test_dollar_signs_in_class_names(samples, folder):
    pytest.importorskip("matplotlib")
    (folder / "a$b_{x$.csv").write_text("x,y\n" + "".join(f"{n}.5,{['US$', 'A$B_{x$'][n % 2]}\n" for n in range(20)))
    assert invoke("train", "a$b_{x$.csv", "--epochs", "1", "--hidden", "3").exit_code == 0
    result = invoke("evaluate", "model.npz", "a$b_{x$.csv", "--plot", "e.svg", *samples)
    assert result.exit_code == 0, result.output
    assert "<!-- A$B_{x$ -->" in (folder / "e.svg").read_text()
    assert json.loads(invoke("evaluate", "model.npz", "a$b_{x$.csv", "--json").output)["classes"] == ["A$B_{x$", "US$"]


def test_long_names_of_classes(capsys):
    net = nd.MLP([2, 2], seed=1)
    net.classes = ["k" * 200, "l" * 200]
    show(evaluation(net, np.zeros((4, 2)), np.array([0, 1, 1, 0])), False)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize(("classes", "where"), [(3, "beside"), (12, "below"), (26, "nowhere")])
def test_place_of_the_confusion_matrix(capsys, classes, where):
    net = nd.MLP([2, classes])
    net.classes = [f"k{number}" for number in range(classes)]
    y = np.arange(classes).repeat(2)
    show(evaluation(net, np.zeros((len(y), 2)), y), False)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert ("   predicted: " in printed) == (where == "beside")
    assert ("\npredicted:\n" in printed) == (where == "below")
    assert (f"confusion matrix of {classes} classes is too wide" in printed) == (where == "nowhere")
