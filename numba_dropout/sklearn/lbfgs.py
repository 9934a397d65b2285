"""The solver "lbfgs": SciPy's L-BFGS-B on the loss of all rows, without dropout."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from ..arrays.convert import on_host
from ..nn.mlp import MLP
from ..training.callback import Callback, History
from .training import poisson_constants, scales, squared_norm

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
    callbacks: Sequence[Callback],
) -> tuple[Any, float]:
    """Minimize the loss with the penalty `alpha`, and return SciPy's result and scikit-learn's loss.

    Raise ValueError for weights that add up to 0, and RuntimeError if another thread uses the network.
    """
    objective = Objective(net, x, y, sample_weight, alpha)
    run = LbfgsTraining(net, objective, max_iter, callbacks)
    with net.access.changing("fit"):
        first = np.concatenate([value.ravel() for value in net.weights().values()]).astype(np.float64)
        run.begin()
        try:
            run.check_stop(first)
            result = minimize(
                objective.value_and_gradient,
                first,
                method="L-BFGS-B",
                jac=True,
                options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
                callback=run.end_iteration,
            )
        except Stopped as stopped:
            result = OptimizeResult(x=stopped.params, nit=len(run.history.records), status=0, message="stopped")
        objective.value_and_gradient(result.x)
        run.end()
    return result, objective.loss


class Stopped(Exception):
    """The end of a run that a callback stopped."""

    def __init__(self, params: NDArray[np.float64]) -> None:
        super().__init__("stopped by a callback")
        self.params = params


class LbfgsTraining:
    """A run of L-BFGS, as callbacks see it: its network, history and `stop`. An iteration is an epoch of one step."""

    steps, resumed, validates = 1, False, False

    def __init__(self, net: MLP, objective: Objective, epochs: int, callbacks: Sequence[Callback]) -> None:
        self.net, self.epochs, self.history, self.stop = net, epochs, History(), False
        self._objective, self._callbacks, self._start = objective, callbacks, 0.0

    @property
    def epoch(self) -> int:
        """The current iteration, from 1."""
        return len(self.history.records) + 1

    @property
    def steps_done(self) -> int:
        """Number of finished iterations."""
        return len(self.history.records)

    @property
    def finished(self) -> bool:
        """Whether the run is complete."""
        return self.stop or self.steps_done >= self.epochs

    def begin(self) -> None:
        """Call the callbacks before the first iteration."""
        for callback in self._callbacks:
            callback.training = self  # type: ignore[assignment]
            callback.on_train_begin(self.net, self.epochs, self.epochs)
        self._start = time.perf_counter()

    def end_iteration(self, params: NDArray[np.float64]) -> None:
        """Record the loss of an iteration, and call the callbacks."""
        seconds = max(time.perf_counter() - self._start, 1e-9)
        record: dict[str, Any] = {"epoch": self.epoch, "loss": self._objective.loss}
        record |= dict.fromkeys(("accuracy", "val_loss", "val_accuracy", "lr"))
        record |= {"seconds": seconds, "samples_per_second": self._objective.rows / seconds}
        for callback in self._callbacks:
            callback.on_steps_end(record["epoch"], 1, record["loss"])
        self.history.records.append(record)
        for callback in self._callbacks:
            callback.on_epoch_end(record)
        self._start = time.perf_counter()
        self.check_stop(params)

    def check_stop(self, params: NDArray[np.float64]) -> None:
        """Raise Stopped if a callback has set `stop`."""
        if self.stop:
            raise Stopped(np.array(params))

    def end(self) -> None:
        """Call the callbacks after the last iteration."""
        for callback in self._callbacks:
            callback.on_train_end(self.history)


class Objective:
    """The sum that gradients are of, and scikit-learn's loss at the same parameters.

    They differ for several values only: scikit-learn's loss is their mean.
    """

    def __init__(self, net: MLP, x: Any, y: Any, sample_weight: NDArray[Any] | None, alpha: float) -> None:
        self.net, self.loss = net, np.inf
        self._x, self._y = net.as_input(x), y
        self.rows = rows = len(self._x)
        weights = np.ones(rows)
        self._decay = alpha / rows
        if sample_weight is not None:
            largest = float(np.abs(sample_weight).max()) or 1.0
            weights = sample_weight / largest  # the sum stays finite
            total = weights.sum()
            if total == 0:
                raise ValueError("sample_weight: expected weights that do not add up to 0 with solver='lbfgs'")
            weights *= rows / total
            self._decay = alpha / total / largest
        gradient_scale, loss_scale = scales(net)
        plain = sample_weight is None and gradient_scale == 1
        self._weights = None if plain else gradient_scale * weights
        self._loss_ratio = loss_scale / gradient_scale
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
                penalty += self._decay / 2 * squared_norm(value)
            parts.append(gradient.ravel())
        self.loss = data * self._loss_ratio + self._constant + penalty
        return data + self._constant + penalty, np.concatenate(parts)
