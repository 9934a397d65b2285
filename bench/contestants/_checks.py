"""What is made sure of before anything is timed; a ValueError says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["disturbed", "dropped", "hidden", "learns", "masked", "product", "set_to_limit"]

ERRORS = 5.0  # standard errors that a share may be off
WINDOWS = 40  # after which a loss must have fallen
FALLEN = 0.9  # of the first mean; dropout alone moves a mean by a few percent


def masked(kept: NDArray[Any], p: float) -> None:
    """Raise unless the share that is not kept is p, within 5 standard errors."""
    share = 1.0 - np.count_nonzero(kept) / kept.size
    if abs(share - p) > ERRORS * (p * (1 - p) / kept.size) ** 0.5:
        raise ValueError(f"{share:.4f} of the elements are dropped, expected {p}")


def dropped(y: Any, x: NDArray[Any], p: float) -> None:
    """Raise unless y is x, which has no zeros, with a share p dropped and the rest scaled."""
    y = np.asarray(y)
    if y.shape != x.shape or y.dtype != x.dtype:
        raise ValueError(f"{y.dtype} of shape {y.shape} came out, expected {x.dtype} of shape {x.shape}")
    kept = y != 0
    masked(kept, p)
    if not np.allclose(y, np.where(kept, x / x.dtype.type(1 - p), 0), rtol=1e-5, atol=0):
        raise ValueError("the kept elements are not x / (1 - p)")


def disturbed(y: Any, x: NDArray[Any], p: float) -> None:
    """Raise unless y is x, which has no zeros, times numbers of mean 1 and variance p / (1 - p)."""
    factors = np.asarray(y).astype(np.float64) / x
    variance = p / (1 - p)
    for what, found, expected, error in (
        ("mean", factors.mean(), 1.0, (variance / x.size) ** 0.5),
        ("variance", factors.var(), variance, variance * (2 / x.size) ** 0.5),
    ):
        if not abs(found - expected) <= ERRORS * error:
            raise ValueError(f"the {what} of the factors is {found:.4f}, expected {expected:.4f}")


def set_to_limit(y: Any, x: NDArray[Any], p: float) -> None:
    """Raise unless y is x, which is positive, in an affine map, but for a share p that became the least value."""
    y = np.asarray(y)
    kept = y > y.min()
    masked(kept, p)
    (slope, shift), *_ = np.linalg.lstsq(np.stack([x[kept], np.ones(kept.sum())], 1), y[kept], rcond=None)
    if not np.allclose(y[kept], slope * x[kept] + shift, rtol=1e-4, atol=1e-4):
        raise ValueError("the kept elements are not an affine map of x")


def product(out: Any, left: NDArray[Any], right: NDArray[Any]) -> None:
    """Raise unless each element of out is that of left @ right, by the usual error bound of a sum."""
    out = np.asarray(out)
    if out.shape != (left.shape[0], right.shape[1]):
        raise ValueError(f"shape {out.shape} came out, expected {(left.shape[0], right.shape[1])}")
    wide, tall = left.astype(np.float64), right.astype(np.float64)
    error = np.abs(out - wide @ tall)
    bound = left.shape[1] * np.finfo(out.dtype).eps * (np.abs(wide) @ np.abs(tall))
    if not (error <= bound).all():
        raise ValueError(f"a product is off by {error.max():.3g}, expected at most {bound.max():.3g}")


def hidden(y: Any, x: NDArray[Any], weight: NDArray[Any], p: float) -> None:
    """Raise unless y is dropout(relu(x @ weight.T)), by the share that is dropped and the values that are kept."""
    y = np.asarray(y)
    before = x.astype(np.float64) @ weight.T.astype(np.float64)
    size = np.sqrt((before**2).mean())
    masked(y[before > 0.01 * size] != 0, p)
    if not np.allclose(y[y != 0] * (1 - p), before[y != 0], rtol=1e-3, atol=1e-3 * size):
        raise ValueError("the kept outputs are not those of the layer")


def learns(step: Callable[[], Any], window: int = 20) -> Callable[[], None]:
    """Return a check that trains by a function that returns a loss, until its mean over a window has fallen."""

    def check() -> None:
        first = None
        for _ in range(WINDOWS):
            loss = float(np.mean([float(step()) for _ in range(window)]))
            if not np.isfinite(loss):
                raise ValueError(f"the loss is {loss}")
            first = loss if first is None else first
            if loss < FALLEN * first:
                return
        raise ValueError(f"the loss was {first:.4g} and is {loss:.4g} after {WINDOWS * window} calls: it does not fall")

    return check
