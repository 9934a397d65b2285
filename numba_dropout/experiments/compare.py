"""The same network at several dropout rates on the same data: what each rate does to what is learnt, and beyond it."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .. import data
from ..core import checks
from ..core.errors import InputError
from ..nn.variants.kinds import kind_of
from ..storage.files import numbers
from ..training.fit import Diverged
from . import parallel
from .config import TrainConfig, TrainJob, build, load_cached

__all__ = ["Comparison", "TrialResult", "compare"]

VAL = 0.2  # the share that is held out where nothing else is asked for
HEAD = ("name", "loss", "input_dropout", "rows", "val_rows")  # what a comparison's record begins with

Source = str | os.PathLike[str]


@dataclass(frozen=True)
class TrialResult:
    """One training run: its rate and seed, and loss and accuracy in evaluation mode.

    `train_loss` and `train_accuracy` are measured on the rows learnt from, `val_loss` and `val_accuracy` on others.
    Losses are NaN where training diverged; there is no accuracy then, nor for a regression.
    """

    rate: float
    seed: int
    train_loss: float
    train_accuracy: float | None
    val_loss: float
    val_accuracy: float | None

    @property
    def val_error(self) -> float:
        """The share of the rows not learnt from, in percent, that are taken for another class."""
        return math.nan if self.val_accuracy is None else 100 * (1 - self.val_accuracy)


@dataclass(frozen=True)
class Comparison:
    """All runs, by rate and then by seed, of a network `name` with its loss and input dropout.

    `rows` were learnt from, and `val_rows` validated on.
    """

    name: str
    loss: str
    input_dropout: float
    rows: int
    val_rows: int
    outcomes: Sequence[TrialResult]

    @property
    def rates(self) -> list[float]:
        """The rates, in the order in which they were given."""
        return list(dict.fromkeys(outcome.rate for outcome in self.outcomes))

    @property
    def figures(self) -> list[str]:
        """The figures that there are: losses, and for classes the error."""
        return ["train_loss", "val_loss"] + ["val_error"] * (self.loss != "mse")

    def column(self, name: str, rate: float) -> list[float]:
        """Return one figure of all runs at a rate."""
        return [getattr(outcome, name) for outcome in self.outcomes if outcome.rate == rate]

    def mean(self, name: str, rate: float) -> float:
        """Return the mean of a figure over the runs at a rate; NaN where one of them diverged."""
        return float(np.mean(self.column(name, rate)))

    def spread(self, name: str, rate: float) -> float:
        """Return the standard deviation of a figure over the runs at a rate; NaN for one run."""
        column = self.column(name, rate)
        return float(np.std(column, ddof=1)) if len(column) > 1 else math.nan

    @property
    def best(self) -> float | None:
        """The rate of the least mean validation loss; None where there is none at which no run diverged."""
        means = {rate: self.mean("val_loss", rate) for rate in self.rates}
        return min((rate for rate in means if math.isfinite(means[rate])), key=means.__getitem__, default=None)

    def table(self) -> list[str]:
        """Return lines: a head, then for each rate the mean of each figure, and its spread where there is one."""
        titles = {"train_loss": "train loss", "val_loss": "validation loss", "val_error": "validation error"}
        rows = [["rate", *(titles[name] for name in self.figures)]]
        rows += [[f"{rate:g}", *(self._cell(name, rate) for name in self.figures)] for rate in self.rates]
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        lines = ["   ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        marks = ["", *("  best" * (rate == self.best) for rate in self.rates)]
        return [line + mark for line, mark in zip(lines, marks, strict=True)]

    def verdict(self) -> str:
        """Say which rate is best, and how it compares with rate 0, where that was tried."""
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
        """Write mean and spread of a figure."""
        mean, spread = self.mean(name, rate), self.spread(name, rate)
        if math.isnan(mean):
            return "diverged"
        digits, unit = (2, " %") if name == "val_error" else (4, "")
        return f"{mean:.{digits}f}{'' if math.isnan(spread) else f' ± {spread:.{digits}f}'}{unit}"

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Comparison:
        """Return a comparison whose `record` JSON held."""
        outcomes = [TrialResult(**numbers(run, "train_loss", "val_loss")) for run in record["runs"]]
        return cls(**{name: record[name] for name in HEAD}, outcomes=outcomes)

    def record(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        rates = []
        for rate in self.rates:
            means = {name: self.mean(name, rate) for name in self.figures}
            rates.append({"rate": rate, **means, **{f"{name}_std": self.spread(name, rate) for name in self.figures}})
        head = {name: getattr(self, name) for name in (*HEAD, "best")}
        return {**head, "rates": rates, "runs": [asdict(outcome) for outcome in self.outcomes]}


def compare(
    source: Source,
    rates: Sequence[float],
    recipe: TrainConfig,
    *,
    repeats: int = 3,
    jobs: int = 1,
    on_result: Callable[[TrialResult], None] = lambda outcome: None,
) -> Comparison:
    """Train a recipe's network at each rate on hidden units, several times, and measure it on rows it has not seen.

    Parameters
    ----------
    source : path, or "pipeline" or "noisy"
        As in `data.load`. A folder of IDX files validates on its test part; other data on the share `recipe.val`,
        which is held out by the recipe's seed, the same for all runs.
    rates : sequence of float
        Probabilities, each once.
    recipe : Recipe
        All other choices. Run r of a rate has the recipe's seed + r: runs of one number start from the same weights.
    repeats : int
        Runs for each rate.
    jobs : int
        Runs at once, each of one thread if several; results do not depend on it (`processes.results`).
    on_result : callable
        Is given each `TrialResult` as it is there.

    Raises
    ------
    ValueError, TypeError
        A choice or the data cannot be used, or a process was ended from outside. KeyboardInterrupt ends all processes.
    """
    rates = [checks.probability(p, "rates") for p in rates]
    if not rates or len(set(rates)) < len(rates):
        raise InputError(f"rates: expected different numbers, got {', '.join(f'{p:g}' for p in rates) or 'none'}")
    repeats = checks.integer(repeats, "repeats", 1, 10_000)
    jobs = checks.integer(jobs, "jobs", 1, 1024)
    checks.integer(recipe.seed + repeats - 1, "seed of the last repeat", 0, 2**64 - 1)
    for p in rates:
        kind_of(recipe.variant, [p])
    recipe = replace(recipe, split_seed=recipe.seed)
    load_cached(source, recipe, anew=True)
    run, held_out = _prepared(source, replace(recipe, dropout=rates[0]))
    if len(run.net.sizes) == 2:
        raise InputError("hidden: expected hidden units, which the rates are for, got none")
    each = [(p, recipe.seed + repeat) for p in rates for repeat in range(repeats)]
    plans = [replace(recipe, dropout=p, seed=seed) for p, seed in each]
    if jobs > 1:
        run.compile()  # once, for all processes
    outcomes = parallel.parallel_map(_outcome, [(source, plan) for plan in plans], jobs, on_result)
    net = run.net
    return Comparison(net.name, net.loss, net.input_dropout, len(run.train.x), len(held_out.x), outcomes)


def _prepared(source: Source, recipe: TrainConfig) -> tuple[TrainJob, data.Dataset]:
    """Return a run and the rows that it is validated on."""
    in_two_parts = os.path.isdir(source)
    if recipe.val is None and not in_two_parts:
        recipe = replace(recipe, val=VAL)
    run = build(load_cached(source, recipe), recipe)
    return run, run.validation or data.load_for(run.net, source)


def _outcome(source: Source, recipe: TrainConfig) -> TrialResult:
    """Train and measure."""
    run, held_out = _prepared(source, recipe)
    assert isinstance(recipe.dropout, float)
    found: list[tuple[float, float | None]] = []
    with contextlib.suppress(Diverged):
        replace(run, validation=None).fit()  # measured once, at the end
        found = [run.net.evaluate_loss(part.x, part.targets()) for part in (run.train, held_out)]
    if not found or not all(math.isfinite(loss) for loss, _ in found):
        found = [(math.nan, None)] * 2
    return TrialResult(recipe.dropout, recipe.seed, *found[0], *found[1])
