"""The kernel of alpha dropout against the reference of the mask contract."""

import numpy as np
import pytest
from backends import all_precisions, full_precision, position, threshold
from dtypes import cast, same_numbers, scalar, widen

from numba_dropout import reference


@full_precision
@pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])
@pytest.mark.parametrize("n", [1, 7, 20])
def test_alpha_dropout(backend, dtype, n, offset, rng):
    x = rng.standard_normal(n).astype(dtype)
    mask = reference.sample_mask(n, 0.3, seed=5, stream=1, step=2, offset=offset)
    numbers = [scalar(value, dtype) for value in (1.5, 0.25, -0.75)]  # scale, shift, value of dropped elements
    result = backend.run("alpha_dropout_forward", x, x, *numbers, threshold(0.3), *position(5, 1, 2, offset))[0]
    close = {"rtol": 8 * np.finfo(dtype).eps, "atol": 8 * np.finfo(dtype).eps}
    np.testing.assert_allclose(result, np.where(mask, x * 1.5 + 0.25, -0.75), **close)
    assert (result[~mask] == -0.75).all()


@all_precisions
@pytest.mark.parametrize("n", [1, 7, 200])
def test_exact_numbers(backend, dtype, n, rng):
    """Half precision is computed in float32 and rounded once: these products and sums are exact in float32."""
    x = cast(rng.standard_normal(n).astype(np.float16), dtype)
    mask = reference.sample_mask(n, 0.3, seed=5, offset=3)
    numbers = [scalar(value, dtype) for value in (1.5, 0.25, -0.75)]
    expected = cast(np.where(mask, widen(x) * numbers[0] + numbers[1], numbers[2]), dtype)
    for out in (x, np.zeros_like(x)):
        arguments = x, *numbers, threshold(0.3), *position(offset=3)
        assert same_numbers(backend.run("alpha_dropout_forward", out, *arguments)[0], expected)
