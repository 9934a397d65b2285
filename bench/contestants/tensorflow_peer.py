"""TensorFlow's dropout, and Keras on TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

from ..cases import LR, MOMENTUM, RATES, Case, P
from . import _checks, _inputs
from ._timed import Timed

__all__ = ["CONTESTANTS", "MEMORY", "PAIRS", "VERSIONS", "configure"]

VERSIONS = {"tensorflow": tf.__version__, "keras": keras.__version__}


def configure(threads: int, dtype: str) -> None:
    """Set the number of threads within operations and between operations."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.config.set_floatx(dtype)
    keras.utils.set_random_seed(1)


def _elementwise(operation: Callable[[Any], Any], check: Callable[..., None]) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        host_x = _inputs.positive(case)
        x, once = tf.constant(host_x), tf.function(operation)
        return {"tensorflow": Timed(lambda: once(x), "peer", lambda: check(once(x), host_x, P))}

    return contestants


def _disturb(x: Any) -> Any:
    return x * tf.random.normal(x.shape, 1.0, (P / (1 - P)) ** 0.5, x.dtype)


def _one_step(case: Case) -> Callable[[], float]:
    *units, _ = case.shape
    layers: list[Any] = [keras.Input((units[0],)), keras.layers.Dropout(RATES[1])]
    for outputs in units[1:-1]:
        layers += [keras.layers.Dense(outputs, activation="relu"), keras.layers.Dropout(RATES[0])]
    model = keras.Sequential([*layers, keras.layers.Dense(units[-1])])
    model.compile(
        optimizer=keras.optimizers.SGD(LR, momentum=MOMENTUM),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    x, y = map(tf.constant, _inputs.batch(case))

    def step() -> float:
        model.reset_metrics()  # otherwise the returned loss is a mean over all steps
        return float(model.train_on_batch(x, y))

    return step


def _step(case: Case) -> dict[str, Timed]:
    step = _one_step(case)
    return {"keras on tensorflow": Timed(step, "peer", _checks.learns(step))}


CONTESTANTS = {
    "dropout": _elementwise(lambda x: tf.nn.dropout(x, rate=P), _checks.dropped),
    "gaussian_dropout": _elementwise(_disturb, _checks.gaussian),
    "step": _step,
    "step_shared": _step,
}
PAIRS: dict[str, Any] = {}
MEMORY: dict[str, Any] = {}
