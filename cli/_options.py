"""The choices of a training run, which several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .types import NUMBERS, RATES

LOSSES = click.Choice(["cross_entropy", "mse", "bce"])
VARIANTS = click.Choice(["dropout", "gaussian", "subnetwork", "dropconnect", "concrete"])
RATE_SCHEDULES = click.Choice(["constant", "linear", "cosine", "curriculum", "early"])
OPTIMIZERS = click.Choice(["sgd", "adam", "adamw"])
SCHEDULES = click.Choice(["constant", "inverse", "cosine", "step"])
SCALINGS = click.Choice(["auto", "features", "pixels", "none"])

CHOICES = {
    "target": click.option("--target", help="Column to learn, by name or by number from 1 on.  [default: the last]"),
    "loss": click.option(
        "--loss",
        type=LOSSES,
        help="Loss.  [default: cross_entropy for texts and up to 20 whole numbers, else mse]",
    ),
    "hidden": click.option(
        "--hidden", type=NUMBERS, help="Units of the hidden layers: 256,128, or none.  [default: 128; pipeline: 10]"
    ),
    "dropout": click.option(
        "--dropout", type=RATES, help="Rate on hidden units, one or one per layer.  [default: 0.5; pipeline: 0]"
    ),
    "input-dropout": click.option(
        "--input-dropout", type=float, help="Rate on the input.  [default: 0; pipeline: 0.3]"
    ),
    "variant": click.option(
        "--variant",
        type=VARIANTS,
        default="dropout",
        show_default=True,
        help="Units of each row, noise on them of the same variance, the same units for a batch, left out of products, "
        "weights, or units of each row at rates that are learnt.",
    ),
    "weight-regularizer": click.option(
        "--weight-regularizer", type=float, help="Strength, for concrete.  [default: by the number of rows]"
    ),
    "dropout-regularizer": click.option(
        "--dropout-regularizer", type=float, help="Strength, for concrete.  [default: by the number of rows]"
    ),
    "dropout-schedule": click.option(
        "--dropout-schedule",
        type=RATE_SCHEDULES,
        default="constant",
        show_default=True,
        help="Course of the rates: rising (linear, cosine, curriculum), or dropping in the first fifth only (early).",
    ),
    "optimizer": click.option("--optimizer", type=OPTIMIZERS, help="Optimiser.  [default: adam; pipeline: sgd]"),
    "lr": click.option("--lr", type=float, help="Learning rate.  [default: 0.001, sgd 0.1; pipeline: 0.025]"),
    "momentum": click.option("--momentum", type=float, help="Momentum of sgd.  [default: 0.9; pipeline: 0]"),
    "momentum-steps": click.option(
        "--momentum-steps",
        type=click.IntRange(1),
        help="Let sgd's momentum rise from 0.5 over so many steps.  [default: as it is from the first]",
    ),
    "nesterov": click.option("--nesterov", is_flag=True, help="Nesterov's momentum.  [default: off]"),
    "weight-decay": click.option(
        "--weight-decay", type=float, help="Strength on weights, never on biases.  [default: 0, adamw 0.01]"
    ),
    "clip-norm": click.option("--clip-norm", type=float, help="Bound on the norm of the gradient.  [default: none]"),
    "max-norm": click.option(
        "--max-norm", type=float, help="Bound on a hidden unit's incoming weights.  [default: none]"
    ),
    "schedule": click.option(
        "--schedule", type=SCHEDULES, default="constant", show_default=True, help="Course of the learning rate."
    ),
    "decay-steps": click.option(
        "--decay-steps", type=float, help="Steps, for the schedules inverse and step.  [default: 1000]"
    ),
    "epochs": click.option(
        "--epochs", type=click.IntRange(1), help="Times through the data.  [default: 10; pipeline: 5]"
    ),
    "batch-size": click.option(
        "--batch-size", type=click.IntRange(1), help="Rows of a step.  [default: 128; pipeline: 25]"
    ),
    "seed": click.option(
        "--seed",
        type=click.IntRange(0, 2**64 - 1),
        default=0,
        show_default=True,
        help="Fixes weights, masks, order and split.",
    ),
    "standardize": click.option(
        "--standardize",
        type=SCALINGS,
        default="auto",
        show_default=True,
        help="Scaling of the features: auto is pixels (0 to 1) for images, else mean 0 and deviation 1.",
    ),
    "dtype": click.option(
        "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Precision."
    ),
}


def with_choices(*names: str) -> Callable[[Any], Any]:
    """Give a command the options of some names, in this order; of none, all."""

    def add(command: Any) -> Any:
        for name in reversed(names or tuple(CHOICES)):
            command = CHOICES[name](command)
        return command

    return add
