"""The time of a UCI split in Keras and here, with the protocol of `ndrop reproduce uci`.

python -m numba_dropout_bench.uci_keras FOLDER

Keras runs the first training of the grid and the last training on the whole training part of split 0, with all epochs
and predictions. The other trainings of the grid have equally many steps and count as the first. The input is tf.data,
the fastest way, with all epochs as one and many steps per call. `fit` on arrays, the usual way and that of the authors,
has an overhead for each epoch. It is measured over a few epochs. Both programs run once before timing.
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
from numba_dropout.core.errors import missing
from numba_dropout.experiments import environment, reproduce
from numba_dropout.experiments.reproduce.uci import BATCH, LENGTH_SCALE, SHARE, Uci
from numba_dropout.storage import files

__all__ = ["measured"]

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SEED = 0
SAMPLES = 10_000
AT_ONCE = 100  # epochs or samples per call of Keras, to reduce its overhead
FEW = 20  # epochs of `fit` on arrays
PROGRAM = "python -m numba_dropout_bench.uci_keras"


def _model(dataset: Uci, rows: int, rate: float, tau: float, steps_at_once: int) -> Any:
    """Return the network of the protocol."""
    import keras

    keras.utils.set_random_seed(SEED)
    decay = keras.regularizers.L2(LENGTH_SCALE**2 * (1 - rate) / (2 * rows * tau))
    inputs = keras.Input((dataset.x.shape[1],))
    inner = keras.layers.Dropout(rate)(inputs, training=True)
    inner = keras.layers.Dense(dataset.hidden, activation="relu", kernel_regularizer=decay)(inner)
    inner = keras.layers.Dropout(rate)(inner, training=True)
    model = keras.Model(inputs, keras.layers.Dense(dataset.y.shape[1], kernel_regularizer=decay)(inner))
    model.compile(optimizer="adam", loss="mse", steps_per_execution=steps_at_once)
    return model


def _scaled(dataset: Uci, train: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64], Any, Any]:
    """Return features and targets standardized with the training rows, and the mean and factor of the targets."""
    offset, scale = data.standardization(dataset.x[train])
    mean, factor = data.standardization(dataset.y[train])
    return (dataset.x - offset) * scale, (dataset.y - mean) * factor, mean, factor


def _rmse_of_keras(dataset: Uci, train: NDArray[np.int64], test: NDArray[np.int64], rate: float, tau: float) -> float:
    """Train on some rows, and return the RMSE of the mean of all samples on other rows."""
    import tensorflow as tf

    x, y, mean, factor = _scaled(dataset, train)
    steps = -(-len(train) // BATCH)  # per epoch
    model = _model(dataset, len(train), rate, tau, steps * AT_ONCE)
    batches = tf.data.Dataset.from_tensor_slices((x[train].astype(np.float32), y[train].astype(np.float32)))
    batches = batches.cache().shuffle(len(train), seed=SEED).batch(BATCH).repeat()
    model.fit(batches, steps_per_epoch=steps * dataset.epochs, shuffle=False, verbose=0)
    rows = np.tile(x[test], (AT_ONCE, 1))
    passes = [model.predict_on_batch(rows) for _ in range(SAMPLES // AT_ONCE)]
    mean_of_samples = np.mean(np.reshape(passes, (-1, *dataset.y[test].shape)), 0) / factor + mean
    return float(np.sqrt(np.mean((mean_of_samples - dataset.y[test]) ** 2)))


def _epoch_on_arrays(dataset: Uci, train: NDArray[np.int64]) -> float:
    """Return the seconds per epoch of `fit` on arrays."""
    x, y, _, _ = _scaled(dataset, train)
    model = _model(dataset, len(train), dataset.rates[0], dataset.taus[0], 1)
    model.fit(x[train], y[train], batch_size=BATCH, epochs=1, verbose=0)
    start = time.perf_counter()
    model.fit(x[train], y[train], batch_size=BATCH, epochs=FEW, verbose=0)
    return (time.perf_counter() - start) / FEW


def measured(folder: str) -> dict[str, Any]:
    """Return the seconds and the test errors of both."""
    if not all(map(importlib.util.find_spec, ("keras", "tensorflow"))):
        raise SystemExit(missing("the comparison requires Keras and TensorFlow", "tensorflow", "peers"))
    dataset = Uci.read(folder)
    train, test = dataset.splits[0]
    first, last = np.split(train, [int(SHARE * len(train))])
    once = replace(dataset, epochs=AT_ONCE)
    reproduce.uci(once, splits=1, samples=AT_ONCE)
    ours = reproduce.uci(dataset, splits=1, samples=SAMPLES, seed=SEED)
    choice = ours.splits[0]
    import keras  # imported late, because they start threads
    import tensorflow

    _rmse_of_keras(once, first, last, choice.rate, choice.tau)
    start = time.perf_counter()
    _rmse_of_keras(dataset, first, last, dataset.rates[0], dataset.taus[0])
    between = time.perf_counter()
    rmse = _rmse_of_keras(dataset, train, test, choice.rate, choice.tau)
    ended = time.perf_counter()
    grid = len(dataset.rates) * len(dataset.taus)
    total = grid * (between - start) + (ended - between)
    return {
        "name": dataset.name,
        "grid": grid,
        "keras_first_seconds": between - start,
        "keras_last_seconds": ended - between,
        "keras_split_seconds": total,
        "split_seconds": ours.seconds,
        "times": total / ours.seconds,
        "keras_epoch_on_arrays_seconds": _epoch_on_arrays(dataset, first),
        "epochs": dataset.epochs,
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
