"""Data: readers for CSV and other delimited text, Parquet, NPZ, NPY, folders of IDX files and named data sets."""

from .dataset import Dataset, parts, some, split, standardization
from .load import is_named, load, load_for

__all__ = ["Dataset", "is_named", "load", "load_for", "parts", "some", "split", "standardization"]
