"""The arrays of a network: a table of layers, flat buffers, and views into them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.memory import Allocate
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
    "logits",
    "matrix",
    "new_network",
    "parameter_views",
    "reserve",
    "row_size",
    "with_own_buffers",
]

# Columns of the table of layers. Offsets count elements of the parameters, or units of the buffer of outputs.
INPUTS, UNITS, WEIGHT, BIAS, OUTPUT, LOGIT = range(6)


SETTINGS = 10  # largest number of hyperparameters of an update rule, with the bound on the gradient

MAX_PARAMETERS = 2**40  # no machine holds more, and products of sizes stay far from overflow


class Network(NamedTuple):
    """The arrays that a pass reads and writes. R is the number of rows that the buffers hold."""

    layers: NDArray[np.int64]  # (L, 6), columns above
    params: NDArray[Any]  # (P,): all weights, layer by layer, then all biases, then the logits of learned rates
    dparams: NDArray[Any]  # (P,): the gradients of the parameters
    input_offset: NDArray[np.float64]  # (C,): the input is (x - input_offset) * input_scale
    input_scale: NDArray[np.float64]  # (C,)
    target_offset: NDArray[np.float64]  # (K,): the same for a regression target
    target_scale: NDArray[np.float64]  # (K,)
    thresholds: NDArray[np.uint64]  # (L,): of the dropout on each layer's input. 0 drops nothing, 2**32 drops all
    scales: NDArray[Any]  # (L,): the scales of kept values
    key: NDArray[np.uint64]  # (2,): low and high half of the seed
    outputs: NDArray[Any]  # (R * units,): the input, then the output of each layer, each (rows, units)
    doutputs: NDArray[Any]  # (2, R * max units): the gradients of a layer's output and of its input, alternating
    losses: NDArray[Any]  # (R,)
    correct: NDArray[Any]  # (R,)
    labels: NDArray[np.int64]  # (R,): the classes of the batch
    targets: NDArray[Any]  # (R * K,): the targets of the batch if they are not classes
    weights: NDArray[Any]  # (R,): the sample weights of the batch, optional
    sums: NDArray[np.float64]  # (SUMS,): partial sums
    # Only some variants have the following arrays. Passing None to compiled code takes no time.
    unit_thresholds: NDArray[np.uint64] | None  # (units of all sites,): one for each unit, with a rate for each unit
    unit_scales: NDArray[Any] | None  # (units of all sites,): the same for scales
    unit_mask: NDArray[np.bool_] | None  # (max units,): of a batch that drops the same units in all rows
    row_starts: NDArray[np.int64] | None  # (R,): zeros, the start of each row in the mask or in the units' rates
    kept: NDArray[np.int64] | None  # (L + 1, max units + 2): lists of the units that a sub-network keeps
    inner_layers: NDArray[np.int64] | None  # (L, 6): the layers of the network that a batch runs through instead
    inner_params: NDArray[Any] | None  # (P,)
    inner_dparams: NDArray[Any] | None  # (P,)
    regularization: NDArray[Any] | None  # (2,): strengths of the regularizers of weights and of learned rates
    hyperparameters: NDArray[Any] | None  # (SETTINGS,): those of one layer at one step


def layer_table(sizes: list[int]) -> NDArray[np.int64]:
    """Return the table of layers for sizes, input first. All weights precede the biases, which have no weight decay."""
    table = np.zeros((len(sizes) - 1, LOGIT + 1), np.int64)
    table[:, INPUTS], table[:, UNITS] = sizes[:-1], sizes[1:]
    weights = table[:, INPUTS] * table[:, UNITS]
    table[:, WEIGHT] = np.cumsum(weights) - weights
    table[:, BIAS] = weights.sum() + np.cumsum(table[:, UNITS]) - table[:, UNITS]
    table[:, OUTPUT] = np.cumsum(table[:, INPUTS])
    table[:, LOGIT] = weights.sum() + table[:, UNITS].sum() + np.arange(len(table))
    return table


def matrix(flat, start, rows, columns):
    """Return a view of rows * columns elements of a flat buffer, from start on, as a matrix."""
    return flat[start : start + rows * columns].reshape(rows, columns)


def _empty_buffers(dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return the buffers for a batch of 0 rows, by name."""
    floats = dict.fromkeys(("outputs", "losses", "correct", "targets", "weights"), np.empty(0, dtype))
    return {**floats, "doutputs": np.empty((2, 0), dtype), "labels": np.empty(0, np.int64)}


def new_network(
    sizes: list[int],
    rates: Sequence[float],
    seed: int,
    dtype: np.dtype[Any],
    zeros: Allocate,
    *,
    variant: str = "dropout",
    compact: bool = False,
) -> Network:
    """Return a network of zeros with buffers for 0 rows. `rates` are the input's, then those of the hidden layers.

    A variant may have more arrays. `compact` adds the arrays of a sub-network. zeros(size, dtype) returns a flat array
    on the network's device. The table of layers stays on the host.
    """
    size = sum((inputs + 1) * units for inputs, units in itertools.pairwise(sizes))
    if size > MAX_PARAMETERS:
        raise errors.InputError(
            f"sizes: expected at most {MAX_PARAMETERS:,} parameters, got {size:,}; make the layers smaller"
        )
    layers = layer_table(sizes)
    thresholds = [contract.threshold(p) for p in rates]
    if variant == "gaussian":
        scales = [contract.deviation(p) if t else 0.0 for p, t in zip(rates, thresholds, strict=True)]
    else:
        scales = [contract.scale(t, dtype) for t in thresholds]
    shared_mask, per_unit = variant == "subnetwork", sum(sizes[:-1]) if variant == "rates" else 0
    learned_rates, connections = variant == "concrete", variant == "dropconnect"
    size += len(layers) if learned_rates else 0
    dparams = zeros(size, dtype)
    return Network(
        layers=layers,
        params=zeros(size, dtype),
        dparams=dparams,
        input_offset=zeros(sizes[0], np.float64),
        input_scale=zeros(sizes[0], np.float64),
        target_offset=zeros(sizes[-1], np.float64),
        target_scale=zeros(sizes[-1], np.float64),
        thresholds=np.array(thresholds, np.uint64),
        scales=np.array(scales, dtype),
        key=np.array(contract.key(seed), np.uint64),
        **_empty_buffers(dtype),
        sums=zeros(SUMS, np.float64),
        unit_thresholds=zeros(per_unit, np.uint64) if per_unit else None,
        unit_scales=zeros(per_unit, dtype) if per_unit else None,
        unit_mask=zeros(max(sizes), np.bool_) if shared_mask else None,
        row_starts=np.empty(0, np.int64) if per_unit or shared_mask else None,
        kept=np.zeros((len(sizes), max(sizes) + 2), np.int64) if compact else None,
        inner_layers=layers.copy() if compact else layers if connections else None,
        inner_params=zeros(size, dtype) if compact or connections else None,
        inner_dparams=zeros(size, dtype) if compact else dparams if connections else None,
        regularization=zeros(2, dtype) if learned_rates else None,
        hyperparameters=zeros(SETTINGS, dtype) if learned_rates else None,
    )


def with_own_buffers(net: Network, zeros: Allocate) -> Network:
    """Return the network with new arrays for all that a pass writes, and buffers for 0 rows.

    Parameters, gradients, scaling and rates share memory with `net`.
    """
    dtype = net.params.dtype
    compact = net.kept is not None
    return net._replace(
        **_empty_buffers(dtype),
        sums=zeros(net.sums.size, np.float64),
        unit_mask=None if net.unit_mask is None else zeros(net.unit_mask.size, np.bool_),
        row_starts=None if net.row_starts is None else np.empty(0, np.int64),
        kept=None if net.kept is None else np.zeros_like(net.kept),
        inner_layers=net.layers.copy() if compact else net.inner_layers,
        inner_params=None if net.inner_params is None else zeros(net.inner_params.size, dtype),
        inner_dparams=zeros(net.dparams.size, dtype) if compact else net.inner_dparams,
        hyperparameters=None if net.hyperparameters is None else zeros(SETTINGS, dtype),
    )


def reserve(net: Network, rows: int, empty: Allocate, zeros: Allocate) -> Network:
    """Return the network with buffers for n rows. All other arrays share memory with `net`."""
    dtype = net.params.dtype
    width = widest(net, rows)
    return net._replace(
        outputs=empty(rows * units_of(net), dtype),
        doutputs=empty(2 * width, dtype).reshape(2, width),
        losses=empty(rows, dtype),
        correct=empty(rows, dtype),
        labels=empty(rows, np.int64),
        targets=empty(rows * int(net.layers[-1, UNITS]), dtype),
        weights=empty(rows, dtype),
        row_starts=None if net.row_starts is None else zeros(rows, np.int64),
    )


def units_of(net: Network) -> int:
    """Return the number of values of a row in the buffer of outputs: the inputs and the units of all layers."""
    return int(net.layers[0, INPUTS] + net.layers[:, UNITS].sum())


def widest(net: Network, rows: int) -> int:
    """Return the size of the largest array (rows, units), rounded up to whole cache lines."""
    per_line = CACHE_LINE // net.params.dtype.itemsize
    return -(-rows * int(net.layers[:, INPUTS : UNITS + 1].max()) // per_line) * per_line


def row_size(net: Network) -> int:
    """Return the bytes of one row in the buffers of `reserve`."""
    floats = units_of(net) + 2 * int(net.layers[:, INPUTS : UNITS + 1].max()) + 3 + int(net.layers[-1, UNITS])
    return floats * int(net.params.dtype.itemsize) + 8 * (1 if net.row_starts is None else 2)


def parameter_views(net: Network, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return views of the parameters or of their gradients under their names.

    The names are "0.weight" (units, inputs) and "0.bias" (units,), and so on. With learned rates, "0.logit" (1,) is the
    logit of the rate of the layer's input.
    """
    views = {}
    for layer, row in enumerate(net.layers):
        views[f"{layer}.weight"] = matrix(flat, row[WEIGHT], row[UNITS], row[INPUTS])
        views[f"{layer}.bias"] = flat[row[BIAS] : row[BIAS] + row[UNITS]]
        if net.regularization is not None and net.thresholds[layer]:
            views[f"{layer}.logit"] = flat[row[LOGIT] : row[LOGIT] + 1]
    return views


def logits(net: Network, flat: NDArray[Any]) -> NDArray[Any]:
    """Return a view of the logits (L,) of learned rates, in the parameters or in their gradients."""
    return flat[net.layers[0, LOGIT] :]
