"""The effect of the number of images, on a small folder like MNIST's."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from idx_files import write_mnist

from numba_dropout.experiments import reproduce


@pytest.fixture
def folder(tmp_path, rng):
    """Write a small folder like MNIST's."""
    write_mnist(tmp_path / "mnist", rng)
    return tmp_path


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
