"""What a variant of dropout asks of a network's rates, and what it makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _checks
from ._checks import InputError
from .backprop import VARIANTS

__all__ = ["kind_of", "logits_of", "rates_of_logits", "stages", "strengths"]

LENGTH_SCALE = 0.01  # of the prior of weights


def kind_of(variant: Any, rates: Sequence[Any]) -> str:
    """Return the variant that the passes are built for: with a rate for each unit it is another one."""
    if variant not in VARIANTS:
        raise InputError(f"variant: expected one of {', '.join(VARIANTS)}, got {variant!r}")
    many = any(np.ndim(p) for p in rates)
    if many and variant != "dropout":
        raise InputError(f"dropout: expected one rate for a layer with variant {variant}, got an array")
    if variant in ("gaussian", "concrete") and any(_checks.threshold(p) == _checks.EVERYTHING for p in rates):
        raise InputError(f"dropout: expected probabilities below 1 for variant {variant}, got 1")
    return "rates" if many else variant


def logits_of(rates: Sequence[float]) -> list[float]:
    """Return log(p / (1 - p)) of rates below 1; 0 for a rate of 0, which is not learnt."""
    return [math.log(p / (1 - p)) if p else 0.0 for p in rates]


def rates_of_logits(logits: Sequence[float]) -> list[float]:
    """Return 1 / (1 + exp(-logit)) of each."""
    return [float(np.exp(-np.logaddexp(0.0, -logit))) for logit in logits]


def strengths(loss: str, outputs: int, rows: int) -> tuple[float, float]:
    """Return the strengths of Concrete dropout's regularisers of weights and of rates, for a data set.

    They make the loss of `rows` rows, less a constant, a bound on their likelihood: with a prior length scale of 0.01,
    and for "mse" with noise of variance 1 in standardised units (Gal, Hron & Kendall, NeurIPS 2017, section 3).
    """
    likelihood = rows * {"cross_entropy": 1.0, "bce": outputs, "mse": outputs / 2}[loss]
    return LENGTH_SCALE**2 / (2 * likelihood), 1 / likelihood


def stages(sizes: Sequence[int], rates: Sequence[Any]) -> list[tuple[str, int]]:
    """Return the flow of a row through a network: the name of each stage, and how many values leave it."""
    flow = [("input", sizes[0])]
    for layer, units in enumerate(sizes[1:]):
        if layer:
            flow.append(("relu", sizes[layer]))
        if np.any(rates[layer]):
            flow.append((_named(rates[layer]), sizes[layer]))
        flow.append(("linear", units))
    return flow


def _named(p: Any) -> str:
    return f"dropout {p:.4g}" if np.ndim(p) == 0 else f"dropout {p.min():g} to {p.max():g}"
