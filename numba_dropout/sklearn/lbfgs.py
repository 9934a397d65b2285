"""The solver "lbfgs": SciPy's L-BFGS-B on the loss of all rows, without dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ..arrays.convert import on_host
from ..nn.mlp import MLP
from .training import poisson_constants, scales

__all__ = ["minimize_loss"]


def minimize_loss(
    net: MLP,
    x: Any,
    y: Any,
    sample_weight: NDArray[Any] | None,
    *,
    alpha: float,
    max_iter: int,
    max_fun: int,
    tol: float,
    verbose: bool,
) -> tuple[Any, float]:
    """Minimize the loss with the penalty `alpha`, and return SciPy's result and scikit-learn's loss.

    Raise ValueError for negative weights, and RuntimeError if another thread uses the network.
    """
    objective = Objective(net, x, y, sample_weight, alpha)
    iterations = 0

    def report(_: NDArray[np.float64]) -> None:
        nonlocal iterations
        iterations += 1
        print(f"Iteration {iterations}, loss = {objective.loss:.8f}")  # noqa: T201 - requested with `verbose`

    with net.access.changing("fit"):
        result = minimize(
            objective.value_and_gradient,
            np.concatenate([value.ravel() for value in net.weights().values()]).astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
            callback=report if verbose else None,
        )
        objective.value_and_gradient(result.x)
    return result, objective.loss


class Objective:
    """The sum that gradients are of, and scikit-learn's loss at the same parameters.

    They differ for several values only: scikit-learn's loss is their mean.
    """

    def __init__(self, net: MLP, x: Any, y: Any, sample_weight: NDArray[Any] | None, alpha: float) -> None:
        self.net, self.loss = net, np.inf
        self._x, self._y = net.as_input(x), y
        rows = len(self._x)
        weights, total = np.ones(rows), float(rows)
        if sample_weight is not None:
            largest = float(np.abs(sample_weight).max())
            weights = sample_weight / largest
            total = weights.sum() * largest
            weights *= rows / weights.sum()
        gradient_scale, loss_scale = scales(net)
        plain = sample_weight is None and gradient_scale == 1
        self._weights = None if plain else gradient_scale * weights
        self._decay, self._loss_ratio = alpha / total, loss_scale / gradient_scale
        self._constant = 0.0
        if net.loss == "poisson":
            self._constant = float(np.mean(weights * poisson_constants(net.as_target(y))))

    def value_and_gradient(self, params: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Set the parameters, in the order of `MLP.weights`, and return the sum to minimize and its gradient."""
        net, state, start = self.net, {}, 0
        for name, value in net.weights().items():
            state[name] = params[start : start + value.size].reshape(value.shape)
            start += value.size
        net.load_state_dict(state)
        data, gradients = net.loss_and_gradients(self._x, self._y, sample_weight=self._weights)
        parts, penalty = [], 0.0
        for name, value in state.items():
            gradient = on_host(gradients[name]).astype(np.float64)
            if name.endswith(".weight"):
                gradient += self._decay * value
                penalty += self._decay / 2 * float(np.vdot(value, value))
            parts.append(gradient.ravel())
        self.loss = data * self._loss_ratio + self._constant + penalty
        return data + self._constant + penalty, np.concatenate(parts)
