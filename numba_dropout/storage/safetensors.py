"""Model files of safetensors: weights and biases by the names of the equivalent `Sequential`, all else in the metadata.

The metadata has one entry, `numba_dropout`: JSON with the description that a `.npz` model has, the other arrays
(scaling, logits of rates that are learnt) as lists, and SHA-256 of all. So PyTorch's `load_state_dict` takes the
tensors as they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays.host import digest
from ..core.errors import InputError
from .files import replacing
from .sequential import names

__all__ = ["SUFFIX", "read", "write"]

SUFFIX = ".safetensors"
ENTRY = "numba_dropout"
MISSING = "a .safetensors model needs safetensors: pip install 'numba-dropout[safetensors]'"


def write(path: str | os.PathLike[str], description: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a model's description, in JSON, and its arrays; the same content gives the same bytes."""
    library = _library()
    renamed = names(json.loads(description))
    tensors = {renamed[name]: np.ascontiguousarray(array) for name, array in arrays.items() if name in renamed}
    others = {
        name: {"dtype": str(array.dtype), "values": array.tolist()}
        for name, array in arrays.items()
        if name not in renamed
    }
    about = {"description": description, "arrays": others, "sha256": _hash(arrays, description)}
    with replacing(path) as file:
        file.write(library.save(tensors, {ENTRY: json.dumps(about)}))


def read(path: str | os.PathLike[str]) -> tuple[str, dict[str, NDArray[Any]]]:
    """Return a model's description, in JSON, and its arrays; InputError if the file is no model, or not whole.

    OSError where it cannot be opened.
    """
    library = _library()
    try:
        with open(path, "rb"):
            pass  # says by itself what is wrong with it
        with library.safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    except library.SafetensorError as error:
        raise InputError(f"{path}: a truncated or damaged file, not a whole model ({error})") from None
    if ENTRY not in metadata:
        raise InputError(
            f"{path}: tensors without the description of a network; make one with numba_dropout.formats.torch and load "
            "them into it"
        )
    try:
        about = json.loads(metadata[ENTRY])
        description = about["description"]
        own = {theirs: name for name, theirs in names(json.loads(description)).items()}
        arrays = {name: np.array(its["values"], its["dtype"]) for name, its in about["arrays"].items()}
        arrays |= {own[name]: np.array(tensor) for name, tensor in tensors.items()}
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path}: a damaged model ({error})") from None
    if about.get("sha256") != _hash(arrays, description):
        raise InputError(f"{path}: a damaged file: its content does not have the hash that is written in it")
    return description, arrays


def _hash(arrays: Mapping[str, NDArray[Any]], description: str) -> str:
    """Return the hash of all, in whatever order the arrays come."""
    return digest(dict(sorted(arrays.items())), description)


class _Library:
    """What is used of safetensors."""

    def __init__(self) -> None:
        from safetensors import SafetensorError, safe_open
        from safetensors.numpy import save

        self.SafetensorError, self.safe_open, self.save = SafetensorError, safe_open, save


def _library() -> _Library:
    try:
        return _Library()
    except ImportError:
        raise InputError(MISSING) from None
