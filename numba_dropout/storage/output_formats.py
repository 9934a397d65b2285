"""Formats of output files, by the endings of their names.

A name that ends in the ending of another format is refused, so that no file has the name of one format and the content
of another. Names with other endings, or none, get the default format.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..core.errors import InputError

__all__ = ["JSON", "JSON_LINES", "MODELS", "PAGES", "TABLES", "check_format", "check_model", "ending"]

TABLES = (".csv", ".csv.gz", ".tsv", ".npy", ".parquet")
MODELS = (".npz", ".safetensors")
JSON_LINES = (".jsonl", ".json", ".ndjson")
JSON = (".json",)
PAGES = (".html",)
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
OTHERS = (
    *(".txt.gz", ".tsv.gz", ".json.gz", ".jsonl.gz", ".xlsx", ".xls", ".ods", ".feather", ".arrow", ".orc", ".dta"),
    *(".sav", ".mat", ".rds", ".h5", ".hdf5", ".db", ".sqlite", ".pkl", ".pickle", ".joblib", ".onnx", ".pt", ".pth"),
    *(".ckpt", ".keras", ".tflite", ".pb", ".pdf", ".svg", ".png", ".jpg", ".jpeg", ".toml", ".yaml", ".yml"),
)
KNOWN = sorted({*TABLES, *MODELS, *JSON_LINES, *JSON, *PAGES, *COMPRESSED, *OTHERS}, key=len, reverse=True)
EXACT = (".safetensors",)  # endings that are read in lower case only


def ending(path: str | os.PathLike[str]) -> str:
    """Return the known ending of a file's name in lower case, such as ".csv.gz", or "" if there is none."""
    name = os.path.basename(os.fspath(path)).lower()
    return next((known for known in KNOWN if name.endswith(known)), "")


def check_format(path: str | os.PathLike[str], formats: Sequence[str], content: str, remedy: str = "") -> str:
    """Return the ending of a path if it is one of the formats or not known. Otherwise raise InputError.

    The message says that the `content`, such as "predictions", cannot be written, and ends with the `remedy`.
    """
    found = ending(path)
    name = os.fspath(path)
    if found and (found not in formats or (found in EXACT and not name.endswith(found))):
        written = name[len(name) - len(found) :]
        choices = formats[0] if len(formats) == 1 else f"{', '.join(formats[:-1])} or {formats[-1]}"
        raise InputError(f"{path}: {content} cannot be written as {written}; choose a name in {choices}{remedy}")
    return found


def check_model(path: str | os.PathLike[str]) -> None:
    """Raise InputError if the name of a model file asks for another format. The message names `ndrop export`."""
    check_format(path, MODELS, "a model", "; `ndrop export` converts it to ONNX and safetensors")
