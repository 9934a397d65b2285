"""The trace of SimpleNN, against the same computation in NumPy."""

import numpy as np
import pytest
from traces import first_weights, mask, section, table

from numba_dropout.viz import trace


@pytest.fixture(scope="module")
def simple():
    return trace.trace("simplenn")


def simple_outputs(traced, factor):
    (w0, b0), (w1, b1) = first_weights([10, 50, 1])
    return (np.maximum(traced.training[0].values @ w0.T + b0, 0) * factor @ w1.T + b1)[:, 0]


@pytest.mark.jit_only
def test_same_batch_four_times(simple):
    assert simple.training[0].values.shape == (5, 10)
    assert abs(simple.training[0].values.mean()) < 0.5
    rows = np.array(section(simple, "The same batch four times").blocks[0].rows).astype(float)
    for column, step in ((1, 0), (2, 1)):
        kept = mask((5, 50), 0.3, site=1, step=step)
        np.testing.assert_allclose(rows[:, column], simple_outputs(simple, kept / 0.7), atol=6e-5)
    for column in (3, 4):
        np.testing.assert_allclose(rows[:, column], simple_outputs(simple, 1.0), atol=6e-5)
    first, second = (mask((5, 50), 0.3, site=1, step=step) for step in (0, 1))
    _, masks = [block for block in section(simple, "The same batch").blocks if hasattr(block, "rows")]
    assert [row[1] for row in masks.rows] == ["".join("01"[int(k)] for k in kept[0]) for kept in (first, second)]
    text = section(simple, "The same batch four times").blocks[-1]
    assert f"differ in {(first != second).sum()} of 250 elements" in text
    assert "5 of 5 outputs differ" in text
    assert "5 of 5 outputs are equal to the last bit" in text


@pytest.mark.jit_only
def test_stages(simple):
    kept = mask((5, 50), 0.3, site=1, step=0)
    (w0, b0), _ = first_weights([10, 50, 1])
    sums = simple.training[0].values @ w0.T + b0
    h = np.maximum(sums, 0)
    expected = [simple.training[0].values, sums, h, h * kept / 0.7, simple_outputs(simple, kept / 0.7)[:, None]]
    for stage, values in zip(simple.training, expected, strict=True):
        np.testing.assert_allclose(stage.values, values, rtol=1e-9, atol=1e-12)


@pytest.mark.jit_only
def test_expectation(simple):
    """The standard error is that of a sum of independent terms w h (kept / 0.7 - 1)."""
    (w0, b0), (w1, _) = first_weights([10, 50, 1])
    spread = np.sqrt(((np.maximum(simple.training[0].values @ w0.T + b0, 0) * w1) ** 2).sum(1) * 0.3 / 0.7 / 10_000)
    rows = np.array(table(simple, "The expectation"), object)
    np.testing.assert_allclose(rows[:, 2].astype(float), spread, rtol=0.03, atol=6e-5)
    evaluation = simple_outputs(simple, 1.0)
    np.testing.assert_allclose(rows[:, 3].astype(float), evaluation, atol=6e-5)
    assert (np.abs(rows[:, 1].astype(float) - evaluation) < 4 * spread).all()


@pytest.mark.jit_only
def test_two_ways_to_scale(simple):
    kept = mask((5, 50), 0.3, site=1, step=0)
    actual = [float(row[-1]) for row in table(simple, "Two ways to scale")]
    expected = [simple_outputs(simple, factor)[0] for factor in (kept / 0.7, 1.0, kept, 0.7)]
    np.testing.assert_allclose(actual, expected, atol=6e-5)
