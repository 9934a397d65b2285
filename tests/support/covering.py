"""Combinations of choices: few that have each pair, or all, of which these few are enough for compiled code."""

import itertools

import pytest


def covering(*choices):
    """Return all combinations as parameters. All but a set with each pair of choices are for plain Python only.

    Compiling a network takes seconds. What its formulas are does not depend on it.
    """
    chosen = pairwise(*map(len, choices))
    return [
        pytest.param(
            *(values[index] for values, index in zip(choices, combination, strict=True)),
            marks=[] if combination in chosen else pytest.mark.plain_only,
        )
        for combination in itertools.product(*map(range, map(len, choices)))
    ]


def pairwise(*sizes):
    """Return few combinations of indices below the sizes, in which each pair of indices of two positions occurs."""
    every = itertools.combinations(range(len(sizes)), 2)
    left = {((a, i), (b, j)) for a, b in every for i in range(sizes[a]) for j in range(sizes[b])}
    combinations = []
    while left:
        chosen = dict(min(left))
        for position, size in enumerate(sizes):
            if position not in chosen:
                gains = [len(_pairs({**chosen, position: index}) & left) for index in range(size)]
                chosen[position] = gains.index(max(gains))
        left -= _pairs(chosen)
        combinations.append(tuple(chosen[position] for position in range(len(sizes))))
    return combinations


def _pairs(chosen):
    """Return the pairs of indices of the chosen positions."""
    return set(itertools.combinations(sorted(chosen.items()), 2))
