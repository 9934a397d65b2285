"""Read data: CSV and other delimited text, NPZ, NPY, folders of IDX files, and built-in sets."""

from .dataset import Dataset, parts, some, split, standardization
from .load import load, load_for

__all__ = ["Dataset", "load", "load_for", "parts", "some", "split", "standardization"]
