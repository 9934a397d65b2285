"""What dropout does at a site, the values between two layers: in training, on the way back, and for samples.

A variant whose function has no place in the epilogue of a product is done in place, after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...kernels.scalar.philox import PURPOSE
from ..buffers import INPUTS, OUTPUT
from ..views import FIRST, Target, Views

__all__ = ["EVERYTHING", "SAMPLES", "VARIANTS", "ZERO", "Sites", "sites_of"]

VARIANTS = (
    "dropout",
    "gaussian",
    "subnetwork",
    "dropconnect",
    "concrete",
)  # "rates" is dropout with a rate for each unit

ZERO = np.uint64(0)
EVERYTHING = np.uint64(1 << 32)
SAMPLES = np.uint64(PURPOSE["monte carlo"])
NOISE = np.uint64(PURPOSE["noise"])


class Sites(NamedTuple):
    """The functions over a network that `sites_of` builds, and what of them the products do themselves."""

    drop: Callable[..., None]  # in place, at a step
    drop_samples: Callable[..., None]  # in place, at consecutive steps of so many rows each
    back: Callable[..., None]  # take a gradient back through ReLU and dropout, in place
    back_to_input: Callable[..., None]  # the same through the input's dropout
    fused: bool  # `drop` is done in the product before it
    by_sign: bool  # `back` is done in the product after it, by the sign of the values
    learns: bool  # the rates have gradients, the input's too


def sites_of(target: Target, views: Views, variant: str) -> Sites:
    """Write what a variant does, for one target."""
    kernels, part, matrix, vector = target.kernels, target.part, target.matrix, target.vector

    def sample_by_sample(drop):
        """Return the function that goes through samples one by one."""

        @part
        def drop_samples(net, out, site, size, step, row_offset):
            """Drop in place at consecutive steps, each for so many rows, by the masks of samples."""
            for number in range(out.shape[0] // size):
                some = matrix(vector(out, FIRST, out.size), number * size * out.shape[1], size, out.shape[1])
                drop(net, some, site, SAMPLES, step + np.uint64(number), row_offset)

        return drop_samples

    def again(drop):
        """Return the way back through the input's dropout that is the way forward."""

        @part
        def back_to_input(net, dout, out, step, row_offset):
            """Drop the gradient by what was dropped, in place."""
            drop(net, dout, FIRST, ZERO, step, row_offset)

        return back_to_input

    @part
    def by_the_product(net, dout, out, site, step, row_offset):
        """Leave the way back to the product after the site."""
        pass  # Numba's debug information points at a first statement

    if variant == "subnetwork":

        @part
        def drop(net, out, site, purpose, step, row_offset):
            """Drop columns of a site's values, or of the gradient by them, in place: the same for all rows."""
            threshold, flat, units = net.thresholds[site], vector(out, FIRST, out.size), out.shape[1]
            if threshold == EVERYTHING:
                kernels.drop_all(flat)
            elif threshold != ZERO:
                scale, starts, key = net.scales[site], vector(net.row_starts, FIRST, out.shape[0]), net.key
                mask, nothing = vector(net.unit_mask, FIRST, units), net.scales.dtype.type(0)
                kernels.sample_mask(mask, threshold, key[0], key[1], np.uint64(site) | purpose, step, ZERO)
                kernels.apply_mask(flat, flat, units, mask, starts, FIRST + 1, scale, -nothing, nothing)

        return Sites(drop, sample_by_sample(drop), by_the_product, again(drop), fused=False, by_sign=True, learns=False)

    if variant == "rates":

        @part
        def drop(net, out, site, purpose, step, row_offset):
            """Drop elements, each unit's at its own rate, in place: values, or the gradient by them."""
            units = out.shape[1]
            first = net.layers[site, OUTPUT] - net.layers[site, INPUTS]
            thresholds, scales = vector(net.unit_thresholds, first, units), vector(net.unit_scales, first, units)
            starts, flat = vector(net.row_starts, FIRST, out.shape[0]), vector(out, FIRST, out.size)
            key, stream, offset = net.key, np.uint64(site) | purpose, row_offset * np.uint64(units)
            kernels.dropout_rates_forward(
                flat, flat, units, thresholds, scales, starts, key[0], key[1], stream, step, offset
            )

        @part
        def back(net, dout, out, site, step, row_offset):
            """Pass a gradient where the values are positive, and there times the scale of its unit: drop it again."""
            flat = vector(dout, FIRST, dout.size)
            kernels.relu_backward(flat, flat, vector(out, FIRST, out.size))
            drop(net, dout, site, ZERO, step, row_offset)

        return Sites(drop, sample_by_sample(drop), back, again(drop), fused=False, by_sign=False, learns=False)

    if variant == "gaussian":

        @part
        def drop(net, out, site, purpose, step, row_offset):
            """Multiply by noise of mean 1, in place; `scales` are its deviations."""
            if net.thresholds[site] != ZERO:
                flat, key, offset = vector(out, FIRST, out.size), net.key, row_offset * np.uint64(out.shape[1])
                stream = np.uint64(site) | (purpose if purpose else NOISE)
                kernels.gaussian_dropout_forward(flat, flat, net.scales[site], key[0], key[1], stream, step, offset)

        @part
        def back(net, dout, out, site, step, row_offset):
            """Pass a gradient where the ReLU did: where a value is not 0, for noise may have changed its sign."""
            flat, key, offset = vector(dout, FIRST, dout.size), net.key, row_offset * np.uint64(out.shape[1])
            stream, values = np.uint64(site) | NOISE, vector(out, FIRST, out.size)
            kernels.gaussian_relu_derivative(flat, flat, values, net.scales[site], key[0], key[1], stream, step, offset)

        return Sites(drop, sample_by_sample(drop), back, again(drop), fused=False, by_sign=False, learns=False)

    if variant == "concrete":
        logit = views.logit

        @part
        def drop(net, out, site, purpose, step, row_offset):
            """Multiply by masks between 0 and 1, in place."""
            if net.thresholds[site] != ZERO:
                flat, key, offset = vector(out, FIRST, out.size), net.key, row_offset * np.uint64(out.shape[1])
                stream, own = np.uint64(site) | (purpose if purpose else NOISE), logit(net, net.params, site)
                kernels.concrete_dropout_forward(flat, flat, own, key[0], key[1], stream, step, offset)

        @part
        def back_through_dropout(net, dout, out, site, step, row_offset):
            """Take a gradient back through a site's dropout, in place, and write that by its rate's logit."""
            if net.thresholds[site] != ZERO:
                flat, key, offset = vector(dout, FIRST, dout.size), net.key, row_offset * np.uint64(out.shape[1])
                stream, values, own = (
                    np.uint64(site) | NOISE,
                    vector(out, FIRST, out.size),
                    logit(net, net.params, site),
                )
                kernels.concrete_dropout_backward(
                    flat,
                    logit(net, net.dparams, site),
                    net.sums,
                    flat,
                    values,
                    own,
                    key[0],
                    key[1],
                    stream,
                    step,
                    offset,
                )

        @part
        def back(net, dout, out, site, step, row_offset):
            """Pass a gradient where the values are positive, then through the dropout: masks change no sign."""
            flat = vector(dout, FIRST, dout.size)
            kernels.relu_backward(flat, flat, vector(out, FIRST, out.size))
            back_through_dropout(net, dout, out, site, step, row_offset)

        @part
        def back_to_input(net, dout, out, step, row_offset):
            """Take the gradient back through the input's dropout, in place."""
            back_through_dropout(net, dout, out, FIRST, step, row_offset)

        return Sites(drop, sample_by_sample(drop), back, back_to_input, fused=False, by_sign=False, learns=True)

    @part
    def drop_elements(net, out, site, purpose, step, row_offset):
        """Drop elements of a site's values, or of the gradient by them, in place: the same operation."""
        threshold, flat = net.thresholds[site], vector(out, FIRST, out.size)
        if threshold == EVERYTHING:
            kernels.drop_all(flat)
        elif threshold != ZERO:
            scale, offset = net.scales[site], row_offset * np.uint64(out.shape[1])
            key, stream = net.key, np.uint64(site) | purpose
            kernels.dropout_forward(flat, flat, threshold, scale, key[0], key[1], stream, step, offset)

    @part
    def drop_samples(net, out, site, size, step, row_offset):
        """Drop in place at consecutive steps, each for so many rows, by the masks of samples."""
        threshold, flat = net.thresholds[site], vector(out, FIRST, out.size)
        if threshold == EVERYTHING:
            kernels.drop_all(flat)
        elif threshold != ZERO:
            scale, offset = net.scales[site], row_offset * np.uint64(out.shape[1])
            key, stream, elements = net.key, np.uint64(site) | SAMPLES, size * out.shape[1]
            kernels.dropout_steps(flat, flat, elements, threshold, scale, key[0], key[1], stream, step, offset)

    return Sites(
        drop_elements, drop_samples, by_the_product, again(drop_elements), fused=True, by_sign=True, learns=False
    )
