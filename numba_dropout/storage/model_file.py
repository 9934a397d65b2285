"""Model files: arrays and a JSON description, written atomically.

The format is NumPy's .npz without pickle, or safetensors if the name ends in .safetensors.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays.host import digest
from ..core.errors import InputError
from . import safetensors
from .files import replacing

__all__ = ["plain", "read", "write"]

FORMAT = "numba-dropout model"
VERSION = 2  # 1 has only ReLU, and another order of the sums in predictions of 1 to 4 rows
HASH = "sha256"  # the entry with the hash of all others, which the oldest models lack

Arrays = Mapping[str, NDArray[Any]]


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description as a file returns it, with lists for tuples and arrays."""
    return json.loads(_json(config))


def write(path: str | os.PathLike[str], config: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a model. The same content gives the same bytes."""
    description = _json({"format": FORMAT, "version": VERSION, **config})
    if _is_safetensors(path):
        safetensors.write(path, description, arrays)
        return
    content = {"config": np.array(description), **arrays, HASH: np.array(digest(arrays, description))}
    with replacing(path) as file:
        np.savez(file, **content)  # type: ignore[arg-type]


def read(
    path: str | os.PathLike[str], *, wants_hash: str | None = None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return a model's description and arrays. Raise InputError for another file, a damaged one or a later version.

    A description with the entry `wants_hash` requires a hash.
    """
    try:
        if _is_safetensors(path):
            description, arrays = safetensors.read(path)  # checks its own hash
            expected = None
        else:
            with open(os.fspath(path), "rb") as file, np.load(file, allow_pickle=False) as content:
                arrays = {name: content[name] for name in content.files}
            description, stored = str(arrays.pop("config")), arrays.pop(HASH, None)
            expected = None if stored is None else str(stored)
        config = json.loads(description)
        if config["format"] != FORMAT:
            raise KeyError("format")
        version = int(config["version"])
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path}: expected a model file, got a folder") from None
    except PermissionError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: a truncated or damaged model file ({error})") from None
    except MemoryError:
        raise
    except Exception:  # NumPy's errors for bytes that are not arrays are of many types
        raise InputError(f"{path}: expected a model saved by numba-dropout, got another file") from None
    if version > VERSION:
        raise InputError(
            f"{path}: expected a model of format version {VERSION} or earlier, got {version}; upgrade numba-dropout"
        )
    if expected is None and wants_hash in config and not _is_safetensors(path):
        raise InputError(f"{path}: a damaged model file: the hash of its content is missing")
    if expected is not None and expected != digest(arrays, description):
        raise InputError(f"{path}: a damaged model file: its content does not match its hash")
    return config, arrays


def _is_safetensors(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).endswith(safetensors.SUFFIX)


def _json(config: Mapping[str, Any]) -> str:
    return json.dumps(config, default=lambda value: value.tolist())
