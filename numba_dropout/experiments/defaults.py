"""Defaults of training options, by the numbers of training rows and features, from the study in docs/defaults.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import TrainConfig

__all__ = ["EARLIER", "VERSION", "earlier", "patience_of", "with_defaults"]

VERSION = 2  # of the defaults, for the journals of searches

# Those of the built-in data set give the curve in its description.
BUILT_IN = {
    "hidden": (10,),
    "dropout": 0.0,
    "input_dropout": 0.3,
    "epochs": 5,
    "batch_size": 25,
    "optimizer": "sgd",
    "lr": 0.025,
    "momentum": 0.0,
    "weight_decay": None,
    "schedule": "constant",
}
# Those of version 0.1 for other data, which its checkpoints and journals mean.
EARLIER: dict[str, Any] = {
    "hidden": (128,),
    "dropout": 0.5,
    "input_dropout": 0.0,
    "epochs": 10,
    "batch_size": 128,
    "optimizer": "adam",
    "lr": None,
    "momentum": None,
    "weight_decay": None,
    "schedule": "constant",
}
GENERAL: dict[str, Any] = {
    "hidden": (256,),
    "dropout": 0.25,
    "input_dropout": 0.0,
    "optimizer": "adamw",
    "lr": 0.003,
    "momentum": None,
    "schedule": "cosine",
}
OF_OPTIMIZER = {"lr": None, "momentum": None, "weight_decay": None, "schedule": "constant"}  # its own ones
STEPS, EPOCHS = 5000, 10  # at least
FEW_ROWS = 10  # a feature has few rows below this number, ...
STEPS_OF_FEW, LR_OF_FEW = 1000, 0.001  # ... and the network learns more of the noise the longer and faster it trains
BATCH, SMALLEST_BATCH = 128, 16
BATCHES = 16  # an epoch of few rows has about this many batches
DECAY, MOST_DECAY, DECAY_ROWS = 0.3, 1.0, 1000  # weight decay, more for fewer rows: DECAY_ROWS / rows
LEAST_PATIENCE, SHARE_OF_EPOCHS = 10, 4


def with_defaults(config: TrainConfig, rows: int, features: int, *, built_in: bool) -> dict[str, Any]:
    """Return the options by name, with the defaults for numbers of training rows and features of the network.

    An explicit optimizer uses its own ones.
    """
    batch_size = _batch_size(rows) if config.batch_size is None else config.batch_size
    steps = -(-rows // (batch_size * config.accumulate))
    few = rows < FEW_ROWS * features
    epochs = max(EPOCHS, -(-(STEPS_OF_FEW if few else STEPS) // steps))
    weight_decay = min(max(DECAY_ROWS / rows, DECAY), MOST_DECAY)
    by_rows = {"batch_size": batch_size, "epochs": epochs, "weight_decay": weight_decay}
    by_rows |= {"lr": LR_OF_FEW} if few else {}
    defaults = dict(BUILT_IN) if built_in else GENERAL | by_rows
    if config.optimizer is not None:
        defaults |= OF_OPTIMIZER
    given = {name: getattr(config, name) for name in defaults}
    return {name: defaults[name] if value is None else value for name, value in given.items()}


def earlier(options: Mapping[str, Any], *, built_in: bool) -> dict[str, Any]:
    """Return what version 0.1 means by those of the options, given by name, that are at their defaults."""
    of_optimizer = () if options["optimizer"] is None else ("lr", "momentum", "weight_decay")
    names = () if built_in else EARLIER.keys() - of_optimizer
    return {"stratify": False} | {name: EARLIER[name] for name in names if options[name] is None}


def patience_of(config: TrainConfig, epochs: int, *, built_in: bool, held_out: bool) -> int | None:
    """Return the patience of training with held-out rows or not, or None for no early stopping."""
    if config.patience is not None:
        return config.patience or None
    return max(LEAST_PATIENCE, epochs // SHARE_OF_EPOCHS) if held_out and not built_in else None


def _batch_size(rows: int) -> int:
    """Return the power of two next to a sixteenth of the rows, from 16 to 128."""
    size = 2 ** round(math.log2(max(rows / BATCHES, 1)))
    return min(max(size, SMALLEST_BATCH), BATCH)
