"""Tables of text that are mutated by a seed, and their reading by pandas as an oracle."""

import codecs
import io
import random
import re

from numba_dropout.core.errors import InputError
from numba_dropout.data import ReadOptions
from numba_dropout.data.readers.delimiters import detect

TEXTS = [
    "red",
    "dark red",
    "a",
    "b",
    "Yes",
    "'Yes'",
    "NA",
    "",
    "?",
    "straße",
    "x,y",
    "z;w",
    'say "hi"',
    "two\nlines",
    "#1",
]
NUMBERS = [
    "0",
    "1",
    "-2.5",
    "1e5",
    "007",
    "1,200",
    "12%",
    "$5",
    "3+",
    "1_000",
    "nan",
    "inf",
    "9007199254740993",
    " 4 ",
    "\u0661",
]
DATES = ["2013-02-11", "2013-02-11 10:30", "11.02.2013"]
NAMES = ["x", "y", "age", "'name'", "dark blue", "2019", "", "größe", "x", "z,1", "target"]
INSERTED = [
    '"',
    '""',
    "'",
    ",",
    ";",
    "\t",
    " ",
    "|",
    "\n",
    "\r",
    "\r\n",
    "\\",
    "#",
    "\u2028",
    "\x85",
    "\x0b",
    "\xa0",
    "é",
    '"\n',
]
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-32"]
MARKS = [(codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig")]


def mutated(seed):
    """Return the bytes of a table, its delimiter, and options of reading."""
    rng = random.Random(seed)
    delimiter = rng.choice([",", ",", ",", ";", "\t", "|", " "])
    text = "".join(_lines(rng, delimiter))
    for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
        text = _mutate(rng, text)
    end = rng.choice(["\n", "\n", "\r\n", "\r"])
    encoded = text.replace("\n", end).encode(rng.choice(ENCODINGS), "replace")
    if rng.random() < 0.05:
        at = rng.randrange(len(encoded) + 1)
        encoded = encoded[:at] + bytes([rng.randrange(256)]) + encoded[at:]
    options = {"header": rng.choice([None, None, True, False])}
    if rng.random() < 0.5:
        options["delimiter"] = delimiter
    if rng.random() < 0.1:
        options["decimal"] = ","
    return encoded, options


def _lines(rng, delimiter):
    """Return the lines of a table."""
    width, rows = rng.randint(1, 6), rng.randint(0, 12)
    kinds = [rng.choice([["1", "2.5", "-3"], NUMBERS, TEXTS, DATES, ["a", "b"], None]) for _ in range(width)]
    quote = rng.choice([0, 0.1, 1])
    after = delimiter + rng.choice(["", "", "", " "])
    last = rng.choice(["", "", "", "", delimiter])
    lines = []
    if rng.random() < 0.6:
        names = rng.sample(NAMES, width) if rng.random() < 0.7 else [str(i) for i in range(width)]
        if rng.random() < 0.1:
            names = names[1:]
        lines.append(after.join(_quoted(rng, name, delimiter, quote) for name in names) + last + "\n")
    for i in range(rows):
        cells = [str(i + 1) if kind is None else rng.choice(kind) for kind in kinds]
        lines.append(after.join(_quoted(rng, cell, delimiter, quote) for cell in cells) + last + "\n")
    return lines


def _unquoted(cell):
    """Return a cell without quotes around it, and without blanks inside of them."""
    return cell[1:-1].strip() if len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "'\"" else cell


def _quoted(rng, cell, delimiter, share):
    """Return a cell, in quotes if it needs them."""
    if rng.random() < share or any(each in cell for each in (delimiter, '"', "\n")) or (delimiter == " " and not cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _mutate(rng, text):
    """Return text with one change."""
    at = rng.randrange(len(text) + 1)
    lines = text.splitlines(keepends=True)
    row = rng.randrange(len(lines)) if lines else 0
    return {
        0: lambda: text[:at] + rng.choice(INSERTED) + text[at:],
        1: lambda: text[:at] + text[at + 1 :],
        2: lambda: "".join([*lines[:row], *lines[row + 1 :]]),
        3: lambda: "".join([*lines[:row], *lines[row : row + 1], *lines[row:]]),
        4: lambda: "".join([*lines[:row], "\n", *lines[row:]]),
        5: lambda: text[:at] + text[at : at + 1] * 2 + text[at + 1 :],
        6: lambda: text.rstrip("\n"),
        7: lambda: "".join([*lines[:row], "   \n", *lines[row:]]),
    }[rng.randrange(8)]()


def disagreement(encoded, options, read, pandas):
    """Return what is wrong with the reading of a file, or None. `read` reads bytes as a table with options.

    It may be refused by an InputError of one line. Otherwise it has the rows, columns and texts that pandas reads, if
    pandas reads it. Documented differences: empty cells after the last column, single quotes around all cells of a
    column, tabs before a quote, and last lines of zeros or of the end of a file in MS-DOS are left out. A header of
    scikit-learn's, which counts, is not one for pandas.
    """
    try:
        table = read(encoded, options)
    except InputError as error:
        message = str(error)
        return f"a message of several lines: {message!r}" if len(message.splitlines()) != 1 else None
    if any(len(note.splitlines()) != 1 for note in table.notes):
        return f"a note of several lines: {table.notes!r}"
    if any(len(column.cells) != len(table) or len(column.texts()) != len(table) for column in table.columns):
        return "columns of different lengths"
    if any(note.startswith("header: counts of") for note in table.notes):
        return None
    frame = by_pandas(encoded, options, table, pandas)
    return None if frame is None else _differs(table, frame)


def by_pandas(encoded, options, table, pandas):
    """Return the texts that pandas reads with the delimiter and the header of a table, or None."""
    text = encoded.decode(next((name for mark, name in MARKS if encoded.startswith(mark)), "utf-8"))
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # pandas keeps a line of blanks that ends with CR
    text = re.sub(r"\n[\0\x1a]+\n*\Z", "\n", text)
    delimiter = options.get("delimiter") or detect(text.split("\n"), ReadOptions(**options))[0] or " "
    if delimiter in ",;|":  # pandas takes a tab before a quote for a part of the cell
        text = re.sub(rf'{re.escape(delimiter)}[ \t]*\t[ \t]*"', f'{delimiter}"', text)
    try:
        return pandas.read_csv(
            io.StringIO(text, newline=""),
            sep=r"\s+" if delimiter == " " else delimiter,
            header=None if table.names is None else 0,
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
        )
    except (ValueError, pandas.errors.ParserError):
        return None


def _differs(table, frame):
    """Return how a table differs from the frame of pandas, or None."""
    if not isinstance(
        frame.index, type(frame.reset_index().index)
    ):  # the names of rows, or their cells beyond the names
        frame = frame.reset_index()
    if len(frame) != len(table):
        return f"{len(table)} rows, pandas {len(frame)}"
    surplus = frame.shape[1] - table.width
    if surplus < 0 or any(cell.strip() for cell in frame.iloc[:, table.width :].to_numpy().ravel().tolist()):
        return f"{table.width} columns, pandas {frame.shape[1]}"
    for i, column in enumerate(table.columns):
        theirs = [cell.strip() for cell in frame.iloc[:, i].tolist()]
        ours = column.texts()
        if not all(our in (their, _unquoted(their)) for our, their in zip(ours, theirs, strict=True)):
            return f"column {i + 1}: {ours}, pandas {theirs}"
    return None
