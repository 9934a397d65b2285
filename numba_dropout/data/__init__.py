"""Data: readers for delimited text, Parquet, Excel, frames, NPZ, NPY, folders of IDX files and named data sets."""

from ..core.renamed import renamed
from .columns.encoder import ColumnEncoder
from .columns.options import ColumnOptions
from .dataset import Dataset, parts, split, standardization, subset
from .for_model import load_for
from .load import is_named, load
from .readers.read_options import ReadOptions
from .readers.sources import read
from .table import Column, Table

__all__ = [
    "Column",
    "ColumnEncoder",
    "ColumnOptions",
    "Dataset",
    "ReadOptions",
    "Table",
    "is_named",
    "load",
    "load_for",
    "parts",
    "read",
    "split",
    "standardization",
    "subset",
]

__getattr__ = renamed(__name__, {"some": "subset"})
