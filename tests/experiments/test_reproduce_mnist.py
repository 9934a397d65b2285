"""MNIST's table and the effect of the number of images, on a small folder of the same format."""

import importlib
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.experiments import reproduce
from numba_dropout.experiments.reproduce import mnist


@pytest.fixture
def folder(tmp_path, rng):
    """Make 240 + 50 images of 4 x 4 pixels, of ten classes."""
    (tmp_path / "mnist").mkdir()
    for part, rows in (("train", 240), ("t10k", 50)):
        labels = np.arange(rows, dtype=np.uint8) % 10
        images = rng.integers(0, 80, (rows, 4, 4)).astype(np.uint8)
        images.reshape(rows, 16)[np.arange(rows), labels] += 170
        for what, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (tmp_path / "mnist" / f"{part}-{what}-ubyte").write_bytes(head + array.tobytes())
    (tmp_path / "ck").mkdir()
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    """Let the networks be small, and checkpoints frequent."""
    rows = {name: replace(recipe, hidden=(8, 8, 8)) for name, recipe in mnist.ROWS.items()}
    monkeypatch.setattr(mnist, "ROWS", rows)
    monkeypatch.setattr(mnist, "EVERY", 3)


def test_the_rows_are_those_of_the_paper():
    for name, recipe in reproduce.ROWS.items():
        assert recipe.hidden == (1024, 1024, 1024)
        rates = (0.0, None) if name == "none" else (0.5, 0.2)
        assert (recipe.dropout, recipe.input_dropout) == rates
        assert (recipe.max_norm is not None) == (name == "max-norm")


@pytest.mark.jit_only
def test_the_table(folder, small):
    table = reproduce.table2(folder / "mnist", folder / "ck", seeds=2, updates=10)
    assert [(result.row, result.seed) for result in table.results] == [
        (row, seed) for row in ("none", "dropout", "max-norm") for seed in (0, 1)
    ]
    assert all(result.updates == 10 and len(result.test_errors) == 5 for result in table.results)
    errors = table.errors("dropout")
    (line,) = (line for line in table.lines() if line.startswith("dropout"))
    assert line.split() == [
        "dropout",
        f"{np.mean(errors):.3f}",
        "±",
        f"{abs(errors[0] - errors[1]) / 2**0.5:.3f}",
        "2",
        "1.25",
    ]
    record = table.record()
    assert record["rows"]["max-norm"] == {
        "mean": np.mean(table.errors("max-norm")),
        "errors": table.errors("max-norm"),
        "paper": 1.06,
    }


@pytest.mark.jit_only
def test_a_run_is_its_recipe_and_its_test_error_that_of_the_model(folder, small):
    (result,) = reproduce.table2(folder / "mnist", folder / "ck", rows=["max-norm"], seeds=1, updates=10).results
    net = nd.MLP.load(folder / "ck" / "max-norm-0-5.ckpt-10.npz")
    test = nd.data.load_for(net, folder / "mnist")
    assert result.test_error == pytest.approx(100 * nd.evaluate(net, test.x, test.targets())["error"], abs=1e-3)
    assert result.test_errors[-1] == result.test_error
    norms = [np.linalg.norm(net.weights()[f"{layer}.weight"], axis=1).max() for layer in range(3)]
    assert max(norms) <= 2 + 1e-5


@pytest.mark.jit_only
def test_it_goes_on_where_it_was(folder, small, monkeypatch):
    choices = {"rows": ["dropout"], "seeds": 1, "updates": 10}
    (folder / "other").mkdir()
    whole = reproduce.table2(folder / "mnist", folder / "other", **choices)
    for file in (folder / "other").iterdir():
        if file.name.endswith("ckpt-9.npz"):
            file.rename(folder / "ck" / file.name)
    steps = []
    real = nd.MLP.train_steps
    monkeypatch.setattr(
        nd.MLP, "train_steps", lambda net, totals, *rest: steps.append(len(totals)) or real(net, totals, *rest)
    )
    assert reproduce.table2(folder / "mnist", folder / "ck", **choices) == whole
    assert sum(steps) == 1
    steps.clear()
    assert reproduce.table2(folder / "mnist", folder / "ck", **choices) == whole
    assert sum(steps) == 0


@pytest.mark.jit_only
def test_sizes(folder, monkeypatch):
    made, module = [], importlib.import_module("numba_dropout.experiments.reproduce.sizes")
    real = module.build

    def build(source, recipe):
        made.append(recipe)
        return real(source, replace(recipe, hidden=(8,)))

    monkeypatch.setattr(module, "build", build)
    found = reproduce.sizes(folder / "mnist", counts=[100, 230], updates=7, epochs=2, repeats=2)
    assert found.sizes == [100, 230]
    assert [(recipe.rows, recipe.dropout, recipe.epochs) for recipe in made[::2]] == [
        (100, 0.0, 7),
        (100, 0.5, 7),
        (230, 0.0, 3),
        (230, 0.5, 3),
    ]
    assert len(found.errors(100, True)) == 2
    assert f"{np.mean(found.errors(230, False)):.2f}" in found.lines()[2]


def ndrop(*arguments):
    return CliRunner().invoke(cli, ["reproduce", *map(str, arguments)], catch_exceptions=False)


@pytest.mark.jit_only
def test_the_command_prints_the_table(folder, small):
    choices = ["mnist", folder / "mnist", "--checkpoints", folder / "ck", "--seeds", 1, "--updates", 4, "--jobs", 1]
    assert [line.split()[0] for line in ndrop(*choices).output.splitlines()] == ["row", "none", "dropout", "max-norm"]
    record = json.loads(ndrop(*choices, "--row", "none", "--json").output)
    assert list(record["rows"]) == ["none"]
    assert record.keys() >= {"command", "seed", "version", "machine"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--updates", 3], "updates: expected a multiple of 2 (one epoch), got 3"),
        (["--checkpoints", "nowhere"], "nowhere: expected an existing folder for checkpoints"),
        (["--row", "all"], "--row"),
    ],
)
def test_the_command_refuses_in_one_line(folder, arguments, message):
    refused = ndrop("mnist", folder / "mnist", "--checkpoints", folder / "ck", *arguments)
    assert refused.exit_code == 2
    assert message in refused.output.splitlines()[-1]


@pytest.mark.parametrize("command", [["mnist", "--checkpoints", "."], ["sizes"]])
def test_only_images_of_ten_classes_are_taken(command):
    refused = ndrop(command[0], "pipeline", *command[1:])
    assert refused.exit_code == 2
    assert "pipeline: expected a folder with MNIST's four files" in refused.output


def test_more_images_than_there_are(folder):
    refused = ndrop("sizes", folder / "mnist", "--sizes", "100,241")
    assert refused.exit_code == 2
    assert "sizes: expected" in refused.output


@pytest.mark.jit_only
def test_results_are_read_back_from_json_and_drawn(folder, small):
    pytest.importorskip("matplotlib")
    choices = ["mnist", folder / "mnist", "--checkpoints", folder / "ck", "--seeds", 2, "--updates", 4, "--jobs", 1]
    shown = ndrop(*choices, "--plot", folder / "curves.svg")
    record = json.loads(ndrop(*choices, "--json").output)
    table = reproduce.Table.of(record)
    assert table.lines() == shown.output.splitlines()
    assert table.record()["rows"] == record["rows"]
    curves = (folder / "curves.svg").read_text()
    for row in reproduce.ROWS:
        assert curves.count(f"{row}, 4 updates") == 1
