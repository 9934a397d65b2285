"""DropBlock: dropout of squares of feature maps."""

import numpy as np
import pytest
from backends import full_precision
from dropout_oracles import contract_mask
from floats import DTYPES, same_bits, same_result, special_values

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3}


def expected_result(x, p, block):
    """Return DropBlock in NumPy."""
    samples, channels, height, width = x.shape
    side = min(block, height, width)
    rows, columns = height - side + 1, width - side + 1
    gamma = p * height * width / (side * side * rows * columns)
    starts = contract_mask((samples, channels, rows, columns), gamma, **AT)
    mask = np.ones(x.shape, bool)
    for n, c, i, j in np.argwhere(~starts):
        mask[n, c, i : i + side, j : j + side] = False
    scale = (mask[0].size / mask.sum((1, 2, 3))).astype(x.dtype)[:, None, None, None]
    with np.errstate(invalid="ignore"):
        return np.where(mask, x * scale, x.dtype.type(0))


@full_precision
@pytest.mark.parametrize("block", [1, 2, 3, 9])
def test_values(backend, dtype, block, rng):
    x = special_values((2, 3, 4, 5), dtype, rng)
    expected = expected_result(x, 0.2, block)
    for function in (nd.drop_block2d, nd.drop_block2d_backward):
        array = backend.array(x)
        assert same_result(backend, function(array, 0.2, block, **AT), expected)
        assert function(array, 0.2, block, **AT, out=array) is array
        assert same_result(backend, array, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("block", "positions"), [(1, 60), (2, 36), (3, 18), (9, 6)])
def test_chunks(dtype, block, positions, rng):
    """Each sample has its own scale. `positions` is the number of mask elements of a sample."""
    x = special_values((2, 3, 4, 5), dtype, rng)
    first = nd.drop_block2d(x[:1], 0.2, block, **AT)
    second = nd.drop_block2d(x[1:], 0.2, block, **AT, offset=positions)
    assert same_bits(np.concatenate([first, second]), expected_result(x, 0.2, block))


@full_precision
def test_rates_0_and_1(backend, dtype):
    x = np.full((1, 2, 3, 4), np.nan, dtype)
    assert same_result(backend, nd.drop_block2d(backend.array(x), 0, 2, **AT), x)
    assert same_result(backend, nd.drop_block2d(backend.array(x), 1, 2, **AT), np.zeros_like(x))


def test_no_samples():
    assert nd.drop_block2d(np.ones((0, 2, 3, 4)), 0.5, 2, **AT).shape == (0, 2, 3, 4)


def test_errors():
    with pytest.raises(ValueError, match="x: expected 4 dimensions"):
        nd.drop_block2d(np.ones((3, 3)), 0.5, 2, **AT)
    with pytest.raises(ValueError, match="block_size: expected an integer from"):
        nd.drop_block2d(np.ones((1, 1, 3, 3)), 0.5, 0, **AT)
