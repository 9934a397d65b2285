"""Gaussian dropout between the layers of a network: multiplicative noise of mean 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...functional._rates import Rates
from ..views import FIRST, Target, Views
from .sites import NOISE, ZERO, Sites, forward_again, sample_by_sample
from .variant import Variant

__all__ = ["GaussianDropout"]


class GaussianDropout(Variant):
    """Multiplicative noise of mean 1."""

    title = "gaussian dropout"
    takes_one = False

    def scales(self, p: NDArray[np.float64], rates: Rates) -> NDArray[Any]:
        """Return the standard deviations of the noise."""
        return np.where(rates.thresholds, np.sqrt(p / (1.0 - p)), 0.0).astype(rates.scales.dtype)

    def sites(self, target: Target, views: Views) -> Sites:
        """Return the functions of Gaussian dropout, for one target."""
        kernels, internal, vector = target.kernels, target.internal, target.vector

        @internal
        def drop(net, out, site, purpose, step, row_offset):
            """Multiply by noise of mean 1, in place. `scales` are its standard deviations."""
            if net.rates.thresholds[site] != ZERO:
                flat, key, offset = vector(out, FIRST, out.size), net.key, row_offset * np.uint64(out.shape[1])
                stream = np.uint64(site) | (purpose if purpose else NOISE)
                kernels.gaussian_dropout_forward(
                    flat, flat, net.rates.scales[site], key[0], key[1], stream, step, offset
                )

        @internal
        def backward(net, dout, out, site, step, row_offset):
            """Keep the gradient where the value is not 0. Noise may change the sign of a value that the ReLU kept."""
            flat, key, offset = vector(dout, FIRST, dout.size), net.key, row_offset * np.uint64(out.shape[1])
            stream, values = np.uint64(site) | NOISE, vector(out, FIRST, out.size)
            kernels.gaussian_relu_derivative(
                flat, flat, values, net.rates.scales[site], key[0], key[1], stream, step, offset
            )

        return Sites(
            drop,
            sample_by_sample(target, drop),
            backward,
            forward_again(target, drop),
            fused=False,
            by_sign=False,
        )
