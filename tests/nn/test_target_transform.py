"""Transformations of targets against scikit-learn's and central differences."""

import numpy as np
import pytest

from numba_dropout.nn import target_transform
from numba_dropout.nn.target_transform import fit, forward, inverse, log_derivative

LAMBDAS = [-1.3, 0.0, 0.4, 1.0, 2.0, 3.1]


def columns(rng, rows=300):
    """Return targets of several distributions, one a column."""
    normal = rng.standard_normal((rows, 6))
    return np.column_stack(
        [
            np.exp(normal[:, 0]),
            1e5 * np.exp(normal[:, 1] / 3),
            normal[:, 2] + 0.3 * normal[:, 2] ** 2,
            -np.exp(normal[:, 3]),
            rng.poisson(2.0, rows),
            normal[:, 5] - 3,
        ]
    )


@pytest.fixture
def transformer(rng):
    sklearn = pytest.importorskip("sklearn.preprocessing")
    return sklearn.PowerTransformer(standardize=False).fit(columns(rng))


def test_fit_against_sklearn(transformer, rng):
    lambdas = fit(columns(np.random.default_rng(rng.bit_generator.seed_seq)))
    assert lambdas == pytest.approx(transformer.lambdas_.tolist(), abs=1e-3)


def test_functions_against_sklearn(transformer, rng):
    y = rng.standard_normal((40, 6))
    transformer.lambdas_ = np.array(LAMBDAS)
    values = forward("yeo-johnson", y, LAMBDAS)
    np.testing.assert_allclose(values, transformer.transform(y), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(inverse("yeo-johnson", values, LAMBDAS), y, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["none", "log1p", "yeo-johnson"])
def test_derivative_and_inverse(name, rng):
    y = np.abs(rng.standard_normal((30, 6))) if name == "log1p" else 2 * rng.standard_normal((30, 6))
    lambdas, step = LAMBDAS if name == "yeo-johnson" else None, 1e-6
    above, below = (
        forward(name, y + step, lambdas),
        forward(name, np.maximum(y - step, 0 if name == "log1p" else -99), lambdas),
    )
    np.testing.assert_allclose(np.log((above - below) / (2 * step)), log_derivative(name, y, lambdas), atol=1e-6)
    np.testing.assert_allclose(inverse(name, forward(name, y, lambdas), lambdas), y, rtol=1e-9, atol=1e-12)


def test_values_of_log1p():
    assert forward("log1p", [[0.0], [np.e - 1]]).ravel().tolist() == [0, 1]
    assert inverse("log1p", [[-3.0], [0.0], [1000.0]]).ravel().tolist() == [0, 0, np.inf]
    with pytest.raises(ValueError, match=r"at least 0 for log1p, got -2 at \[1, 0\]; use yeo-johnson"):
        forward("log1p", [[0.0], [-2.0]])


def test_values_beyond_the_range():
    """With a lambda outside [0, 2] the function is bounded. Values beyond it have an infinite inverse, not NaN."""
    assert inverse("yeo-johnson", [[5.0, -5.0]], [-1.0, 3.0]).tolist() == [[np.inf, -np.inf]]


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1.0, 1e8, 1e200])
def test_fit_of_all_sizes(scale, rng):
    y = scale * np.exp(rng.standard_normal((100, 1)))
    (power,) = fit(y)
    assert np.isfinite(power)
    assert fit(-y) == pytest.approx([2 - power], abs=1e-6)


def test_fit_of_special_targets():
    assert fit(np.full((5, 1), 3.0)) == [1.0]
    assert fit(np.zeros((0, 1))) == [1.0]
    with pytest.raises(ValueError, match=r"y: expected finite numbers, got nan at \[1, 0\]"):
        fit(np.array([[1.0], [np.nan]]))


def test_number_of_lambdas():
    for lambdas in (None, [1.0]):
        with pytest.raises(ValueError, match="lambdas: expected 2, one for each output"):
            target_transform.forward("yeo-johnson", np.zeros((3, 2)), lambdas)
