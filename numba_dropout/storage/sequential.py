"""The order of modules in the `torch.nn.Sequential` that is equivalent to a network.

Optional Dropout of the input is first. Each hidden layer is Linear, its activation and optional Dropout. The last
module is a Linear. Dropped weights ("dropconnect") have no module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["modules", "names"]


def modules(config: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the modules of a network from its `choices`: ("dropout", rate), ("linear", layer), or an activation.

    An activation has its name and None.

    Examples
    --------
    >>> from numba_dropout.storage import sequential
    >>> sequential.modules(nd.MLP([5, 8, 3], dropout=0.3).choices())
    [('linear', 0), ('relu', None), ('dropout', 0.3), ('linear', 1)]
    """
    rates = [config["input_dropout"], *config["dropout"]]
    activations = config.get("activation", ["relu"] * (len(rates) - 1))  # older files have none
    result: list[tuple[str, Any]] = []
    for layer, rate in enumerate(rates):
        if layer:
            result.append((activations[layer - 1], None))
        if np.any(rate) and config.get("variant") != "dropconnect":
            result.append(("dropout", rate))
        result.append(("linear", layer))
    return result


def names(config: Mapping[str, Any]) -> dict[str, str]:
    """Return a dictionary from the names of a network's weights and biases to their names in `Sequential`.

    Examples
    --------
    >>> from numba_dropout.storage import sequential
    >>> sequential.names(nd.MLP([5, 8, 3], dropout=0.3).choices())
    {'0.weight': '0.weight', '0.bias': '0.bias', '1.weight': '3.weight', '1.bias': '3.bias'}
    """
    return {
        f"{layer}.{kind}": f"{index}.{kind}"
        for index, (module, layer) in enumerate(modules(config))
        if module == "linear"
        for kind in ("weight", "bias")
    }
