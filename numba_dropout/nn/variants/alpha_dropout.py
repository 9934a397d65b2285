"""Alpha dropout between the layers of a network: dropped units take SELU's limit, and mean and variance stay."""

from __future__ import annotations

import numpy as np

from ...kernels.scalar.alpha_dropout import affine_map
from ..views import FIRST, Target, Views
from .sites import DROP_ALL, ZERO, Sites, left_to_product, sample_by_sample
from .variant import Variant

__all__ = ["AlphaDropout"]


class AlphaDropout(Variant):
    """Dropout that keeps mean 0 and variance 1 (Klambauer et al., NeurIPS 2017, section 3)."""

    title = "alpha dropout"
    needs_slopes = True

    def sites(self, target: Target, views: Views) -> Sites:
        """Return the functions of alpha dropout, for one target."""
        kernels, internal, vector = target.kernels, target.internal, target.vector

        @internal
        def drop(net, out, site, purpose, step, row_offset):
            """Map kept elements and replace dropped ones, in place."""
            threshold, flat = net.rates.thresholds[site], vector(out, FIRST, out.size)
            if threshold == DROP_ALL:
                kernels.drop_all(flat)
            elif threshold != ZERO:
                number = net.rates.scales.dtype.type
                slope, shift, dropped = affine_map(threshold)
                slope, shift, dropped = number(slope), number(shift), number(dropped)
                key, stream, offset = net.key, np.uint64(site) | purpose, row_offset * np.uint64(out.shape[1])
                kernels.alpha_dropout_forward(
                    flat, flat, slope, shift, dropped, threshold, key[0], key[1], stream, step, offset
                )

        @internal
        def drop_slopes(net, out, site, purpose, step, row_offset):
            """Multiply kept slopes or gradients by the slope of the map, and drop the others, in place."""
            threshold, flat = net.rates.thresholds[site], vector(out, FIRST, out.size)
            if threshold == DROP_ALL:
                kernels.drop_all(flat)
            elif threshold != ZERO:
                slope, _, _ = affine_map(threshold)
                scale = net.rates.scales.dtype.type(slope)
                key, stream, offset = net.key, np.uint64(site) | purpose, row_offset * np.uint64(out.shape[1])
                kernels.dropout_forward(flat, flat, threshold, scale, key[0], key[1], stream, step, offset)

        @internal
        def backward_to_input(net, dout, out, step, row_offset):
            """Backpropagate through the input's dropout, in place."""
            drop_slopes(net, dout, FIRST, ZERO, step, row_offset)

        samples, unused = sample_by_sample(target, drop), left_to_product(target)
        return Sites(drop, samples, unused, backward_to_input, fused=False, by_sign=False, drop_slopes=drop_slopes)
