"""What `ndrop evaluate` prints: measures, then for classes precision and recall, and who is taken for whom."""

from __future__ import annotations

from typing import Any

import click

from numba_dropout.storage import files
from numba_dropout.training.evaluate import Evaluation

LISTS = ("precision", "recall", "confusion")
MOST = 20  # classes whose confusion is printed as a matrix


def show(found: Evaluation, as_json: bool) -> None:
    """Print an evaluation."""
    measures = {"rows": len(found.y), **found.measures}
    if as_json:
        click.echo(files.json_line(measures))
        return
    numbers = {name: value for name, value in measures.items() if name not in (*LISTS, "classes")}
    width = max(map(len, numbers))
    for name, value in numbers.items():
        click.echo(f"{name.replace('_', '-'):<{width}} {_written(value)}")
    if found.classes is not None:
        _tell_classes(found.classes, *(found.measures[name] for name in LISTS))


def _tell_classes(classes: list[Any], precision: list[float], recall: list[float], confusion: list[list[int]]) -> None:
    """Print a row for each class."""
    names = [str(name) for name in classes]
    width = max(map(len, ["class", *names]))
    wide = max(len(str(count)) for row in confusion for count in row)
    wide = max(wide, *map(len, names)) if len(names) <= MOST else 0
    head = "  ".join(name.rjust(wide) for name in names) if wide else ""
    click.echo(f"\n{'class'.rjust(width)}  precision  recall" + (f"   predicted: {head}" if head else ""))
    for name, right, found, row in zip(names, precision, recall, confusion, strict=True):
        line = f"{name.rjust(width)}  {_share(right):>9}  {_share(found):>6}"
        counts = "  ".join(str(count).rjust(wide) for count in row)
        click.echo(line + (f"{'':14}{counts}" if head else ""))


def _written(value: Any) -> str:
    if value is None:
        return "-  (give --tau, the precision of the noise)"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _share(value: float) -> str:
    return f"{value:.4f}" if value == value else "-"
