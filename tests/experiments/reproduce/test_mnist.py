"""The published table of MNIST, on a small folder of the same format."""

from dataclasses import replace

import numpy as np
import pytest
from idx_files import write_mnist

import numba_dropout as nd
from numba_dropout.experiments import reproduce
from numba_dropout.experiments.reproduce import mnist


@pytest.fixture
def folder(tmp_path, rng):
    """Write a small folder like MNIST's, and a folder for checkpoints."""
    write_mnist(tmp_path / "mnist", rng)
    (tmp_path / "ck").mkdir()
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    """Make the networks small, and checkpoints frequent."""
    rows = {name: replace(config, hidden=(8, 8, 8)) for name, config in mnist.ROWS.items()}
    monkeypatch.setattr(mnist, "ROWS", rows)
    monkeypatch.setattr(mnist, "EVERY", 3)


def test_rows():
    for name, config in reproduce.ROWS.items():
        assert config.hidden == (1024, 1024, 1024)
        rates = (0.0, None) if name == "none" else (0.5, 0.2)
        assert (config.dropout, config.input_dropout) == rates
        assert (config.max_norm is not None) == (name == "max-norm")


@pytest.mark.jit_only
def test_table(folder, small):
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
def test_max_norm_and_test_error(folder, small):
    (result,) = reproduce.table2(folder / "mnist", folder / "ck", rows=["max-norm"], seeds=1, updates=10).results
    net = nd.MLP.load(folder / "ck" / "max-norm-0-5.ckpt-10.npz")
    test = nd.data.load_for(net, folder / "mnist")
    assert result.test_error == pytest.approx(100 * nd.evaluate(net, test.x, test.targets())["error"], abs=1e-3)
    assert result.test_errors[-1] == result.test_error
    norms = [np.linalg.norm(net.weights()[f"{layer}.weight"], axis=1).max() for layer in range(3)]
    assert max(norms) <= 2 + 1e-5


@pytest.mark.jit_only
def test_resume(folder, small, monkeypatch):
    choices = {"rows": ["dropout"], "seeds": 1, "updates": 10}
    (folder / "other").mkdir()
    expected = reproduce.table2(folder / "mnist", folder / "other", **choices)
    for file in (folder / "other").iterdir():
        if file.name.endswith("ckpt-9.npz"):
            file.rename(folder / "ck" / file.name)
    steps = []
    original = nd.MLP.train_steps

    def counted(net, sums, *rest, **options):
        steps.append(len(sums))
        original(net, sums, *rest, **options)

    monkeypatch.setattr(nd.MLP, "train_steps", counted)
    assert reproduce.table2(folder / "mnist", folder / "ck", **choices) == expected
    assert sum(steps) == 1
    steps.clear()
    assert reproduce.table2(folder / "mnist", folder / "ck", **choices) == expected
    assert sum(steps) == 0
