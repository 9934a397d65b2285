"""Dropout between the layers of a network: of independent elements, at one rate for each site."""

from __future__ import annotations

import numpy as np

from ..views import FIRST, Target, Views
from .sites import DROP_ALL, SAMPLES, ZERO, Sites, forward_again, left_to_product
from .variant import Variant

__all__ = ["Dropout"]


class Dropout(Variant):
    """Dropout of independent elements."""

    title = "dropout"

    def sites(self, target: Target, views: Views) -> Sites:
        """Return the functions of dropout, for one target."""
        kernels, internal, vector = target.kernels, target.internal, target.vector

        @internal
        def drop_elements(net, out, site, purpose, step, row_offset):
            """Drop elements of a site's values or of their gradient, in place: the same operation."""
            threshold, flat = net.rates.thresholds[site], vector(out, FIRST, out.size)
            if threshold == DROP_ALL:
                kernels.drop_all(flat)
            elif threshold != ZERO:
                scale, offset = net.rates.scales[site], row_offset * np.uint64(out.shape[1])
                key, stream = net.key, np.uint64(site) | purpose
                kernels.dropout_forward(flat, flat, threshold, scale, key[0], key[1], stream, step, offset)

        @internal
        def drop_samples(net, out, site, size, step, row_offset):
            """Drop in place at consecutive steps of `size` rows each, with the masks of samples."""
            threshold, flat = net.rates.thresholds[site], vector(out, FIRST, out.size)
            if threshold == DROP_ALL:
                kernels.drop_all(flat)
            elif threshold != ZERO:
                scale, offset = net.rates.scales[site], row_offset * np.uint64(out.shape[1])
                key, stream, elements = net.key, np.uint64(site) | SAMPLES, size * out.shape[1]
                kernels.dropout_steps(flat, flat, elements, threshold, scale, key[0], key[1], stream, step, offset)

        return Sites(
            drop_elements,
            drop_samples,
            left_to_product(target),
            forward_again(target, drop_elements),
            fused=True,
            by_sign=True,
        )
