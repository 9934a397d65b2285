"""What `ndrop tune` does with what it was given, and what it shows: a bar, a table, the best, and the files."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from numba_dropout.data.splits import Resampling
from numba_dropout.experiments import environment, tune
from numba_dropout.experiments.config import TrainConfig
from numba_dropout.storage import files
from numba_dropout.viz import plots as plots

from ._train_progress import check_outputs
from .bar import Bar, compilation_note

SPACE = {"rates": "dropout", "input_rates": "input_dropout", "widths": "hidden", "lrs": "lr"}
OWN = ("search", "trials", "eta", "val", "repeats", "folds", "splits", "jobs", "journal", "json_file", "plot", *SPACE)


class Search:
    """A search and its end."""

    def __init__(self, source: str, out: str, given: Mapping[str, Any]) -> None:
        self.source, self.out, self.given = source, out, given
        check_outputs([source], out, given["journal"], given["json_file"], plot=given["plot"])
        space = {name: given[option] for option, name in SPACE.items() if given[option] is not None}
        self.plan = tune.SearchSpace(space, given["search"], given["trials"], given["eta"])
        recipe = TrainConfig(**{name: value for name, value in given.items() if name not in OWN})
        resampling = Resampling(given["val"], given["folds"], given["repeats"], given["splits"])
        jobs = given["jobs"] or environment.threads()
        self.note, self.bar = compilation_note(), Bar(0)
        try:
            self.study, self.run = tune.tune(
                source, self.plan, recipe, resampling, jobs=jobs, journal=given["journal"], on_result=self.on_result
            )
        finally:
            self.note.cancel()
            self.bar.clear()

    def on_result(self, trial: tune.Trial, outcome: tune.TrialResult, trainings: int) -> None:
        """Move the bar by a training."""
        self.note.cancel()
        self.bar.lengthen(trainings)
        self.bar.update(1, f"{outcome.val_loss:.4f}: {trial.written()}")

    def end(self) -> None:
        """Print the table, and write the files."""
        for line in self.study.table():
            click.echo(line)
        json_file, plot = self.given["json_file"], self.given["plot"]
        if self.run is not None:
            self.run.net.save(self.out)
        if json_file:
            files.write_json(json_file, {**self.study.record(), **environment.provenance(self.given["seed"])})
        if plot:
            plots.search(self.study, plot)
        best = self.study.best
        if self.run is None or best is None:
            click.echo("Error: all trials diverged; try lower learning rates", err=True)
            raise SystemExit(2)
        click.echo(f"\nbest    {best.written()}, trained again on all {len(self.run.train.x)} rows\n")
        for name, path in (
            ("model", self.out),
            ("journal", self.given["journal"]),
            ("json", json_file),
            ("plot", plot),
        ):
            if path:
                click.echo(f"{name:<8}{path}")
        click.echo(f"next    ndrop evaluate {shlex.quote(self.out)} {shlex.quote(self.source)}")
