"""Measure a case: all contestants in turns, round by round, so that what drifts hits them alike."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from . import medians
from .cases import SHARED, Case, dropped_elements
from .worker_pool import Failed, Process, busy_process

__all__ = ["PAIRS", "Tell", "measure", "summary"]

# Pairs of steps, with and without dropout, that a round holds; peers' are for comparison and may be known less well.
PAIRS = {"own": 40, "peer": 4}

Tell = Callable[[int, str], None]  # so many more rounds are done; what comes next


def measure(case: Case, processes: Sequence[Process], rounds: int, tell: Tell) -> dict[str, Any]:
    """Return the record of a case."""
    tell(0, f"preparing {case.title}, {case.size}")
    record = dataclasses.asdict(case)
    if case.kind == "memory":
        return {**record, **_bytes(case, processes, tell)}
    roles, homes, failed = _prepared(record, processes)
    figures: dict[str, list[Any]] = {name: [] for name in roles}
    with busy_process() if case.kind == SHARED else contextlib.nullcontext():
        for number in range(rounds):
            tell(0, f"{case.title}, {case.size}")
            for name in _order(list(roles), number):
                if name in failed:
                    continue
                try:
                    if case.unit == "percent":
                        count = PAIRS["own" if roles[name] == "own" else "peer"]
                        figures[name].extend(homes[name].ask("turn_of_pairs", name=name, count=count))
                    else:
                        figures[name].append(homes[name].ask("turn", name=name))
                except Failed as error:
                    failed[name] = str(error)
            tell(1, "")
    for process in {id(home): home for name, home in homes.items() if name not in failed}.values():
        with contextlib.suppress(Failed):  # it has ended: the next case will tell
            process.ask("forget")
    figures = {name: values for name, values in figures.items() if name not in failed}
    if case.unit == "percent":
        contestants = [_added(name, roles[name], pairs) for name, pairs in figures.items()]
        return {**record, "contestants": contestants, "failed": failed}
    return {**record, **summary(figures, roles), "failed": failed}


def _prepared(
    record: dict[str, Any], processes: Sequence[Process]
) -> tuple[dict[str, str], dict[str, Process], dict[str, str]]:
    """Return the contestants' roles, their processes, and why some do not take part."""
    roles: dict[str, str] = {}
    homes: dict[str, Process] = {}
    failed: dict[str, str] = {}
    for process in processes:
        try:
            reply = process.ask("prepare", case=record)
        except Failed as error:
            failed[process.name] = str(error)
            continue
        roles.update(reply["roles"])
        failed.update(reply["failed"])
        homes.update(dict.fromkeys(reply["roles"], process))
    return roles, homes, failed


def _order(names: list[str], number: int) -> list[str]:
    """Return another order for each round: another begins, and every other time it runs backwards."""
    start = number % max(len(names), 1)
    turned = names[start:] + names[:start]
    return turned[::-1] if number % 2 else turned


def summary(figures: dict[str, list[float]], roles: dict[str, str]) -> dict[str, Any]:
    """Return the contestants' records: seconds, and their ratios, by round, to the best peer and to the best limit."""
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
    taking_part = {name: medians.median(figures[name]) or float("inf") for name in figures if roles[name] == role}
    return min(taking_part, key=lambda name: taking_part[name], default=None)


def _ratio(values: list[float] | None, base: list[float] | None) -> dict[str, Any] | None:
    if not values or not base:
        return None
    by_round = medians.ratios(values, base)
    return {"median": _short(medians.median(by_round)), "interval": _interval(by_round)}


def _added(name: str, role: str, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    """Return what dropout adds, in percent: of the pairs' ratios, not of two medians."""
    percent = [100 * (ratio - 1) for ratio in medians.ratios([a for a, _ in pairs], [b for _, b in pairs])]
    return {
        "name": name,
        "role": role,
        "percent": _short(medians.median(percent)),
        "interval": _interval(percent),
        "pairs": [[_short(a), _short(b)] for a, b in pairs],
    }


def _bytes(case: Case, processes: Sequence[Process], tell: Tell) -> dict[str, Any]:
    contestants: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    elements = dropped_elements(case.shape)
    for process in processes:
        try:
            kept = process.ask("bytes_kept", case=dataclasses.asdict(case))
        except Failed as error:
            failed[process.name] = str(error)
            continue
        role = "own" if process.name == "own" else "peer"
        contestants += [
            {"name": name, "role": role, "bytes": size, "of_element": _short(size / elements)}
            for name, size in kept.items()
        ]
    tell(1, "")
    return {"elements": elements, "contestants": contestants, "failed": failed}


def _interval(values: list[float]) -> list[float | None] | None:
    found = medians.interval(values)
    return None if found is None else [_short(value) for value in found]


def _short(value: float | None) -> float | None:
    """Return six digits: more than any clock is good for, and files stay small."""
    return None if value is None else float(f"{value:.6g}")
