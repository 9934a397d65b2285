"""Calls of a loss's kernels, with separate arrays and in place, which have the same results, and formulas of losses."""

import numpy as np

# The loss of each output and its derivative, of out and target in float64.
FORMULAS = {
    "huber": lambda out, y: (
        np.where(abs(out - y) < 1, (out - y) ** 2 / 2, abs(out - y) - 0.5),
        np.clip(out - y, -1, 1),
    ),
    "absolute": lambda out, y: (abs(out - y), np.sign(out - y)),
    "poisson": lambda out, y: (np.exp(out) - y * out, np.exp(out) - y),
}


def forward(backend, loss, out, target):
    """Return each row's loss and share of correct outputs, and the array that the gradient is computed from."""
    rows = [np.empty(len(out), out.dtype) for _ in range(2)]
    results = backend.run(f"{loss}_forward", *rows, np.empty_like(out), out, target)[:3]
    in_place = backend.run(f"{loss}_forward", *rows, out, out, target)[:3]
    assert all(np.array_equal(*pair, equal_nan=True) for pair in zip(results, in_place, strict=True))
    return results


def backward(backend, loss, saved, target):
    """Return the gradient by the outputs."""
    gradient = backend.run(f"{loss}_backward", np.empty_like(saved), saved, target)[0]
    assert np.array_equal(backend.run(f"{loss}_backward", saved, saved, target)[0], gradient)
    return gradient


def check_formula(backend, loss, out, target, tolerance):
    """Check loss, derivatives and gradient of a batch against the formula."""
    losses, correct, slopes = forward(backend, loss, out, target)
    values, derivatives = FORMULAS[loss](out.astype(np.float64), target.astype(np.float64))
    scale = np.abs(values).mean(1)
    assert np.all(np.abs(losses - values.mean(1)) <= tolerance * (1 + scale))
    assert not correct.any()
    np.testing.assert_allclose(slopes, derivatives, rtol=tolerance, atol=tolerance * (1 + target.max()))
    gradient = backward(backend, loss, slopes, target)
    np.testing.assert_allclose(gradient, slopes / out.size, rtol=tolerance)
