"""The same network at several dropout rates on the same data: what each rate does to what is learnt, and beyond it."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from . import _checks, data, system
from ._checks import InputError
from .recipe import Recipe, Run, prepare
from .train import Diverged

__all__ = ["Comparison", "Outcome", "compare"]

VAL = 0.2  # the share that is held out where nothing else is asked for


@dataclass(frozen=True)
class Outcome:
    """One training run: its rate and seed, and loss and accuracy (None for a regression) in evaluation mode.

    NaN where training diverged.
    `train_loss` and `train_accuracy` are measured on the rows learnt from, `val_loss` and `val_accuracy` on others.
    """

    rate: float
    seed: int
    train_loss: float
    train_accuracy: float | None
    val_loss: float
    val_accuracy: float | None

    @property
    def val_error(self) -> float:
        """The share of the rows not seen, in percent, that are taken for another class."""
        return math.nan if self.val_accuracy is None else 100 * (1 - self.val_accuracy)


@dataclass(frozen=True)
class Comparison:
    """All runs, by rate and then by seed; `rows` and `val_rows` were learnt from and validated on."""

    name: str
    rows: int
    val_rows: int
    outcomes: Sequence[Outcome]

    @property
    def rates(self) -> list[float]:
        """The rates, in the order in which they were given."""
        return list(dict.fromkeys(outcome.rate for outcome in self.outcomes))

    def column(self, name: str, rate: float) -> list[float]:
        """Return one figure of all runs at a rate."""
        return [getattr(outcome, name) for outcome in self.outcomes if outcome.rate == rate]

    def mean(self, name: str, rate: float) -> float:
        """Return the mean of a figure over the runs at a rate."""
        return float(np.mean(self.column(name, rate)))

    def spread(self, name: str, rate: float) -> float:
        """Return the standard deviation of a figure over the runs at a rate; 0 for one run."""
        column = self.column(name, rate)
        return float(np.std(column, ddof=1)) if len(column) > 1 else 0.0

    @property
    def best(self) -> float:
        """The rate of the least mean validation loss; what diverged comes last."""
        means = {rate: self.mean("val_loss", rate) for rate in self.rates}
        return min(means, key=lambda rate: (math.isnan(means[rate]), means[rate]))

    def table(self) -> list[str]:
        """Return lines: a head, then for each rate the losses, and where there are classes the error, of both parts."""
        classes = self.outcomes[0].val_accuracy is not None
        head = f"{'rate':>5}  {'train loss':>17}  {'validation loss':>17}" + f"  {'validation error':>17}" * classes
        lines = [head]
        for rate in self.rates:
            cells = [_cell(self, "train_loss", rate), _cell(self, "val_loss", rate)]
            cells += [_cell(self, "val_error", rate, "%")] * classes
            lines.append(f"{rate:>5g}  {'  '.join(cells)}" + "  best" * (rate == self.best))
        return lines

    def verdict(self) -> str:
        """Say which rate is best, and how it compares with none, where that was tried."""
        best = self.best
        if math.isnan(self.mean("val_loss", best)):
            return "all rates diverged; try a lower learning rate"
        text = f"best rate {best:g}: validation loss {_cell(self, 'val_loss', best).strip()}"
        if best and 0.0 in self.rates:
            text += f", without dropout {_cell(self, 'val_loss', 0.0).strip()}"
        if self.outcomes[0].val_accuracy is not None:
            text += f"; error {_cell(self, 'val_error', best, '%').strip()}"
            if best and 0.0 in self.rates:
                text += f" against {_cell(self, 'val_error', 0.0, '%').strip()}"
        return text

    def record(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        names = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
        known = [name for name in names if getattr(self.outcomes[0], name) is not None]
        table = [
            {"rate": rate}
            | {name: self.mean(name, rate) for name in known}
            | {f"{name}_std": self.spread(name, rate) for name in known}
            for rate in self.rates
        ]
        head = {"network": self.name, "rows": self.rows, "val_rows": self.val_rows, "best": self.best}
        return {**head, "rates": table, "runs": [asdict(outcome) for outcome in self.outcomes]}


def compare(
    source: str | os.PathLike[str],
    rates: Sequence[float],
    recipe: Recipe,
    *,
    repeats: int = 3,
    jobs: int | None = None,
    tell: Callable[[Outcome], None] = lambda outcome: None,
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
    jobs : int, optional
        Processes that train at once, of one thread each: by default as many as Numba has threads. Results do not
        depend on it.
    tell : callable
        Is given each `Outcome` as it is there.

    Raises
    ------
    ValueError, TypeError
        A choice or the data cannot be used. KeyboardInterrupt passes through.
    """
    rates = [_checks.probability(p, "rates") for p in rates]
    if not rates or len(set(rates)) < len(rates):
        raise InputError(f"rates: expected different numbers, got {', '.join(f'{p:g}' for p in rates) or 'none'}")
    repeats = _checks.integer(repeats, "repeats", 1, 10_000)
    jobs = system.threads() if jobs is None else _checks.integer(jobs, "jobs", 1, 1024)
    recipe = replace(recipe, split_seed=recipe.seed)
    run, held_out = _prepared(source, replace(recipe, dropout=rates[0]))  # says what is wrong before all else starts
    each = [(p, recipe.seed + repeat) for p in rates for repeat in range(repeats)]
    plans = [replace(recipe, dropout=p, seed=seed) for p, seed in each]
    found = {}
    for outcome in _outcomes(source, plans, min(jobs, len(plans))):
        found[outcome.rate, outcome.seed] = outcome
        tell(outcome)
    return Comparison(run.net.name, len(run.train.x), len(held_out.x), [found[one] for one in each])


def _prepared(source: str | os.PathLike[str], recipe: Recipe) -> tuple[Run, data.Dataset]:
    """Return a run and the rows that it is validated on."""
    in_two_parts = os.path.isdir(source)
    if recipe.val is None and not in_two_parts:
        recipe = replace(recipe, val=VAL)
    run = prepare(source, recipe)
    return run, run.validation or data.load_for(run.net, source)


def _outcome(source: str | os.PathLike[str], recipe: Recipe) -> Outcome:
    """Train and measure; what diverges has no numbers."""
    run, held_out = _prepared(source, recipe)
    assert isinstance(recipe.dropout, float)
    nothing = math.nan, math.nan
    try:
        replace(run, validation=None).fit()  # measured once, at the end
        seen, unseen = (run.net.loss_of(part.x, part.targets()) for part in (run.train, held_out))
    except Diverged:
        seen, unseen = nothing, nothing
    return Outcome(recipe.dropout, recipe.seed, *seen, *unseen)


def _outcomes(source: str | os.PathLike[str], plans: Sequence[Recipe], jobs: int) -> Iterator[Outcome]:
    """Yield the outcomes as they come."""
    if jobs == 1:
        yield from (_outcome(source, plan) for plan in plans)
        return
    fresh = multiprocessing.get_context("spawn")  # threads, and CUDA, do not survive a fork
    with ProcessPoolExecutor(jobs, fresh, _alone) as pool:
        calls = [pool.submit(_outcome, source, plan) for plan in plans]
        try:
            for call in as_completed(calls):
                yield call.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _alone() -> None:
    """Let a process use one thread, as there are others beside it; and end with the one that started it, by Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    system.set_threads(1)


def _cell(found: Comparison, name: str, rate: float, unit: str = "") -> str:
    """Write mean and spread of a figure, 17 characters wide."""
    mean, spread = found.mean(name, rate), found.spread(name, rate)
    if math.isnan(mean):
        return f"{'diverged':>17}"
    digits = 2 if unit else 4
    return f"{f'{mean:.{digits}f} ± {spread:.{digits}f}':>{17 - 2 * bool(unit)}}{' ' + unit if unit else ''}"
