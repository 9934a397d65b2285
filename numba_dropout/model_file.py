"""The file of a model: NumPy's .npz without pickle, with a description in JSON, written whole or not at all."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import InputError
from .files import replacing

__all__ = ["read", "write"]

FORMAT = "numba-dropout model"
VERSION = 1


def write(path: str | os.PathLike[str], config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a model; the same content gives the same bytes."""
    description = json.dumps({"format": FORMAT, "version": VERSION, **config}, default=lambda value: value.tolist())
    with replacing(path) as file:
        np.savez(file, config=np.array(description), **arrays)  # type: ignore[arg-type]


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return a model's description and arrays; InputError if the file is no model, not whole, or of a later version."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        config = json.loads(str(arrays.pop("config")))
        if config["format"] != FORMAT:
            raise KeyError("format")
        version = int(config["version"])
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: expected a model file, got a folder") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: a truncated or damaged file, not a whole model ({error})") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: not a model that ndrop wrote") from None
    if version > VERSION:
        raise InputError(
            f"{path}: a model of format version {version}, and this program reads up to {VERSION}; "
            "upgrade numba-dropout"
        )
    return config, arrays
