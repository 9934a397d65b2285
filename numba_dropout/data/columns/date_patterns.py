"""Patterns of dates that are not written as ISO 8601 says, found from their texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..cells import dates

__all__ = ["are_times", "date_patterns", "most"]

FIRST, SAMPLE = 10, 200  # texts that suggest patterns, and that each has to read before all are tried
NUMERIC = re.compile(r"[0-9]{1,2}([./-])[0-9]{1,2}\1([0-9]{4}|[0-9]{2})")
YEAR_FIRST = re.compile(r"[0-9]{4}([./-])[0-9]{1,2}\1[0-9]{1,2}")
NAMED = re.compile(r"[0-9]{1,2}([ ./-]|\. )([A-Za-z]{3,9})([ ./-])([0-9]{4}|[0-9]{2})")
NAME_FIRST = re.compile(r"([A-Za-z]{3,9}) [0-9]{1,2}(,? )[0-9]{4}")
NAME_AND_YEAR = re.compile(r"([A-Za-z]{3,9})([ /-])([0-9]{4}|[0-9]{2})")
YEAR_AND_MONTH = re.compile(r"(?:1[5-9]|2[01])[0-9]{2}([/-])[0-9]{1,2}")
MONTH_AND_YEAR = re.compile(r"[0-9]{1,2}([/-])(?:1[5-9]|2[01])[0-9]{2}")
TIME = re.compile(r"([0-9]{1,2}):[0-9]{2}(:[0-9]{2})?( ?[AaPp][Mm])?")
MOMENT = re.compile(rf"(.*[0-9]),?[ T]+{TIME.pattern}")


def date_patterns(texts: Sequence[str]) -> list[str]:
    """Return the patterns of `datetime.strptime` that read all texts as dates, two at most.

    If none reads all, it is the one that reads the most of them, where these are `most`. `texts` are different.
    """
    suggested = list(dict.fromkeys(pattern for text in texts[:FIRST] for pattern in _patterns(text)))
    sample = texts[:SAMPLE]
    likely = [pattern for pattern in suggested if most(_read(sample, pattern), len(sample))]
    counts = {pattern: _read(texts, pattern) for pattern in likely}
    certain = [pattern for pattern in likely if counts[pattern] == len(texts)]
    if certain:  # a year of two digits at the start is the rarest order
        return [pattern for pattern in certain if not pattern.startswith("%y")][:2] or certain
    best = max(likely, key=lambda pattern: counts[pattern], default=None)
    return [best] if best is not None and most(counts[best], len(texts)) else []


def most(count: int, total: int) -> bool:
    """Return whether a count is all of a total, at least nine in ten of it, or all but one and more than three."""
    return total > 0 and total - count <= (max(1, total // 10) if count > 3 else 0)


def are_times(texts: Sequence[str]) -> bool:
    """Return whether all texts are times of day, such as 13:45."""
    return bool(texts) and all(TIME.fullmatch(text) and int(text.split(":")[0]) < 25 for text in texts)


def _read(texts: Sequence[str], pattern: str) -> int:
    """Return how many texts a pattern reads."""
    return len(texts) - int(np.isnat(dates(texts, pattern)).sum())


def _patterns(text: str) -> list[str]:
    """Return the patterns that a text may be written in."""
    if not np.isnat(dates([text])[0]):
        return []
    moment = MOMENT.fullmatch(text)
    if moment is None:
        return _patterns_of_days(text)
    day, _, seconds, half = moment.groups()
    gap = text[len(day) : moment.start(2)]
    time = ("%I" if half else "%H") + ":%M" + (":%S" if seconds else "")
    if half:
        time += " %p" if half[0] == " " else "%p"
    return [f"{pattern}{gap}{time}" for pattern in _patterns_of_days(day)]


def _patterns_of_days(text: str) -> list[str]:
    """Return the patterns that a text without a time may be written in."""
    if match := NUMERIC.fullmatch(text):
        sign, year = match.groups()
        if len(year) == 4:
            return [f"%d{sign}%m{sign}%Y", f"%m{sign}%d{sign}%Y"]
        return [f"%d{sign}%m{sign}%y", f"%m{sign}%d{sign}%y", f"%y{sign}%m{sign}%d"]
    if match := YEAR_FIRST.fullmatch(text):
        return [f"%Y{match[1]}%m{match[1]}%d"]
    if match := NAMED.fullmatch(text):
        before, name, after, year = match.groups()
        return [f"%d{before}{month}{after}{_year(year)}" for month in _months(name)]
    if match := NAME_FIRST.fullmatch(text):
        return [f"{month} %d{match[2]}%Y" for month in _months(match[1])]
    if match := NAME_AND_YEAR.fullmatch(text):
        name, sign, year = match.groups()
        return [f"{month}{sign}{_year(year)}" for month in _months(name)]
    if match := YEAR_AND_MONTH.fullmatch(text):
        return [f"%Y{match[1]}%m"]
    if match := MONTH_AND_YEAR.fullmatch(text):
        return [f"%m{match[1]}%Y"]
    return []


def _months(name: str) -> list[str]:
    """Return how the name of a month is written in patterns. May is its own abbreviation."""
    return ["%b", "%B"] if name.lower() == "may" else ["%b"] if len(name) == 3 else ["%B"]


def _year(digits: str) -> str:
    return "%Y" if len(digits) == 4 else "%y"
