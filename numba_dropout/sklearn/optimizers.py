"""Optimizers with the arithmetic of scikit-learn's MLP: a penalty for each batch, and its epsilon of Adam."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..optim import SGD, Adam

__all__ = ["PenalizedAdam", "PenalizedSGD"]


class PenalizedSGD(SGD):
    """SGD with a weight decay for each step.

    Attributes
    ----------
    decays : array (n,)
        Weight decays of the next n steps, which have to be run together.
    """

    decays: NDArray[np.float64] = np.empty(0)

    def choices(self) -> dict[str, Any]:
        """Return the arguments that the optimizer was made with, by name."""
        return _without_decays(super().choices())

    def _columns(self, n: int) -> tuple[Any, ...]:
        """Return the columns of the hyperparameters, with the decay of each step."""
        rates, momenta, nesterov, _ = super()._columns(n)
        return rates, momenta, nesterov, self.decays


class PenalizedAdam(Adam):
    """Adam with a weight decay for each step, `decays` (n,), and scikit-learn's epsilon.

    scikit-learn adds epsilon to the root of the second moment before its correction for the first steps (the end of
    section 2 of Kingma & Ba, ICLR 2015), the kernels after it (algorithm 1).
    """

    decays: NDArray[np.float64] = np.empty(0)

    def choices(self) -> dict[str, Any]:
        """Return the arguments that the optimizer was made with, by name."""
        return _without_decays(super().choices())

    def _columns(self, n: int) -> tuple[Any, ...]:
        """Return the columns of the hyperparameters, with the epsilon and the decay of each step."""
        *first, epsilon, _, shrink, correction = super()._columns(n)
        return (*first, epsilon / correction, self.decays, shrink, correction)


def _without_decays(choices: dict[str, Any]) -> dict[str, Any]:
    """Return choices without the decays, which follow from the data."""
    return {name: value for name, value in choices.items() if name != "decays"}
