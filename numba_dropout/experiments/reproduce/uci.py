"""Monte-Carlo dropout on UCI data sets with the published splits and protocol.

Gal & Ghahramani, ICML 2016, Table 1, as in the authors' later code: one hidden layer, with dropout before each layer
including the input. Rate and noise precision maximize the log-likelihood of the last fifth of the training part,
and the network is retrained on the whole part. The initial weights are those of the authors' library, Glorot uniform
(Glorot & Bengio, AISTATS 2010, equation 16). With He's larger weights the fit of `energy` is worse.
"""

from __future__ import annotations

import itertools
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core import checks
from ...core.errors import InputError
from ...data import standardization
from ...data.published_splits import published, read_indices, read_numbers, read_split
from ...nn.mlp import MLP
from ...optim import Adam
from ...training.evaluate import evaluate
from ...training.fit import fit
from .. import parallel

__all__ = ["Split", "Study", "Uci", "uci"]

LENGTH_SCALE = 1e-2  # length scale of the prior of the weights
SHARE = 0.8  # share of the training part on which the grid is trained
BATCH = 128
TIMES = 100  # factor of n_epochs.txt


@dataclass(frozen=True)
class Uci:
    """A data set in the layout of the published splits: a table, its splits, and the values of the grid.

    The files are data.txt, index_features.txt, index_target.txt, index_train_<k>.txt, index_test_<k>.txt, n_splits.txt,
    n_hidden.txt, n_epochs.txt, dropout_rates.txt and tau_values.txt, with numbers separated by blanks. They are in the
    folder or in its subfolder `data`.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    splits: list[tuple[NDArray[np.int64], NDArray[np.int64]]]
    hidden: int
    epochs: int
    rates: list[float]
    taus: list[float]

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Uci:
        """Read a folder. Raise InputError if a file is missing or invalid."""
        path = Path(folder)
        inner = published(path)
        table = read_numbers(inner / "data.txt")
        features = read_indices(inner / "index_features.txt", table.shape[1], "column")
        target = read_indices(inner / "index_target.txt", table.shape[1], "column")
        if np.intersect1d(features, target).size:
            raise InputError(f"{inner}: column {np.intersect1d(features, target)[0]} is a feature and the target")
        splits = [read_split(inner, number, len(table)) for number in range(_positive_integer(inner / "n_splits.txt"))]
        for number, (train, _) in enumerate(splits):
            if len(train) < 2:
                raise InputError(f"{inner}: split {number} has {len(train)} training row; expected at least 2")
        hidden, epochs = _positive_integer(inner / "n_hidden.txt"), _positive_integer(inner / "n_epochs.txt") * TIMES
        rates, taus = (read_numbers(inner / f"{name}.txt").ravel().tolist() for name in ("dropout_rates", "tau_values"))
        rates = [checks.probability(p, "dropout_rates.txt") for p in rates]
        taus = [checks.number(tau, "tau_values.txt", above=0) for tau in taus]
        name = path.resolve().name
        return cls(name, table[:, features], table[:, target], splits, hidden, epochs, rates, taus)


def _positive_integer(path: Path) -> int:
    """Return the positive integer in a file."""
    values = read_numbers(path).ravel()
    if len(values) != 1 or values[0] != np.floor(values[0]) or values[0] < 1:
        raise InputError(f"{path}: expected a positive integer, got {', '.join(f'{value:g}' for value in values)}")
    return int(values[0])


@dataclass(frozen=True)
class Split:
    """The results on a split: the chosen rate and tau, and metrics on the test part."""

    number: int
    rate: float
    tau: float
    rmse: float
    log_likelihood: float


@dataclass(frozen=True)
class Study:
    """The results on all splits of a data set, and the elapsed seconds."""

    name: str
    splits: Sequence[Split]
    seconds: float

    def mean(self, figure: str) -> float:
        """Return the mean of rmse or log_likelihood over the splits."""
        return float(np.mean([getattr(split, figure) for split in self.splits]))

    def error(self, figure: str) -> float:
        """Return the standard error as the authors define it, std (ddof 0) / sqrt(n), or NaN for one split."""
        values = [getattr(split, figure) for split in self.splits]
        return float(np.std(values) / np.sqrt(len(values))) if len(values) > 1 else math.nan

    def table(self) -> list[str]:
        """Return the lines of a table: the splits, then means with standard errors."""
        lines = ["split    rate    tau     rmse   log-likelihood"]
        for split in self.splits:
            shown = (
                f"{split.number:5d}  {split.rate:6g} {split.tau:6g} {split.rmse:8.4f}   {split.log_likelihood:14.4f}"
            )
            lines.append(shown)
        several = len(self.splits) > 1
        means = [f"{self.mean(name):.3f}" for name in ("rmse", "log_likelihood")]
        if several:
            errors = (self.error(name) for name in ("rmse", "log_likelihood"))
            means = [f"{mean} ± {error:.3f}" for mean, error in zip(means, errors, strict=True)]
        figures = "rmse {}, log-likelihood {}".format(*means) + " (standard errors)" * several
        return [
            *lines,
            "",
            f"{self.name}, {len(self.splits)} splits: {figures}, {self.seconds:.0f} s",
        ]

    def record(self) -> dict[str, Any]:
        """Return the study as a dictionary for JSON."""
        return {
            "name": self.name,
            "rmse_mean": self.mean("rmse"),
            "rmse_se": self.error("rmse"),
            "ll_mean": self.mean("log_likelihood"),
            "ll_se": self.error("log_likelihood"),
            "seconds": self.seconds,
            "splits": [asdict(split) for split in self.splits],
        }


def uci(
    dataset: Uci,
    *,
    splits: int | None = None,
    samples: int = 10_000,
    seed: int = 0,
    jobs: int = 1,
    on_result: Callable[[Split], None] = lambda split: None,
) -> Study:
    """Choose rate and tau from the grid for each split, retrain, and evaluate on the test part.

    Parameters
    ----------
    dataset : Uci
    splits : int, optional
        Number of splits, from the first. The default is all.
    samples : int
        Mask samples of each prediction.
    seed : int
        Seed of all networks of split 0. Split k uses seed + k.
    jobs : int
        Splits in parallel, with one thread each if more than one. Results do not depend on it (`parallel_map`).
    on_result : callable
        Called with each split as soon as it is available.

    References
    ----------
    Gal & Ghahramani, ICML 2016, section 5.2 and Table 1.
    """
    available = len(dataset.splits)
    count = available if splits is None else checks.integer(splits, "splits", 1, available)
    samples = checks.integer(samples, "samples", 1, 2**31)
    checks.integer(seed + count - 1, "seed of the last split", 0, 2**64 - 1)
    start = time.perf_counter()
    if jobs > 1:
        net = _trained(dataset, dataset.splits[0][0][:2], dataset.rates[0], dataset.taus[0], seed, epochs=1)
        next(net.samples(dataset.x[:1], 1))  # compiles all kernels, once for all processes
    calls = [(dataset, number, samples, seed + number) for number in range(count)]
    results = parallel.parallel_map(_split, calls, jobs, on_result)
    return Study(dataset.name, results, time.perf_counter() - start)


def _split(dataset: Uci, number: int, samples: int, seed: int) -> Split:
    """Choose, retrain and evaluate on one split."""
    train, test = dataset.splits[number]
    first, last = np.split(train, [int(SHARE * len(train))])

    def likelihood(choice: tuple[float, float]) -> float:
        rate, tau = choice
        net = _trained(dataset, first, rate, tau, seed)
        return evaluate(net, dataset.x[last], dataset.y[last], samples=samples, tau=tau)["log_likelihood"]

    rate, tau = max(itertools.product(dataset.rates, dataset.taus), key=likelihood)
    net = _trained(dataset, train, rate, tau, seed)
    measures = evaluate(net, dataset.x[test], dataset.y[test], samples=samples, tau=tau)
    return Split(number, rate, tau, measures["rmse"], measures["log_likelihood"])


def _trained(
    dataset: Uci, rows: NDArray[np.int64], rate: float, tau: float, seed: int, epochs: int | None = None
) -> MLP:
    """Return a network trained on rows of the data."""
    x, y = dataset.x[rows], dataset.y[rows]
    sizes = [x.shape[1], dataset.hidden, y.shape[1]]
    net = MLP(sizes, dropout=rate, input_dropout=rate, loss="mse", seed=seed, init="glorot")
    net.scale_input(*standardization(x))
    net.scale_target(*standardization(y))
    strength = LENGTH_SCALE**2 * (1 - rate) / (2 * len(x) * tau)  # of the sum of squares, whose gradient has a factor 2
    fit(net, x, y, optimizer=Adam(weight_decay=2 * strength), epochs=epochs or dataset.epochs, batch_size=BATCH)
    return net
