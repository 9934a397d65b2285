"""Dropout between the layers of a network, with a rate for each unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...arrays.memory import Allocate
from ..buffers import INPUTS, OUTPUT
from ..views import FIRST, Target, Views
from .sites import ZERO, Sites, forward_again, sample_by_sample
from .variant import Variant

__all__ = ["DropoutRates"]


class UnitRates(NamedTuple):
    """The rates of the units of all sites, one after the other."""

    thresholds: NDArray[np.uint64]
    scales: NDArray[Any]


class DropoutRates(Variant):
    """Dropout with a rate for each unit."""

    title = "dropout"
    takes_schedule = False
    needs_row_starts = True

    def extra(self, sizes: Sequence[int], dtype: np.dtype[Any], zeros: Allocate, compact: bool) -> UnitRates:
        """Return the rates of the units, all 0."""
        units = sum(sizes[:-1])
        return UnitRates(zeros(units, np.uint64), zeros(units, dtype))

    def sites(self, target: Target, views: Views) -> Sites:
        """Return the functions of dropout with a rate for each unit, for one target."""
        kernels, internal, vector = target.kernels, target.internal, target.vector

        @internal
        def drop(net, out, site, purpose, step, row_offset):
            """Drop elements of a site's values or of their gradient in place, at the rate of each unit."""
            units = out.shape[1]
            first = net.master.layers[site, OUTPUT] - net.master.layers[site, INPUTS]
            thresholds, scales = vector(net.extra.thresholds, first, units), vector(net.extra.scales, first, units)
            starts, flat = vector(net.batch.row_starts, FIRST, out.shape[0]), vector(out, FIRST, out.size)
            key, stream, offset = net.key, np.uint64(site) | purpose, row_offset * np.uint64(units)
            kernels.dropout_rates_forward(
                flat, flat, units, thresholds, scales, starts, key[0], key[1], stream, step, offset
            )

        @internal
        def backward(net, dout, out, site, step, row_offset):
            """Keep the gradient where the values are positive, then drop it again."""
            flat = vector(dout, FIRST, dout.size)
            kernels.relu_backward(flat, flat, vector(out, FIRST, out.size))
            drop(net, dout, site, ZERO, step, row_offset)

        return Sites(
            drop,
            sample_by_sample(target, drop),
            backward,
            forward_again(target, drop),
            fused=False,
            by_sign=False,
        )
