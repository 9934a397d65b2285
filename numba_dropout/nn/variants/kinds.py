"""Variants by name: the rates that they take, and the stages of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core import contract
from ...core.errors import InputError

__all__ = ["VARIANTS", "check_course", "kind_of", "stages"]

VARIANTS = (
    "dropout",
    "gaussian",
    "subnetwork",
    "dropconnect",
    "concrete",
)  # dropout with a rate for each unit is "rates"


def kind_of(variant: Any, rates: Sequence[Any]) -> str:
    """Return the variant that the passes are built for: with a rate for each unit it is another one."""
    if variant not in VARIANTS:
        raise InputError(f"variant: expected one of {', '.join(VARIANTS)}, got {variant!r}")
    many = any(np.ndim(p) for p in rates)
    if many and variant != "dropout":
        raise InputError(f"dropout: expected one rate for a layer with variant {variant}, got an array")
    if variant in ("gaussian", "concrete"):
        for site, p in enumerate(rates):
            if contract.threshold(p) == contract.DROP_ALL:
                name = "dropout" if site else "input_dropout"
                raise InputError(f"{name}: expected probabilities below 1 for variant {variant}, got {p!r}")
    return "rates" if many else variant


def check_course(kind: str) -> None:
    """Make sure that the rates of a kind of network can follow a schedule."""
    if kind in ("rates", "concrete"):
        what = "an array" if kind == "rates" else "rates that are learnt"
        raise InputError(f"dropout_schedule: expected one rate for each layer, got {what}")


NAMES = {
    "dropout": "dropout",
    "gaussian": "gaussian dropout",
    "subnetwork": "sub-network dropout",
    "dropconnect": "dropconnect",
    "concrete": "concrete dropout",
}


def stages(sizes: Sequence[int], rates: Sequence[Any], variant: str) -> list[tuple[str, int]]:
    """Return the flow of a row through a network: the name of each stage, and how many values leave it."""
    flow = [("input", sizes[0])]
    for layer, units in enumerate(sizes[1:]):
        if layer:
            flow.append(("relu", sizes[layer]))
        if np.any(rates[layer]):
            flow.append((f"{NAMES[variant]} {_written(rates[layer])}", sizes[layer]))
        flow.append(("linear", units))
    return flow


def _written(p: Any) -> str:
    return f"{p:.4g}" if np.ndim(p) == 0 else f"{p.min():g} to {p.max():g}"
