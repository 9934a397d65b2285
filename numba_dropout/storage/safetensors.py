"""Models in the safetensors format: weights and biases with the names of the equivalent `Sequential`.

PyTorch's `load_state_dict` takes the tensors unchanged. The metadata has one entry, `numba_dropout`: JSON with the
description of a `.npz` model, the other arrays (scaling, logits of learned rates) as lists, and SHA-256 of all of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays.host import digest
from ..core.errors import InputError, missing
from .files import replacing
from .sequential import names

__all__ = ["SUFFIX", "read", "write"]

SUFFIX = ".safetensors"
ENTRY = "numba_dropout"


def write(path: str | os.PathLike[str], description: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a model's description, in JSON, and its arrays. The same content gives the same bytes."""
    library = _library()
    renamed = names(json.loads(description))
    tensors = {renamed[name]: np.ascontiguousarray(array) for name, array in arrays.items() if name in renamed}
    others = {
        name: {"dtype": str(array.dtype), "values": array.tolist()}
        for name, array in arrays.items()
        if name not in renamed
    }
    entry = {"description": description, "arrays": others, "sha256": _hash(arrays, description)}
    with replacing(path) as file:
        file.write(library.save(tensors, {ENTRY: json.dumps(entry)}))


def read(path: str | os.PathLike[str]) -> tuple[str, dict[str, NDArray[Any]]]:
    """Return a model's description, in JSON, and its arrays. Raise InputError for another file or a damaged one.

    Raise OSError if the file cannot be opened.
    """
    library = _library()
    try:
        with open(path, "rb"):
            pass  # raises OSError, which is clearer than the library's error
        with library.safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
    except library.SafetensorError as error:
        raise InputError(f"{path}: a truncated or damaged model file ({error})") from None
    if ENTRY not in metadata:
        raise InputError(
            f"{path}: expected a model saved by numba-dropout, got tensors only; load them into PyTorch's Sequential "
            "and convert it with numba_dropout.formats.torch"
        )
    try:
        entry = json.loads(metadata[ENTRY])
        description = entry["description"]
        originals = {renamed: name for name, renamed in names(json.loads(description)).items()}
        arrays = {name: np.array(array["values"], array["dtype"]) for name, array in entry["arrays"].items()}
        arrays |= {originals[name]: np.array(tensor) for name, tensor in tensors.items()}
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path}: a damaged model ({error})") from None
    if entry.get("sha256") != _hash(arrays, description):
        raise InputError(f"{path}: a damaged model file: its content does not match its hash")
    return description, arrays


def _hash(arrays: Mapping[str, NDArray[Any]], description: str) -> str:
    """Return the hash of description and arrays, independent of the order of the arrays."""
    return digest(dict(sorted(arrays.items())), description)


class _Library:
    """The parts of safetensors that this module uses."""

    def __init__(self) -> None:
        from safetensors import SafetensorError, safe_open
        from safetensors.numpy import save

        self.SafetensorError, self.safe_open, self.save = SafetensorError, safe_open, save


def _library() -> _Library:
    try:
        return _Library()
    except ImportError:
        raise InputError(missing("a .safetensors model requires safetensors", "safetensors", "safetensors")) from None
