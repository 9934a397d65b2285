"""Search spaces: values or ranges of training options, and the trials drawn from them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import random
from ..core import checks
from ..core.errors import InputError
from .trial import Trial, written

__all__ = ["SEARCHES", "Range", "SearchSpace", "Values"]

SEARCHES = ("grid", "random", "halving")
MAX_TRIALS = 100_000


@dataclass(frozen=True)
class Range:
    """A range of numbers with a uniform distribution, or with uniform logarithms."""

    low: float
    high: float
    logarithmic: bool = False

    def at(self, share: float) -> float:
        """Return the quantile of a share between 0 and 1."""
        if self.logarithmic:
            return math.exp(math.log(self.low) + share * math.log(self.high / self.low))
        return self.low + share * (self.high - self.low)


Values = Sequence[Any] | Range


@dataclass(frozen=True)
class SearchSpace:
    """The options to search over and the search method.

    `space` maps fields of a `TrainConfig` (dropout, input_dropout, hidden, lr) to the values to try or to a `Range`.
    "grid" tries all combinations, and "random" tries `trials` of them. "halving" trains `trials` combinations, or the
    whole grid, for a few epochs. It keeps the best one in `eta` and retrains them for `eta` times as many epochs, until
    one is left, which is trained for the epochs of the configuration. With few epochs it drops more trials in one rung.
    """

    space: dict[str, Values]
    search: str = "grid"
    trials: int | None = None
    eta: int = 3

    def draw(self, seed: int) -> list[Trial]:
        """Return the trials, drawn with a seed."""
        checks.integer(self.eta, "eta", 2, MAX_TRIALS)
        if self.trials is not None:
            checks.integer(self.trials, "trials", 1, MAX_TRIALS)
        for name, values in self.space.items():
            if not isinstance(values, Range) and not len(values):
                raise InputError(f"{name}: expected values to try, got none")
            if not isinstance(values, Range) and len(set(map(str, values))) < len(values):
                raise InputError(f"{name}: expected each value once, got {', '.join(map(written, values))}")
        checks.choice(self.search, "search", SEARCHES)
        ranges = [name for name, values in self.space.items() if isinstance(values, Range)]
        if ranges and (self.search == "grid" or self.trials is None):
            raise InputError(f"{ranges[0]}: a range requires random search or halving, with a number of trials")
        if self.search == "random" and self.trials is None:
            raise InputError("trials: required for random search, got none")
        if self.search == "grid" and self.trials is not None:
            raise InputError("trials: not valid with a grid search; omit it, or use random search")
        lists = [values for values in self.space.values() if not isinstance(values, Range)]
        if math.prod(map(len, lists)) > MAX_TRIALS:
            raise InputError(f"search: {math.prod(map(len, lists)):,} trials exceed the maximum of {MAX_TRIALS:,}")
        if ranges:
            drawn = [_drawn(values, self.trials or 0, seed, site) for site, values in enumerate(self.space.values())]
            choices = [dict(zip(self.space, values, strict=True)) for values in zip(*drawn, strict=True)]
        else:
            choices = [dict(zip(self.space, values, strict=True)) for values in itertools.product(*lists)]
            if self.trials is not None and self.trials < len(choices):
                order = random.permutation(len(choices), "search", seed=seed)[: self.trials]
                choices = [choices[number] for number in order]
        return [Trial(number, choice) for number, choice in enumerate(choices)]

    def rungs(self, trials: int, epochs: int) -> list[tuple[int, int]]:
        """Return for each rung the number of trials and the number of epochs."""
        if self.search != "halving":
            return [(trials, epochs)]
        count = 1 + math.floor(math.log(trials, self.eta) + 1e-9) if trials > 1 else 1
        counts = [max(1, math.floor(trials / self.eta**rung)) for rung in range(count)]
        rungs = [(left, max(1, round(epochs / self.eta ** (count - 1 - rung)))) for rung, left in enumerate(counts)]
        after = [length for _, length in rungs[1:]] + [0]
        first = max((rung for rung in range(count) if rungs[rung][1] == after[rung]), default=-1) + 1
        return [(trials, rungs[first][1]), *rungs[first + 1 :]]


def _drawn(values: Values, count: int, seed: int, site: int) -> list[Any]:
    """Return `count` random values of one option."""
    shares = random.uniform(np.empty(count), 0.0, 1.0, "search", seed=seed, site=site)
    if isinstance(values, Range):
        return [values.at(float(share)) for share in shares]
    return [values[min(int(share * len(values)), len(values) - 1)] for share in shares]
