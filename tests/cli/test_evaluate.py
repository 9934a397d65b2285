"""`ndrop evaluate`: metrics of saved models."""

import json

import numpy as np
import pytest
from commands import ndrop
from tables import rewrite

SMALL = ("--hidden", "4", "--epochs", "2", "--batch-size", "8")

pytestmark = pytest.mark.usefixtures("tables")


def test_metrics_of_classes(kinds):
    measures = json.loads(ndrop("evaluate", "model.npz", "kinds.csv", "--json").stdout)
    predicted = ndrop("predict", "model.npz", "kinds.csv").stdout.split()
    assert predicted[0] == "prediction"
    right = sum(a == b for a, b in zip(predicted[1:], kinds, strict=True))
    assert measures["accuracy"] == pytest.approx(right / 30)
    assert measures["error"] == pytest.approx(1 - right / 30)
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
    shown = dict(line.split() for line in measures.splitlines())
    assert {"loss", "accuracy", "error"} <= set(shown)


@pytest.mark.parametrize("how", ["reordered", "without a header"])
def test_equivalent_tables(kinds, folder, how):
    rewrite(folder, how)
    expected = ndrop("evaluate", "model.npz", "kinds.csv", "--json").stdout
    assert ndrop("evaluate", "model.npz", "other.csv", "--json").stdout == expected


def test_target_in_first_column(folder):
    text = [line.split(",")[::-1] for line in (folder / "kinds.csv").read_text().splitlines()]
    (folder / "named.csv").write_text("\n".join(map(",".join, text)))
    (folder / "plain.csv").write_text("\n".join(map(",".join, text[1:])))
    ndrop("train", "named.csv", *SMALL, "--target", "kind")
    expected = ndrop("evaluate", "model.npz", "named.csv", "--json").stdout
    assert ndrop("evaluate", "model.npz", "plain.csv", "--json").stdout == expected
