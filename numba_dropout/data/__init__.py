"""Read data: CSV and other delimited text, NPZ, NPY, folders of IDX files, and built-in sets."""

from .dataset import Dataset, parts, some, split, standardization
from .load import load, load_for
from .synthetic import BUILT_IN

__all__ = ["BUILT_IN", "Dataset", "load", "load_for", "parts", "some", "split", "standardization"]
