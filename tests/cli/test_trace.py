"""`ndrop trace`: text, page, and arguments that are refused."""

import pytest
from commands import invoke

import numba_dropout as nd
from numba_dropout.viz.trace import toy
from numba_dropout.viz.trace.report import Curve


@pytest.fixture
def quick(monkeypatch):
    """Replace the training in the section on overfitting by fixed curves."""
    curve = Curve("none", [1.0, 0.5], [1.0, 0.7], 0.5)
    monkeypatch.setattr(toy, "curves", lambda: [curve, curve])


def test_output(tmp_path, quick):
    page = tmp_path / "toy.html"
    result = invoke("trace", "toy", "--masks", "11;111;011;10", "--html", page)
    assert result.exit_code == 0, result.output
    for line in ("Dropout by hand: a toy example", "Weights and biases", "Key terms", "Question 3:", f"page   {page}"):
        assert line in result.stdout
    assert max(map(len, result.stdout.split("page  ")[0].splitlines())) <= 110
    assert page.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected a NAME of pytorch, tensorflow, simplenn, toy, or --model with --data"),
        (["torch"], "NAME: expected one of pytorch, tensorflow, simplenn, toy, got 'torch'"),
        (["pytorch", "--masks", "11"], "masks, network, all: only valid with the NAME toy"),
        (["toy", "--row", 3], "model, data, row: only valid without a NAME, got toy"),
        (["toy", "--data", ""], "model, data, row: only valid without a NAME, got toy"),
        (["toy", "--seed", 0], "seed: only valid with a NAME of pytorch, tensorflow, simplenn"),
        (["toy", "--network", ""], "Is a directory"),
        (["toy", "--html", ""], "expected a file name"),
        (["toy", "--masks", "11;101"], "masks: expected 4 groups with 2, 3, 3, 2 digits, got 2: 11;101"),
        (["toy", "--masks", "11;101;1x0;01"], "masks: expected 3 digits 0 or 1 in group 3, got '1x0'"),
        (["toy", "--network", "none.toml"], "none.toml: No such file or directory"),
        (["toy", "--html", "no/x.html"], "no/x.html: the folder no does not exist"),
        (["--model", "none.npz"], "model: requires --data"),
        (["--model", "none.npz", "--data", "pipeline"], "none.npz"),
        (["--model", "m.npz", "--data", "pipeline", "--row", 1000], "row: expected 0 to 999 for pipeline, got 1000"),
        (["--model", "m.npz", "--data", "pipeline", "--html", "m.npz"], "m.npz: this file is already used"),
    ],
)
def test_refused_arguments(arguments, message, folder):
    nd.MLP([20, 4, 3]).save("m.npz")
    result = invoke("trace", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
