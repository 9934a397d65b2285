"""Keras on the published UCI splits, next to this package."""

import numpy as np
import pytest
from uci_files import write_uci

from numba_dropout.experiments import reproduce


@pytest.fixture
def uci(tmp_path, rng):
    """Write a small folder of published splits."""
    write_uci(tmp_path, rng)
    return tmp_path


@pytest.mark.jit_only
def test_keras(uci, monkeypatch):
    pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    from numba_dropout_bench import uci_keras

    monkeypatch.setattr(uci_keras, "SAMPLES", 200)
    result = uci_keras.measured(str(uci))
    assert result["grid"] == 4
    assert result["keras_split_seconds"] == 4 * result["keras_first_seconds"] + result["keras_last_seconds"]
    assert result["times"] == result["keras_split_seconds"] / result["split_seconds"]
    spread = np.std(reproduce.Uci.read(uci).y)
    assert result["rmse"] < spread
    assert result["keras_rmse"] < spread
