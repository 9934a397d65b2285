"""The target of a network: its form for kernels, its transformation and scaling, and the way back to its units."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core import checks
from ..core.access import Access, changes, reads
from ..core.errors import InputError
from . import inputs, target_transform
from .losses import VALUE_LOSSES
from .state import State

__all__ = ["Targets"]


class Targets(ABC):
    """The methods of a network that convert targets and outputs.

    The network is trained on (transform(y) - offset) * scale.
    """

    sizes: list[int]
    loss: str
    dtype: np.dtype[Any]
    tau: list[float] | None
    target_transform: str
    target_lambdas: list[float] | None
    access: Access
    _state: State

    @property
    def predicts_values(self) -> bool:
        """Whether the loss is one of values (mse, huber, absolute, poisson), not of classes."""
        return self.loss in VALUE_LOSSES

    @changes
    def transform_target(self, name: str, y: ArrayLike) -> NDArray[np.float64]:
        """Set the transformation of the target, and return the transformed training targets (rows, outputs).

        "none", "log1p" (log(1 + y), for targets at least 0) or "yeo-johnson", whose lambdas are fitted to y by maximum
        likelihood within [0, 2], where every output has an inverse. `predict` undoes it. It resets the scaling of the
        target and `tau`: call `scale_target` after it, with the mean and deviation of the returned targets.

        Raises ValueError for classes, for loss "poisson", and for targets that the transformation does not take.

        Examples
        --------
        >>> net = nd.MLP([2, 8, 1], loss="mse")
        >>> net.transform_target("log1p", [0.0, 1.0, 3.0]).round(4).tolist()
        [[0.0], [0.6931], [1.3863]]
        """
        checks.choice(name, "target_transform", target_transform.TRANSFORMS)
        if name != "none" and (not self.predicts_values or self.loss == "poisson"):
            raise InputError(
                f"target_transform: expected loss mse, huber or absolute for {name}, got {self.loss}",
                "use none, or another loss",
            )
        lambdas = None
        values = inputs.targets(y, self.sizes[-1], np.dtype(np.float64))
        if name == "yeo-johnson":
            lambdas = np.clip(target_transform.fit(values), *target_transform.LAMBDA_RANGE).tolist()
        transformed = target_transform.forward(name, values, lambdas)
        self.target_transform, self.target_lambdas, self.tau = name, lambdas, None
        if self.predicts_values:
            self._state.scale(("target_offset", "target_scale"), 0.0, 1.0)
        return transformed

    @changes
    def scale_target(self, offset: ArrayLike, scale: ArrayLike) -> None:
        """Set the scaling of the target to (y - offset) * scale, numbers or arrays (outputs,). `predict` undoes it.

        y is the transformed target. Raises ValueError for classes, and for loss "poisson", whose targets are counts.
        """
        if not self.predicts_values or self.loss == "poisson":
            raise InputError(f"scale_target: expected a regression, got loss {self.loss!r}")
        self._state.scale(("target_offset", "target_scale"), offset, scale)

    @reads
    def target_scaling(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return scale and offset (outputs,) of a regression: it is trained on (y - offset) * scale."""
        return self._state.read("target_scale"), self._state.read("target_offset")

    def as_target(self, y: ArrayLike) -> Any:
        """Return y in the form that kernels take: labels (rows,) int64, or targets (rows, outputs) in `dtype`.

        y is in the target's units. It is transformed in float64.
        """
        outputs = self.sizes[-1]
        if self.loss == "cross_entropy":
            return inputs.labels(y, outputs)
        if self.target_transform != "none":
            y = inputs.targets(y, outputs, np.dtype(np.float64))
            y = target_transform.forward(self.target_transform, y, self.target_lambdas)
        return inputs.targets(y, outputs, self.dtype, self.loss)

    def _to_values(self) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
        """Return the function from outputs (rows, outputs) to values in the target's units."""
        if self.loss == "poisson":
            return _rates
        scale, offset = map(np.array, self.target_scaling())  # once: on a device each call copies them to the host
        name, lambdas = self.target_transform, self.target_lambdas
        return lambda out: target_transform.inverse(name, out / scale + offset, lambdas)


def _rates(out: NDArray[Any]) -> NDArray[np.float64]:
    """Return rates from their logarithms."""
    with np.errstate(over="ignore"):
        return np.exp(out.astype(np.float64))
