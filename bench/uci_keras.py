"""How long Keras takes for a split of a UCI set by the protocol of `ndrop reproduce uci`, beside the time taken here.

python -m numba_dropout_bench.uci_keras FOLDER

Of split 0 Keras does the first training of the grid and the last one, on the whole training part, with all their
epochs and with what they predict; the grid's others do as many steps as its first, and are counted as it.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numba_dropout import data, files, reproduce, system
from numba_dropout.reproduce.uci import BATCH, LENGTH_SCALE, SHARE, Uci

__all__ = ["measured"]

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SEED = 0
SAMPLES = 10_000
AT_ONCE = 100  # samples in one call of Keras, which has much to do for each
PROGRAM = "python -m numba_dropout_bench.uci_keras"


def _rmse_of_keras(given: Uci, train: NDArray[np.int64], test: NDArray[np.int64], rate: float, tau: float) -> float:
    """Train on some rows, and return the error of the mean of all samples on others."""
    import keras

    keras.utils.set_random_seed(SEED)
    shift, stretch = data.standardization(given.x[train])
    mean, factor = data.standardization(given.y[train])
    decay = keras.regularizers.L2(LENGTH_SCALE**2 * (1 - rate) / (2 * len(train) * tau))
    inputs = keras.Input((given.x.shape[1],))
    inner = keras.layers.Dropout(rate)(inputs, training=True)
    inner = keras.layers.Dense(given.hidden, activation="relu", kernel_regularizer=decay)(inner)
    inner = keras.layers.Dropout(rate)(inner, training=True)
    model = keras.Model(inputs, keras.layers.Dense(given.y.shape[1], kernel_regularizer=decay)(inner))
    model.compile(optimizer="adam", loss="mse")
    x, y = (given.x - shift) * stretch, (given.y - mean) * factor
    model.fit(x[train], y[train], batch_size=BATCH, epochs=given.epochs, verbose=0)
    rows = np.tile(x[test], (AT_ONCE, 1))
    passes = [model.predict_on_batch(rows) for _ in range(SAMPLES // AT_ONCE)]
    mean_of_samples = np.mean(np.reshape(passes, (-1, *given.y[test].shape)), 0) / factor + mean
    return float(np.sqrt(np.mean((mean_of_samples - given.y[test]) ** 2)))


def measured(folder: str) -> dict[str, Any]:
    """Return the seconds of both, and their test errors."""
    try:
        import keras
        import tensorflow
    except ImportError:
        raise SystemExit("Keras and TensorFlow are not installed; pip install 'numba-dropout[peers]'") from None
    given = Uci.read(folder)
    train, test = given.splits[0]
    first, last = np.split(train, [int(SHARE * len(train))])
    ours = reproduce.uci(given, splits=1, samples=SAMPLES, seed=SEED)
    choice = ours.splits[0]
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
        "keras_rmse": rmse,
        "rmse": choice.rmse,
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        **system.provenance(SEED, PROGRAM),
    }


if __name__ == "__main__":
    sys.stdout.write(files.json_text(measured(sys.argv[1])) + "\n")
