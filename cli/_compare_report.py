"""What `ndrop compare` shows: a bar while runs go on, then a table, the best rate, and where the files are."""

from __future__ import annotations

import click

from numba_dropout.experiments import environment
from numba_dropout.experiments.compare import Comparison, TrialResult
from numba_dropout.storage import files
from numba_dropout.viz import plots as plots

from .bar import Bar, compilation_note


class Told:
    """A bar for the runs, and the end."""

    def __init__(self, runs: int) -> None:
        self.bar = Bar(runs)
        self.note = compilation_note()

    def outcome(self, outcome: TrialResult) -> None:
        """Move the bar by a run."""
        self.note.cancel()
        self.bar.update(1, f"rate {outcome.rate:g}: {outcome.val_loss:.4f}")

    def clear(self) -> None:
        """Take the bar off the terminal."""
        self.note.cancel()
        self.bar.clear()

    def end(self, found: Comparison, source: str, seed: int, json_file: str | None, plot: str | None) -> None:
        """Print the table and the best rate, and write the files."""
        rows = f"{found.rows} rows to learn from, {found.val_rows} others to validate on"
        also = f", input dropout {found.input_dropout:g}" if found.input_dropout else ""
        click.echo(f"{source}: {found.name}{also}, {rows}\n")
        for line in found.table():
            click.echo(f"  {line}")
        if json_file:
            files.write_json(json_file, {**found.record(), **environment.provenance(seed)})
        if found.best is None:
            click.echo(f"Error: {found.verdict()}", err=True)
            raise SystemExit(2)
        click.echo(f"\n{found.verdict()}")
        if json_file:
            click.echo(f"\njson   {json_file}")
        if plot:
            plots.rates(found, plot)
            click.echo(f"plot   {plot}")
