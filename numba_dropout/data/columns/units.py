"""Numbers with a unit or an abbreviation behind them, such as "55 kg" or "12k", and numbers grouped as in India."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from ..cells import is_number
from ..table import shown
from .date_patterns import most

__all__ = ["numbers_with_signs"]

MEASURE = re.compile(r"([^0-9]{0,3}[0-9][0-9.,]*)[ \u00a0\u2009\u202f]?((?:[^\W\d_]|[°\"'])[^\d,;:_]{0,14}[23]?)")
CODE = re.compile("0[0-9]")  # leading zeros are those of a code, and no number's
LARGE = {"k": "thousands", "m": "millions", "b": "billions", "bn": "billions"}
INDIAN = re.compile(r"[+-]?[0-9]{1,2}(,[0-9]{2})+,[0-9]{3}([.][0-9]*)?")


def numbers_with_signs(texts: Collection[str], strays: Collection[str]) -> tuple[str, str] | None:
    """Return what the different texts of a column are, and how to write them as numbers, or None.

    `strays` are those of the texts that are no numbers. Nearly all of them have to have one form, and at least half of
    the texts.
    """
    if 2 * len(strays) < len(texts):
        return None
    if most(sum(map(bool, map(INDIAN.fullmatch, strays))), len(strays)):
        example = next(text for text in strays if INDIAN.fullmatch(text))
        return f"numbers with commas between two digits, such as {shown(example)}", "write them without commas"
    units = [unit for unit in map(_unit, strays) if unit]
    if not units:
        return None
    if {unit.lower() for unit in units} <= set(LARGE) and most(len(units), len(strays)):
        signs = " and ".join(f"{unit!r}" for unit in sorted(set(units))[:2])
        return f"numbers with {signs} for {_meanings(units)}", "write them in full"
    unit, times = Counter(units).most_common(1)[0]
    return (f"numbers with the unit {unit!r}", "write the numbers alone") if most(times, len(strays)) else None


def _unit(text: str) -> str | None:
    """Return what follows the number at the start of a text, or None if there is no number, or no unit after it."""
    match = MEASURE.fullmatch(text)
    if match is None or CODE.match(match[1]):
        return None
    return match[2] if is_number(match[1]) or is_number(match[1], ",") else None


def _meanings(units: Collection[str]) -> str:
    """Return what abbreviations stand for."""
    return " and ".join(dict.fromkeys(LARGE[unit.lower()] for unit in sorted(set(units))[:2]))
