"""Search for the choices of a network that do best on rows it has not learnt from.

All of a grid, some at random, or successive halving: many for a few epochs, the best of them for more (Jamieson &
Talwalkar, AISTATS 2016). What is done is kept in a file, from which a search goes on.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .. import data
from ..arrays import host
from ..core import checks
from ..core.errors import InputError
from ..data.splits import Part, Resampling
from ..storage.files import json_line, numbers
from ..storage.journal import Journal
from ..storage.model_file import plain
from ..training.fit import Diverged
from . import parallel
from .config import TrainConfig, TrainJob, build, load_cached
from .search_space import Range, SearchSpace, Trial, Values

__all__ = ["Range", "SearchSpace", "Study", "Trial", "TrialResult", "tune"]

SHOWN = 20  # trials of a table

Source = str | os.PathLike[str]


@dataclass(frozen=True)
class TrialResult:
    """A trial's training on a split, at a rung: losses and accuracies in evaluation mode; NaN where it diverged."""

    trial: int
    rung: int
    split: int
    train_loss: float
    val_loss: float
    val_accuracy: float | None

    def place(self) -> tuple[int, int, int]:
        """Return rung, trial and split, which no other training of a search has."""
        return self.rung, self.trial, self.split

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> TrialResult:
        """Return an outcome that JSON held."""
        return cls(**numbers(record, "train_loss", "val_loss"))


@dataclass(frozen=True)
class Study:
    """A search: its trials, the rungs (trials, epochs), and all that came out."""

    trials: Sequence[Trial]
    rungs: Sequence[tuple[int, int]]
    splits: int
    outcomes: Sequence[TrialResult]

    def losses(self, rung: int) -> dict[int, list[float]]:
        """Return the validation losses of a rung's trials, by their numbers, on all splits in their order."""
        found: dict[int, list[float]] = {}
        for outcome in sorted(self.outcomes, key=lambda outcome: outcome.split):
            if outcome.rung == rung:
                found.setdefault(outcome.trial, []).append(outcome.val_loss)
        return found

    def rank(self, rung: int) -> list[Trial]:
        """Return the trials of a rung, the least mean validation loss first; of equals, the first."""
        means = {number: np.mean(losses) for number, losses in self.losses(rung).items()}
        found = sorted(means, key=lambda number: (math.inf if math.isnan(means[number]) else means[number], number))
        return [self.trials[number] for number in found]

    @property
    def best(self) -> Trial | None:
        """The trial of the least mean validation loss on the last rung where one has any; None where all diverged."""
        for rung in reversed(range(len(self.rungs))):
            first = self.rank(rung)[0]
            if not math.isnan(np.mean(self.losses(rung)[first.number])):
                return first
        return None

    def values(self) -> dict[str, list[Any]]:
        """Return for each choice the different values that were tried."""
        found: dict[str, list[Any]] = {}
        for trial in self.trials:
            for name, value in trial.choice.items():
                known = found.setdefault(name, [])
                if value not in known:
                    known.append(value)
        return found

    def last_losses(self) -> dict[int, float]:
        """Return for each trial, by its number, the mean validation loss of the last rung that it came to."""
        found: dict[int, float] = {}
        for rung in range(len(self.rungs)):
            found |= {number: float(np.mean(losses)) for number, losses in self.losses(rung).items()}
        return found

    def table(self) -> list[str]:
        """Return lines: the best trials first, with their validation losses, and how long each was trained."""
        rows: dict[int, tuple[int, list[float]]] = {}
        for rung in reversed(range(len(self.rungs))):
            found = self.losses(rung)
            rows |= {t.number: (rung, found[t.number]) for t in self.rank(rung) if t.number not in rows}
        lines = ["   validation loss  epochs  choices"]
        for number, (rung, losses) in list(rows.items())[:SHOWN]:
            spread = f" ± {np.std(losses, ddof=1):.4f}" if len(losses) > 1 else ""
            loss = "diverged" if math.isnan(sum(losses)) else f"{np.mean(losses):.4f}{spread}"
            lines.append(f"{loss:>18}  {self.rungs[rung][1]:>6}  {self.trials[number].written()}")
        return [*lines, *([f"... and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else [])]

    def record(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        best = self.best
        return {
            "best": None if best is None else best.choice,
            "trials": [trial.choice for trial in self.trials],
            "rungs": [{"trials": trials, "epochs": epochs} for trials, epochs in self.rungs],
            "splits": self.splits,
            "outcomes": [asdict(outcome) for outcome in sorted(self.outcomes, key=TrialResult.place)],
        }


def tune(
    source: Source,
    plan: SearchSpace,
    recipe: TrainConfig,
    resampling: Resampling,
    *,
    jobs: int = 1,
    journal: str | os.PathLike[str] | None = None,
    on_result: Callable[[Trial, TrialResult, int], None] = lambda trial, outcome, trainings: None,
) -> tuple[Study, TrainJob | None]:
    """Search, train the best network again on all rows, and return both.

    Parameters
    ----------
    source : path, or a built-in set
        As in `data.load`. The test part of a folder of IDX files is not looked at.
    plan : Plan
    recipe : Recipe
        All other choices; its seed draws the trials and the splits too.
    resampling : Resampling
        What is learnt from and what is validated on.
    jobs : int
        Trainings at once, each of one thread if several; results do not depend on it (`processes.results`).
    journal : path, optional
        Where a line is written for each training that is done. A search by the same choices goes on from there.
    on_result : callable
        Is given each outcome as it is there, with its trial and the number of trainings in all; at first those of the
        journal.

    Raises
    ------
    ValueError, TypeError
        A choice or the data cannot be used; a journal is that of another search.
    """
    trials = plan.draw(recipe.seed)
    jobs = checks.integer(jobs, "jobs", 1, 1024)
    whole = load_cached(source, recipe, anew=True)
    _check(plan, whole, replace(recipe, **trials[0].choice))
    splits = resampling.parts(len(whole.x), recipe.seed)
    first = build(whole, replace(recipe, **trials[0].choice))
    rungs = plan.rungs(len(trials), first.epochs)
    if jobs > 1:
        first.compile()  # once, for all processes
    book = None if journal is None else Journal(journal, _head(whole, plan, recipe, splits))
    outcomes = [] if book is None else _outcomes(book, len(trials), len(rungs), len(splits))
    study = Study(trials, rungs, len(splits), outcomes)
    left, trainings = list(trials), sum(count for count, _ in rungs) * len(splits)

    def done_with(outcome: TrialResult) -> None:
        outcomes.append(outcome)
        if book:
            book.write(asdict(outcome))
        on_result(trials[outcome.trial], outcome, trainings)

    for rung, (count, epochs) in enumerate(rungs):
        left = left if rung == 0 else study.rank(rung - 1)[:count]
        done = {(outcome.trial, outcome.split): outcome for outcome in outcomes if outcome.rung == rung}
        for outcome in done.values():
            on_result(trials[outcome.trial], outcome, trainings)
        calls = [
            (source, replace(recipe, **trial.choice, epochs=epochs), parts, (trial.number, rung, split))
            for trial in left
            for split, parts in enumerate(splits)
            if (trial.number, split) not in done
        ]
        parallel.parallel_map(_outcome, calls, jobs, done_with)
    if study.best is None:
        return study, None
    run = build(whole, replace(recipe, **study.best.choice))
    run.fit()
    return study, run


def _outcome(source: Source, recipe: TrainConfig, parts: tuple[Part, Part], which: tuple[int, int, int]) -> TrialResult:
    """Train on one part of the rows, and measure on it and on the other."""
    whole = load_cached(source, recipe)
    train, held_out = parts
    run = build(whole.rows(train), recipe)
    found: list[tuple[float, float | None]] = []
    with contextlib.suppress(Diverged):
        run.fit()
        other = whole.rows(held_out)
        found = [run.net.evaluate_loss(part.x, part.targets()) for part in (run.train, other)]
    if not found or not all(math.isfinite(loss) for loss, _ in found):
        found = [(math.nan, None)] * 2
    return TrialResult(*which, found[0][0], *found[1])


def _check(plan: SearchSpace, whole: data.Dataset, recipe: TrainConfig) -> None:
    """Raise InputError where a value of a choice cannot be used, before any is trained with."""
    few = whole.rows(np.arange(min(2, len(whole.x))))
    for name, values in plan.space.items():
        for value in (values.low, values.high) if isinstance(values, Range) else values:
            given: dict[str, Any] = {name: value, "val": None, "patience": None, "rows": None}
            build(few, replace(recipe, **given))


def _outcomes(book: Journal, trials: int, rungs: int, splits: int) -> list[TrialResult]:
    """Return the outcomes of a journal, each of a training that the search has."""
    found: dict[tuple[int, int, int], TrialResult] = {}
    for record in book.records:
        try:
            outcome = TrialResult.of(record)
            known = all(0 <= at < end for at, end in zip(outcome.place(), (rungs, trials, splits), strict=True))
        except (KeyError, TypeError):
            known = False
        if not known:
            raise InputError(f"{book.path}: {json_line(record)} is no record of this search; mend or remove it")
        found.setdefault(outcome.place(), outcome)
    return list(found.values())


def _head(
    whole: data.Dataset, plan: SearchSpace, recipe: TrainConfig, splits: Sequence[tuple[Part, Part]]
) -> dict[str, Any]:
    """Return what a search is told from others by."""
    parts = {str(number): rows for number, rows in enumerate(itertools.chain(*splits))}
    return plain(
        {
            "search": plan.search,
            "space": {name: _plain(values) for name, values in plan.space.items()},
            "trials": plan.trials,
            "eta": plan.eta,
            "splits": host.digest(parts),
            "recipe": asdict(recipe),
            "data": host.digest({"x": whole.x, "targets": whole.targets()}),
        }
    )


def _plain(values: Values) -> Any:
    return asdict(values) if isinstance(values, Range) else list(values)
