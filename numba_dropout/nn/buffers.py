"""The arrays of a network: a table of layers, flat buffers, and views into them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.memory import Allocate
from ..core import contract, errors
from ..functional._rates import rates_of
from ..kernels.scalar.constants import SUMS
from ..kernels.simd import CACHE_LINE

if TYPE_CHECKING:
    from .variants.variant import Variant

__all__ = [
    "ACTIVATION",
    "BIAS",
    "INPUTS",
    "LOGIT",
    "OUTPUT",
    "UNITS",
    "WEIGHT",
    "Batch",
    "Network",
    "Parameters",
    "Rates",
    "Scaling",
    "in_plain_tuples",
    "logits",
    "matrix",
    "new_network",
    "parameter_views",
    "reserve",
    "row_size",
    "with_own_buffers",
]

# Columns of the table of layers. Offsets count elements of the parameters, or units of the buffer of outputs. An
# activation is an index in the names of `PassSpec.activations`.
INPUTS, UNITS, WEIGHT, BIAS, OUTPUT, LOGIT, ACTIVATION = range(7)


MAX_PARAMETERS = 2**40  # no machine holds more, and products of sizes stay far from overflow


class Parameters(NamedTuple):
    """Parameters of the layers of a network, and their gradients. P is their number."""

    layers: NDArray[np.int64]  # (L, 7), columns above
    values: NDArray[Any]  # (P,): all weights, layer by layer, then all biases, then the logits of learned rates
    gradients: NDArray[Any]  # (P,)


class Rates(NamedTuple):
    """The dropout on the input of each layer, with one rate for all units."""

    thresholds: NDArray[np.uint64]  # (L,): 0 drops nothing, 2**32 drops all
    scales: NDArray[Any]  # (L,): the scales of kept values


class Scaling(NamedTuple):
    """The standardization of data: the input is (x - input_offset) * input_scale. A regression's target is alike."""

    input_offset: NDArray[np.float64]  # (C,)
    input_scale: NDArray[np.float64]  # (C,)
    target_offset: NDArray[np.float64]  # (K,)
    target_scale: NDArray[np.float64]  # (K,)


class Batch(NamedTuple):
    """Buffers for a batch of up to R rows."""

    outputs: NDArray[Any]  # (R * units,): the input, then the output of each layer, each (rows, units)
    doutputs: NDArray[Any]  # (2, R * max units): the gradients of a layer's output and of its input, alternating
    losses: NDArray[Any]  # (R,)
    correct: NDArray[Any]  # (R,)
    labels: NDArray[np.int64]  # (R,): the classes of the batch
    targets: NDArray[Any]  # (R * K,): the targets of the batch if they are not classes
    weights: NDArray[Any]  # (R,): the sample weights of the batch, optional
    sums: NDArray[np.float64]  # (SUMS,): partial sums
    slopes: NDArray[Any] | None  # (R * hidden units,): of the hidden layers, or None if all activations are ReLU
    row_starts: NDArray[np.int64] | None  # (R,): zeros, the start of each row in a mask that all rows share, or None


class Network(NamedTuple):
    """The arrays that a pass reads and writes."""

    master: Parameters  # those that are trained
    run: Parameters  # those that a batch runs through: the master's, or a variant's copy without what it drops
    rates: Rates
    scaling: Scaling
    batch: Batch
    key: NDArray[np.uint64]  # (2,): low and high half of the seed
    extra: Any  # further arrays of a variant, or None: passing None to compiled code takes no time


def layer_table(sizes: list[int], activations: Sequence[int]) -> NDArray[np.int64]:
    """Return the table of layers for sizes, input first. All weights precede the biases, which have no weight decay."""
    table = np.zeros((len(sizes) - 1, ACTIVATION + 1), np.int64)
    table[:-1, ACTIVATION] = activations
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


def _empty_batch(dtype: np.dtype[Any], zeros: Allocate, *, slopes: bool, row_starts: bool) -> Batch:
    """Return the buffers for a batch of 0 rows, with the given optional ones."""
    floats, integers = np.empty(0, dtype), np.empty(0, np.int64)
    return Batch(
        outputs=floats,
        doutputs=np.empty((2, 0), dtype),
        losses=floats,
        correct=floats,
        labels=integers,
        targets=floats,
        weights=floats,
        sums=zeros(SUMS, np.float64),
        slopes=floats if slopes else None,
        row_starts=integers if row_starts else None,
    )


def new_network(
    sizes: list[int],
    rates: Sequence[float],
    seed: int,
    dtype: np.dtype[Any],
    zeros: Allocate,
    variant: Variant,
    activations: Sequence[int],
    *,
    slopes: bool,
    compact: bool,
) -> Network:
    """Return a network of zeros with buffers for 0 rows. `rates` are the input's, then those of the hidden layers.

    `activations` are the entries of the table of layers. `slopes` are kept unless all activations are ReLU.
    `compact` adds the arrays of a sub-network. zeros(size, dtype) returns a flat array on the network's device. The
    table of layers stays on the host.
    """
    size = sum((inputs + 1) * units for inputs, units in itertools.pairwise(sizes))
    if size > MAX_PARAMETERS:
        raise errors.InputError(
            f"sizes: expected at most {MAX_PARAMETERS:,} parameters, got {size:,}; make the layers smaller"
        )
    layers, p = layer_table(sizes, activations), np.array(rates, np.float64)
    site_rates = rates_of(p, dtype)
    size += len(layers) if variant.learns_rates else 0
    master = Parameters(layers, zeros(size, dtype), zeros(size, dtype))
    return Network(
        master=master,
        run=variant.run(master, zeros, compact),
        rates=Rates(site_rates.thresholds, variant.scales(p, site_rates)),
        scaling=Scaling(*(zeros(units, np.float64) for units in (sizes[0], sizes[0], sizes[-1], sizes[-1]))),
        batch=_empty_batch(dtype, zeros, slopes=slopes, row_starts=variant.needs_row_starts),
        key=np.array(contract.key(seed), np.uint64),
        extra=variant.extra(sizes, dtype, zeros, compact),
    )


def in_plain_tuples(net: Network) -> tuple[Any, ...]:
    """Return the network's arrays as plain tuples, except for `extra`: Numba takes them in half the time of named ones.

    `Views.network` is the inverse.
    """
    return *map(tuple, net[:-2]), net.key, net.extra


def with_own_buffers(net: Network, variant: Variant, zeros: Allocate, *, compact: bool) -> Network:
    """Return the network with new arrays for all that a pass writes, and buffers for 0 rows.

    Parameters, gradients, scaling and rates share memory with `net`.
    """
    slopes, row_starts = net.batch.slopes is not None, variant.needs_row_starts
    return net._replace(
        run=variant.run(net.master, zeros, compact),
        batch=_empty_batch(net.master.values.dtype, zeros, slopes=slopes, row_starts=row_starts),
        extra=variant.own(net.extra, zeros),
    )


def reserve(net: Network, rows: int, empty: Allocate, zeros: Allocate) -> Network:
    """Return the network with buffers for n rows. All other arrays share memory with `net`."""
    dtype = net.master.values.dtype
    width = widest(net, rows)
    batch = Batch(
        outputs=empty(rows * units_of(net), dtype),
        doutputs=empty(2 * width, dtype).reshape(2, width),
        losses=empty(rows, dtype),
        correct=empty(rows, dtype),
        labels=empty(rows, np.int64),
        targets=empty(rows * int(net.master.layers[-1, UNITS]), dtype),
        weights=empty(rows, dtype),
        sums=net.batch.sums,
        slopes=None if net.batch.slopes is None else empty(rows * hidden_units(net), dtype),
        row_starts=None if net.batch.row_starts is None else zeros(rows, np.int64),
    )
    return net._replace(batch=batch)


def units_of(net: Network) -> int:
    """Return the number of values of a row in the buffer of outputs: the inputs and the units of all layers."""
    return int(net.master.layers[0, INPUTS] + net.master.layers[:, UNITS].sum())


def hidden_units(net: Network) -> int:
    """Return the number of units of all hidden layers."""
    return int(net.master.layers[:-1, UNITS].sum())


def widest(net: Network, rows: int) -> int:
    """Return the size of the largest array (rows, units), rounded up to whole cache lines."""
    per_line = CACHE_LINE // net.master.values.dtype.itemsize
    return -(-rows * int(net.master.layers[:, INPUTS : UNITS + 1].max()) // per_line) * per_line


def row_size(net: Network) -> int:
    """Return the bytes of one row in the buffers of `reserve`."""
    layers, slopes = net.master.layers, 0 if net.batch.slopes is None else hidden_units(net)
    floats = units_of(net) + slopes + 2 * int(layers[:, INPUTS : UNITS + 1].max()) + 3 + int(layers[-1, UNITS])
    return floats * int(net.master.values.dtype.itemsize) + 8 * (1 if net.batch.row_starts is None else 2)


def parameter_views(net: Network, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return views of the parameters or of their gradients under their names.

    The names are "0.weight" (units, inputs) and "0.bias" (units,), and so on. With learned rates, "0.logit" (1,) is the
    logit of the rate of the layer's input.
    """
    views = {}
    for layer, row in enumerate(net.master.layers):
        views[f"{layer}.weight"] = matrix(flat, row[WEIGHT], row[UNITS], row[INPUTS])
        views[f"{layer}.bias"] = flat[row[BIAS] : row[BIAS] + row[UNITS]]
        if len(flat) > row[LOGIT] and net.rates.thresholds[layer]:
            views[f"{layer}.logit"] = flat[row[LOGIT] : row[LOGIT] + 1]
    return views


def logits(net: Network, flat: NDArray[Any]) -> NDArray[Any]:
    """Return a view of the logits (L,) of learned rates, in the parameters or in their gradients."""
    return flat[net.master.layers[0, LOGIT] :]
