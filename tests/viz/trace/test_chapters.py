"""Observations about training."""

import numba_dropout as nd
from numba_dropout.viz import trace

STEPS = (1.0, 0.5), (0.6, 0.7), (0.5, 0.6), (0.7, 0.65), (0.699, 0.65)


def test_observations():
    history = nd.loop.History([{"loss": loss, "accuracy": accuracy} for loss, accuracy in STEPS])
    assert trace.chapters.observations(history, 0.25) == [
        "starts at accuracy 0.50 (guessing: 0.25)",
        "loss decreases by 0.400, accuracy increases by 20.0 points",
        "loss decreases by 0.100, accuracy decreases by 10.0 points, less than in the epoch before",
        "loss increases by 0.200, accuracy increases by 5.0 points",
        "loss decreases by 0.001, accuracy increases by 0.0 points: almost no change, training has converged",
    ]
