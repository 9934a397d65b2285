"""Search spaces: grids, random trials, and rungs of halving."""

import numpy as np
import pytest

from numba_dropout.experiments.search_space import Range, SearchSpace

SPACE = {"dropout": [0.0, 0.5], "hidden": [[4], [8, 8]], "lr": [0.01, 0.1]}


def test_grid():
    choices = [trial.choice for trial in SearchSpace(SPACE).draw(0)]
    assert len(choices) == 8
    assert choices[1] == {"dropout": 0.0, "hidden": [4], "lr": 0.1}
    assert all(choices.count(choice) == 1 for choice in choices)


def test_random():
    grid = [trial.choice for trial in SearchSpace(SPACE).draw(0)]
    chosen = [trial.choice for trial in SearchSpace(SPACE, "random", 5).draw(1)]
    assert len(chosen) == 5
    assert all(choice in grid and chosen.count(choice) == 1 for choice in chosen)
    space = {"dropout": Range(0.1, 0.6), "lr": Range(1e-4, 1.0, logarithmic=True), "hidden": [[4], [8]]}
    choices = [trial.choice for trial in SearchSpace(space, "random", 400).draw(1)]
    rates, logs = np.array([choice["dropout"] for choice in choices]), np.log10([choice["lr"] for choice in choices])
    assert rates.min() >= 0.1
    assert rates.max() <= 0.6
    assert abs(rates.mean() - 0.35) < 0.03
    assert logs.min() >= -4
    assert logs.max() <= 0
    assert abs(logs.mean() + 2) < 0.25
    assert choices == [trial.choice for trial in SearchSpace(space, "random", 400).draw(1)]


def test_rungs():
    assert SearchSpace({}, "halving").rungs(27, 81) == [(27, 3), (9, 9), (3, 27), (1, 81)]
    assert SearchSpace({}, "halving", eta=2).rungs(6, 8) == [(6, 2), (3, 4), (1, 8)]
    assert SearchSpace({}, "halving").rungs(2, 5) == [(2, 5)]
    assert SearchSpace({}).rungs(12, 5) == [(12, 5)]


def test_rungs_are_distinct():
    search_space = SearchSpace({}, "halving")
    assert search_space.rungs(27, 27) == [(27, 1), (9, 3), (3, 9), (1, 27)]
    assert search_space.rungs(27, 5) == [(27, 1), (3, 2), (1, 5)]
    assert search_space.rungs(27, 1) == [(27, 1)]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (SearchSpace({"lr": Range(0.1, 1)}), "lr: a range requires random search"),
        (SearchSpace({"lr": Range(0.1, 1)}, "halving"), "lr: a range requires random search"),
        (SearchSpace(SPACE, "random"), "trials: required for random search"),
        (SearchSpace(SPACE, "grid", 3), "trials: not valid with a grid search"),
        (SearchSpace(SPACE, "bayes"), "search: expected one of grid, random, halving, got 'bayes'"),
        (SearchSpace({"lr": range(400), "dropout": range(400)}), "160,000 trials"),
        (SearchSpace({"lr": []}), "lr: expected values to try, got none"),
        (SearchSpace({"hidden": [[4], [5], [4]]}), "hidden: expected each value once, got 4, 5, 4"),
        (SearchSpace({"lr": [0.1]}, "random", 0), "trials: expected"),
        (SearchSpace({"lr": [0.1]}, "halving", eta=1), "eta: expected"),
    ],
)
def test_refused_spaces(plan, message):
    with pytest.raises(ValueError, match=message):
        plan.draw(0)
