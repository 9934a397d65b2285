"""The output of `ndrop evaluate`: metrics, a baseline, and for classes precision, recall and the confusion matrix."""

from __future__ import annotations

from typing import Any

import click

from numba_dropout.storage import files
from numba_dropout.training.baseline import Baseline
from numba_dropout.training.evaluate import Evaluation

LISTS = ("precision", "recall", "confusion")
WIDTH = 80  # of a line
COLUMN = 12  # width of the column of measures beside a baseline
MAX_CLASSES = 20  # largest number of classes of a printed confusion matrix


def show(result: Evaluation, as_json: bool, baseline: Baseline | None = None) -> None:
    """Print an evaluation, beside a baseline if there is one, and a line if the network is no better."""
    measures = {"rows": len(result.y), **result.measures}
    if as_json:
        more = {} if baseline is None else {"baseline": {"prediction": baseline.prediction, **baseline.measures}}
        click.echo(files.json_line({**measures, **more}))
        return
    numbers = {name: value for name, value in measures.items() if name not in (*LISTS, "classes")}
    width = max(map(len, numbers))
    if baseline is not None:
        click.echo(f"{'':<{width}} {'network':<{COLUMN}} always {baseline.prediction}")
    for name, value in numbers.items():
        line = f"{name.replace('_', '-'):<{width}} {_format(value)}"
        if baseline is not None and name in baseline.measures:
            line = f"{line:<{width + 1 + COLUMN}} {_format(baseline.measures[name])}"
        click.echo(line)
    verdict = None if baseline is None else baseline.verdict(result.measures)
    if verdict is not None:
        click.echo(f"\n{click.wrap_text(verdict, WIDTH)}")
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
    return str(value) if not isinstance(value, float) else f"{value:.6g}" if value == value else "-"


def _share(value: float) -> str:
    return f"{value:.4f}" if value == value else "-"
