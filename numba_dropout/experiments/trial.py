"""Trials of a comparison or a search, and the results of training them."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .. import data
from ..data.splits import Part
from ..storage.files import numbers
from ..training.fit import Diverged
from .config import TrainConfig, TrainJob, build, load_cached

__all__ = ["Source", "Trial", "TrialResult", "build_trial", "train_trial", "written"]

VAL = 0.2  # default fraction of validation rows

Source = str | os.PathLike[str]


@dataclass(frozen=True)
class Trial:
    """A combination of training options, with its number."""

    number: int
    choice: dict[str, Any]

    def written(self) -> str:
        """Return the options as one line."""
        return ", ".join(f"{name.replace('_', '-')} {written(value)}" for name, value in self.choice.items())


def written(value: Any) -> str:
    """Return the text of an option's value."""
    if isinstance(value, list | tuple):
        return "-".join(map(str, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class TrialResult:
    """The losses and accuracies of a trained trial in evaluation mode, on the rows of a split at a rung of a search.

    If training diverged, losses are NaN and accuracies None. Accuracies of a regression are None.
    """

    trial: Trial
    rung: int
    split: int
    train_loss: float
    train_accuracy: float | None
    val_loss: float
    val_accuracy: float | None

    @property
    def key(self) -> tuple[int, int, int]:
        """The rung, the number of the trial, and the split, which identify a training of a search."""
        return self.rung, self.trial.number, self.split

    @property
    def val_error(self) -> float:
        """The percentage of the validation rows that are misclassified."""
        return math.nan if self.val_accuracy is None else 100 * (1 - self.val_accuracy)

    def metrics(self) -> dict[str, float | None]:
        """Return a dictionary of the losses and accuracies."""
        names = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def of(cls, trial: Trial, record: Mapping[str, Any], rung: int = 0, split: int = 0) -> TrialResult:
        """Return the result of a trial from a record with its metrics, read from JSON.

        Journals of version 0.1 have no train_accuracy.
        """
        losses = numbers(record, "train_loss", "val_loss")
        accuracies = record.get("train_accuracy"), record["val_accuracy"]
        return cls(trial, rung, split, losses["train_loss"], accuracies[0], losses["val_loss"], accuracies[1])


def build_trial(source: Source, config: TrainConfig, parts: tuple[Part, Part] | None = None) -> tuple[TrainJob, Any]:
    """Return the job of a configuration, and the data set of its validation rows.

    `parts` are the training and the validation rows. By default validation rows are the fraction `config.val` of all
    rows, or the test part of a folder of IDX files.
    """
    dataset = load_cached(source, config)
    if parts is not None:
        job = build(dataset.rows(parts[0]).encoded(), replace(config, group=None, time=None))
        return job, dataset.rows(parts[1]).encoded_by(job.net.encoder)
    if config.val is None and not os.path.isdir(source):
        config = replace(config, val=VAL)
    job = build(dataset, config)
    return replace(job, validation=None, patience=None), job.validation or data.load_for(job.net, source)


def train_trial(
    source: Source,
    config: TrainConfig,
    trial: Trial,
    rung: int = 0,
    split: int = 0,
    parts: tuple[Part, Part] | None = None,
) -> TrialResult:
    """Train the network of a configuration with the options of a trial, and evaluate it once, at the end.

    The rows are those of `build_trial`.
    """
    job, validation = build_trial(source, replace(config, **trial.choice), parts)
    results: list[tuple[float, float | None]] = []
    with contextlib.suppress(Diverged):
        job.fit()
        results = [job.net.evaluate_loss(rows.x, rows.targets()) for rows in (job.train, validation)]
    if not results or not all(math.isfinite(loss) for loss, _ in results):
        results = [(math.nan, None)] * 2
    return TrialResult(trial, rung, split, *results[0], *results[1])
