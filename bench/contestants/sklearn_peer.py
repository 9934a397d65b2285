"""scikit-learn's multilayer perceptron, which has no dropout and does less work."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from ..cases import LR, MOMENTUM, Case
from . import _checks, _inputs
from ._timed import Timed

__all__ = ["CONTESTANTS", "MEMORY", "PAIRS", "VERSIONS", "configure"]

VERSIONS = {"scikit-learn": sklearn.__version__}


def configure(threads: int, dtype: str) -> None:
    """Set nothing: the environment sets the threads."""


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
MEMORY: dict[str, Any] = {}
