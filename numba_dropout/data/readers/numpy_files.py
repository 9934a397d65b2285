"""Files of NumPy: .npz with the arrays x and y, and .npy with a table."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError

__all__ = ["as_numbers", "read_npy", "read_npz"]

ZIP_FAULTS = (zipfile.BadZipFile, NotImplementedError, RuntimeError)  # the last two: a damaged flag


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays x and y, if it is there, of an .npz file."""
    arrays = _read(path)
    if not isinstance(arrays, dict) or "x" not in arrays:
        content = ", ".join(arrays) if isinstance(arrays, dict) else "one array"
        raise InputError(f"{path}: expected arrays x and y, got {content}")
    x = as_numbers(path, arrays["x"], "x")
    if x.ndim < 2:
        raise InputError(f"{path}: expected x of shape (rows, features), got {x.shape}")
    arrays["x"] = x.reshape(len(x), math.prod(x.shape[1:]))
    if "y" in arrays:
        arrays["y"] = _target(path, arrays["y"], len(x))
    return arrays


def _target(path: Path, y: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return y as labels, texts or values (rows,), or as values (rows, outputs)."""
    if y.dtype.kind not in "biufU":
        raise InputError(f"{path}: expected numbers or texts in y, got {y.dtype}")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2) or len(y) != rows or (y.ndim == 2 and y.dtype.kind == "U"):
        raise InputError(f"{path}: expected y of shape ({rows},), one for each row of x, got {y.shape}")
    return y


def read_npy(path: Path) -> NDArray[Any]:
    """Return the table in an .npy file."""
    table = _read(path)
    if isinstance(table, dict) or table.ndim != 2:
        content = "several arrays" if isinstance(table, dict) else f"shape {table.shape}"
        raise InputError(f"{path}: expected one array of shape (rows, columns), got {content}")
    return as_numbers(path, table, "the table")


def _read(path: Path) -> dict[str, NDArray[Any]] | NDArray[Any]:
    """Return the array of an .npy file, or the arrays of an .npz file."""
    try:
        with open(path, "rb") as file:
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return content
            with content:
                return {name: content[name] for name in content.files}
    except (ValueError, TypeError, EOFError, OSError, zlib.error, tokenize.TokenError, *ZIP_FAULTS) as error:
        raise InputError(f"{path}: the file is truncated, damaged or not in NumPy's format ({error})") from None
    except MemoryError as error:
        raise InputError(f"{path}: the file is damaged or larger than the memory ({error})") from None


def as_numbers(path: Path, array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an array in uint8, float32 or float64. Raise InputError unless it holds numbers."""
    if array.dtype.kind not in "biuf":
        raise InputError(f"{path}: expected numbers in {name}, got {array.dtype}")
    if array.dtype in (np.uint8, np.float32, np.float64):
        return array
    return array.astype(np.float64)
