"""The base class of the variants of dropout in a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...arrays.memory import Allocate
from ...functional._rates import Rates
from ..buffers import Parameters
from ..hidden_layers import HiddenLayers
from ..updates import Rule
from ..views import Target, Views
from .sites import ZERO, Sites

__all__ = ["Layers", "Training", "Variant"]

TRUE, FALSE = np.bool_(True), np.bool_(False)  # Numba would compile a version of its own for each literal


class Layers(NamedTuple):
    """The functions that run a batch through all layers, through the parameters `run` of a network.

    Backward passes take (net, rows, training, to_input, step, row_offset, operands).
    """

    load: Callable[..., None]  # (net, data, rows)
    forward: Callable[..., None]  # (net, rows, training, keep, step, row_offset)
    hidden: HiddenLayers
    backward: Callable[..., None]  # writes the gradients, without operands
    update: Callable[..., None]  # updates each layer at once, with (state, hyperparameters)


class Training(NamedTuple):
    """The functions of a training step."""

    forward: Callable[..., None]  # (net, data, rows, step, row_offset): load rows and run the forward pass
    gradients: Callable[..., None]  # (net, rows, to_input, step, row_offset): write the gradients of the master
    update: Callable[..., None] | None  # (net, rows, step, state, hyperparameters), or None: from stored gradients
    sample: Callable[..., None] | None  # as `Passes.sample`, or None: with the masks of the sites


class Variant:
    """A variant of dropout: what it is called, which rates it takes, and the functions and arrays that it needs."""

    title = ""  # of its stage in a network
    takes_one = True  # whether rates may be 1
    takes_schedule = True  # whether rates may follow a schedule
    learns_rates = False
    needs_slopes = False  # whether the backward pass cannot use the sign of outputs of ReLU
    needs_row_starts = False  # whether its kernels take the start of each row in a mask

    def scales(self, p: NDArray[np.float64], rates: Rates) -> NDArray[Any]:
        """Return the scales of kept values for an array p of rates, which has these thresholds and scales."""
        return rates.scales

    def sites(self, target: Target, views: Views) -> Sites:
        """Return the functions between the layers, for one target."""
        raise NotImplementedError

    def training(self, target: Target, views: Views, rule: Rule, layers: Layers, sparse: bool) -> Training:
        """Return the functions of a training step. By default, a batch runs through the master parameters."""
        inlined, on_master = target.inlined, views.on_master
        load, forward, _, backward, backward_with_updates = layers

        @inlined
        def forward_train(network, data, batch, step, row_offset):
            """Load rows of the data and run the forward pass in training mode."""
            net = on_master(network)
            load(net, data, batch)
            forward(net, batch.size, TRUE, TRUE, step, row_offset)

        @inlined
        def gradients(net, rows, to_input, step, row_offset):
            """Run the backward pass in training mode, and write the gradients."""
            backward(on_master(net), rows, TRUE, to_input, step, row_offset, ())

        @inlined
        def update(net, rows, step, state, hyperparameters):
            """Run the backward pass in training mode, and update the parameters."""
            backward_with_updates(on_master(net), rows, TRUE, FALSE, step, ZERO, (state, hyperparameters))

        return Training(forward_train, gradients, update, None)

    def update_layer(self, target: Target, views: Views, rule: Rule, update: Callable[..., None]) -> Any:
        """Return the function that updates a layer, from one that updates its weight and bias."""
        return update

    def run(self, master: Parameters, zeros: Allocate, compact: bool) -> Parameters:
        """Return the parameters that a batch runs through. Each workspace has its own."""
        return master

    def extra(self, sizes: Sequence[int], dtype: np.dtype[Any], zeros: Allocate, compact: bool) -> Any:
        """Return the variant's own arrays as a named tuple, or None."""
        return None

    def own(self, extra: Any, zeros: Allocate) -> Any:
        """Return the variant's own arrays for another workspace: new ones where a pass writes."""
        return extra
