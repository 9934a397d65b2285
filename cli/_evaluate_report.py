"""The output of `ndrop evaluate`: metrics, and for classes precision, recall and the confusion matrix."""

from __future__ import annotations

from typing import Any

import click

from numba_dropout.storage import files
from numba_dropout.training.evaluate import Evaluation

LISTS = ("precision", "recall", "confusion")
MAX_CLASSES = 20  # largest number of classes of a printed confusion matrix


def show(result: Evaluation, as_json: bool) -> None:
    """Print an evaluation."""
    measures = {"rows": len(result.y), **result.measures}
    if as_json:
        click.echo(files.json_line(measures))
        return
    numbers = {name: value for name, value in measures.items() if name not in (*LISTS, "classes")}
    width = max(map(len, numbers))
    for name, value in numbers.items():
        click.echo(f"{name.replace('_', '-'):<{width}} {_format(value)}")
    if result.classes is not None:
        _show_classes(result.classes, *(result.measures[name] for name in LISTS))


def _show_classes(classes: list[Any], precision: list[float], recall: list[float], confusion: list[list[int]]) -> None:
    """Print a row for each class."""
    names = [str(name) for name in classes]
    width = max(map(len, ["class", *names]))
    column_width = max(len(str(count)) for row in confusion for count in row)
    column_width = max(column_width, *map(len, names)) if len(names) <= MAX_CLASSES else 0
    head = "  ".join(name.rjust(column_width) for name in names) if column_width else ""
    click.echo(f"\n{'class'.rjust(width)}  precision  recall" + (f"   predicted: {head}" if head else ""))
    for name, class_precision, class_recall, row in zip(names, precision, recall, confusion, strict=True):
        line = f"{name.rjust(width)}  {_share(class_precision):>9}  {_share(class_recall):>6}"
        counts = "  ".join(str(count).rjust(column_width) for count in row)
        click.echo(line + (f"{'':14}{counts}" if head else ""))


def _format(value: Any) -> str:
    if value is None:
        return "-  (requires --tau, the noise precision)"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _share(value: float) -> str:
    return f"{value:.4f}" if value == value else "-"
