"""The kind of a network's passes, checks of its rates, and its stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core import checks, contract
from ...core.errors import InputError
from . import KINDS, PER_UNIT, VARIANTS

__all__ = ["check_rate_schedule", "kind_of", "stages"]


def kind_of(variant: Any, rates: Sequence[Any]) -> str:
    """Return the kind of passes for a variant: the variant, or "rates" with a rate for each unit."""
    checks.choice(variant, "variant", VARIANTS)
    per_unit = any(np.ndim(p) for p in rates)
    if per_unit and variant != "dropout":
        raise InputError(f"dropout: expected one rate for each layer with variant={variant!r}, got an array")
    if not VARIANTS[variant].takes_one:
        for site, p in enumerate(rates):
            if contract.threshold(p) == contract.DROP_ALL:
                name = "dropout" if site else "input_dropout"
                raise InputError(f"{name}: expected probabilities below 1 with variant={variant!r}, got {p!r}")
    return PER_UNIT if per_unit else variant


def check_rate_schedule(kind: str) -> None:
    """Raise InputError if the rates of a kind of network cannot follow a schedule."""
    if not KINDS[kind].takes_schedule:
        value = "learned rates" if KINDS[kind].learns_rates else "an array"
        raise InputError(f"dropout_schedule: expected one rate for each layer, got {value}")


def stages(
    sizes: Sequence[int], activations: Sequence[str], rates: Sequence[Any], variant: str
) -> list[tuple[str, int]]:
    """Return the stages that a row passes in a network: the name and the number of output values of each."""
    flow = [("input", sizes[0])]
    for layer, units in enumerate(sizes[1:]):
        if layer:
            flow.append((activations[layer - 1], sizes[layer]))
        if np.any(rates[layer]):
            flow.append((f"{VARIANTS[variant].title} {_format(rates[layer])}", sizes[layer]))
        flow.append(("linear", units))
    return flow


def _format(p: Any) -> str:
    return f"{p:.4g}" if np.ndim(p) == 0 else f"{p.min():g} to {p.max():g}"
