"""What a network is made of while it computes: a table of layers, flat buffers, and views into them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.backend import Allocate
from ..core import contract, errors
from ..kernels.scalar.constants import SUMS
from ..kernels.simd import CACHE_LINE

__all__ = [
    "BIAS",
    "INPUTS",
    "LOGIT",
    "OUTPUT",
    "SETTINGS",
    "UNITS",
    "WEIGHT",
    "Network",
    "apart",
    "lay_out",
    "logits",
    "matrix",
    "parameter_views",
    "reserve",
    "row_size",
]

# Columns of the table of layers. Starts are in elements of the parameters, or in units of the outputs' buffer.
INPUTS, UNITS, WEIGHT, BIAS, OUTPUT, LOGIT = range(6)


SETTINGS = 10  # of an update rule, at most, with the bound on the gradient

LARGEST = 2**40  # parameters: no machine holds more, and products of sizes stay far from overflowing


class Network(NamedTuple):
    """All that a pass reads and writes; R is the number of rows that there is room for."""

    layers: NDArray[np.int64]  # (L, 6), columns above
    params: NDArray[Any]  # (P,): all weights, layer by layer, then all biases, then the logits of rates that are learnt
    dparams: NDArray[Any]  # (P,): their gradients
    shift: NDArray[np.float64]  # (C,): the input is (x - shift) * stretch
    stretch: NDArray[np.float64]  # (C,)
    target_shift: NDArray[np.float64]  # (K,): the same for the target of a regression
    target_stretch: NDArray[np.float64]  # (K,)
    thresholds: NDArray[np.uint64]  # (L,): of the dropout on each layer's input; 0 is none, 2**32 drops all
    scales: NDArray[Any]  # (L,): their scales
    key: NDArray[np.uint64]  # (2,): low and high half of the seed
    outputs: NDArray[Any]  # (R * units,): the input, then every layer's output, each (rows, units)
    doutputs: NDArray[Any]  # (2, R * most units): the gradient by a layer's output and by its input, in turn
    losses: NDArray[Any]  # (R,)
    correct: NDArray[Any]  # (R,)
    labels: NDArray[np.int64]  # (R,): the batch's classes
    targets: NDArray[Any]  # (R * K,): the batch's targets, where they are not classes
    weights: NDArray[Any]  # (R,): the weights of the batch's rows, where they have some
    sums: NDArray[np.float64]  # (SUMS,): parts of a sum
    # of some variants only: what is not there takes no time to hand over
    unit_thresholds: NDArray[np.uint64] | None  # (units of all sites,): each unit's own, where rates are many
    unit_scales: NDArray[Any] | None  # the same of scales
    unit_mask: NDArray[np.bool_] | None  # (most units,): of a batch that drops the same units in all rows
    row_starts: NDArray[np.int64] | None  # (R,): 0, where each row begins in the mask, or in the units' rates
    kept: NDArray[np.int64] | None  # (L + 1, most units + 2): lists of the units that a thinned network keeps
    inner_layers: NDArray[np.int64] | None  # (L, 6): the table of the network that a batch runs through instead
    inner_params: NDArray[Any] | None  # (P,)
    inner_dparams: NDArray[Any] | None  # (P,)
    regularization: (
        NDArray[Any] | None
    )  # (2,): of the regulariser of weights and of that of rates, where those are learnt
    hyperparameters: NDArray[Any] | None  # (SETTINGS,): a layer's, of a step


def layer_table(sizes: list[int]) -> NDArray[np.int64]:
    """Lay out a network of the given sizes, input first: all weights come first, so that decay can stop after them."""
    table = np.zeros((len(sizes) - 1, LOGIT + 1), np.int64)
    table[:, INPUTS], table[:, UNITS] = sizes[:-1], sizes[1:]
    weights = table[:, INPUTS] * table[:, UNITS]
    table[:, WEIGHT] = np.cumsum(weights) - weights
    table[:, BIAS] = weights.sum() + np.cumsum(table[:, UNITS]) - table[:, UNITS]
    table[:, OUTPUT] = np.cumsum(table[:, INPUTS])
    table[:, LOGIT] = weights.sum() + table[:, UNITS].sum() + np.arange(len(table))
    return table


def matrix(flat, start, rows, columns):
    """View rows * columns elements of a flat buffer, from start on, as a matrix."""
    return flat[start : start + rows * columns].reshape(rows, columns)


def _no_room(dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return the buffers of a batch of no rows, by name."""
    numbers = dict.fromkeys(("outputs", "losses", "correct", "targets", "weights"), np.empty(0, dtype))
    return {**numbers, "doutputs": np.empty((2, 0), dtype), "labels": np.empty(0, np.int64)}


def lay_out(
    sizes: list[int],
    rates: Sequence[float],
    seed: int,
    dtype: np.dtype[Any],
    zeros: Allocate,
    *,
    variant: str = "dropout",
    thinned: bool = False,
) -> Network:
    """Return a network of zeros and without room for rows; `rates` are the input's, then the hidden layers'.

    A variant has more arrays, and with `thinned` room for a sub-network. zeros(size, dtype) gives a flat array, where
    the network is to be; what leads through the network stays on the host.
    """
    size = sum((inputs + 1) * units for inputs, units in itertools.pairwise(sizes))
    if size > LARGEST:
        raise errors.InputError(f"sizes: {size:,} parameters, where {LARGEST:,} are the most; make the layers smaller")
    layers = layer_table(sizes)
    thresholds = [contract.threshold(p) for p in rates]
    if variant == "gaussian":
        scales = [contract.deviation(p) if t else 0.0 for p, t in zip(rates, thresholds, strict=True)]
    else:
        scales = [contract.scale(t, dtype) for t in thresholds]
    masked, many = variant == "subnetwork", sum(sizes[:-1]) if variant == "rates" else 0
    learnt, connections = variant == "concrete", variant == "dropconnect"
    size += len(layers) if learnt else 0
    dparams = zeros(size, dtype)
    return Network(
        layers=layers,
        params=zeros(size, dtype),
        dparams=dparams,
        shift=zeros(sizes[0], np.float64),
        stretch=zeros(sizes[0], np.float64),
        target_shift=zeros(sizes[-1], np.float64),
        target_stretch=zeros(sizes[-1], np.float64),
        thresholds=np.array(thresholds, np.uint64),
        scales=np.array(scales, dtype),
        key=np.array(contract.key(seed), np.uint64),
        **_no_room(dtype),
        sums=zeros(SUMS, np.float64),
        unit_thresholds=zeros(many, np.uint64) if many else None,
        unit_scales=zeros(many, dtype) if many else None,
        unit_mask=zeros(max(sizes), np.bool_) if masked else None,
        row_starts=np.empty(0, np.int64) if many or masked else None,
        kept=np.zeros((len(sizes), max(sizes) + 2), np.int64) if thinned else None,
        inner_layers=layers.copy() if thinned else layers if connections else None,
        inner_params=zeros(size, dtype) if thinned or connections else None,
        inner_dparams=zeros(size, dtype) if thinned else dparams if connections else None,
        regularization=zeros(2, dtype) if learnt else None,
        hyperparameters=zeros(SETTINGS, dtype) if learnt else None,
    )


def apart(net: Network, zeros: Allocate) -> Network:
    """Return the network with arrays of its own for all that a pass writes, without room for rows.

    Parameters, gradients, scaling and rates are the same memory.
    """
    dtype = net.params.dtype
    thinned = net.kept is not None
    return net._replace(
        **_no_room(dtype),
        sums=zeros(net.sums.size, np.float64),
        unit_mask=None if net.unit_mask is None else zeros(net.unit_mask.size, np.bool_),
        row_starts=None if net.row_starts is None else np.empty(0, np.int64),
        kept=None if net.kept is None else np.zeros_like(net.kept),
        inner_layers=net.layers.copy() if thinned else net.inner_layers,
        inner_params=None if net.inner_params is None else zeros(net.inner_params.size, dtype),
        inner_dparams=zeros(net.dparams.size, dtype) if thinned else net.inner_dparams,
        hyperparameters=None if net.hyperparameters is None else zeros(SETTINGS, dtype),
    )


def reserve(net: Network, rows: int, empty: Allocate, zeros: Allocate) -> Network:
    """Return the network with buffers for so many rows; all the rest stays the same memory."""
    dtype = net.params.dtype
    most = widest(net, rows)
    return net._replace(
        outputs=empty(rows * units_of(net), dtype),
        doutputs=empty(2 * most, dtype).reshape(2, most),
        losses=empty(rows, dtype),
        correct=empty(rows, dtype),
        labels=empty(rows, np.int64),
        targets=empty(rows * int(net.layers[-1, UNITS]), dtype),
        weights=empty(rows, dtype),
        row_starts=None if net.row_starts is None else zeros(rows, np.int64),
    )


def units_of(net: Network) -> int:
    """Return the number of values that a row takes through the network: the input's and all layers' units."""
    return int(net.layers[0, INPUTS] + net.layers[:, UNITS].sum())


def widest(net: Network, rows: int) -> int:
    """Return the size of the largest array (rows, units), in whole cache lines."""
    per_line = CACHE_LINE // net.params.dtype.itemsize
    return -(-rows * int(net.layers[:, INPUTS : UNITS + 1].max()) // per_line) * per_line


def row_size(net: Network) -> int:
    """Return the bytes that a row takes of `reserve`'s buffers."""
    numbers = units_of(net) + 2 * int(net.layers[:, INPUTS : UNITS + 1].max()) + 3 + int(net.layers[-1, UNITS])
    return numbers * int(net.params.dtype.itemsize) + 8 * (1 if net.row_starts is None else 2)


def parameter_views(net: Network, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """View the parameters, or their gradients, by name: "0.weight" (units, inputs), "0.bias" (units,), ...

    Where a rate is learnt, "0.logit" (1,) is that of the rate of the layer's input.
    """
    views = {}
    for number, row in enumerate(net.layers):
        views[f"{number}.weight"] = matrix(flat, row[WEIGHT], row[UNITS], row[INPUTS])
        views[f"{number}.bias"] = flat[row[BIAS] : row[BIAS] + row[UNITS]]
        if net.regularization is not None and net.thresholds[number]:
            views[f"{number}.logit"] = flat[row[LOGIT] : row[LOGIT] + 1]
    return views


def logits(net: Network, flat: NDArray[Any]) -> NDArray[Any]:
    """View the logits (L,) of the rates that are learnt, in the parameters or in their gradients."""
    return flat[net.layers[0, LOGIT] :]
