"""The run and the output of `ndrop tune`: a progress bar, a table, the best trial, and the files written."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from numba_dropout.data.splits import Resampling
from numba_dropout.experiments import environment, tune
from numba_dropout.experiments.config import TrainConfig
from numba_dropout.experiments.search_space import SearchSpace
from numba_dropout.experiments.trial import TrialResult
from numba_dropout.storage import files, output_formats
from numba_dropout.viz import plots

from ._notes import show_notes
from ._table_options import table_options
from ._train_progress import check_outputs
from .bar import Bar, compilation_note

SPACE = {"rates": "dropout", "input_rates": "input_dropout", "widths": "hidden", "lrs": "lr"}
SEARCH_OPTIONS = (
    *("search", "trials", "eta", "val", "repeats", "folds", "splits"),
    *("jobs", "journal", "json_file", "plot", *SPACE),
)


class Search:
    """A search that runs when it is constructed, and its report."""

    def __init__(self, source: str, out: str, options: Mapping[str, Any]) -> None:
        self.source, self.out, self.options = source, out, options
        inputs = [source, options["columns"]]
        check_outputs(inputs, out, options["journal"], options["json_file"], plot=options["plot"])
        output_formats.check_model(out)
        for path, formats, content in (
            (options["journal"], output_formats.JSON_LINES, "a journal"),
            (options["json_file"], output_formats.JSON, "figures"),
        ):
            if path:
                output_formats.check_format(path, formats, content)
        space = {name: options[option] for option, name in SPACE.items() if options[option] is not None}
        search = SearchSpace(space, options["search"], options["trials"], options["eta"])
        choices = table_options(options)
        config = TrainConfig.of({name: value for name, value in choices.items() if name not in SEARCH_OPTIONS})
        resampling = Resampling(options["val"], options["folds"], options["repeats"], options["splits"])
        jobs = options["jobs"] or environment.threads()
        self.note, self.bar = compilation_note(), Bar(0)
        try:
            self.study, self.run = tune.tune(
                source, search, config, resampling, jobs=jobs, journal=options["journal"], on_result=self.on_result
            )
        finally:
            self.note.cancel()
            self.bar.clear()

    def on_result(self, result: TrialResult, trainings: int) -> None:
        """Advance the bar by a training run."""
        self.note.cancel()
        self.bar.lengthen(trainings)
        self.bar.update(1, f"{result.val_loss:.4f}: {result.trial.written()}")

    def finish(self) -> None:
        """Print the notes on the data and the table, and write the files."""
        if self.run is not None and self.run.notes:
            show_notes(self.run.notes)
            click.echo()
        for line in self.study.table():
            click.echo(line)
        json_file, plot = self.options["json_file"], self.options["plot"]
        if self.run is not None:
            self.run.net.save(self.out)
        if json_file:
            files.write_json(json_file, {**self.study.record(), **environment.provenance(self.options["seed"])})
        if plot:
            plots.search(self.study, plot)
        self._finish_best(json_file, plot)

    def _finish_best(self, json_file: str | None, plot: str | None) -> None:
        """Print the best trial, the files written, and the next command."""
        best = self.study.best
        if self.run is None or best is None:
            click.echo("Error: all trials diverged; try lower learning rates", err=True)
            raise SystemExit(2)
        click.echo(f"\nbest    {best.written()}, retrained on all {len(self.run.train.x)} rows\n")
        for name, path in (
            ("model", self.out),
            ("journal", self.options["journal"]),
            ("json", json_file),
            ("plot", plot),
        ):
            if path:
                click.echo(f"{name:<8}{path}")
        click.echo(f"next    ndrop evaluate {shlex.quote(self.out)} {shlex.quote(self.source)}")
