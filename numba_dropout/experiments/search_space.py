"""What a search tries: values of choices, or ranges to draw from, and which of them together."""

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

__all__ = ["SEARCHES", "Range", "SearchSpace", "Trial", "Values", "written"]

SEARCHES = ("grid", "random", "halving")
MOST = 100_000  # trials


@dataclass(frozen=True)
class Range:
    """All numbers between two, to draw from: evenly, or evenly in their logarithms."""

    low: float
    high: float
    logarithmic: bool = False

    def at(self, share: float) -> float:
        """Return the number that so much of them is below."""
        if self.logarithmic:
            return math.exp(math.log(self.low) + share * math.log(self.high / self.low))
        return self.low + share * (self.high - self.low)


Values = Sequence[Any] | Range


@dataclass(frozen=True)
class SearchSpace:
    """What is searched, and how.

    `space` holds for choices of a `TrainConfig` (dropout, input_dropout, hidden, lr) the values to try, or a `Range`.
    "grid" tries all together; "random" so many `trials`; "halving" as many, or the whole grid, for a few epochs, of
    which one in `eta` is trained again for `eta` times as many, until one is left that was trained for the recipe's;
    where these are few, more are left out at once.
    """

    space: dict[str, Values]
    search: str = "grid"
    trials: int | None = None
    eta: int = 3

    def draw(self, seed: int) -> list[Trial]:
        """Return the trials."""
        checks.integer(self.eta, "eta", 2, MOST)
        if self.trials is not None:
            checks.integer(self.trials, "trials", 1, MOST)
        for name, values in self.space.items():
            if not isinstance(values, Range) and not len(values):
                raise InputError(f"{name}: expected values to try, got none")
            if not isinstance(values, Range) and len(set(map(str, values))) < len(values):
                raise InputError(f"{name}: expected each value once, got {', '.join(map(written, values))}")
        if self.search not in SEARCHES:
            raise InputError(f"search: expected one of {', '.join(SEARCHES)}, got {self.search!r}")
        ranges = [name for name, values in self.space.items() if isinstance(values, Range)]
        if ranges and (self.search == "grid" or self.trials is None):
            raise InputError(f"{ranges[0]}: a range needs a random search, or halving, with a number of trials")
        if self.search == "random" and self.trials is None:
            raise InputError("trials: expected a number with a random search, got none")
        if self.search == "grid" and self.trials is not None:
            raise InputError("trials: a grid tries all; leave the number out, or search at random")
        lists = [values for values in self.space.values() if not isinstance(values, Range)]
        if math.prod(map(len, lists)) > MOST:
            raise InputError(f"search: {math.prod(map(len, lists)):,} trials, where {MOST:,} are the most")
        if ranges:
            drawn = [_drawn(values, self.trials or 0, seed, site) for site, values in enumerate(self.space.values())]
            choices = [dict(zip(self.space, values, strict=True)) for values in zip(*drawn, strict=True)]
        else:
            choices = [dict(zip(self.space, values, strict=True)) for values in itertools.product(*lists)]
            if self.trials is not None and self.trials < len(choices):
                some = random.order(len(choices), "search", seed=seed)[: self.trials]
                choices = [choices[number] for number in some]
        return [Trial(number, choice) for number, choice in enumerate(choices)]

    def rungs(self, trials: int, epochs: int) -> list[tuple[int, int]]:
        """Return for each rung how many trials are left, and for how many epochs they are trained."""
        if self.search != "halving":
            return [(trials, epochs)]
        count = 1 + math.floor(math.log(trials, self.eta) + 1e-9) if trials > 1 else 1
        counts = [max(1, math.floor(trials / self.eta**rung)) for rung in range(count)]
        rungs = [(left, max(1, round(epochs / self.eta ** (count - 1 - rung)))) for rung, left in enumerate(counts)]
        after = [length for _, length in rungs[1:]] + [0]
        first = max((rung for rung in range(count) if rungs[rung][1] == after[rung]), default=-1) + 1
        return [(trials, rungs[first][1]), *rungs[first + 1 :]]


def _drawn(values: Values, count: int, seed: int, site: int) -> list[Any]:
    """Return so many draws of one choice's values."""
    shares = random.uniform(np.empty(count), 0.0, 1.0, "search", seed=seed, site=site)
    if isinstance(values, Range):
        return [values.at(float(share)) for share in shares]
    return [values[min(int(share * len(values)), len(values) - 1)] for share in shares]


@dataclass(frozen=True)
class Trial:
    """Choices that are tried together."""

    number: int
    choice: dict[str, Any]

    def written(self) -> str:
        """Return them as one line."""
        return ", ".join(f"{name.replace('_', '-')} {written(value)}" for name, value in self.choice.items())


def written(value: Any) -> str:
    """Return a value of a choice as one writes it."""
    if isinstance(value, list | tuple):
        return "-".join(map(str, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
