"""The function `trace` and its options."""

from __future__ import annotations

from dataclasses import dataclass

from ... import data
from ...core.errors import InputError
from ...core.options import option
from ...nn.mlp import MLP
from .examples import pytorch, tensorflow, trace_row
from .report import Trace
from .simplenn import simplenn
from .toy import toy
from .toy_network import read_toy, toy_network

__all__ = ["NAMES", "Choices", "trace"]

NAMES = {"pytorch": pytorch, "tensorflow": tensorflow, "simplenn": simplenn}


@dataclass(frozen=True)
class Choices:
    """Options of `trace`: masks, network and `every` are for toy, and model, data and row are for a saved model.

    `masks` has a group of 0s and 1s for each layer, separated by ";". `network` and `model` are files.
    """

    seed: int | None = None
    masks: str | None = None
    network: str | None = None
    every: bool = False
    model: str | None = None
    data: str | None = None
    row: int | None = None


def trace(name: str | None, choices: Choices | None = None) -> Trace:
    """Return the trace of "pytorch", "tensorflow", "simplenn" or "toy". If the name is None, trace a saved model.

    Raises ValueError if an option is invalid, also in combination with the name.
    """
    choices = choices or Choices()
    known = [*NAMES, "toy"]
    model_choices = [choices.model, choices.data, choices.row]
    toy_choices = [choices.masks, choices.network, choices.every or None]
    if name is None and choices.model is None:
        raise InputError(f"expected a NAME of {', '.join(known)}, or {option('model')} with {option('data')}")
    if name is not None and name not in known:
        raise InputError(f"NAME: expected one of {', '.join(known)}, got {name!r}")
    if name is not None and any(choice is not None for choice in model_choices):
        raise InputError(f"model, data, row: only valid without a NAME, got {name}")
    if name != "toy" and any(choice is not None for choice in toy_choices):
        raise InputError("masks, network, all: only valid with the NAME toy")
    if name not in NAMES and choices.seed is not None:
        raise InputError(f"seed: only valid with a NAME of {', '.join(NAMES)}")
    if name == "toy":
        groups = None if choices.masks is None else choices.masks.split(";")
        chosen = toy_network(masks=groups) if choices.network is None else read_toy(choices.network, groups)
        return toy(chosen, every=choices.every)
    return _model_trace(choices) if name is None else NAMES[name](choices.seed or 0)


def _model_trace(choices: Choices) -> Trace:
    if choices.data is None:
        raise InputError(f"model: requires {option('data')}")
    net = MLP.load(str(choices.model))
    rows = data.load_for(net, choices.data, need_target=False)
    row = choices.row or 0
    if row >= len(rows.x):
        raise InputError(f"row: expected 0 to {len(rows.x) - 1} for {choices.data}, got {row}")
    return trace_row(net, rows.x, row, choices.data)
