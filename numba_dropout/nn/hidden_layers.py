"""The hidden layers of a network: a product, an activation, and dropout where a variant fuses it.

ReLU needs no slopes: its backward pass uses the sign of the outputs. If a network has another activation, the forward
pass keeps the derivatives of the outputs of all its hidden layers, and the backward pass multiplies by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .buffers import ACTIVATION
from .views import FIRST, Target, Views

if TYPE_CHECKING:
    from .variants.variant import Variant

__all__ = ["RELU_ONLY", "HiddenLayers", "distinct", "hidden_layers", "keeps_slopes"]

RELU_ONLY = ("relu",)


def distinct(activations: Sequence[str]) -> tuple[str, ...]:
    """Return the names of activations, each once. A network without hidden layers has those of ReLU."""
    return tuple(dict.fromkeys(activations)) or RELU_ONLY


class HiddenLayers(NamedTuple):
    """The functions of hidden layers."""

    forward: Callable[..., None]  # (net, layer, out, slopes, inp, weight, bias, threshold, step, row_offset)
    slopes: Callable[..., Any]  # (net, layer, rows): a view of the slopes, without elements if none are kept
    by_sign: bool  # the backward pass uses the sign of the outputs


def keeps_slopes(activations: Sequence[str], variant: Variant) -> bool:
    """Return whether the backward pass needs slopes."""
    return distinct(activations) != RELU_ONLY or variant.needs_slopes


def hidden_layers(target: Target, views: Views, activations: Sequence[str], variant: Variant) -> HiddenLayers:
    """Return the functions of hidden layers with some activations, for one target."""
    if not keeps_slopes(activations, variant):
        return _relu_layers(target)
    return HiddenLayers(_any_of(target, activations, 0), views.slopes, by_sign=False)


def _relu_layers(target: Target) -> HiddenLayers:
    """Return the functions of hidden layers with ReLU."""
    kernels, matrix = target.kernels, target.matrix

    @target.inlined
    def forward(net, layer, out, slopes, inp, weight, bias, threshold, step, row_offset):
        """Write the outputs of a layer."""
        site, offset = layer + 1, row_offset * np.uint64(out.shape[1])
        kernels.linear_relu_dropout_forward(
            out,
            inp,
            weight,
            bias,
            threshold,
            net.rates.scales[site],
            net.key[0],
            net.key[1],
            np.uint64(site),
            step,
            offset,
        )

    @target.inlined
    def slopes(net, layer, rows):
        """Return a view without elements."""
        return matrix(net.batch.outputs, FIRST, FIRST, FIRST)

    return HiddenLayers(forward, slopes, by_sign=True)


def _any_of(target: Target, activations: Sequence[str], index: int) -> Callable[..., None]:
    """Return the function of hidden layers whose activation is one of the names from `index` on."""
    kernel = target.kernels.linear_dropout(activations[index])

    @target.internal
    def one(net, layer, out, slopes, inp, weight, bias, threshold, step, row_offset):
        """Write the outputs of a layer, and their slopes unless their array is empty."""
        site, offset = layer + 1, row_offset * np.uint64(out.shape[1])
        kernel(
            out,
            slopes,
            inp,
            weight,
            bias,
            threshold,
            net.rates.scales[site],
            net.key[0],
            net.key[1],
            np.uint64(site),
            step,
            offset,
        )

    if index == len(activations) - 1:
        return one
    others = _any_of(target, activations, index + 1)

    @target.internal
    def forward(net, layer, out, slopes, inp, weight, bias, threshold, step, row_offset):
        """Write the outputs of a layer with the activation in the table of layers."""
        if net.run.layers[layer, ACTIVATION] == index:
            one(net, layer, out, slopes, inp, weight, bias, threshold, step, row_offset)
        else:
            others(net, layer, out, slopes, inp, weight, bias, threshold, step, row_offset)

    return forward
