"""IDX files, the format of MNIST: big-endian sizes, then values, gzipped or not."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError

__all__ = ["is_folder", "read_part"]

PREFIX = {"train": "train", "test": "t10k"}
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def _find(folder: Path, part: str, content: str) -> Path | None:
    files = sorted(file for file in folder.glob(f"{PREFIX[part]}-{content}*") if file.is_file())
    return files[0] if files else None


def is_folder(folder: Path) -> bool:
    """Return whether a folder holds IDX files with MNIST's names."""
    return any(_find(folder, part, "images") for part in PREFIX)


def read(path: Path) -> NDArray[Any]:
    """Return the array in a file. Raise InputError if the file is damaged, truncated or of another format."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(f"{path}: a truncated or damaged gzip file; replace it with a complete copy") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        raise InputError(f"{path}: expected an IDX file, got another format")
    dtype, dimensions = np.dtype(TYPES[content[2]]), content[3]
    start = 4 + 4 * dimensions
    if dimensions == 0 or len(content) < start:
        raise InputError(f"{path}: a truncated or damaged IDX file without sizes; replace it with a complete copy")
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    needed = start + math.prod(shape) * dtype.itemsize
    if len(content) != needed:
        raise InputError(f"{path}: a truncated or damaged IDX file: expected {needed} bytes, got {len(content)}")
    try:
        array = np.frombuffer(content, dtype, offset=start).reshape(shape) if needed > start else np.empty(shape, dtype)
    except ValueError as error:  # more dimensions than NumPy allows, or a size that is too large beside a 0
        raise InputError(f"{path}: a damaged IDX file with impossible sizes ({error})") from None
    return array.astype(dtype.newbyteorder("="), copy=False)


def read_part(folder: Path, part: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return images (N, pixels) and labels (N,) of the "train" or "test" part of a folder."""
    arrays = []
    for content in ("images", "labels"):
        path = _find(folder, part, content)
        if path is None:
            raise InputError(f"{folder}: there is no file {PREFIX[part]}-{content}*; add it to the folder")
        arrays.append(read(path))
    images, labels = arrays
    if len(images) != labels.size:
        raise InputError(
            f"{folder}: expected one label for each image, got {len(images)} images and {labels.size} labels in the "
            f"{part} part"
        )
    if labels.dtype.kind == "f":
        raise InputError(f"{folder}: expected integer labels in the {part} part, got {labels.dtype}")
    return images.reshape(len(images), math.prod(images.shape[1:])), labels.reshape(-1).astype(np.int64)
