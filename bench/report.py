"""The text output of a run: a table for each case, at most 100 columns wide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["amount", "cases_of", "ending", "files", "heading", "kept", "markdown", "ordered", "table", "value"]

WIDTH = 100
NAME = 36  # columns of a contestant's name
ROLES = ("own", "limit", "peer", "aside")
RESOLUTION = 1024  # of allocated bytes: the allocations of Python itself differ by less from call to call
LIMITS = {"ns/element": "of the copy", "GFLOP/s": "of the peak", "ms/step": "of the peak"}


def heading(plan: Any) -> list[str]:
    """Return the lines above all tables."""
    peers = ", ".join(plan.taking_part()) or "none"
    threads = f"{plan.threads} thread{'s' * (plan.threads != 1)}"
    rounds = f"{plan.rounds} round{'s' * (plan.rounds != 1)}"
    device = "" if plan.device == "cpu" else f"{plan.device}, "
    return [f"{device}{plan.dtype}, {threads}, {rounds}, peers: {peers}"]


def table(case: dict[str, Any]) -> list[str]:
    """Return the lines of a case."""
    title = ", ".join(part for part in (f"{case['group']}: {case['title']}", case["size"]) if part)
    rows = {"percent": _added, "bytes": _kept}.get(case["unit"], _timed)(case)
    return ["", title, *rows, *_failures(case)]


def cases_of(record: dict[str, Any], group: str, *kinds: str) -> list[dict[str, Any]]:
    """Return the cases of some kinds in a group of a record. If the group was not measured, the list is empty."""
    return [case for case in record["groups"].get(group, {"cases": []})["cases"] if case["kind"] in kinds]


def ordered(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the contestants by role (this project, limits, peers, other work), the fastest of each first."""
    return sorted(case["contestants"], key=lambda entry: (ROLES.index(entry["role"]), entry.get("median") or 0.0))


def value(case: dict[str, Any], entry: dict[str, Any]) -> float | None:
    """Return a median in the unit of its case."""
    seconds = entry["median"]
    if not seconds:
        return None
    if case["unit"] == "GFLOP/s":
        return case["work"] / seconds / 1e9
    return seconds / case["work"] * {"ns/element": 1e9, "ms/step": 1e3, "s": 1.0}[case["unit"]]


def amount(number: float | None) -> str:
    """Return the text of a number with three significant digits, "0" for 0 and a dash for None."""
    if not number:
        return "-" if number is None else "0"
    return f"{number:,.{max(0, 2 - math.floor(math.log10(abs(number))))}f}"


def _timed(case: dict[str, Any]) -> list[str]:
    limit = LIMITS.get(case["unit"], "") if case["limit"] else ""
    peer = "to best peer" if case["best_peer"] else ""
    lines = [f"  {'':<{NAME}} {case['unit']:>11} {'spread':>8} {peer:>13} {limit:>12}".rstrip()]
    for entry in ordered(case):
        spread = "-" if entry["spread"] is None else f"{entry['spread']:.0f} %"
        ratio = entry["role"] != "limit" and entry["to_peer"] and f"{amount(entry['to_peer']['median'])} x"
        share = entry["of_limit"] and _percent(100 * entry["of_limit"]["median"])
        figures = f"{amount(value(case, entry)):>11} {spread:>8} {ratio or '':>13} {share or '':>12}"
        lines.append(f"  {entry['name']:<{NAME}} {figures}".rstrip())
    return lines


def _percent(share: float) -> str:
    return "< 1 %" if share < 1 else f"{share:.0f} %"


def _added(case: dict[str, Any]) -> list[str]:
    lines = [f"  {'':<{NAME}} {'percent':>11} {'95 % interval':>20} {'pairs':>8}"]
    for entry in ordered(case):
        interval = "-" if entry["interval"] is None else "{:+.1f} to {:+.1f}".format(*entry["interval"])
        percent = "-" if entry["percent"] is None else f"{entry['percent']:+.1f}"
        lines.append(f"  {entry['name']:<{NAME}} {percent:>11} {interval:>20} {len(entry['pairs']):>8}")
    return lines


def _kept(case: dict[str, Any]) -> list[str]:
    lines = [f"  {'hidden values with dropout':<{NAME}} {case['elements']:>11,}"]
    lines.append(f"  {'':<{NAME}} {'bytes':>11} {'per value':>12}")
    for entry in ordered(case):
        size, of_element = kept(entry)
        lines.append(f"  {entry['name']:<{NAME}} {size:>11,} {amount(of_element):>12}")
    return [*lines, f"  an allocation of less than {RESOLUTION:,} bytes, the resolution, is shown as 0"]


def kept(entry: dict[str, Any]) -> tuple[int, float]:
    """Return the bytes that a contestant keeps, and those per value. An allocation below the resolution is 0."""
    if entry["name"].endswith("allocated in a step") and abs(entry["bytes"]) < RESOLUTION:
        return 0, 0.0
    return entry["bytes"], entry["of_element"]


def _failures(case: dict[str, Any]) -> list[str]:
    return [f"  {name:<{NAME}} failed: {reason}"[:WIDTH] for name, reason in case["failed"].items()]


def ending(record: dict[str, Any]) -> list[str]:
    """Return the lines below all tables: means over shapes, and missing libraries."""
    lines = []
    for group in record["groups"].values():
        if group["means"]:
            lines += ["", "time of numba-dropout / numpy.matmul, geometric means over the shapes"]
            lines += [f"  {title:<{NAME}} {amount(mean):>11} x" for title, mean in group["means"].items()]
    if record["missing"]:
        lines += ["", "not measured"]
        lines += [f"  {name:<{NAME}} {reason}"[:WIDTH] for name, reason in record["missing"].items()]
    return lines


def files(json_file: str | None, plot: str | None) -> list[str]:
    """Return the lines with the files written."""
    paths = [f"{name:<6} {path}" for name, path in (("json", json_file), ("plot", plot)) if path]
    return ["", *paths] if paths else []


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
