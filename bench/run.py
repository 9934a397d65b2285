"""A run of `ndrop bench`: plan, measurement and record."""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numba.core import config

import numba_dropout
from numba_dropout.arrays import devices
from numba_dropout.core.errors import InputError
from numba_dropout.experiments import environment
from numba_dropout.storage import files, output_formats

from . import cases, chart, machine, rounds, sizes, startup, worker_pool
from .medians import geometric_mean, median, ratios

__all__ = ["GROUPS", "ROUNDS", "Plan", "check_outputs", "measure", "plan", "write"]

GROUPS = ("kernels", "train", "memory", "startup", "peers")
BY_DEFAULT = GROUPS[:4]
ON_CUDA = GROUPS[:2]
ROUNDS = 11  # odd, so that the median is a measured value, and enough for an interval
FORMAT = 1  # version of the JSON format

Show = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Plan:
    """The cases and options of a run."""

    groups: tuple[str, ...]
    cases: list[cases.Case]
    peers: tuple[str, ...]
    rounds: int
    threads: int
    dtype: str
    device: str

    def steps(self) -> int:
        """Return the total number of rounds, for a progress bar."""
        once = sum(case.unit == "bytes" for case in self.cases)
        return (len(self.cases) - once) * self.rounds + once + ("startup" in self.groups) * self.startup_rounds

    def taking_part(self) -> list[str]:
        """Return the peers that take part in the chosen groups."""
        everywhere = "startup" in self.groups
        return [
            name
            for name in self.peers
            if everywhere or set(worker_pool.groups_of(name, self.device)) & set(self.groups)
        ]

    @property
    def startup_rounds(self) -> int:
        """Return the rounds of the group `startup`."""
        return min(self.rounds, startup.MOST_ROUNDS)


def plan(
    groups: Sequence[str] = (),
    *,
    device: str = "cpu",
    size: Sequence[str] = (),
    dtype: str = "float32",
    threads: int | None = None,
    rounds: int = ROUNDS,
    peers: str | None = None,
) -> Plan:
    """Return the plan of a run, of `BY_DEFAULT` if no group is named. Raise InputError for invalid options."""
    device = devices.resolve(device)
    if device != "cpu":
        groups = _on_cuda(groups, dtype)
    if threads is not None:
        environment.set_threads(threads)
    chosen = tuple(group for group in GROUPS if group in (groups or BY_DEFAULT))
    by_group, names = sizes.parse(size, chosen, on_cuda=device != "cpu"), _peers(peers)
    if config.DISABLE_JIT:
        raise InputError("bench: NUMBA_DISABLE_JIT is set, which disables compiled code; unset it")
    return Plan(
        chosen,
        [case for group, its in by_group.items() for case in cases.of_group(group, its, dtype)],
        names,
        rounds,
        threads or min(machine.processors(), config.NUMBA_NUM_THREADS),
        dtype,
        device,
    )


def _on_cuda(groups: Sequence[str], dtype: str) -> Sequence[str]:
    """Return the groups to measure on a CUDA device. Raise InputError for other groups and dtypes."""
    for group in groups:
        if group not in ON_CUDA:
            raise InputError(f"{group}: expected {' or '.join(ON_CUDA)} on a CUDA device; omit --device")
    if dtype != "float32":
        raise InputError(f"dtype: expected float32 on a CUDA device, got {dtype}")
    return groups or ON_CUDA


def _peers(text: str | None) -> tuple[str, ...]:
    if text is None:
        return worker_pool.PEERS
    names = () if text.strip() in ("", "none") else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in worker_pool.PEERS:
            raise InputError(f"peers: expected names from {', '.join(worker_pool.PEERS)}, or none, got {name!r}")
    return names


def check_outputs(json_file: str | None, plot: str | None) -> None:
    """Raise InputError for output files that cannot be written, before a long measurement."""
    if json_file:
        files.check_writable(json_file, keep=[plot] if plot else [])
        output_formats.check_format(json_file, output_formats.JSON, "figures")
    if plot:
        chart.require(plot)


def measure(plan: Plan, on_progress: rounds.OnProgress, show: Show = lambda case: None) -> dict[str, Any]:
    """Measure all cases and return the record of the run.

    `show` is called with each case as soon as it is done.
    """
    results: dict[str, list[dict[str, Any]]] = {group: [] for group in plan.groups}
    absent = {name: reason for name in plan.taking_part() if (reason := worker_pool.missing(name))}
    versions = machine.versions()
    if plan.cases:
        own = [name for name in worker_pool.OWN if set(worker_pool.groups_of(name, plan.device)) & set(plan.groups)]
        absent |= {name: reason for name in own if (reason := worker_pool.missing(name))}
        libraries = [name for name in (*own, *plan.taking_part()) if name not in absent]
        on_progress(0, "starting")
        with worker_pool.started(libraries, plan.threads, plan.dtype, plan.device) as processes:
            ready = []
            for process in processes:
                try:
                    versions.update(process.versions())
                    ready.append(process)
                except worker_pool.Failed as error:
                    absent[process.name] = str(error)
            for case in plan.cases:
                results[case.group].append(rounds.measure(case, ready, plan.rounds, on_progress))
                show(results[case.group][-1])
    if "startup" in plan.groups:
        results["startup"] = startup.measure(plan.peers, plan.startup_rounds, on_progress)
        show(results["startup"][-1])
    return {
        "format": FORMAT,
        "version": numba_dropout.__version__,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.describe(plan.device),
        "versions": versions,
        "device": plan.device,
        "threads": plan.threads,
        "dtype": plan.dtype,
        "rounds": plan.rounds,
        "missing": absent,
        "groups": {group: {"cases": its, "means": means(its)} for group, its in results.items()},
    }


def means(results: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return geometric means over the shapes of each kind of product of the time relative to numpy.matmul."""
    ratios_of: dict[str, list[float]] = {}
    for case in results:
        if case["unit"] == "GFLOP/s":
            seconds = {entry["name"].partition(",")[0]: entry["seconds"] for entry in case["contestants"]}
            if {"numba-dropout", "numpy.matmul"} <= set(seconds):
                ratio = median(ratios(seconds["numba-dropout"], seconds["numpy.matmul"]))
                ratios_of.setdefault(case["title"], []).extend([] if ratio is None else [ratio])
    forms = [ratio for title, values in ratios_of.items() if title.startswith("product") for ratio in values]
    means = {title: geometric_mean(values) for title, values in (*ratios_of.items(), ("all products", forms))}
    return {title: value for title, value in means.items() if value is not None}


def write(record: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the record as JSON, atomically."""
    text = json.dumps(record, indent=1, allow_nan=False)
    with files.replacing(path) as file:
        file.write((_without_line_breaks(text) + "\n").encode())


def _without_line_breaks(text: str) -> str:
    """Return JSON with each list of numbers on one line."""
    return re.sub(r"\[[\s\d.,e+-]+\]", lambda match: f"[{' '.join(match.group()[1:-1].split())}]", text)
