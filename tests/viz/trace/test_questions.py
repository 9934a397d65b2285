"""Figures of the quiz."""

import re

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.viz.trace import examples


def test_questions_without_figures():
    """A row of zeros, a rate of 1 and rates of units have no share to show."""
    for net, x in (
        (nd.MLP([2, 3, 2], input_dropout=0.5, dropout=0.0), np.zeros((1, 2))),
        (nd.MLP([2, 3, 2], input_dropout=1.0, dropout=0.0), np.ones((1, 2))),
        (nd.MLP([2, 3, 2], input_dropout=[0.1, 0.2], dropout=0.0), np.ones((1, 2))),
    ):
        questions = examples.trace_row(net, x, 0, "x").questions
        assert [question.evidence == "" for question in questions] == [False, False, True]


def test_share_kept():
    (shown,) = [
        q.evidence for q in examples.trace_row(nd.MLP([2, 3, 2], input_dropout=0.4), np.ones((1, 2)), 0, "x").questions
    ][2:]
    kept, other_share = map(float, re.search(r"^Over 10,000 masks, ([\d.]+) % .* that is ([\d.]+) %", shown).groups())
    assert kept == pytest.approx(60, abs=1)
    assert other_share == pytest.approx(100, abs=1.7)
    assert other_share == pytest.approx(kept / 0.6, abs=0.1)
