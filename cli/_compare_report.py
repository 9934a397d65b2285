"""The output of `ndrop compare`: a progress bar, a table, the best rate, and the files written."""

from __future__ import annotations

import click

from numba_dropout.experiments import environment
from numba_dropout.experiments.compare import Comparison
from numba_dropout.experiments.trial import TrialResult
from numba_dropout.storage import files
from numba_dropout.viz import plots

from ._notes import show_notes
from .bar import Bar, compilation_note


class CompareReport:
    """A progress bar of the runs, and the report at the end."""

    def __init__(self, runs: int) -> None:
        self.bar = Bar(runs)
        self.note = compilation_note()

    def on_result(self, result: TrialResult) -> None:
        """Advance the bar by a run."""
        self.note.cancel()
        self.bar.update(1, f"rate {result.trial.choice['dropout']:g}: {result.val_loss:.4f}")

    def clear(self) -> None:
        """Remove the bar and cancel the timer."""
        self.note.cancel()
        self.bar.clear()

    def finish(self, comparison: Comparison, source: str, seed: int, json_file: str | None, plot: str | None) -> None:
        """Print the notes on the data, the table and the best rate, and write the files."""
        show_notes(comparison.notes)
        if comparison.notes:
            click.echo()
        rows = f"{comparison.rows} training rows, {comparison.val_rows} validation rows"
        input_dropout = f", input dropout {comparison.input_dropout:g}" if comparison.input_dropout else ""
        click.echo(f"{source}: {comparison.name}{input_dropout}, {rows}\n")
        for line in comparison.table():
            click.echo(f"  {line}")
        if json_file:
            files.write_json(json_file, {**comparison.record(), **environment.provenance(seed)})
        if comparison.best is None:
            click.echo(f"Error: {comparison.verdict()}", err=True)
            raise SystemExit(2)
        click.echo(f"\n{comparison.verdict()}")
        if json_file:
            click.echo(f"\njson   {json_file}")
        if plot:
            plots.rates(comparison, plot)
            click.echo(f"plot   {plot}")
