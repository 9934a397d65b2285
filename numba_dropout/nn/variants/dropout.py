"""Dropout between the layers of a network: each element by itself, at one rate for each site."""

from __future__ import annotations

import numpy as np

from ..views import FIRST, Target, Views
from .sites import DROP_ALL, SAMPLES, ZERO, Sites, again, by_the_product

__all__ = ["sites"]


def sites(target: Target, views: Views) -> Sites:
    """Return the functions of dropout, for one target."""
    kernels, part, vector = target.kernels, target.part, target.vector

    @part
    def drop_elements(net, out, site, purpose, step, row_offset):
        """Drop elements of a site's values, or of the gradient by them, in place: the same operation."""
        threshold, flat = net.thresholds[site], vector(out, FIRST, out.size)
        if threshold == DROP_ALL:
            kernels.drop_all(flat)
        elif threshold != ZERO:
            scale, offset = net.scales[site], row_offset * np.uint64(out.shape[1])
            key, stream = net.key, np.uint64(site) | purpose
            kernels.dropout_forward(flat, flat, threshold, scale, key[0], key[1], stream, step, offset)

    @part
    def drop_samples(net, out, site, size, step, row_offset):
        """Drop in place at consecutive steps, each for so many rows, by the masks of samples."""
        threshold, flat = net.thresholds[site], vector(out, FIRST, out.size)
        if threshold == DROP_ALL:
            kernels.drop_all(flat)
        elif threshold != ZERO:
            scale, offset = net.scales[site], row_offset * np.uint64(out.shape[1])
            key, stream, elements = net.key, np.uint64(site) | SAMPLES, size * out.shape[1]
            kernels.dropout_steps(flat, flat, elements, threshold, scale, key[0], key[1], stream, step, offset)

    return Sites(
        drop_elements,
        drop_samples,
        by_the_product(target),
        again(target, drop_elements),
        fused=True,
        by_sign=True,
        learns=False,
    )
