"""Hyperparameter search: grid search, random search, and successive halving.

Successive halving trains many trials for a few epochs and the best of them for more (Jamieson & Talwalkar, AISTATS
2016). A journal records finished trainings, so that an interrupted search can resume.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from typing import Any

import numpy as np

from .. import data
from ..arrays import host
from ..core import checks
from ..core.errors import InputError
from ..data.splits import Part, Resampling
from ..storage.files import json_line
from ..storage.journal import Journal
from ..storage.model_file import plain
from . import parallel
from .config import TrainConfig, TrainJob, as_before, build, load_cached
from .search_space import Range, SearchSpace, Values
from .trial import Source, Trial, TrialResult, train_trial

__all__ = ["Study", "tune"]

SHOWN = 20  # largest number of trials in a table


@dataclass(frozen=True)
class Study:
    """A search: its trials, the rungs (trials, epochs), the number of splits, and all results."""

    trials: Sequence[Trial]
    rungs: Sequence[tuple[int, int]]
    splits: int
    results: Sequence[TrialResult]

    def losses(self, rung: int) -> dict[int, list[float]]:
        """Return a dictionary from a trial's number to its validation losses on a rung, in the order of the splits."""
        losses: dict[int, list[float]] = {}
        for result in sorted(self.results, key=attrgetter("split")):
            if result.rung == rung:
                losses.setdefault(result.trial.number, []).append(result.val_loss)
        return losses

    def rank(self, rung: int) -> list[Trial]:
        """Return the trials of a rung in the order of their mean validation losses, then of their numbers."""
        means = {number: np.mean(losses) for number, losses in self.losses(rung).items()}
        order = sorted(means, key=lambda number: (math.inf if math.isnan(means[number]) else means[number], number))
        return [self.trials[number] for number in order]

    @property
    def best(self) -> Trial | None:
        """The trial with the lowest mean validation loss on the last rung with a finite one, or None."""
        for rung in reversed(range(len(self.rungs))):
            first = self.rank(rung)[0]
            if not math.isnan(np.mean(self.losses(rung)[first.number])):
                return first
        return None

    def values(self) -> dict[str, list[Any]]:
        """Return the different values tried for each option."""
        result: dict[str, list[Any]] = {}
        for trial in self.trials:
            for name, value in trial.choice.items():
                known = result.setdefault(name, [])
                if value not in known:
                    known.append(value)
        return result

    def last_losses(self) -> dict[int, float]:
        """Return a dictionary from the number of each trial to its mean validation loss on the last rung it reached."""
        result: dict[int, float] = {}
        for rung in range(len(self.rungs)):
            result |= {number: float(np.mean(losses)) for number, losses in self.losses(rung).items()}
        return result

    def table(self) -> list[str]:
        """Return the lines of a table: validation loss, epochs and options of the trials, best first."""
        rows: dict[int, tuple[int, list[float]]] = {}
        for rung in reversed(range(len(self.rungs))):
            rung_losses = self.losses(rung)
            rows |= {t.number: (rung, rung_losses[t.number]) for t in self.rank(rung) if t.number not in rows}
        lines = ["   validation loss  epochs  choices"]
        for number, (rung, losses) in list(rows.items())[:SHOWN]:
            spread = f" ± {np.std(losses, ddof=1):.4f}" if len(losses) > 1 else ""
            loss = "diverged" if math.isnan(sum(losses)) else f"{np.mean(losses):.4f}{spread}"
            lines.append(f"{loss:>18}  {self.rungs[rung][1]:>6}  {self.trials[number].written()}")
        return [*lines, *([f"... and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else [])]

    def record(self) -> dict[str, Any]:
        """Return the study as a dictionary for JSON."""
        best = self.best
        return {
            "best": None if best is None else best.choice,
            "trials": [trial.choice for trial in self.trials],
            "rungs": [{"trials": trials, "epochs": epochs} for trials, epochs in self.rungs],
            "splits": self.splits,
            "outcomes": [_record(result) for result in sorted(self.results, key=attrgetter("key"))],
        }


def tune(
    source: Source,
    search_space: SearchSpace,
    config: TrainConfig,
    resampling: Resampling,
    *,
    jobs: int = 1,
    journal: str | os.PathLike[str] | None = None,
    on_result: Callable[[TrialResult, int], None] = lambda result, trainings: None,
) -> tuple[Study, TrainJob | None]:
    """Search, retrain the best network on all rows, and return the study and the job of that network.

    Parameters
    ----------
    source : path, or a built-in set
        As in `data.load`. The test part of a folder of IDX files is not read.
    search_space : SearchSpace
    config : TrainConfig
        All other options. Its seed also draws the trials and the splits.
    resampling : Resampling
        The splits into training and validation rows.
    jobs : int
        Trainings in parallel, with one thread each if more than one. Results do not depend on it (`parallel_map`).
    journal : path, optional
        File with a line for each finished training. A search with the same options resumes from it.
    on_result : callable
        Called with each result and the total number of trainings, as soon as the result is available. The results in
        the journal come first.

    Raises
    ------
    ValueError, TypeError
        An option or the data are invalid, or the journal belongs to another search.
    """
    trials = search_space.draw(config.seed)
    jobs = checks.integer(jobs, "jobs", 1, 1024)
    dataset = load_cached(source, config, reload=True)
    built_in = dataset.source == "pipeline"
    before = journal is not None and _is_of_before(Journal.head(journal))
    recipe = config.settings(search_space.space, built_in=built_in or before)
    if before:
        recipe.pop("stratify", None)
        config = as_before(config, built_in=built_in)
    whole = replace(config, group=None, time=None)  # these choose the rows of the splits
    _check(search_space, dataset, replace(whole, **trials[0].choice))
    splits = resampling.parts(dataset, config.seed, config.order)
    first = build(dataset, replace(whole, **trials[0].choice))
    rungs = search_space.rungs(len(trials), first.epochs)
    if jobs > 1:
        first.compile()  # once for all processes
    journal_file = None if journal is None else Journal(journal, _head(dataset, search_space, recipe, splits))
    results = [] if journal_file is None else _recorded(journal_file, trials, len(rungs), len(splits))
    study = Study(trials, rungs, len(splits), results)
    remaining, trainings = trials, sum(count for count, _ in rungs) * len(splits)

    def on_trained(result: TrialResult) -> None:
        results.append(result)
        if journal_file:
            journal_file.write(_record(result))
        on_result(result, trainings)

    for rung, (count, epochs) in enumerate(rungs):
        remaining = remaining if rung == 0 else study.rank(rung - 1)[:count]
        done = {result.key: result for result in results if result.rung == rung}
        for result in done.values():
            on_result(result, trainings)
        calls = [
            (source, replace(config, epochs=epochs), trial, rung, split, parts)
            for trial in remaining
            for split, parts in enumerate(splits)
            if (rung, trial.number, split) not in done
        ]
        parallel.parallel_map(train_trial, calls, jobs, on_trained)
    if study.best is None:
        return study, None
    run = build(dataset, replace(whole, **study.best.choice))
    run.fit()
    return study, run


def _check(search_space: SearchSpace, dataset: data.Dataset, config: TrainConfig) -> None:
    """Raise InputError if a value of the search space is invalid, before the first training."""
    sample = dataset.rows(np.arange(min(2, len(dataset.x))))
    for name, values in search_space.space.items():
        for value in (values.low, values.high) if isinstance(values, Range) else values:
            options: dict[str, Any] = {name: value, "val": None, "patience": None, "rows": None}
            build(sample, replace(config, **options))


def _record(result: TrialResult) -> dict[str, Any]:
    """Return a result as a dictionary for JSON."""
    return {"trial": result.trial.number, "rung": result.rung, "split": result.split, **result.metrics()}


def _recorded(journal_file: Journal, trials: Sequence[Trial], rungs: int, splits: int) -> list[TrialResult]:
    """Return the results in a journal. Raise InputError for a record of another search."""
    results: dict[tuple[int, int, int], TrialResult] = {}
    for record in journal_file.records:
        try:
            key = record["rung"], record["trial"], record["split"]
            if not all(0 <= number < end for number, end in zip(key, (rungs, len(trials), splits), strict=True)):
                raise KeyError(key)
            result = TrialResult.of(trials[record["trial"]], record, record["rung"], record["split"])
            if not record.keys() <= _record(result).keys():
                raise KeyError(*record)
        except (KeyError, TypeError):
            raise InputError(
                f"{journal_file.path}: {json_line(record)} is not a record of this search; correct or delete it"
            ) from None
        results.setdefault(key, result)
    return list(results.values())


def _is_of_before(head: dict[str, Any]) -> bool:
    """Return whether the settings of a journal are of version 0.1, which knows no stratified splits."""
    recipe = head.get("recipe")
    return isinstance(recipe, dict) and not {"stratify", "defaults"} & recipe.keys()


def _head(
    dataset: data.Dataset, search_space: SearchSpace, recipe: dict[str, Any], splits: Sequence[tuple[Part, Part]]
) -> dict[str, Any]:
    """Return the header of a journal, which identifies the search."""
    parts = {str(number): rows for number, rows in enumerate(itertools.chain(*splits))}
    return plain(
        {
            "search": search_space.search,
            "space": {name: _plain(values) for name, values in search_space.space.items()},
            "trials": search_space.trials,
            "eta": search_space.eta,
            "splits": host.digest(parts),
            "recipe": recipe,
            "data": host.digest({"x": dataset.x, "targets": dataset.targets()}),
        }
    )


def _plain(values: Values) -> Any:
    return asdict(values) if isinstance(values, Range) else list(values)
