"""Read data: CSV and other delimited text, NPZ, NPY, folders of IDX files, and built-in sets."""

from .dataset import Dataset, some, split, standardization
from .load import load, load_for

__all__ = ["Dataset", "load", "load_for", "some", "split", "standardization"]
