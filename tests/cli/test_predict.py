"""`ndrop predict`: labels, values, probabilities and Monte-Carlo samples."""

import csv
import json
import subprocess

import numpy as np
import pytest
from commands import NDROP, invoke, ndrop, refused
from csv_tables import ROWS, rewrite, write_table

import numba_dropout as nd
from numba_dropout.training import prediction_table

SMALL = ("--hidden", "4", "--epochs", "2", "--batch-size", "8")

pytestmark = pytest.mark.usefixtures("tables")


def test_probabilities(kinds):
    head, *rows = (line.split(",") for line in ndrop("predict", "model.npz", "kinds.csv", "--proba").stdout.split())
    assert head == ["prediction", "above", "below"]
    for label, *probabilities in rows:
        assert sum(map(float, probabilities)) == pytest.approx(1, abs=1e-5)
        assert label == head[1 + np.argmax(np.array(probabilities, float))]


def test_monte_carlo_of_classes(kinds, folder):
    printed = ndrop("predict", "model.npz", "kinds.csv", "--mc", "7", "--proba").stdout
    head, *rows = (line.split(",") for line in printed.split("\n")[:-1])
    assert head == ["prediction", "probability", "std", "entropy", "mutual information", "above", "below"]
    net, x = nd.MLP.load(folder / "model.npz"), nd.data.load(folder / "kinds.csv").x
    expected = net.predict_mc(x, 7)
    for row, mean, entropy in zip(rows, expected.mean, expected.entropy, strict=True):
        assert row[0] == net.classes[mean.argmax()]
        assert float(row[1]) == pytest.approx(mean.max(), rel=1e-5)
        assert float(row[3]) == pytest.approx(entropy, rel=1e-5)
    assert ndrop("predict", "model.npz", "kinds.csv", "--mc", "7", "--proba", "--threads", "1").stdout == printed
    ndrop("predict", "model.npz", "kinds.csv", "--mc", "7", "--out", "p.npy")
    fields = np.load(folder / "p.npy")
    assert fields.dtype.names == ("prediction", "probability", "std", "entropy", "mutual information")
    assert set(fields["prediction"]) <= {"above", "below"}
    assert np.array_equal(fields["entropy"], expected.entropy)


def test_monte_carlo_of_regression(values, folder):
    net, x = nd.MLP.load(folder / "model.npz"), nd.data.load(folder / "values.csv").x
    printed = ndrop("predict", "model.npz", "values.csv", "--mc", "9", "--interval", "0.8").stdout
    head, *rows = csv.reader(printed.splitlines())
    assert head == ["prediction", "model std", "noise std", "total std", "lower", "upper"]
    expected = prediction_table.table(net, x, samples=9, interval=0.8)
    np.testing.assert_allclose(np.array(rows, float), np.hstack([expected.values, expected.figures]), rtol=1e-5)
    ndrop("predict", "model.npz", "values.csv", "--mc", "9", "--out", "p.npy")
    fields = np.load(folder / "p.npy")
    assert fields.dtype.names == ("prediction", "model std", "noise std", "total std")
    assert np.array_equal(fields["prediction"], expected.values[:, 0])
    assert np.array_equal(fields["total std"], expected.figures[:, 2])


def test_unknown_noise(values, folder):
    net = nd.MLP.load("model.npz")
    net.tau = None
    net.save("model.npz")
    result = ndrop("predict", "model.npz", "values.csv", "--mc", "9")
    assert result.stdout.splitlines()[0] == "prediction,model std"
    assert result.stderr == ("note: the model has no noise precision (tau), so noise std and total std are left out\n")
    assert "leave the interval out" in refused("predict", "model.npz", "values.csv", "--mc", "9", "--interval", "0.9")


def test_refused_intervals(kinds):
    for arguments in (["--interval", "0.9"], ["--interval", "0.9", "--mc", "3"]):
        assert (
            "--interval: only valid with --mc and a model of values"
            in invoke("predict", "model.npz", "kinds.csv", *arguments).output
        )
    assert invoke("predict", "model.npz", "kinds.csv", "--mc", "3", "--interval", "95").exit_code == 2


def test_output_file(kinds, folder):
    printed = ndrop("predict", "model.npz", "kinds.csv", "--proba").stdout
    assert "30 predictions in p.csv" in ndrop("predict", "model.npz", "kinds.csv", "--proba", "--out", "p.csv").stdout
    assert (folder / "p.csv").read_text() == printed
    ndrop("predict", "model.npz", "kinds.csv", "--out", "labels.npy")
    assert np.load("labels.npy").tolist() == [line.split(",")[0] for line in printed.split()[1:]]
    ndrop("predict", "model.npz", "kinds.csv", "--proba", "--out", "proba.npy")
    rounded = [[float(p) for p in line.split(",")[1:]] for line in printed.split()[1:]]
    assert np.allclose(np.load("proba.npy"), rounded, atol=1e-6)


def test_numeric_labels(folder):
    write_table(folder / "numbers.csv", [7 if a > b else -2 for a, b in ROWS], "y")
    ndrop("train", "numbers.csv", *SMALL)
    assert set(ndrop("predict", "model.npz", "numbers.csv").stdout.split()[1:]) <= {"7", "-2"}
    ndrop("predict", "model.npz", "numbers.csv", "--out", "p.npy")
    assert np.load("p.npy").dtype == np.int64


@pytest.mark.parametrize("how", ["reordered", "without a header", "without the target", "neither"])
def test_equivalent_tables(kinds, folder, how):
    rewrite(folder, how)
    expected = ndrop("predict", "model.npz", "kinds.csv", "--proba").stdout
    options = ["--by-position"] * (how in ("without a header", "neither"))
    assert ndrop("predict", "model.npz", "other.csv", "--proba", *options).stdout == expected


def test_numpy_files(folder):
    x, y = np.array(ROWS), np.array([a > b for a, b in ROWS], int)
    np.savez(folder / "set.npz", x=x, y=y)
    np.save(folder / "set.npy", np.c_[x, y])
    write_table(folder / "set.csv", y, "y")
    shown = []
    for name in ("set.npz", "set.npy", "set.csv"):
        ndrop("train", name, *SMALL, "--out", "m.npz")
        shown.append(ndrop("predict", "m.npz", name, "--proba").stdout)
    assert shown[0] == shown[1] == shown[2]


def test_several_outputs(folder):
    np.savez(folder / "set.npz", x=np.array(ROWS), y=np.array(ROWS)[:, ::-1] + 0.05)
    ndrop("train", "set.npz", *SMALL)
    assert ndrop("predict", "model.npz", "set.npz").stdout.split("\n")[0] == "prediction 1,prediction 2"
    assert "rmse" in json.loads(ndrop("evaluate", "model.npz", "set.npz", "--json").stdout)


def test_closed_pipe():
    ndrop("train", "kinds.csv", *SMALL)
    with subprocess.Popen(
        [*NDROP, "predict", "model.npz", "kinds.csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert "Traceback" not in err
