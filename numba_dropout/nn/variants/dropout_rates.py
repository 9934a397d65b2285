"""Dropout between the layers of a network, with a rate for each unit."""

from __future__ import annotations

import numpy as np

from ..buffers import INPUTS, OUTPUT
from ..views import FIRST, Target, Views
from .sites import ZERO, Sites, forward_again, sample_by_sample

__all__ = ["sites"]


def sites(target: Target, views: Views) -> Sites:
    """Return the functions of dropout with a rate for each unit, for one target."""
    kernels, internal, vector = target.kernels, target.internal, target.vector

    @internal
    def drop(net, out, site, purpose, step, row_offset):
        """Drop elements of a site's values or of their gradient in place, at the rate of each unit."""
        units = out.shape[1]
        first = net.layers[site, OUTPUT] - net.layers[site, INPUTS]
        thresholds, scales = vector(net.unit_thresholds, first, units), vector(net.unit_scales, first, units)
        starts, flat = vector(net.row_starts, FIRST, out.shape[0]), vector(out, FIRST, out.size)
        key, stream, offset = net.key, np.uint64(site) | purpose, row_offset * np.uint64(units)
        kernels.dropout_rates_forward(
            flat, flat, units, thresholds, scales, starts, key[0], key[1], stream, step, offset
        )

    @internal
    def backward(net, dout, out, site, step, row_offset):
        """Keep the gradient where the values are positive, then drop it again: kept elements take the unit's scale."""
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
        learned_rates=False,
    )
