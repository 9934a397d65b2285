"""Cells of text: numbers, dates and missing values."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.options import option, options

__all__ = [
    "ISO",
    "MISSING",
    "Nested",
    "dates",
    "is_infinite",
    "is_missing",
    "is_number",
    "missing_words",
    "number_reading",
    "numbers",
]

# Words for a missing value, in lower case.
MISSING = frozenset({"", "?", "-", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "\\n"})
MISSING |= {"#div/0!", "#name?", "#null!", "#num!", "#ref!", "#value!"}  # errors of Excel
ISO = "iso"  # the pattern of ISO 8601, where one has to be named
CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
CODES = (
    "AED|AUD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KES|KRW|MXN|MYR|NGN|NOK|NZD|PHP|PKR|"
    "PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
MONEY = re.compile(f"[{''.join(CURRENCIES)}]|{CODES}")
NARROW = "\u00a0\u2009\u202f"  # blanks that do not end a line. They separate thousands wherever they are
ALIKE = {" ": f" {NARROW}", "'": "'\u2019"}  # other signs that are written for a separator
INFINITE = re.compile("[+\u2212-]?inf(inity)?", re.IGNORECASE)
THREE_DECIMALS = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
WHOLE = re.compile(r"[+-]?[0-9]+")
LONG = re.compile(r"[^0-9]*[0-9]{4}")  # four digits or more before the decimal sign
FAR = 10  # ratio of magnitudes that speaks against one reading of a column
DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,][0-9]+)?(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)


def missing_words(words: Iterable[str] = ()) -> frozenset[str]:
    """Return the words for a missing value, in lower case: `MISSING` and `words`, or only `words` if '' is among them.

    A word that is a number, such as -999, also stands for its other spellings (`is_missing` and the columns' readers
    compare its value).
    """
    given = frozenset(word.strip().lower() for word in words)
    return given if "" in given else MISSING | given


def is_missing(text: str | None, words: frozenset[str] = MISSING) -> bool:
    """Return whether a cell is None or one of the `words` of `missing_words`, in upper or lower case."""
    return text is None or text.lower() in words


class Nested(str):
    """The text of a list, an array or a dictionary in a cell of a typed source."""


def is_infinite(text: str) -> bool:
    """Return whether a cell is a word for infinity, such as inf or -Infinity."""
    return INFINITE.fullmatch(text) is not None


def is_number(text: str, decimal: str = ".", thousands: str | None = None) -> bool:
    """Return whether a cell is a number.

    A sign, an exponent, a currency before or after it ($, €, £, ¥, or a code such as EUR), and a percent sign are
    allowed, and so are brackets around a negative number. `thousands` separates groups of three digits. None allows
    the comma, or the point if `decimal` is a comma, and no-break spaces, and '' allows none. Underscores, hexadecimal
    digits, and words such as nan and inf are no numbers.
    """
    return _number(decimal, thousands).fullmatch(text) is not None


def numbers(texts: Sequence[str | None], decimal: str = ".", thousands: str | None = None) -> NDArray[np.float64]:
    """Return the numbers of cells as float64 (N,), NaN where `is_number` is false. 12% is 0.12.

    A number beyond the range of float64 is infinite.
    """
    plain = _plain_numbers(texts, decimal, thousands)
    if plain is not None:
        return plain
    pattern = _number(decimal, thousands)
    marks = str.maketrans({decimal: ".", "\u2212": "-"} | dict.fromkeys("".join(_separators(decimal, thousands))))
    known: dict[str | None, float] = {None: np.nan}
    for text in texts:
        if text not in known and text is not None:
            known[text] = _value(pattern.fullmatch(text), marks)
    return np.array([known[text] for text in texts], np.float64)


def number_reading(
    texts: Iterable[str], decimal: str, thousands: str | None, where: str, *, as_texts: str, without: str
) -> str | None:
    """Return a note on how the numbers of a column are read, or None if there is only one reading.

    `texts` are the column's cells that are numbers. `as_texts` and `without` tell how to read them as texts, and how
    to leave the column out. Raises InputError, which begins with `where`, if the cells mix two readings, such as 1.847
    beside 646, 1,200 beside 1300, or 12% beside 3.
    """
    cells = list(texts)
    _check_units(cells, where, without)
    debit = next((text for text in cells if text.startswith("(")), None)
    note = None
    if debit is not None:
        value = f"{numbers([debit], decimal, thousands)[0]:.15g}"
        note = f"{where}: {debit!r} is read as {value}; {as_texts}"
    if thousands is not None:
        return note
    if decimal == ".":
        _check_points(cells, where)
    separator = "." if decimal == "," else ","
    grouped = [text for text in cells if separator in text]
    if not grouped or not all(is_number(text, separator) for text in set(cells)):
        return note
    example = grouped[0]
    ungrouped = next((text for text in cells if separator not in text and LONG.match(text)), None)
    value = f"{numbers([example], decimal)[0]:g}"
    if ungrouped is not None:
        other = example.replace(separator, ".")
        raise InputError(
            f"{where}: {example!r} beside {ungrouped!r} has two readings",
            f"give {option('thousands', separator)} for {value}, or {option('decimal', separator)} for {other}",
        )
    return f"{where}: {example!r} is read as {value}; {option('decimal', separator)} reads it as a decimal"


def dates(texts: Sequence[str | None], pattern: str | None = None) -> NDArray[np.datetime64]:
    """Return the dates of cells as datetime64[s] (N,), NaT where a cell is none.

    The default reads ISO 8601: a date, and optionally a time with fractions (cut off) and an offset, after T or a
    blank. `pattern` is one of `datetime.strptime`, such as "%d-%m-%Y". Times with an offset become UTC.
    """
    pattern = None if pattern == ISO else pattern
    if pattern is None:
        plain = _plain_dates(texts)
        if plain is not None:
            return plain
    known: dict[str | None, Any] = {None: np.datetime64("NaT", "s")}
    for text in texts:
        if text not in known and text is not None:
            known[text] = _date(text, pattern)
    return np.array([known[text] for text in texts], "datetime64[s]")


def _separators(decimal: str, thousands: str | None) -> list[str]:
    """Return the separators of thousands. Signs in one text stand for each other."""
    if thousands is None:
        return ["." if decimal == "," else ",", NARROW]
    return [ALIKE.get(thousands, thousands)] if thousands else []


@functools.cache
def _number(decimal: str, thousands: str | None) -> re.Pattern[str]:
    """Return the pattern of a number."""
    groups = "|".join(rf"(?:[{re.escape(signs)}][0-9]{{3}})+" for signs in _separators(decimal, thousands))
    whole = rf"(?:[1-9][0-9]{{0,2}}(?:{groups})|[0-9]+)" if groups else "[0-9]+"
    point = re.escape(decimal)
    body = rf"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    money, blank, sign = f"(?:{MONEY.pattern})", f"[ {NARROW}]?", "[+\u2212-]"
    return re.compile(
        rf"(?P<open>\()?(?(open)|(?:(?P<sign>{sign}) ?)?)"
        rf"(?:{money}{blank}(?(open)|(?(sign)|(?P<inner>{sign}?)))(?P<paid>{body})"
        rf"|(?P<body>{body})(?P<unit>{blank}(?:{money}|%))?)(?(open)\))"
    )


def _value(match: re.Match[str] | None, marks: dict[int, Any]) -> float:
    """Return the number of a match, NaN without one. `marks`: what the signs in it become."""
    if match is None:
        return float("nan")
    sign = "-" if match["open"] else match["sign"] or match["inner"] or ""
    body = (sign + (match["paid"] or match["body"])).translate(marks)
    if not (match["unit"] or "").endswith("%"):
        return float(body)
    return float(body) / 100 if "e" in body.lower() else float(f"{body}e-2")


def _plain_numbers(texts: Sequence[str | None], decimal: str, thousands: str | None) -> NDArray[np.float64] | None:
    """Return the numbers if all cells are plain ones, else None."""
    if decimal not in (".", ",") or thousands:
        return None
    try:
        joined = "\n".join(texts)  # type: ignore[arg-type]
    except TypeError:
        return None
    if not joined.isascii() or any(sign in joined for sign in "_nN" + ("." if decimal == "," else "")):
        return None  # float() reads more than is_number: underscores, nan, inf, digits of other scripts
    if decimal == ",":
        cells = joined.replace(",", ".").split("\n")
        if len(cells) != len(texts):  # line breaks within cells
            return None
        texts = cells
    try:
        return np.array(list(map(float, texts)), np.float64)  # type: ignore[arg-type]
    except ValueError:
        return None


def _check_units(cells: list[str], where: str, without: str) -> None:
    """Raise InputError for percent beside plain numbers, or for two currencies."""
    percent = [text for text in cells if text.endswith("%")]
    if percent and len(percent) < len(cells):
        plain = next((text for text in cells if not text.endswith("%") and text.strip("+-0.,")), None)
        if plain is not None:
            raise InputError(
                f"{where}: mixes {percent[0]!r} and {plain!r}",
                f"write all of its numbers with % or none, or {without}",
            )
    found: dict[str, str] = {}
    for text in cells:
        if not text[:1].isdigit() or not text[-1:].isdigit():
            for sign in MONEY.findall(text):
                found.setdefault(CURRENCIES.get(sign, sign), text)
    if len(found) > 1:
        first, second, *_ = found.values()
        raise InputError(f"{where}: mixes the currencies of {first!r} and {second!r}", f"convert them, or {without}")


def _check_points(cells: list[str], where: str) -> None:
    """Raise InputError if points may be decimal points or separate thousands, as in 1.847 beside 646."""
    pointed = [text for text in cells if "." in text]
    whole = [text for text in cells if "." not in text]
    if not pointed or not whole or not all(THREE_DECIMALS.fullmatch(text) for text in pointed):
        return
    if not all(WHOLE.fullmatch(text) and len(text.lstrip("+-")) <= 3 for text in whole):
        return
    far = np.median(np.abs(numbers(whole))) > FAR * np.median(np.abs(numbers(pointed)))
    if far or any(text.endswith("0") for text in pointed):
        example = pointed[0]
        raise InputError(
            f"{where}: {example} beside {whole[0]} has two readings",
            f"give {options({'thousands': '.', 'decimal': ','})} for {example.replace('.', '')}, or "
            f"{option('thousands', '')} for {example}",
        )


def _plain_dates(texts: Sequence[str | None]) -> NDArray[np.datetime64] | None:
    """Return the dates if all cells are ISO dates, or all ISO dates and times to the second, else None."""
    lengths = {len(text) if text else 0 for text in texts}
    if lengths not in ({10}, {19}):
        return None
    if not all(DATE.fullmatch(text) for text in texts if text):
        return None
    try:
        return np.array(texts, "datetime64[s]")
    except ValueError:
        return None


def _date(text: str, pattern: str | None) -> np.datetime64:
    """Return the date of a cell, NaT if it is none."""
    try:
        if pattern is not None:
            moment = datetime.strptime(text, pattern)
            if moment.tzinfo is not None:
                moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
            return np.datetime64(moment, "s")
        match = DATE.fullmatch(text)
        if match is None:
            return np.datetime64("NaT", "s")
        day, time, offset = match.groups()
        result = np.datetime64(f"{day}T{time}" if time else day, "s")
    except ValueError:
        return np.datetime64("NaT", "s")
    if not offset or offset == "Z":
        return result
    minutes = int(offset[1:3]) * 60 + int(offset[-2:] if len(offset) > 3 else 0)
    return result - np.timedelta64(minutes * (-1 if offset[0] == "-" else 1), "m")
