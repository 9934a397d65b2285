"""The effect of dropout on training sets of several sizes (Srivastava et al., JMLR 2014, figure 10).

ReLU networks 784-1024-1024-1024-10 are trained on subsets of MNIST, with and without dropout, for a minimum number of
updates and epochs, and evaluated on the test images. Adam needs fewer updates than momentum.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ... import data
from ...core import checks
from ...core.errors import InputError
from .. import parallel
from ..config import TrainConfig, build, load_cached
from .mnist import digits

__all__ = ["SIZES", "Measured", "Sizes", "sizes"]

SIZES = (100, 500, 1_000, 5_000, 10_000, 50_000)
RATES = {False: (0.0, 0.0), True: (0.5, 0.2)}  # rates of hidden units and of the input
BATCH = 100


@dataclass(frozen=True)
class Measured:
    """A run: number of training images, whether dropout is used, seed, and test error in percent."""

    size: int
    dropout: bool
    seed: int
    test_error: float


@dataclass(frozen=True)
class Sizes:
    """All runs."""

    results: Sequence[Measured]

    @property
    def sizes(self) -> list[int]:
        """The sizes, in increasing order."""
        return sorted({result.size for result in self.results})

    def errors(self, size: int, dropout: bool) -> list[float]:
        """Return the test errors of all seeds."""
        return [result.test_error for result in self.results if (result.size, result.dropout) == (size, dropout)]

    def lines(self) -> list[str]:
        """Return the lines of a table: means and standard deviations over the seeds."""
        lines = ["images   without dropout, %   with dropout, %"]
        for size in self.sizes:
            cells = []
            for dropout in (False, True):
                errors = self.errors(size, dropout)
                spread = f" ± {np.std(errors, ddof=1):.2f}" if len(errors) > 1 else ""
                cells.append(f"{np.mean(errors):.2f}{spread}")
            lines.append(f"{size:>6}   {cells[0]:>18}   {cells[1]:>15}")
        return lines

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Sizes:
        """Return the runs of a `record` read from JSON."""
        return cls([Measured(**result) for result in record["results"]])

    def record(self) -> dict[str, Any]:
        """Return the runs as a dictionary for JSON."""
        return {"results": [asdict(result) for result in self.results]}


def sizes(
    folder: str | os.PathLike[str],
    *,
    counts: Sequence[int] = SIZES,
    updates: int = 3_000,
    epochs: int = 40,
    repeats: int = 3,
    seed: int = 0,
    jobs: int = 1,
    on_result: Callable[[Measured], None] = lambda measured: None,
) -> Sizes:
    """Train on random subsets of MNIST, with and without dropout, several times each.

    Parameters
    ----------
    folder : path
        Folder of MNIST's four files.
    counts : sequence of int
        Numbers of training images.
    updates, epochs : int
        Minimum numbers of updates and epochs of each run.
    repeats, seed : int
        Runs of each size, with the seeds `seed`, `seed + 1`, ...
    jobs : int
        Runs in parallel, with one thread each if more than one. Results do not depend on it (`parallel_map`).
    on_result : callable
        Called with each run as soon as it is available.
    """
    images = len(digits(load_cached(folder, TrainConfig(), reload=True)).x)
    if not counts:
        raise InputError("sizes: expected at least one number of images, got none")
    counts = [checks.integer(count, "sizes", 1, images) for count in dict.fromkeys(counts)]
    updates, epochs = (checks.integer(least, "updates, epochs", 1, 2**31) for least in (updates, epochs))
    repeats = checks.integer(repeats, "repeats", 1, 10_000)
    checks.integer(seed + repeats - 1, "the last seed", 0, 2**64 - 1)
    runs = [(size, dropout, seed + repeat) for size in counts for dropout in (False, True) for repeat in range(repeats)]
    return Sizes(parallel.parallel_map(_measured, [(folder, *run, updates, epochs) for run in runs], jobs, on_result))


def _measured(
    folder: str | os.PathLike[str], size: int, dropout: bool, seed: int, updates: int, epochs: int
) -> Measured:
    """Return the test error of a network that is trained on `size` images, with dropout or without."""
    hidden_rate, input_rate = RATES[dropout]
    config = TrainConfig(
        hidden=(1024, 1024, 1024),
        dropout=hidden_rate,
        input_dropout=input_rate,
        optimizer="adam",
        lr=0.001,
        schedule="cosine",
        batch_size=BATCH,
        epochs=max(epochs, -(-updates // -(-size // BATCH))),
        seed=seed,
        rows=size,
    )
    run = build(load_cached(folder, config), config)
    run.fit()
    test = data.load_for(run.net, folder)
    _, accuracy = run.net.evaluate_loss(test.x, test.targets())
    assert accuracy is not None
    return Measured(size, dropout, seed, round(100 * (1 - accuracy), 4))
