"""Jobs: a network, its data and its training options."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays.host import digest
from ..core.errors import InputError
from ..core.options import option
from ..data.dataset import Dataset
from ..data.load import load_as
from ..data.splits import Part, RowOrder, hold_out
from ..data.table_options import TableOptions
from ..nn.mlp import MLP
from ..optim import Optimizer
from ..training.evaluate import precision_of_noise
from ..training.fit import History, fit
from ..training.threshold import best_threshold

__all__ = ["TrainJob", "part_of_split", "split_record"]


@dataclass
class TrainJob:
    """A network, its data and its training options, all validated."""

    net: MLP
    train: Dataset
    validation: Dataset | None
    optimizer: Optimizer
    epochs: int
    batch_size: int
    accumulate: int
    patience: int | None
    dropout_schedule: str
    test: Dataset | None = None
    sample_weight: NDArray[np.float64] | None = None
    threshold: float | str | None = None
    notes: tuple[str, ...] = ()

    def compile(self) -> None:
        """Compile the kernels of training and evaluation, and save them in the disk cache."""
        x, y = self.net.check_xy(self.train.x[:1], self.train.targets()[:1])
        weights = None if self.sample_weight is None else self.net.to_device(np.ones(1, self.net.dtype))
        self.optimizer.end = 1  # a schedule needs an end, but no step is run
        self.net.train_steps(np.empty((0, 2)), x, y, np.arange(0), 1, self.optimizer, weights)
        self.optimizer.end = None
        self.net.evaluate_arrays(x, y)

    def fit(self, **options: Any) -> History:
        """Train the network. `options` are further arguments of `fit`.

        For a regression the noise precision `net.tau`, and for two classes the threshold, are estimated on the
        validation rows, or on the training rows without validation. KeyboardInterrupt is then raised again.
        """
        training = self.train.x, self.train.targets()
        validation = None if self.validation is None else (self.validation.x, self.validation.targets())
        try:
            history = fit(
                self.net,
                *training,
                optimizer=self.optimizer,
                epochs=self.epochs,
                batch_size=self.batch_size,
                accumulate=self.accumulate,
                validation=validation,
                patience=self.patience,
                dropout_schedule=self.dropout_schedule,
                sample_weight=self.sample_weight,
                **options,
            )
        except KeyboardInterrupt:
            self._measure(validation or training)
            raise
        self._measure(validation or training)
        return history

    def _measure(self, rows: tuple[Any, Any]) -> None:
        """Estimate the precision of the noise, and choose the threshold."""
        if not self.net.step:
            return
        if self.net.predicts_values and self.net.loss != "poisson":
            self.net.tau = precision_of_noise(self.net, *rows)
        if isinstance(self.threshold, str):
            self.net.threshold = best_threshold(rows[1], self.net.predict_proba(rows[0]), self.threshold)
        elif self.threshold is not None:
            self.net.threshold = self.threshold


def split_record(
    dataset: Dataset, share: float, seed: int, order: RowOrder, parts: tuple[Part, Part]
) -> dict[str, Any]:
    """Return what a model stores of the split of its data, for JSON."""
    held_out = parts[1]
    return {
        "val": share,
        "seed": seed,
        **asdict(order),
        "rows": len(dataset.x),
        "held_out": len(held_out),
        "digest": _digest(dataset, held_out),
    }


def part_of_split(net: MLP, source: str | os.PathLike[str] | Any, part: str) -> Dataset:
    """Return the training rows ("train") or held-out rows ("val") of a model's data. InputError for other data."""
    split = net.split
    if split is None:
        raise InputError("part: the model was trained without held-out rows", f"evaluate it without {option('part')}")
    options = {} if net.table_options is None else net.table_options
    dataset = load_as(source, TableOptions.from_dict(options))
    order = RowOrder(split["stratify"], split["group"], split["time"])
    if len(dataset.x) == split["rows"]:
        parts = hold_out(dataset, split["val"], seed=split["seed"], order=order)
        if _digest(dataset, parts[1]) == split["digest"]:
            return dataset.rows(parts[part == "val"]).encoded_by(net.encoder)
    raise InputError(
        f"{dataset.source}: these are not the {split['rows']} rows that the model was trained on, so there is no part "
        f"{part}",
        f"evaluate it on all rows, without {option('part')}",
    )


def _digest(dataset: Dataset, held_out: Part) -> str:
    """Return a hash of the features and targets of all rows, and of the numbers of the held-out ones."""
    return digest({"rows": held_out, "x": dataset.x, "targets": np.asarray(dataset.targets())})
