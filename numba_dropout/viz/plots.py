"""Plots, drawn with matplotlib (the extra `plot`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import InputError, missing
from ..storage.files import check_writable, replacing
from ..training.fit import History

if TYPE_CHECKING:
    from ..experiments.compare import Comparison
    from ..experiments.reproduce import Sizes, Table
    from ..experiments.tune import Study
    from ..training.evaluate import Evaluation

__all__ = ["evaluation", "rates", "require", "search", "sizes", "test_errors", "training_curves"]

ROWS = {"none": "#999999", "dropout": "#0072b2", "max-norm": "#d55e00"}
COLORS = {"train": "#0072b2", "validation": "#d55e00"}  # distinct for color-blind readers (Okabe & Ito, 2008)
FAR = 10.0  # multiple of the median above which losses need a logarithmic axis
MAX_NAMED = 20  # largest number of classes of a confusion matrix with names and counts
GROUPS = 10  # groups of rows, sorted by uncertainty
MIN_ERROR = 0.01  # percent, one of 10,000 test images: a logarithmic axis cannot show 0


def require(path: str | os.PathLike[str]) -> Path:
    """Return the path of a plot. Raise InputError if it cannot be drawn or written."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError(missing("plots require matplotlib", "matplotlib", "plot")) from None
    path = check_writable(path)
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise InputError(f"{path}: expected a name that ends in .png, .pdf or .svg")
    return path


def training_curves(history: History, path: str | os.PathLike[str], title: str) -> None:
    """Draw training and validation loss and accuracy against the epoch."""
    path = require(path)
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    names = ["loss"] + ["accuracy"] * any(value is not None for value in history.column("accuracy"))
    figure = Figure(figsize=(4.4 * len(names), 3.4), dpi=150, layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    for index, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), index + 1)
        _curve(axes, history, name, "train", "training (dropout active)")
        if any(value is not None for value in history.column(f"val_{name}")):
            _curve(axes, history, f"val_{name}", "validation", "validation (dropout off)")
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        _finish(axes)
    _write(figure, path)


def rates(comparison: Comparison, path: str | os.PathLike[str]) -> None:
    """Draw the losses of a comparison against the rate, with standard deviations, and for classes the error."""
    path = require(path)
    from matplotlib.figure import Figure

    classes = "val_error" in comparison.figures
    figure = Figure(figsize=(4.6 * (1 + classes), 3.4), dpi=150, layout="constrained")
    figure.suptitle(f"{comparison.name}, {comparison.rows} training rows", fontsize=11, parse_math=False)
    losses = figure.add_subplot(1, 1 + classes, 1)
    _spread(losses, comparison, "train_loss", "train", "training")
    _spread(losses, comparison, "val_loss", "validation", "validation")
    losses.set(xlabel="dropout rate", ylabel="loss, in evaluation mode", ylim=(0, None))
    if classes:
        errors = figure.add_subplot(1, 2, 2)
        _spread(errors, comparison, "val_error", "validation", "validation")
        errors.set(xlabel="dropout rate", ylabel="error, %")
    for axes in figure.axes:
        _finish(axes)
    _write(figure, path)


def sizes(runs: Sizes, path: str | os.PathLike[str]) -> None:
    """Draw test errors against the number of training images, with and without dropout."""
    path = require(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 3.6), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for dropout, color, label in ((False, ROWS["none"], "without dropout"), (True, ROWS["dropout"], "with dropout")):
        errors = [runs.errors(size, dropout) for size in runs.sizes]
        spreads = [float(np.std(row, ddof=1)) if len(row) > 1 else 0.0 for row in errors]
        means = [max(float(np.mean(row)), MIN_ERROR) for row in errors]
        axes.errorbar(runs.sizes, means, spreads, marker="o", ms=4, capsize=3, color=color, label=label)
    axes.set(xscale="log", yscale="log", xlabel="training images", ylabel="test error, %")
    _label_log_axis(axes.yaxis)
    _finish(axes)
    _write(figure, path)


def test_errors(table: Table, path: str | os.PathLike[str]) -> None:
    """Draw the test errors of the runs on MNIST against the number of updates."""
    path = require(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    labels: set[str] = set()
    for result in table.results:
        epochs = len(result.test_errors)
        updates = np.arange(1, epochs + 1) * (result.updates // epochs)
        label = f"{result.row}, {result.updates:,} updates"
        axes.plot(
            updates,
            result.test_errors,
            lw=0.9,
            marker="o" if epochs == 1 else None,
            ls="-" if result.updates == table.results[0].updates else "--",
            color=ROWS[result.row],
            label=None if label in labels else label,
        )
        labels.add(label)
    axes.set(xscale="log", yscale="log", xlabel="updates", ylabel="test error, %")
    _label_log_axis(axes.yaxis)
    _finish(axes)
    _write(figure, path)


def search(study: Study, path: str | os.PathLike[str]) -> None:
    """Draw the validation losses of the trials of a search against each option."""
    path = require(path)
    from matplotlib.figure import Figure

    from ..experiments.trial import written

    names = [name for name, values in study.values().items() if len(values) > 1] or list(study.values())
    figure = Figure(figsize=(3.6 * len(names), 3.4), dpi=150, layout="constrained")
    losses = study.last_losses()
    points = {number: loss for number, loss in losses.items() if np.isfinite(loss)}
    diverged = f", {len(losses) - len(points)} diverged" if len(points) < len(losses) else ""
    figure.suptitle(f"trials: {len(losses)}, each at its last rung{diverged}", fontsize=11)
    far = bool(points) and max(points.values()) > FAR * np.median(list(points.values())) > 0
    for index, name in enumerate(names, 1):
        axes = figure.add_subplot(1, len(names), index)
        values = [study.trials[number].choice[name] for number in points]
        numbers = all(isinstance(value, int | float) for value in values)
        axes.plot(values if numbers else list(map(written, values)), list(points.values()), "o", ms=5, alpha=0.6)
        axes.tick_params("x", rotation=0 if numbers else 30)
        if far:
            axes.set_yscale("log")
        if name == "lr" and len(study.values()[name]) > 1:
            axes.set_xscale("log")
        if study.best is not None:
            value = study.best.choice[name]
            ring: dict[str, Any] = {"ms": 9, "mfc": "none", "mec": COLORS["validation"], "mew": 2}
            axes.plot([value if numbers else written(value)], [points[study.best.number]], "o", **ring)
        axes.set(xlabel=name.replace("_", " "), ylabel="validation loss" if index == 1 else "")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


def _label_log_axis(axis: Any) -> None:
    """Label a logarithmic axis at several numbers in each decade, without powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _finish(axes: Any) -> None:
    """Add a grid and a legend to axes, and remove the frame."""
    axes.grid(alpha=0.3, which="both")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)


def _write(figure: Any, path: Path) -> None:
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())


def _spread(axes: Any, comparison: Comparison, name: str, color: str, label: str) -> None:
    means, spreads = ([of(name, rate) for rate in comparison.rates] for of in (comparison.mean, comparison.spread))
    bars = None if np.isnan(spreads).any() else spreads  # NaN for one run
    axes.errorbar(comparison.rates, means, bars, marker="o", ms=4, capsize=3, color=COLORS[color], label=label)


def _curve(axes: Any, history: History, name: str, color: str, label: str) -> None:
    axes.plot(history.column("epoch"), history.column(name), marker="o", ms=4, color=COLORS[color], label=label)


def evaluation(result: Evaluation, path: str | os.PathLike[str], title: str) -> None:
    """Draw an evaluation.

    For classes, draw the confusion matrix and the reliability diagram. For a regression, draw predicted against true
    values. With an uncertainty, also draw errors against it.
    """
    path = require(path)
    from matplotlib.figure import Figure

    panels: list[Callable[[Any, Evaluation], None]] = []
    if result.calibration is not None:
        panels += [_confusion, _reliability]
    elif "rmse" in result.measures:
        panels += [_scatter]
    if result.uncertainty is not None:
        panels += [_by_uncertainty]
    figure = Figure(figsize=(4.2 * len(panels), 3.8), dpi=150, layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    for index, draw in enumerate(panels, 1):
        axes = figure.add_subplot(1, len(panels), index)
        draw(axes, result)
        axes.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


def _confusion(axes: Any, result: Evaluation) -> None:
    counts = np.array(result.measures["confusion"])
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="predicted class", ylabel="true class", title="confusion matrix, shaded by share of the row")
    if len(counts) <= MAX_NAMED:
        names = [str(name) for name in result.classes or ()]
        rotation = 90 if max(map(len, names)) > 3 else 0
        axes.set_xticks(range(len(names)), names, rotation=rotation, parse_math=False)
        axes.set_yticks(range(len(names)), names, parse_math=False)
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            size = 8 if len(counts) <= 5 else 5
            axes.text(column, row, str(count), ha="center", va="center", color=color, fontsize=size)


def _reliability(axes: Any, result: Evaluation) -> None:
    calibrated = result.calibration
    assert calibrated is not None
    edges, nonempty = calibrated.edges, calibrated.rows > 0
    axes.bar(
        edges[:-1][nonempty],
        calibrated.accuracy[nonempty],
        np.diff(edges)[nonempty],
        align="edge",
        color=COLORS["train"],
        edgecolor="white",
        label="accuracy",
    )
    axes.plot([0, 1], [0, 1], "--", color="gray", lw=1, label="perfect calibration")
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"reliability, expected calibration error {result.measures['ece']:.3f}")
    axes.legend(fontsize=8, loc="upper left", framealpha=0.8)


def _scatter(axes: Any, result: Evaluation) -> None:
    y, predicted = np.ravel(result.y), np.ravel(result.predicted)
    axes.plot(y, predicted, "o", ms=3, alpha=0.5, color=COLORS["train"], mec="none")
    ends = [min(y.min(), predicted.min()), max(y.max(), predicted.max())]
    axes.plot(ends, ends, "--", color="gray", lw=1)
    axes.set(xlabel="true value", ylabel="predicted value", title=f"rmse {result.measures['rmse']:.4g}")


def _by_uncertainty(axes: Any, result: Evaluation) -> None:
    assert result.uncertainty is not None
    groups = np.array_split(np.argsort(result.uncertainty, kind="stable"), min(GROUPS, len(result.wrong)))
    uncertainty = [result.uncertainty[group].mean() for group in groups]
    values = "rmse" in result.measures
    errors = [result.wrong[group].mean() ** (0.5 if values else 1.0) for group in groups]
    axes.plot(uncertainty, errors, "o-", ms=4, color=COLORS["validation"])
    labels = ("uncertainty (standard deviation)", "rmse") if values else ("predictive entropy, nats", "error rate")
    axes.set(xlabel=labels[0], ylabel=labels[1], title=f"error by uncertainty, in {len(groups)} groups of rows")
    axes.set_ylim(0, None)
    axes.grid(alpha=0.3)
    if values:
        end = min(max(uncertainty), max(errors))
        axes.plot([0, end], [0, end], "--", color="gray", lw=1)
