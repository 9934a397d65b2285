"""The file of a model: arrays, and a description in JSON, written whole or not at all.

NumPy's .npz without pickle, or safetensors where the name ends in that.
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
VERSION = 1
HASH = "sha256"  # the entry with the hash of all others; the first models have none

Arrays = Mapping[str, NDArray[Any]]


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description as a file gives it back: lists for tuples and arrays."""
    return json.loads(_json(config))


def write(path: str | os.PathLike[str], config: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a model; the same content gives the same bytes."""
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
    """Return a model's description and arrays; InputError if the file is no model, not whole, or of a later version.

    A description that has the entry `wants_hash` must have a hash.
    """
    try:
        if _is_safetensors(path):
            description, arrays = safetensors.read(path)  # which looks at its hash itself
            wanted = None
        else:
            with open(os.fspath(path), "rb") as file, np.load(file, allow_pickle=False) as content:
                arrays = {name: content[name] for name in content.files}
            description, kept = str(arrays.pop("config")), arrays.pop(HASH, None)
            wanted = None if kept is None else str(kept)
        config = json.loads(description)
        if config["format"] != FORMAT:
            raise KeyError("format")
        version = int(config["version"])
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: expected a model file, got a folder") from None
    except PermissionError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: a truncated or damaged file, not a whole model ({error})") from None
    except MemoryError:
        raise
    except Exception:  # whatever NumPy makes of bytes that are no arrays
        raise InputError(f"{path}: not a model that ndrop wrote") from None
    if version > VERSION:
        raise InputError(
            f"{path}: a model of format version {version}, and this program reads up to {VERSION}; "
            "upgrade numba-dropout"
        )
    if wanted is None and wants_hash in config and not _is_safetensors(path):
        raise InputError(f"{path}: a damaged file: the hash of its content is missing")
    if wanted is not None and wanted != digest(arrays, description):
        raise InputError(f"{path}: a damaged file: its content does not have the hash that is written in it")
    return config, arrays


def _is_safetensors(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).endswith(safetensors.SUFFIX)


def _json(config: Mapping[str, Any]) -> str:
    return json.dumps(config, default=lambda value: value.tolist())
