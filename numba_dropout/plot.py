"""Plots, drawn with matplotlib (the extra `plot`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._checks import InputError
from .files import check_writable, replacing
from .train import History

if TYPE_CHECKING:
    from .compare import Comparison

__all__ = ["rates", "require", "training_curves"]

COLORS = {"train": "#0072b2", "validation": "#d55e00"}  # told apart by colour-blind eyes too (Okabe & Ito, 2008)


def require(path: str | os.PathLike[str]) -> Path:
    """Return the path of a picture to be drawn later, after making sure that it can be; else InputError."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError("plots need matplotlib; pip install 'numba-dropout[plot]'") from None
    path = check_writable(path)
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise InputError(f"{path}: expected a name that ends in .png, .pdf or .svg")
    return path


def training_curves(history: History, path: str | os.PathLike[str], title: str) -> None:
    """Draw loss and accuracy against the epoch, in training and on validation data, into a file."""
    path = require(path)
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    names = ["loss"] + ["accuracy"] * any(value is not None for value in history.column("accuracy"))
    figure = Figure(figsize=(4.4 * len(names), 3.4), dpi=150, layout="constrained")
    figure.suptitle(title, fontsize=11)
    for place, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), place + 1)
        _curve(axes, history, name, "train", "training (dropout active)")
        if any(value is not None for value in history.column(f"val_{name}")):
            _curve(axes, history, f"val_{name}", "validation", "validation (dropout off)")
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=9)
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())


def rates(found: Comparison, path: str | os.PathLike[str]) -> None:
    """Draw the losses of a comparison against the rate, with their spread, and the error where there are classes."""
    path = require(path)
    from matplotlib.figure import Figure

    classes = "val_error" in found.figures
    figure = Figure(figsize=(4.6 * (1 + classes), 3.4), dpi=150, layout="constrained")
    figure.suptitle(f"{found.name}, {found.rows} rows to learn from", fontsize=11)
    losses = figure.add_subplot(1, 1 + classes, 1)
    _spread(losses, found, "train_loss", "train", "rows learnt from")
    _spread(losses, found, "val_loss", "validation", "validation")
    losses.set(xlabel="dropout rate", ylabel="loss, in evaluation mode", ylim=(0, None))
    if classes:
        errors = figure.add_subplot(1, 2, 2)
        _spread(errors, found, "val_error", "validation", "validation")
        errors.set(xlabel="dropout rate", ylabel="error, %")
    for axes in figure.axes:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=9)
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())


def _spread(axes: Any, found: Comparison, name: str, color: str, label: str) -> None:
    means, spreads = ([of(name, rate) for rate in found.rates] for of in (found.mean, found.spread))
    axes.errorbar(found.rates, means, spreads, marker="o", ms=4, capsize=3, color=COLORS[color], label=label)


def _curve(axes: Any, history: History, name: str, color: str, label: str) -> None:
    axes.plot(history.column("epoch"), history.column(name), marker="o", ms=4, color=COLORS[color], label=label)
