"""How long Keras takes for a split of a UCI set by the protocol of `ndrop reproduce uci`, beside the time taken here.

python -m numba_dropout_bench.uci_keras FOLDER

Of split 0 Keras does the first training of the grid and the last one, on the whole training part, with all their
epochs and with what they predict; the grid's others do as many steps as its first, and are counted as it. It is fed as
it is fastest: by tf.data, all epochs as one, many steps in a call. `fit` on arrays, as one writes it, and the authors
did, has much to do for each epoch: that is measured over a few of them. Both start once before they are timed.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numba_dropout import data
from numba_dropout.experiments import environment, reproduce
from numba_dropout.experiments.reproduce.uci import BATCH, LENGTH_SCALE, SHARE, Uci
from numba_dropout.storage import files

__all__ = ["measured"]

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SEED = 0
SAMPLES = 10_000
AT_ONCE = 100  # epochs or samples in one call of Keras, which has much to do for each
FEW = 20  # epochs of `fit` on arrays
PROGRAM = "python -m numba_dropout_bench.uci_keras"


def _model(given: Uci, rows: int, rate: float, tau: float, steps_at_once: int) -> Any:
    """Return the protocol's network."""
    import keras

    keras.utils.set_random_seed(SEED)
    decay = keras.regularizers.L2(LENGTH_SCALE**2 * (1 - rate) / (2 * rows * tau))
    inputs = keras.Input((given.x.shape[1],))
    inner = keras.layers.Dropout(rate)(inputs, training=True)
    inner = keras.layers.Dense(given.hidden, activation="relu", kernel_regularizer=decay)(inner)
    inner = keras.layers.Dropout(rate)(inner, training=True)
    model = keras.Model(inputs, keras.layers.Dense(given.y.shape[1], kernel_regularizer=decay)(inner))
    model.compile(optimizer="adam", loss="mse", steps_per_execution=steps_at_once)
    return model


def _scaled(given: Uci, train: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64], Any, Any]:
    """Return features and targets, scaled by a part, and the targets' mean and factor."""
    shift, stretch = data.standardization(given.x[train])
    mean, factor = data.standardization(given.y[train])
    return (given.x - shift) * stretch, (given.y - mean) * factor, mean, factor


def _rmse_of_keras(given: Uci, train: NDArray[np.int64], test: NDArray[np.int64], rate: float, tau: float) -> float:
    """Train on some rows, and return the error of the mean of all samples on others."""
    import tensorflow as tf

    x, y, mean, factor = _scaled(given, train)
    steps = -(-len(train) // BATCH)  # an epoch's
    model = _model(given, len(train), rate, tau, steps * AT_ONCE)
    batches = tf.data.Dataset.from_tensor_slices((x[train].astype(np.float32), y[train].astype(np.float32)))
    batches = batches.cache().shuffle(len(train), seed=SEED).batch(BATCH).repeat()
    model.fit(batches, steps_per_epoch=steps * given.epochs, shuffle=False, verbose=0)
    rows = np.tile(x[test], (AT_ONCE, 1))
    passes = [model.predict_on_batch(rows) for _ in range(SAMPLES // AT_ONCE)]
    mean_of_samples = np.mean(np.reshape(passes, (-1, *given.y[test].shape)), 0) / factor + mean
    return float(np.sqrt(np.mean((mean_of_samples - given.y[test]) ** 2)))


def _epoch_on_arrays(given: Uci, train: NDArray[np.int64]) -> float:
    """Return the seconds of an epoch of `fit` on arrays."""
    x, y, _, _ = _scaled(given, train)
    model = _model(given, len(train), given.rates[0], given.taus[0], 1)
    model.fit(x[train], y[train], batch_size=BATCH, epochs=1, verbose=0)
    began = time.perf_counter()
    model.fit(x[train], y[train], batch_size=BATCH, epochs=FEW, verbose=0)
    return (time.perf_counter() - began) / FEW


def measured(folder: str) -> dict[str, Any]:
    """Return the seconds of both, and their test errors."""
    if not all(map(importlib.util.find_spec, ("keras", "tensorflow"))):
        raise SystemExit("Keras and TensorFlow are not installed; pip install 'numba-dropout[peers]'")
    given = Uci.read(folder)
    train, test = given.splits[0]
    first, last = np.split(train, [int(SHARE * len(train))])
    once = replace(given, epochs=AT_ONCE)
    reproduce.uci(once, splits=1, samples=AT_ONCE)
    ours = reproduce.uci(given, splits=1, samples=SAMPLES, seed=SEED)
    choice = ours.splits[0]
    import keras  # only now: they bring threads of their own
    import tensorflow

    _rmse_of_keras(once, first, last, choice.rate, choice.tau)
    began = time.perf_counter()
    _rmse_of_keras(given, first, last, given.rates[0], given.taus[0])
    between = time.perf_counter()
    rmse = _rmse_of_keras(given, train, test, choice.rate, choice.tau)
    ended = time.perf_counter()
    grid = len(given.rates) * len(given.taus)
    whole = grid * (between - began) + (ended - between)
    return {
        "name": given.name,
        "grid": grid,
        "keras_first_seconds": between - began,
        "keras_last_seconds": ended - between,
        "keras_split_seconds": whole,
        "split_seconds": ours.seconds,
        "times": whole / ours.seconds,
        "keras_epoch_on_arrays_seconds": _epoch_on_arrays(given, first),
        "epochs": given.epochs,
        "keras_rmse": rmse,
        "rmse": choice.rmse,
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        **environment.provenance(SEED, PROGRAM),
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {PROGRAM} FOLDER")
    sys.stdout.write(files.json_text(measured(sys.argv[1])) + "\n")
