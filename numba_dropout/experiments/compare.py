"""Comparison of dropout rates: one network trained at each rate on the same data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core import checks
from ..core.errors import InputError
from ..nn.losses import VALUE_LOSSES
from ..nn.variants.kinds import kind_of
from . import parallel
from .config import TrainConfig, load_cached
from .trial import Source, Trial, TrialResult, build_trial, train_trial

__all__ = ["Comparison", "compare"]

HEAD = ("name", "loss", "input_dropout", "rows", "val_rows")  # first keys of a comparison's record


@dataclass(frozen=True)
class Comparison:
    """The results of a network `name`, ordered by rate and then by seed, with its loss and input dropout.

    The trials choose "dropout" and "seed". `rows` and `val_rows` are the numbers of training and validation rows.
    `notes` say what was guessed in reading the data, and are no part of the `record`.
    """

    name: str
    loss: str
    input_dropout: float
    rows: int
    val_rows: int
    results: Sequence[TrialResult]
    notes: Sequence[str] = ()

    @property
    def rates(self) -> list[float]:
        """The rates, in their original order."""
        return list(dict.fromkeys(result.trial.choice["dropout"] for result in self.results))

    @property
    def figures(self) -> list[str]:
        """The names of the metrics: losses, and for classes the error."""
        return ["train_loss", "val_loss"] + ["val_error"] * (self.loss not in VALUE_LOSSES)

    def column(self, name: str, rate: float) -> list[float]:
        """Return a metric of all runs at a rate."""
        return [getattr(result, name) for result in self.results if result.trial.choice["dropout"] == rate]

    def mean(self, name: str, rate: float) -> float:
        """Return the mean of a metric over the runs at a rate, or NaN if one of them diverged."""
        return float(np.mean(self.column(name, rate)))

    def spread(self, name: str, rate: float) -> float:
        """Return the standard deviation of a metric over the runs at a rate, or NaN for one run."""
        column = self.column(name, rate)
        return float(np.std(column, ddof=1)) if len(column) > 1 else math.nan

    @property
    def best(self) -> float | None:
        """The rate with the lowest mean validation loss, or None if a run diverged at every rate."""
        means = {rate: self.mean("val_loss", rate) for rate in self.rates}
        return min((rate for rate in means if math.isfinite(means[rate])), key=means.__getitem__, default=None)

    def table(self) -> list[str]:
        """Return the lines of a table: a head, then for each rate the mean and standard deviation of each metric."""
        titles = {"train_loss": "train loss", "val_loss": "validation loss", "val_error": "validation error"}
        rows = [["rate", *(titles[name] for name in self.figures)]]
        rows += [[f"{rate:g}", *(self._cell(name, rate) for name in self.figures)] for rate in self.rates]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["   ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        marks = ["", *("  best" * (rate == self.best) for rate in self.rates)]
        return [line + mark for line, mark in zip(lines, marks, strict=True)]

    def verdict(self) -> str:
        """Return a sentence with the best rate, its losses, and those of rate 0 if it was tried."""
        best = self.best
        if best is None:
            return "runs of all rates diverged; try a lower learning rate"
        text = f"best rate {best:g}: validation loss {self._cell('val_loss', best)}"
        if "val_error" in self.figures:
            text += f", error {self._cell('val_error', best)}"
        if best and 0.0 in self.rates:
            text += f"; at rate 0 {self._cell('val_loss', 0.0)}"
            text += f", error {self._cell('val_error', 0.0)}" if "val_error" in self.figures else ""
        return text

    def _cell(self, name: str, rate: float) -> str:
        """Return the text of a metric's mean and standard deviation."""
        mean, spread = self.mean(name, rate), self.spread(name, rate)
        if math.isnan(mean):
            return "diverged"
        digits, unit = (2, " %") if name == "val_error" else (4, "")
        return f"{mean:.{digits}f}{'' if math.isnan(spread) else f' ± {spread:.{digits}f}'}{unit}"

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Comparison:
        """Return the comparison of a `record` read from JSON."""
        choices = [{"dropout": run["rate"], "seed": run["seed"]} for run in record["runs"]]
        trials = [Trial(number, choice) for number, choice in enumerate(choices)]
        results = [TrialResult.of(trial, run) for trial, run in zip(trials, record["runs"], strict=True)]
        return cls(**{name: record[name] for name in HEAD}, results=results)

    def record(self) -> dict[str, Any]:
        """Return the comparison as a dictionary for JSON."""
        rates = []
        for rate in self.rates:
            means = {name: self.mean(name, rate) for name in self.figures}
            rates.append({"rate": rate, **means, **{f"{name}_std": self.spread(name, rate) for name in self.figures}})
        head = {name: getattr(self, name) for name in (*HEAD, "best")}
        runs = [
            {"rate": result.trial.choice["dropout"], "seed": result.trial.choice["seed"], **result.metrics()}
            for result in self.results
        ]
        return {**head, "rates": rates, "runs": runs}


def compare(
    source: Source,
    rates: Sequence[float],
    config: TrainConfig,
    *,
    repeats: int = 3,
    jobs: int = 1,
    on_result: Callable[[TrialResult], None] = lambda result: None,
) -> Comparison:
    """Train the network of a configuration several times at each dropout rate, and evaluate it on validation rows.

    Parameters
    ----------
    source : path, or "pipeline" or "noisy"
        As in `data.load`. A folder of IDX files is validated on its test part. Other data are validated on the
        fraction `config.val` of their rows, held out by the seed of `config`, the same for all runs.
    rates : sequence of float
        Dropout rates of hidden units, all different.
    config : TrainConfig
        All other options. Run r at each rate has the seed `config.seed + r`, so that it starts from the same weights.
    repeats : int
        Runs at each rate.
    jobs : int
        Runs in parallel, with one thread each if more than one. Results do not depend on it (`parallel_map`).
    on_result : callable
        Called with each `TrialResult` as soon as it is available.

    Raises
    ------
    ValueError, TypeError
        An option or the data are invalid, or a process was killed. KeyboardInterrupt terminates all processes.
    """
    rates = [checks.probability(p, "rates") for p in rates]
    if not rates or len(set(rates)) < len(rates):
        raise InputError(f"rates: expected different numbers, got {', '.join(f'{p:g}' for p in rates) or 'none'}")
    repeats = checks.integer(repeats, "repeats", 1, 10_000)
    jobs = checks.integer(jobs, "jobs", 1, 1024)
    checks.integer(config.seed + repeats - 1, "seed of the last repeat", 0, 2**64 - 1)
    for p in rates:
        kind_of(config.variant, [p])
    config = replace(config, split_seed=config.seed)
    load_cached(source, config, reload=True)
    job, validation = build_trial(source, replace(config, dropout=rates[0]))
    if len(job.net.sizes) == 2:
        raise InputError("hidden: expected at least one hidden layer to apply the rates to, got none")
    choices = [{"dropout": p, "seed": config.seed + repeat} for p in rates for repeat in range(repeats)]
    if jobs > 1:
        job.compile()  # once for all processes
    calls = [(source, config, Trial(number, choice)) for number, choice in enumerate(choices)]
    results = parallel.parallel_map(train_trial, calls, jobs, on_result)
    net = job.net
    rows, val_rows = len(job.train.x), len(validation.x)
    return Comparison(net.name, net.loss, net.input_dropout, rows, val_rows, results, job.notes)
