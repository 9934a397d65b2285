"""The `torch.nn.Sequential` that computes what a network does: which module stands where.

Dropout of the input is first, where there is some; then come, for each hidden layer, Linear, ReLU and Dropout, where
there is some; then the last Linear. Dropped weights ("dropconnect") have no module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["modules", "names"]


def modules(config: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the modules of a network's choices: ("dropout", rate), ("linear", number of the layer), ("relu", None).

    Examples
    --------
    >>> from numba_dropout.storage import sequential
    >>> sequential.modules(nd.MLP([5, 8, 3], dropout=0.3).choices())
    [('linear', 0), ('relu', None), ('dropout', 0.3), ('linear', 1)]
    """
    rates = [config["input_dropout"], *config["dropout"]]
    found: list[tuple[str, Any]] = []
    for layer, rate in enumerate(rates):
        if layer:
            found.append(("relu", None))
        if np.any(rate) and config.get("variant") != "dropconnect":
            found.append(("dropout", rate))
        found.append(("linear", layer))
    return found


def names(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the names that a network's weights and biases have in `Sequential`, by their own names.

    Examples
    --------
    >>> from numba_dropout.storage import sequential
    >>> sequential.names(nd.MLP([5, 8, 3], dropout=0.3).choices())
    {'0.weight': '0.weight', '0.bias': '0.bias', '1.weight': '3.weight', '1.bias': '3.bias'}
    """
    return {
        f"{layer}.{kind}": f"{place}.{kind}"
        for place, (module, layer) in enumerate(modules(config))
        if module == "linear"
        for kind in ("weight", "bias")
    }
