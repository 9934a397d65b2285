"""Reading of tables: files of several formats, the standard input, data frames and arrays."""

from __future__ import annotations

import io
import os
import tokenize
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...arrays import frames
from ...core.errors import InputError
from ..table import Table, from_matrix
from . import delimited, excel, parquet
from .frame_tables import from_columns, from_frame
from .header import row_index
from .read_options import ReadOptions
from .text_files import STDIN, open_binary, read_lines
from .total_row import with_warning

__all__ = ["as_path", "read"]

NUMPY, PARQUET, OLD_EXCEL, ZIP = b"\x93NUMPY", b"PAR1", b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
SUFFIXES = {
    ".npy": "npy",
    ".npz": "npz",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
}


def read(
    path: Any,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    comment: str | None = None,
    skip: int = 0,
    encoding: str | None = None,
    missing: Sequence[str] = (),
    skip_footer: int = 0,
) -> Table:
    r"""Read a table: delimited text, Parquet, Excel, .npy, a data frame, or arrays.

    Parameters
    ----------
    path : path, data frame, dict of arrays or array
        A file of delimited text, which may be compressed by gzip, bzip2, xz or zip, or "-" for the standard input, a
        Parquet, Excel or .npy file, a data frame of pandas or polars (a lazy one is
        collected), a dict of arrays (N,), or an array (N, C).
    header : bool, optional
        Whether the first row has the names of the columns. The default guesses, and says so in `Table.notes`.
    delimiter : str, optional
        One character, " " for runs of blanks. The default finds it.
    decimal, thousands : str, optional
        The marks in numbers, which tell a header from numbers. The cells stay as they are written.
    comment : str, optional
        What lines to leave out begin with.
    skip : int
        The number of lines to leave out at the start.
    encoding : str, optional
        The encoding of the text. The default is UTF-8, or UTF-16 and UTF-32 where a mark at the start says so.
    missing : sequence of str
        Texts of missing values, in addition to the usual ones.
    skip_footer : int
        The number of rows to leave out at the end, such as sums.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        For a file that cannot be read, is empty or ragged, or has names that occur twice.

    Examples
    --------
    >>> from pathlib import Path
    >>> written = Path("rents.csv").write_text("rooms;rent\n2;7,5\n3;9,5\n")
    >>> nd.data.read("rents.csv", decimal=",").texts(1)
    ['7,5', '9,5']
    """
    options = ReadOptions(header, delimiter, decimal, thousands, comment, skip, encoding, tuple(missing), skip_footer)
    if isinstance(path, Table):
        return path
    if type(path).__name__ == "LazyFrame":  # of polars
        path = path.collect()
    if frames.is_frame(path):
        return with_warning(from_frame(path))
    if isinstance(path, Mapping):
        return with_warning(from_columns(path))
    if isinstance(path, np.ndarray):
        return _indexed(from_matrix("array", path.copy()))  # data sets have views of it
    return with_warning(_read_file(os.fspath(as_path(path)), options))


def as_path(source: Any) -> str | os.PathLike[str]:
    """Return the path of a source. Raise TypeError for an object that is none."""
    if isinstance(source, str | os.PathLike):
        return source
    expected = "a path, a data frame, a dict of arrays or an array (N, C)"
    mend = "give its path, or read it with pandas" if hasattr(source, "read") else "convert it with numpy.array"
    raise TypeError(f"source: expected {expected}, got {type(source).__name__}; {mend}")


def _read_file(source: str, options: ReadOptions) -> Table:
    """Read a file. Its first bytes decide on its format where they can."""
    kind = SUFFIXES.get(Path(source).suffix.lower(), "text")
    regular = source != STDIN and os.path.isfile(source)
    if regular:
        if os.path.getsize(source) == 0:
            raise InputError(f"{source}: the file is empty")
        kind = _format(source, kind)
    if kind == "text":
        return delimited.read(source, read_lines(source, options.encoding, options.skip), options)
    if kind == "npz":
        raise InputError(
            f"{source}: expected a table, got arrays in an .npz file; they are features already, so train on the file"
        )
    if kind == "parquet" and regular:
        return parquet.read(source, source)
    with open_binary(source) as file:
        content = file.read()
    if kind == "parquet":
        return parquet.read(source, io.BytesIO(content))
    if kind == "excel":
        return excel.read(source, content, options)
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, TypeError, EOFError, OSError, MemoryError, tokenize.TokenError) as error:
        line = str(error).partition("\n")[0]
        if "allow_pickle" in line:
            raise InputError(f"{source}: expected numbers in the table, got Python objects; save it as .csv") from None
        raise InputError(f"{source}: the file is truncated, damaged or not in NumPy's format ({line})") from None
    return _indexed(from_matrix(source, array))


def _format(source: str, kind: str) -> str:
    """Return the format of a file by its first bytes, or else `kind`, that of its name."""
    with open_binary(source) as file:
        start = file.read(8)
    if start.startswith(NUMPY):
        return "npy"
    if start.startswith(PARQUET):
        return "parquet"
    if start.startswith(OLD_EXCEL):
        return "excel"
    return _format_in_zip(source, kind) if start.startswith(ZIP) else kind


def _format_in_zip(source: str, kind: str) -> str:
    """Return the format of a file that is a zip archive: Excel, .npz, text in an archive, or `kind` if damaged."""
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return kind
    if "[Content_Types].xml" in members:
        return "excel"
    return "npz" if members and all(name.endswith(".npy") for name in members) else "text"


def _indexed(table: Table) -> Table:
    """Return a table without names, with the position of a first column that counts the rows."""
    return replace(table, index=row_index(None, [], table.columns[0].cells, table.width))
