"""scikit-learn's perceptron: it has no dropout, so it does less."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from ..cases import LR, MOMENTUM, Case
from . import _checks, _inputs
from ._timed import Timed

__all__ = ["CONTESTANTS", "PAIRS", "SIZES_OF_MEMORY", "VERSIONS", "settle"]

VERSIONS = {"scikit-learn": sklearn.__version__}


def settle(threads: int, dtype: str) -> None:
    """Leave the threads as the environment sets them."""


def _step(case: Case) -> dict[str, Timed]:
    *units, rows = case.shape
    x, y = _inputs.batch(case)
    classes = np.arange(units[-1])
    model = MLPClassifier(
        units[1:-1],
        solver="sgd",
        learning_rate_init=LR,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=rows,
        shuffle=False,
        random_state=1,
    )

    def step() -> float:
        return model.partial_fit(x, y, classes=classes).loss_

    return {"scikit-learn, no dropout": Timed(step, "aside", _checks.learns(step))}


CONTESTANTS = {"step": _step, "step_shared": _step}
PAIRS: dict[str, Any] = {}
SIZES_OF_MEMORY: dict[str, Any] = {}
