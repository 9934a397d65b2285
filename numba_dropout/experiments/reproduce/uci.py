"""Monte-Carlo dropout on a UCI data set with published splits, by the authors' protocol.

Gal & Ghahramani, ICML 2016, Table 1, as in the authors' later code: one hidden layer with dropout before every layer,
the input's too; rate and precision of the noise are chosen by the log-likelihood of the last fifth of the training
part, and the network is trained again on all of it. Weights begin as those of the authors' library: Glorot's uniform
ones (Glorot & Bengio, AISTATS 2010, equation 16); with He's larger ones `energy` is fitted worse.
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
from ...data.splits import published, read_numbers, read_places, read_split
from ...nn.mlp import MLP
from ...optim import Adam
from ...training.evaluate import evaluate
from ...training.fit import fit
from .. import parallel

__all__ = ["Split", "Study", "Uci", "uci"]

LENGTH_SCALE = 1e-2  # of the prior of weights
SHARE = 0.8  # of the training part that the grid is trained on
BATCH = 128
TIMES = 100  # what n_epochs.txt is multiplied by


@dataclass(frozen=True)
class Uci:
    """A folder of the layout of the published splits: a table, its splits, and the choices of the grid.

    data.txt, index_features.txt, index_target.txt, index_train_<k>.txt, index_test_<k>.txt, n_splits.txt, n_hidden.txt,
    n_epochs.txt, dropout_rates.txt, tau_values.txt: numbers with blanks between them, in the folder or in its `data`.
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
        """Read a folder; InputError where a file is missing, or its content cannot be."""
        path = Path(folder)
        inner = published(path)
        table = read_numbers(inner / "data.txt")
        features = read_places(inner / "index_features.txt", table.shape[1], "column")
        target = read_places(inner / "index_target.txt", table.shape[1], "column")
        if np.intersect1d(features, target).size:
            raise InputError(f"{inner}: column {np.intersect1d(features, target)[0]} is a feature and the target")
        splits = [read_split(inner, number, len(table)) for number in range(_whole(inner / "n_splits.txt"))]
        for number, (train, _) in enumerate(splits):
            if len(train) < 2:
                raise InputError(f"{inner}: split {number} has {len(train)} row to learn from; at least 2 are needed")
        hidden, epochs = _whole(inner / "n_hidden.txt"), _whole(inner / "n_epochs.txt") * TIMES
        rates, taus = (read_numbers(inner / f"{name}.txt").ravel().tolist() for name in ("dropout_rates", "tau_values"))
        rates = [checks.probability(p, "dropout_rates.txt") for p in rates]
        taus = [checks.number(tau, "tau_values.txt", above=0) for tau in taus]
        name = path.resolve().name
        return cls(name, table[:, features], table[:, target], splits, hidden, epochs, rates, taus)


def _whole(path: Path) -> int:
    """Return a file's whole number, above 0."""
    values = read_numbers(path).ravel()
    if len(values) != 1 or values[0] != np.floor(values[0]) or values[0] < 1:
        raise InputError(f"{path}: expected a whole number above 0, got {', '.join(f'{value:g}' for value in values)}")
    return int(values[0])


@dataclass(frozen=True)
class Split:
    """What came out on a split: the rate and tau that were chosen, and measures on its test part."""

    number: int
    rate: float
    tau: float
    rmse: float
    log_likelihood: float


@dataclass(frozen=True)
class Study:
    """All splits of a data set, and the seconds that they took."""

    name: str
    splits: Sequence[Split]
    seconds: float

    def mean(self, figure: str) -> float:
        """Return the mean of rmse or log_likelihood over the splits."""
        return float(np.mean([getattr(split, figure) for split in self.splits]))

    def error(self, figure: str) -> float:
        """Return its standard error as the authors do, deviation (ddof 0) over the root of the number; NaN of one."""
        values = [getattr(split, figure) for split in self.splits]
        return float(np.std(values) / np.sqrt(len(values))) if len(values) > 1 else math.nan

    def table(self) -> list[str]:
        """Return lines: the splits, then means with their standard errors."""
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
        """Return all of it for JSON."""
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
    given: Uci,
    *,
    splits: int | None = None,
    samples: int = 10_000,
    seed: int = 0,
    jobs: int = 1,
    on_result: Callable[[Split], None] = lambda split: None,
) -> Study:
    """Go through the first splits of a data set, or all: choose rate and tau by the grid, train again, and measure.

    Parameters
    ----------
    given : Uci
    splits : int, optional
    samples : int
        Draws of the masks in each prediction.
    seed : int
        Of all networks of split 0; split k has the seed + k.
    jobs : int
        Splits at once, each of one thread if several; results do not depend on it (`processes.results`).
    on_result : callable
        Is given each split as it is there.

    References
    ----------
    Gal & Ghahramani, ICML 2016, section 5.2 and Table 1.
    """
    there = len(given.splits)
    count = there if splits is None else checks.integer(splits, "splits", 1, there)
    samples = checks.integer(samples, "samples", 1, 2**31)
    checks.integer(seed + count - 1, "seed of the last split", 0, 2**64 - 1)
    began = time.perf_counter()
    if jobs > 1:
        net = _trained(given, given.splits[0][0][:2], given.rates[0], given.taus[0], seed, epochs=1)
        next(net.samples(given.x[:1], 1))  # all is compiled, once for all processes
    calls = [(given, number, samples, seed + number) for number in range(count)]
    found = parallel.parallel_map(_split, calls, jobs, on_result)
    return Study(given.name, found, time.perf_counter() - began)


def _split(given: Uci, number: int, samples: int, seed: int) -> Split:
    """Work a split out."""
    train, test = given.splits[number]
    first, last = np.split(train, [int(SHARE * len(train))])

    def likelihood(choice: tuple[float, float]) -> float:
        rate, tau = choice
        net = _trained(given, first, rate, tau, seed)
        return evaluate(net, given.x[last], given.y[last], samples=samples, tau=tau)["log_likelihood"]

    rate, tau = max(itertools.product(given.rates, given.taus), key=likelihood)
    net = _trained(given, train, rate, tau, seed)
    found = evaluate(net, given.x[test], given.y[test], samples=samples, tau=tau)
    return Split(number, rate, tau, found["rmse"], found["log_likelihood"])


def _trained(given: Uci, rows: NDArray[np.int64], rate: float, tau: float, seed: int, epochs: int | None = None) -> MLP:
    """Return a network that has learnt from rows of the data."""
    x, y = given.x[rows], given.y[rows]
    sizes = [x.shape[1], given.hidden, y.shape[1]]
    net = MLP(sizes, dropout=rate, input_dropout=rate, loss="mse", seed=seed, init="glorot")
    net.scale_input(*standardization(x))
    net.scale_target(*standardization(y))
    strength = LENGTH_SCALE**2 * (1 - rate) / (2 * len(x) * tau)  # times the sum of squares, so that its gradient is
    fit(net, x, y, optimizer=Adam(weight_decay=2 * strength), epochs=epochs or given.epochs, batch_size=BATCH)
    return net
