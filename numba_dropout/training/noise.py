"""The noise of a regression: the distribution of its targets around the values that a network predicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

from ..core import checks
from ..core.errors import InputError
from ..nn import target_transform
from ..nn.mlp import MLP
from .metrics import gaussian_log_density, poisson_log_density

__all__ = ["Noise"]

NODES = 15  # of the quadrature over normal noise (Gauss-Hermite)


class Noise:
    """The noise of a network's target.

    It is normal in units of the transformed target, with the precisions tau, or for loss "poisson" Poisson's with the
    predicted rates. The methods take outputs of `MLP.forward`, or transformed values, all (N, K). For "poisson",
    transformed values are the rates.

    Parameters
    ----------
    net : MLP
        A network that predicts values.
    tau : float or sequence, optional
        One precision, or one for each output. The default is the network's `tau`. If both are None, the noise is
        unknown, but for "poisson", which takes none.

    Raises
    ------
    ValueError, TypeError
        tau does not fit the network.
    """

    def __init__(self, net: MLP, tau: float | Sequence[float] | None = None) -> None:
        self.poisson = net.loss == "poisson"
        if self.poisson and tau is not None:
            raise InputError("tau: only valid for normal noise, got loss poisson, whose variance is the rate")
        self.tau = None if self.poisson else _precisions(net, tau)
        self.known = self.poisson or self.tau is not None
        self._predictive = net.predictive
        self._scale, self._offset = map(np.array, net.target_scaling())  # once: on a device each call copies them
        self._transform = net.target_transform, net.target_lambdas

    @property
    def transforms(self) -> bool:
        """Whether the target is transformed."""
        return self._transform[0] != "none"

    def transformed(self, out: NDArray[Any]) -> NDArray[np.float64]:
        """Return outputs as transformed values."""
        return self._predictive(out) if self.poisson else np.asarray(out / self._scale + self._offset)

    def forward(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """Return values in the target's units as transformed values."""
        name, lambdas = self._transform
        return target_transform.forward(name, y, lambdas)

    def inverse(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return transformed values in the target's units. Rates below 0 become 0."""
        name, lambdas = self._transform
        return np.maximum(values, 0.0) if self.poisson else target_transform.inverse(name, values, lambdas)

    def transformed_variance(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the variance of the noise at transformed values, in their units. The noise must be known."""
        return values if self.tau is None else np.broadcast_to(1 / self.tau, values.shape)

    def variance(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the variance of the noise at transformed values, in the target's units. The noise must be known."""
        variance = self.transformed_variance(values)
        if not self.transforms:
            return variance
        nodes, weights = hermegauss(NODES)
        deviation = np.sqrt(variance)
        targets = np.array([self.inverse(values + node * deviation) for node in nodes])
        weights = (weights / weights.sum())[:, None, None]
        with np.errstate(over="ignore", invalid="ignore"):
            return (weights * (targets - (weights * targets).sum(0)) ** 2).sum(0)

    def log_density(self, y: NDArray[np.float64]) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
        """Return the function from outputs to the log-density (N,) of targets y, in the target's units."""
        if self.poisson:
            constants = np.array([math.lgamma(value + 1) for value in y.flat]).reshape(y.shape)
            return lambda out: poisson_log_density(y, out, constants)
        name, lambdas = self._transform
        transformed, tau = self.forward(y), self.tau
        assert tau is not None
        slopes = target_transform.log_derivative(name, y, lambdas).sum(1)
        return lambda out: gaussian_log_density(transformed, self.transformed(out), tau) + slopes


def _precisions(net: MLP, tau: float | Sequence[float] | None) -> NDArray[np.float64] | None:
    """Return the precisions (K,) of the noise of a regression's outputs, or None if they are unknown."""
    if tau is None:
        return None if net.tau is None else np.array(net.tau)
    values = list(tau) if isinstance(tau, Sequence | np.ndarray) and not isinstance(tau, str) else [tau]
    if len(values) not in (1, net.sizes[-1]):
        raise InputError(f"tau: expected one number or {net.sizes[-1]}, one for each output, got {tau!r}")
    return np.broadcast_to([checks.number(value, "tau", above=0) for value in values], (net.sizes[-1],))
