"""The measurement of a case: interleaved rounds, so that drift affects all contestants equally."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from . import medians
from .cases import SHARED, Case, dropped_elements
from .worker_pool import OWN, Failed, Process, busy_process

__all__ = ["PAIRS", "OnProgress", "aggregate", "measure"]

# Pairs of steps, with and without dropout, per round. A less precise result is enough for peers.
PAIRS = {"own": 40, "peer": 4}

OnProgress = Callable[[int, str], None]  # number of finished rounds, and the next step


def measure(case: Case, processes: Sequence[Process], rounds: int, on_progress: OnProgress) -> dict[str, Any]:
    """Return the record of a case."""
    on_progress(0, f"preparing {case.title}, {case.size}")
    record = dataclasses.asdict(case)
    if case.unit == "bytes":
        return {**record, **_bytes(case, processes, on_progress)}
    roles, process_of, failed = _prepared(record, processes)
    figures: dict[str, list[Any]] = {name: [] for name in roles}
    with busy_process() if case.kind == SHARED else contextlib.nullcontext():
        for number in range(rounds):
            on_progress(0, f"{case.title}, {case.size}")
            for name in _order(list(roles), number):
                if name in failed:
                    continue
                try:
                    if case.unit == "percent":
                        count = PAIRS["own" if process_of[name].name == "own" else "peer"]
                        figures[name].extend(process_of[name].request("turn_of_pairs", name=name, count=count))
                    else:
                        figures[name].append(process_of[name].request("turn", name=name))
                except Failed as error:
                    failed[name] = str(error)
            on_progress(1, "")
    for process in {id(process): process for name, process in process_of.items() if name not in failed}.values():
        with contextlib.suppress(Failed):  # the worker has ended, which the next case reports
            process.request("forget")
    figures = {name: values for name, values in figures.items() if name not in failed}
    if case.unit == "percent":
        contestants = [_added(name, roles[name], pairs) for name, pairs in figures.items()]
        return {**record, "contestants": contestants, "failed": failed}
    return {**record, **aggregate(figures, roles), "failed": failed}


def _prepared(
    record: dict[str, Any], processes: Sequence[Process]
) -> tuple[dict[str, str], dict[str, Process], dict[str, str]]:
    """Return the roles and processes of the contestants, and the reasons of failures."""
    roles: dict[str, str] = {}
    process_of: dict[str, Process] = {}
    failed: dict[str, str] = {}
    for process in processes:
        try:
            reply = process.request("prepare", case=record)
        except Failed as error:
            failed[process.name] = str(error)
            continue
        roles.update(reply["roles"])
        failed.update(reply["failed"])
        process_of.update(dict.fromkeys(reply["roles"], process))
    return roles, process_of, failed


def _order(names: list[str], number: int) -> list[str]:
    """Return a different order for each round: rotated, and reversed in every other round."""
    start = number % max(len(names), 1)
    rotated = names[start:] + names[:start]
    return rotated[::-1] if number % 2 else rotated


def aggregate(figures: dict[str, list[float]], roles: dict[str, str]) -> dict[str, Any]:
    """Return the contestants' records: seconds, and ratios by round to the best peer and the best limit."""
    best = {role: _fastest(figures, roles, role) for role in ("peer", "limit")}
    contestants = []
    for name, seconds in figures.items():
        entry = {
            "name": name,
            "role": roles[name],
            "seconds": [_short(value) for value in seconds],
            "median": _short(medians.median(seconds)),
            "spread": _short(medians.spread(seconds)),
            "interval": _interval(seconds),
            "to_peer": _ratio(seconds, figures.get(best["peer"])),
            "of_limit": _ratio(figures.get(best["limit"]), seconds),
        }
        contestants.append(entry)
    return {"best_peer": best["peer"], "limit": best["limit"], "contestants": contestants}


def _fastest(figures: dict[str, list[float]], roles: dict[str, str], role: str) -> Any:
    times = {name: medians.median(figures[name]) or float("inf") for name in figures if roles[name] == role}
    return min(times, key=lambda name: times[name], default=None)


def _ratio(values: list[float] | None, base: list[float] | None) -> dict[str, Any] | None:
    if not values or not base:
        return None
    by_round = medians.ratios(values, base)
    return {"median": _short(medians.median(by_round)), "interval": _interval(by_round)}


def _added(name: str, role: str, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    """Return the cost of dropout in percent, from the ratios of the pairs and not of two medians."""
    percent = [100 * (ratio - 1) for ratio in medians.ratios([a for a, _ in pairs], [b for _, b in pairs])]
    return {
        "name": name,
        "role": role,
        "percent": _short(medians.median(percent)),
        "interval": _interval(percent),
        "pairs": [[_short(a), _short(b)] for a, b in pairs],
    }


def _bytes(case: Case, processes: Sequence[Process], on_progress: OnProgress) -> dict[str, Any]:
    contestants: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    elements = dropped_elements(case.shape)
    for process in processes:
        try:
            kept = process.request("bytes_kept", case=dataclasses.asdict(case))
        except Failed as error:
            failed[process.name] = str(error)
            continue
        role = "own" if process.name in OWN else "peer"
        contestants += [
            {"name": name, "role": role, "bytes": size, "of_element": _short(size / elements)}
            for name, size in kept.items()
        ]
    on_progress(1, "")
    return {"elements": elements, "contestants": contestants, "failed": failed}


def _interval(values: list[float]) -> list[float | None] | None:
    interval = medians.interval(values)
    return None if interval is None else [_short(value) for value in interval]


def _short(value: float | None) -> float | None:
    """Return a value with six digits, more than the precision of the clock, to keep files small."""
    return None if value is None else float(f"{value:.6g}")
