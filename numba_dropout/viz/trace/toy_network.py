"""The toy network: input, weights, biases and masks, of small integers or from a TOML file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core import checks
from ...core.errors import InputError
from ...nn.mlp import MLP

__all__ = ["Toy", "read_toy", "toy_network"]

# Small integers, so that readers can check the results by hand.
X = (1, 1)
LAYERS = (
    ([[2, 1], [-1, 1], [1, 3]], [1, 2, -2]),
    ([[-1, 1, 3], [0, 0, 1], [-1, 1, 0]], [0, 2, 1]),
    ([[-1, 3, 1], [0, 2, -1]], [1, 1]),
    ([[2, 3]], [1]),
)
MASKS = ("11", "101", "110", "01")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Toy:
    """An input (inputs,), the weight and bias of each layer, a mask for each site, and the rate of hidden units."""

    x: Array
    layers: Sequence[tuple[Array, Array]]
    masks: Sequence[NDArray[np.bool_]]
    p: float

    @property
    def sizes(self) -> list[int]:
        """The number of units of each layer, starting with the input."""
        return [self.x.size, *(bias.size for _, bias in self.layers)]

    def network(self) -> MLP:
        """Return the network as an `MLP`."""
        net = MLP(self.sizes, dropout=self.p, loss="mse", dtype="float64")
        arrays = [(f"{number}.weight", weight) for number, (weight, _) in enumerate(self.layers)]
        arrays += [(f"{number}.bias", bias) for number, (_, bias) in enumerate(self.layers)]
        net.load_state_dict(dict(arrays))
        return net


def toy_network(x: Any = None, layers: Any = None, masks: Sequence[str] | None = None, p: Any = 0.5) -> Toy:
    """Return a toy network from an input (inputs,), layers (weight, bias), masks of 0 and 1 for each site, and a rate.

    Omitted values are those of the built-in network. With other `layers` the default masks keep all units. Raise
    InputError if the shapes do not match.
    """
    arrays = [_layer(number, *layer) for number, layer in enumerate(LAYERS if layers is None else layers, 1)]
    if not arrays:
        raise InputError("layers: expected at least one, got none")
    sizes = [arrays[0][0].shape[1], *(bias.size for _, bias in arrays)]
    for number, (inputs, (weight, _)) in enumerate(zip(sizes, arrays, strict=False), 1):
        if weight.shape[1] != inputs:
            raise InputError(f"layer {number}: expected weights for {inputs} inputs, got {weight.shape[1]}")
    array = _numbers(X if x is None else x, "x", 1)
    if array.size != sizes[0]:
        raise InputError(f"x: expected {sizes[0]} numbers, got {array.size}")
    if masks is None:
        masks = MASKS if layers is None else ["1" * units for units in sizes[:-1]]
    return Toy(array, arrays, _masks(masks, sizes[:-1]), checks.probability(p))


def read_toy(path: str | os.PathLike[str], masks: Sequence[str] | None = None) -> Toy:
    """Return the network of a TOML file with x, p, masks and layers, each a table with weight (rows) and bias.

    `masks` replaces the masks of the file. Raises InputError if the file is invalid. TOML requires Python 3.11.
    """
    text = Path(path).read_bytes()
    try:
        import tomllib
    except ImportError:
        raise InputError(f"{path}: reading TOML requires Python 3.11 or later") from None
    try:
        table = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from None
    unknown = sorted(set(table) - {"x", "p", "masks", "layers"})
    if unknown:
        raise InputError(f"{path}: expected x, p, masks and layers, got {', '.join(unknown)}")
    layers = table.get("layers", [])
    keys = {"weight", "bias"}
    if not isinstance(layers, list) or any(not isinstance(layer, dict) or set(layer) != keys for layer in layers):
        raise InputError(f"{path}: expected tables [[layers]] with weight and bias")
    if layers:
        table["layers"] = [(layer["weight"], layer["bias"]) for layer in layers]
    if masks is not None:
        table["masks"] = masks
    try:
        return toy_network(**table)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None


def _numbers(values: Any, name: str, ndim: int) -> Array:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != ndim or array.size == 0 or not np.isfinite(array).all():
        kind = "a list of numbers" if ndim == 1 else "rows of numbers with equal lengths"
        raise InputError(f"{name}: expected {kind}, got {values!r}")
    return array


def _layer(number: int, weight: Any, bias: Any) -> tuple[Array, Array]:
    weight, bias = _numbers(weight, f"layer {number}, weight", 2), _numbers(bias, f"layer {number}, bias", 1)
    if len(weight) != len(bias):
        raise InputError(f"layer {number}: expected a bias for each of {len(weight)} units, got {len(bias)}")
    return weight, bias


def _masks(texts: Any, units: Sequence[int]) -> list[NDArray[np.bool_]]:
    """Return the masks (units,) of groups of 0 and 1 for each site, starting with the input."""
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise InputError(f'masks: expected strings of 0 and 1 such as "101", got {texts!r}')
    if len(texts) != len(units):
        count = f"{len(units)} groups with {', '.join(map(str, units))} digits"
        raise InputError(f"masks: expected {count}, got {len(texts)}: {';'.join(texts)}")
    for number, (text, size) in enumerate(zip(texts, units, strict=True), 1):
        if len(text) != size or set(text) - {"0", "1"}:
            raise InputError(f"masks: expected {size} digits 0 or 1 in group {number}, got {text!r}")
    return [np.array([digit == "1" for digit in text]) for text in texts]
