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
    configs, module = [], importlib.import_module("numba_dropout.experiments.reproduce.sizes")
    original = module.build

    def build(source, config):
        configs.append(config)
        return original(source, replace(config, hidden=(8,)))

    monkeypatch.setattr(module, "build", build)
    result = reproduce.sizes(folder / "mnist", counts=[100, 230], updates=7, epochs=2, repeats=2)
    assert result.sizes == [100, 230]
    assert [(config.rows, config.dropout, config.epochs) for config in configs[::2]] == [
        (100, 0.0, 7),
        (100, 0.5, 7),
        (230, 0.0, 3),
        (230, 0.5, 3),
    ]
    assert len(result.errors(100, True)) == 2
    assert f"{np.mean(result.errors(230, False)):.2f}" in result.lines()[2]
