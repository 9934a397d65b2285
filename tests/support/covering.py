"""Combinations of choices, of which a part is enough for compiled code."""

import itertools

import pytest


def covering(*choices):
    """Return all combinations as parameters. All but a set with each pair of choices are for plain Python only.

    Compiling a network takes seconds. What its formulas are does not depend on it.
    """
    combinations = list(itertools.product(*map(range, map(len, choices))))
    left = set().union(*map(_pairs, combinations))
    chosen = set()
    while left:
        best = max(combinations, key=lambda combination: len(_pairs(combination) & left))
        chosen.add(best)
        left -= _pairs(best)
    return [
        pytest.param(
            *(values[index] for values, index in zip(choices, combination, strict=True)),
            marks=[] if combination in chosen else pytest.mark.plain_only,
        )
        for combination in combinations
    ]


def _pairs(combination):
    """Return the pairs of choices in a combination."""
    return set(itertools.combinations(enumerate(combination), 2))
