"""Columns of categories: an indicator of each level, with rare levels in one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..table import Table
from .missing import missing_texts
from .options import ColumnOptions
from .plan import ColumnPlan

__all__ = ["CategoryColumn", "fit", "levels", "planned", "read", "twins"]

MOST = 40  # levels with a feature of their own
SMALL = 20  # rows of a table in which no level is rare
MIN_COUNT = 2
WHOLE = re.compile(r"[+-]?[0-9]+\.0")


@dataclass(frozen=True)
class CategoryColumn:
    """Column of categories.

    levels: the levels with a feature of their own, most frequent first. rare: the other levels of the training rows.
    gaps: whether training had missing values, and so the column an indicator of them.
    """

    position: int
    name: str
    levels: tuple[str, ...]
    rare: tuple[str, ...]
    gaps: bool

    kind = "category"

    @property
    def names(self) -> list[str]:
        """Names of the features: one for the second of two levels, one for each of more, and the indicator."""
        groups = [*self.levels, *(["(other)"] if self.rare else [])]
        shown = groups[1:] if len(groups) == 2 else groups if len(groups) > 2 else []
        return [f"{self.name}={level}" for level in shown] + [f"{self.name} missing"] * self.indicator

    @property
    def indicators(self) -> list[bool]:
        """Which features are indicators."""
        return [True] * len(self.names)

    @property
    def indicator(self) -> bool:
        """Whether the network gets an indicator of missing values. One that is always 1 is left out."""
        return self.gaps and bool(self.levels or self.rare)

    def transform(
        self, texts: Sequence[str], absent: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the features (N, C) of the texts and missing cells of `read`, and which texts (N,) are unseen.

        An unseen level is one of the rare ones, or without these no level: zeros.
        """
        features = len(self.names) - self.indicator
        two = len(self.levels) + bool(self.rare) == 2
        first = 1 if two else 0
        code = {level: i - first for i, level in enumerate(self.levels)}
        other = len(self.levels) - first if self.rare else -1
        code |= dict.fromkeys(self.rare, other)
        unseen_code = features + 1
        codes = np.fromiter((code.get(text, unseen_code) for text in texts), np.int64, len(texts))
        unseen = (codes == unseen_code) & ~absent
        codes[codes == unseen_code] = other
        x = np.zeros((len(texts), len(self.names)))
        known = ~absent & (codes >= 0) & (codes < features)
        x[np.flatnonzero(known), codes[known]] = 1
        if self.indicator:
            x[:, -1] = absent
        return x, unseen

    def to_dict(self) -> dict[str, Any]:
        """Return the column as a dictionary for JSON."""
        return {**asdict(self), "levels": list(self.levels), "rare": list(self.rare)}

    @classmethod
    def from_dict(cls, *, levels: list[str], rare: list[str], **values: Any) -> CategoryColumn:
        """Return the column of the entries of `to_dict`."""
        return cls(levels=tuple(levels), rare=tuple(rare), **values)


def read(table: Table, position: int, options: ColumnOptions) -> tuple[list[str], NDArray[np.bool_]]:
    """Return the cells of a column as texts (N,), and which are missing.

    A whole number reads the same with .0, because columns of whole numbers with gaps are often written so.
    """
    texts = table.texts(position)
    absent = missing_texts(texts, options)
    spelling = {text: text[:-2] if text is not None and WHOLE.fullmatch(text) else text or "" for text in set(texts)}
    return [spelling[text] for text in texts], absent


def levels(texts: Sequence[str], absent: NDArray[np.bool_]) -> list[tuple[str, int]]:
    """Return the levels with their number of rows, most frequent first, then by text."""
    counts = Counter(texts)
    if absent.any():
        counts -= Counter(text for text, gone in zip(texts, absent.tolist(), strict=True) if gone)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def fit(
    texts: Sequence[str], absent: NDArray[np.bool_], name: str, position: int, options: ColumnOptions
) -> CategoryColumn:
    """Return what is learnt of training cells from `read`."""
    counts = levels(texts, absent)
    least = options.min_count
    if least is None:
        least = MIN_COUNT if len(texts) >= SMALL else 1
    kept = tuple(level for level, number in counts if number >= least)[:MOST]
    rare = tuple(level for level, _ in counts[len(kept) :])
    return CategoryColumn(position, name, kept, rare, bool(absent.any()))


def planned(table: Table, plan: ColumnPlan, options: ColumnOptions) -> ColumnPlan:
    """Return the plan of a category."""
    texts, absent = read(table, plan.position, options)
    counts = levels(texts, absent)
    plan = replace(plan, kind="category", levels=len(counts), missing=int(absent.sum()))
    if not counts:
        return replace(plan, kind="constant", reason="all cells are missing")
    constant = len(counts) == 1 and not plan.missing
    return replace(plan, kind="constant", reason=f"always {counts[0][0]!r}") if constant else plan


def twins(texts: Sequence[str]) -> list[str]:
    """Return the texts that differ from another one by capital letters only, in order."""
    counts = Counter(text.lower() for text in texts)
    return sorted(text for text in texts if counts[text.lower()] > 1)
