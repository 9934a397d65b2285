"""The training options shared by several commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from .types import CLASS_WEIGHT, NUMBERS, RATES, Names

LOSSES = click.Choice(["cross_entropy", "bce", "mse", "huber", "absolute", "poisson"])
ACTIVATIONS = click.Choice(
    ["relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "silu", "tanh", "logistic", "identity"]
)
VARIANTS = click.Choice(["dropout", "gaussian", "alpha", "subnetwork", "dropconnect", "concrete"])
RATE_SCHEDULES = click.Choice(["constant", "linear", "cosine", "curriculum", "early"])
OPTIMIZERS = click.Choice(["sgd", "adam", "adamw"])
SCHEDULES = click.Choice(["constant", "inverse", "cosine", "step"])
SCALINGS = click.Choice(["auto", "features", "pixels", "none"])

OPTIONS = {
    "target": click.option(
        "--target", help="Target column, by name or by number from 1, or several: a,b,c.  [default: the last]"
    ),
    "loss": click.option(
        "--loss",
        type=LOSSES,
        help="Loss.  [default: cross_entropy for classes, mse for values, bce for several labels]",
    ),
    "target-transform": click.option(
        "--target-transform",
        type=click.Choice(["none", "log1p", "yeo-johnson"]),
        help="Train on log(1 + y), or on y made nearly normal. Predictions are in units of y.  [default: none]",
    ),
    "hidden": click.option(
        "--hidden", type=NUMBERS, help="Sizes of the hidden layers: 256,128, or none.  [default: 256; pipeline: 10]"
    ),
    "activation": click.option(
        "--activation",
        type=Names(ACTIVATIONS),
        default="relu",
        show_default=True,
        help=f"Activation of the hidden layers, one or one per layer (tanh,relu): {', '.join(ACTIVATIONS.choices)}.",
    ),
    "dropout": click.option(
        "--dropout",
        type=RATES,
        help="Dropout rate of hidden units, one or one per layer.  [default: 0.25; pipeline: 0]",
    ),
    "input-dropout": click.option(
        "--input-dropout", type=float, help="Dropout rate of the input.  [default: 0; pipeline: 0.3]"
    ),
    "variant": click.option(
        "--variant",
        type=VARIANTS,
        default="dropout",
        show_default=True,
        help="Drop units per row (dropout), the same units for a whole batch (subnetwork), weights (dropconnect), "
        "or units at learned rates (concrete), multiply units by noise of the same variance (gaussian), or drop units "
        "and keep mean and variance (alpha, for selu).",
    ),
    "weight-regularizer": click.option(
        "--weight-regularizer", type=float, help="Weight regularizer of concrete.  [default: from the number of rows]"
    ),
    "dropout-regularizer": click.option(
        "--dropout-regularizer", type=float, help="Dropout regularizer of concrete.  [default: from the number of rows]"
    ),
    "dropout-schedule": click.option(
        "--dropout-schedule",
        type=RATE_SCHEDULES,
        default="constant",
        show_default=True,
        help="Schedule of the rates: increasing (linear, cosine, curriculum), or dropout in the first fifth (early).",
    ),
    "optimizer": click.option("--optimizer", type=OPTIMIZERS, help="Optimizer.  [default: adamw; pipeline: sgd]"),
    "lr": click.option(
        "--lr",
        type=float,
        help="Learning rate.  [default: 0.003, or 0.001 with fewer than 10 rows for each feature; of an explicit "
        "optimizer 0.001, sgd 0.1; pipeline: 0.025]",
    ),
    "momentum": click.option("--momentum", type=float, help="Momentum of sgd.  [default: 0.9; pipeline: 0]"),
    "momentum-steps": click.option(
        "--momentum-steps",
        type=click.IntRange(1),
        help="Increase sgd's momentum from 0.5 over this many steps.  [default: constant]",
    ),
    "nesterov": click.option("--nesterov", is_flag=True, help="Use Nesterov momentum.  [default: off]"),
    "weight-decay": click.option(
        "--weight-decay",
        type=float,
        help="Weight decay, never applied to biases.  [default: 0.3 to 1, by the rows; "
        "of an explicit optimizer 0, adamw 0.01]",
    ),
    "clip-norm": click.option("--clip-norm", type=float, help="Maximum norm of the gradient.  [default: none]"),
    "max-norm": click.option(
        "--max-norm", type=float, help="Maximum norm of a hidden unit's incoming weights.  [default: none]"
    ),
    "schedule": click.option(
        "--schedule",
        type=SCHEDULES,
        help="Learning rate schedule.  [default: cosine; with --optimizer, and for pipeline, constant]",
    ),
    "decay-steps": click.option(
        "--decay-steps", type=float, help="Steps of the schedules inverse and step.  [default: 1000]"
    ),
    "epochs": click.option(
        "--epochs",
        type=click.IntRange(1),
        help="Number of epochs.  [default: 10, or more for 5000 steps, 1000 with fewer than 10 rows for each feature; "
        "pipeline: 5]",
    ),
    "batch-size": click.option(
        "--batch-size", type=click.IntRange(1), help="Rows per batch.  [default: 16 to 128, by the rows; pipeline: 25]"
    ),
    "accumulate": click.option(
        "--accumulate",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="Batches in one step, which is that of one batch of this many times the rows.",
    ),
    "seed": click.option(
        "--seed",
        type=click.IntRange(0, 2**64 - 1),
        default=0,
        show_default=True,
        help="Seed of weights, masks, row order and split.",
    ),
    "standardize": click.option(
        "--standardize",
        type=SCALINGS,
        default="auto",
        show_default=True,
        help="Scaling of the features: auto is pixels (0 to 1) for images, else mean 0 and standard deviation 1.",
    ),
    "stratify": click.option(
        "--stratify/--no-stratify",
        default=True,
        show_default=True,
        help="Hold out the same share of each class, or any rows.",
    ),
    "group": click.option(
        "--group",
        metavar="COLUMN",
        help="Hold out whole groups of rows, and do not learn from this column.  [default: none]",
    ),
    "time": click.option("--time", metavar="COLUMN", help="Hold out the last rows in time.  [default: none]"),
    "class-weight": click.option(
        "--class-weight",
        type=CLASS_WEIGHT,
        help="Weights of the classes: balanced, or such as yes=5.  [default: all 1]",
    ),
    "dtype": click.option(
        "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Precision."
    ),
}


def with_options(*names: str) -> Callable[[Any], Any]:
    """Return a decorator that adds the named options in this order, or all options without names."""

    def add(command: Any) -> Any:
        for name in reversed(names or tuple(OPTIONS)):
            command = OPTIONS[name](command)
        return command

    return add


def is_set(name: str) -> bool:
    """Return whether a parameter of the running command was passed on the command line."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def option_of(name: str) -> str:
    """Return how a parameter of the running command is written on the command line."""
    parameters = click.get_current_context().command.params
    return next(parameter.opts[0] for parameter in parameters if parameter.name == name)
