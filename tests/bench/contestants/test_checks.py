"""Wrong results are not timed."""

import math

import numpy as np
import pytest
from bench_workers import case_of
from numba_dropout_bench.contestants import _checks, _inputs


def test_dropout():
    x = _inputs.positive(case_of("dropout"))[: 2**12]
    keep = np.random.default_rng(1).random(x.size) >= 0.3
    correct = np.where(keep, x / np.float32(0.7), 0)
    _checks.dropped(correct, x, 0.3)
    for wrong in (x, np.where(keep, x, 0), correct[::-1], correct[:-1], correct.astype(np.float64), np.zeros_like(x)):
        with pytest.raises(ValueError, match=r"dropped|kept|shape"):
            _checks.dropped(wrong, x, 0.3)


def test_gaussian_dropout(rng):
    x = _inputs.positive(case_of("dropout"))[: 2**14]
    z = rng.standard_normal(x.size)
    _checks.gaussian(x * (1 + (0.3 / 0.7) ** 0.5 * z), x, 0.3)
    for wrong in (x, x * (1 + z), x * z, np.full_like(x, np.nan)):
        with pytest.raises(ValueError, match="of the factors is"):
            _checks.gaussian(wrong, x, 0.3)


def test_alpha_dropout(rng):
    x = _inputs.positive(case_of("dropout"))[: 2**14]
    keep = rng.random(x.size) >= 0.3
    correct = np.where(keep, 0.8 * x + 0.3, -1)
    _checks.alpha(correct, x, 0.3)
    for wrong in (x, np.where(keep, 0.8 * x[::-1] + 0.3, -1), np.where(rng.random(x.size) >= 0.4, x, -1)):
        with pytest.raises(ValueError, match=r"dropped|affine"):
            _checks.alpha(wrong, x, 0.3)


@pytest.mark.parametrize(("rows", "depth", "columns"), [(30, 20, 10), (128, 784, 1024)])
def test_product(rows, depth, columns, rng):
    left, right = rng.random((rows, depth), np.float32) - 0.5, rng.random((depth, columns), np.float32) - 0.5
    product = left @ right
    _checks.product(product, left, right)
    largest = np.unravel_index(np.abs(product).argmax(), product.shape)
    zeroed = product.copy()
    zeroed[largest] = 0
    noise = 1 + 0.01 * rng.standard_normal(product.shape, np.float32)
    for wrong in (zeroed, product * np.float32(0.99), product * noise, np.where(product == zeroed, product, np.nan)):
        with pytest.raises(ValueError, match="off by"):
            _checks.product(wrong, left, right)


def test_activations(rng):
    x, weight = rng.standard_normal((100, 3), np.float32), rng.standard_normal((50, 3), np.float32)
    product = x.astype(np.float64) @ weight.T
    correct = {"tanh": np.tanh(product), "silu": product / (1 + np.exp(-product))}
    correct["gelu"] = product * [[0.5 * math.erfc(-v / math.sqrt(2)) for v in row] for row in product]
    for name in correct:
        for other, values in correct.items():
            if other == name:
                _checks.activated(values.astype(np.float32), x, weight, name)
            else:
                with pytest.raises(ValueError, match=f"not {name}"):
                    _checks.activated(values.astype(np.float32), x, weight, name)


def test_hidden_layer(rng):
    x, weight = rng.standard_normal((100, 20), np.float32), rng.standard_normal((50, 20), np.float32)
    out = np.maximum(x @ weight.T, 0) * (rng.random((100, 50)) < 0.5) * 2
    _checks.hidden(out, x, weight, 0.5)
    for wrong in (out / 2, np.maximum(x @ weight.T, 0)):
        with pytest.raises(ValueError, match=r"dropped|kept"):
            _checks.hidden(wrong, x, weight, 0.5)


def test_learning(rng):
    losses = iter(np.linspace(3, 1, 1000))
    _checks.learns(lambda: next(losses))()
    with pytest.raises(ValueError, match="does not decrease"):
        _checks.learns(lambda: 2 + 0.1 * rng.standard_normal())()
    for loss, message in ((1.0, "does not decrease"), (math.nan, "is nan")):
        with pytest.raises(ValueError, match=message):
            _checks.learns(lambda loss=loss: loss, window=2)()
