"""What dropout does for training sets of several sizes (Srivastava et al., JMLR 2014, figure 10).

Networks 784-1024-1024-1024-10 of ReLU learn from some of MNIST's images, with dropout and without, for at least so
many updates and epochs, and are measured on the test images. Adam, for it needs fewer
updates than momentum.
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
RATES = {False: (0.0, 0.0), True: (0.5, 0.2)}  # of hidden units and of the input, without and with dropout
BATCH = 100


@dataclass(frozen=True)
class Measured:
    """A run: how many images it learnt from, whether with dropout, and its test error in percent."""

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
        """The sizes, the least first."""
        return sorted({result.size for result in self.results})

    def errors(self, size: int, dropout: bool) -> list[float]:
        """Return the test errors of all seeds."""
        return [result.test_error for result in self.results if (result.size, result.dropout) == (size, dropout)]

    def lines(self) -> list[str]:
        """Return a table: means with standard deviations over the seeds."""
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
        """Return the runs whose `record` JSON held."""
        return cls([Measured(**result) for result in record["results"]])

    def record(self) -> dict[str, Any]:
        """Return all of it for JSON."""
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
    """Train on so many images, drawn by the seed, with dropout and without, several times each.

    folder : path, of MNIST's four files; counts : numbers of images; updates, epochs : of each run, at least;
    repeats : runs of each, by seeds from `seed` on; jobs : runs at once (`processes.results`);
    on_result : is given each run as it is there.
    """
    images = len(digits(load_cached(folder, TrainConfig(), anew=True)).x)
    if not counts:
        raise InputError("sizes: expected numbers of images, got none")
    counts = [checks.integer(count, "sizes", 1, images) for count in dict.fromkeys(counts)]
    updates, epochs = (checks.integer(least, "updates, epochs", 1, 2**31) for least in (updates, epochs))
    repeats = checks.integer(repeats, "repeats", 1, 10_000)
    checks.integer(seed + repeats - 1, "the last seed", 0, 2**64 - 1)
    each = [(size, dropout, seed + run) for size in counts for dropout in (False, True) for run in range(repeats)]
    return Sizes(parallel.parallel_map(_measured, [(folder, *one, updates, epochs) for one in each], jobs, on_result))


def _measured(
    folder: str | os.PathLike[str], size: int, dropout: bool, seed: int, updates: int, epochs: int
) -> Measured:
    """Train and measure."""
    hidden, given = RATES[dropout]
    recipe = TrainConfig(
        hidden=(1024, 1024, 1024),
        dropout=hidden,
        input_dropout=given,
        optimizer="adam",
        lr=0.001,
        schedule="cosine",
        batch_size=BATCH,
        epochs=max(epochs, -(-updates // -(-size // BATCH))),
        seed=seed,
        rows=size,
    )
    run = build(load_cached(folder, recipe), recipe)
    run.fit()
    test = data.load_for(run.net, folder)
    _, accuracy = run.net.evaluate_loss(test.x, test.targets())
    assert accuracy is not None
    return Measured(size, dropout, seed, round(100 * (1 - accuracy), 4))
