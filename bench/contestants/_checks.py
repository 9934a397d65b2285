"""Checks of results before timing, which raise ValueError."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["activated", "alpha", "dropped", "gaussian", "hidden", "learns", "masked", "product"]

ERRORS = 5.0  # maximum deviation of a share, in standard errors
WINDOWS = 40  # number of windows within which the loss has to decrease
FALLEN = 0.9  # share of the first mean, because dropout changes a mean by a few percent

FORMULAS: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "gelu": lambda x: x / 2 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "silu": lambda x: x / (1 + np.exp(-x)),
}


def masked(kept: NDArray[Any], p: float) -> None:
    """Raise unless the share of dropped elements is p, within `ERRORS` standard errors."""
    share = 1.0 - np.count_nonzero(kept) / kept.size
    if abs(share - p) > ERRORS * (p * (1 - p) / kept.size) ** 0.5:
        raise ValueError(f"{share:.4f} of the elements are dropped, expected {p}")


def dropped(y: Any, x: NDArray[Any], p: float) -> None:
    """Raise unless y is x, which has no zeros, with a share p dropped and the rest scaled."""
    y = np.asarray(y)
    if y.shape != x.shape or y.dtype != x.dtype:
        raise ValueError(f"expected {x.dtype} of shape {x.shape}, got {y.dtype} of shape {y.shape}")
    kept = y != 0
    masked(kept, p)
    if not np.allclose(y, np.where(kept, x / x.dtype.type(1 - p), 0), rtol=1e-5, atol=0):
        raise ValueError("the kept elements are not x / (1 - p)")


def gaussian(y: Any, x: NDArray[Any], p: float) -> None:
    """Raise unless y is x, which has no zeros, times numbers of mean 1 and variance p / (1 - p)."""
    factors = np.asarray(y).astype(np.float64) / x
    variance = p / (1 - p)
    for name, value, expected, error in (
        ("mean", factors.mean(), 1.0, (variance / x.size) ** 0.5),
        ("variance", factors.var(), variance, variance * (2 / x.size) ** 0.5),
    ):
        if not abs(value - expected) <= ERRORS * error:
            raise ValueError(f"the {name} of the factors is {value:.4f}, expected {expected:.4f}")


def alpha(y: Any, x: NDArray[Any], p: float) -> None:
    """Raise unless y is an affine map of x > 0, except for a share p that is the minimum of y."""
    y = np.asarray(y)
    kept = y > y.min()
    masked(kept, p)
    (slope, shift), *_ = np.linalg.lstsq(np.stack([x[kept], np.ones(kept.sum())], 1), y[kept], rcond=None)
    if not np.allclose(y[kept], slope * x[kept] + shift, rtol=1e-4, atol=1e-4):
        raise ValueError("the kept elements are not an affine map of x")


def product(out: Any, left: NDArray[Any], right: NDArray[Any]) -> None:
    """Raise unless out equals left @ right, within the usual error bound of a sum."""
    out = np.asarray(out)
    if out.shape != (left.shape[0], right.shape[1]):
        raise ValueError(f"expected shape {(left.shape[0], right.shape[1])}, got {out.shape}")
    left64, right64 = left.astype(np.float64), right.astype(np.float64)
    error = np.abs(out - left64 @ right64)
    bound = left.shape[1] * np.finfo(out.dtype).eps * (np.abs(left64) @ np.abs(right64))
    if not (error <= bound).all():
        raise ValueError(f"a product is off by {error.max():.3g}, expected at most {bound.max():.3g}")


def activated(y: Any, x: NDArray[Any], weight: NDArray[Any], name: str) -> None:
    """Raise unless y is the activation of x @ weight.T."""
    expected = FORMULAS[name](x.astype(np.float64) @ weight.T.astype(np.float64))
    if not np.allclose(np.asarray(y), expected, rtol=1e-5, atol=1e-7):
        raise ValueError(f"the outputs are not {name} of the layer's products")


def hidden(y: Any, x: NDArray[Any], weight: NDArray[Any], p: float) -> None:
    """Raise unless y is dropout(relu(x @ weight.T)): check the share of dropped and the values of kept elements."""
    y = np.asarray(y)
    before = x.astype(np.float64) @ weight.T.astype(np.float64)
    size = np.sqrt((before**2).mean())
    masked(y[before > 0.01 * size] != 0, p)
    if not np.allclose(y[y != 0] * (1 - p), before[y != 0], rtol=1e-3, atol=1e-3 * size):
        raise ValueError("the kept outputs are not those of the layer")


def learns(step: Callable[[], Any], window: int = 20) -> Callable[[], None]:
    """Return a check that calls `step`, which returns a loss, until the mean over a window has decreased."""

    def check() -> None:
        first = None
        for _ in range(WINDOWS):
            loss = float(np.mean([float(step()) for _ in range(window)]))
            if not np.isfinite(loss):
                raise ValueError(f"the loss is {loss}")
            first = loss if first is None else first
            if loss < FALLEN * first:
                return
        raise ValueError(f"the loss does not decrease: {first:.4g} at first, {loss:.4g} after {WINDOWS * window} calls")

    return check
