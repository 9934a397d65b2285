"""Data: readers for CSV and other delimited text, Parquet, NPZ, NPY, folders of IDX files and named data sets."""

from ..core.renamed import renamed
from .dataset import Dataset, parts, split, standardization, subset
from .load import is_named, load, load_for

__all__ = ["Dataset", "is_named", "load", "load_for", "parts", "split", "standardization", "subset"]

__getattr__ = renamed(__name__, {"some": "subset"})
