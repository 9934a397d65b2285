"""The output of `ndrop evaluate`: metrics, a baseline, and for classes precision, recall and the confusion matrix."""

from __future__ import annotations

import shutil
from typing import Any

import click

from numba_dropout.data.table import one_line
from numba_dropout.storage import files
from numba_dropout.training.baseline import Baseline
from numba_dropout.training.evaluate import Evaluation

LISTS = ("precision", "recall", "confusion")
WIDTH = 80  # of a line
LABEL = 40  # of the name of a class
COLUMN = 12  # width of the column of measures beside a baseline


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
        click.echo(f"{'':<{width}} {'network':<{COLUMN}} always {one_line(baseline.prediction, LABEL)}")
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
    """Print a row for each class, with the confusion matrix beside or below it, if there is room."""
    names = [one_line(name, LABEL) for name in classes]
    titles = ["class", *names]
    width = max(map(len, titles))
    shares = [f"{_share(a):>9}  {_share(b):>6}" for a, b in zip(precision, recall, strict=True)]
    table = [f"{name:>{width}}  {line}" for name, line in zip(titles, ["precision  recall", *shares], strict=True)]
    cells = [names, *([str(count) for count in row] for row in confusion)]
    column_width = max(len(cell) for row in cells for cell in row)
    matrix = ["  ".join(cell.rjust(column_width) for cell in row) for row in cells]
    space, head = shutil.get_terminal_size().columns, "   predicted: "
    below = ["", f"the confusion matrix of {len(names)} classes is too wide; `ndrop evaluate --json` has it"]
    if len(table[0] + head + matrix[0]) <= space:
        pads = [head, *[" " * len(head)] * len(names)]
        table, below = ["".join(parts) for parts in zip(table, pads, matrix, strict=True)], []
    elif width + 2 + len(matrix[0]) <= space:
        below = ["", "predicted:", *(f"{name:>{width}}  {line}" for name, line in zip(titles, matrix, strict=True))]
    for line in ["", *table, *below]:
        click.echo(line)


def _format(value: Any) -> str:
    if value is None:
        return "-  (requires --tau, the noise precision)"
    return one_line(value, LABEL) if not isinstance(value, float) else f"{value:.6g}" if value == value else "-"


def _share(value: float) -> str:
    return f"{value:.4f}" if value == value else "-"
