"""Plot of a run: the time of each contestant relative to the hardware's limit or to a reference library."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from numba_dropout.storage.files import replacing
from numba_dropout.viz import plots as plots

from .report import amount, cases_of, ordered, value

__all__ = ["draw", "require"]

COLORS = {"own": "#0072b2", "limit": "#009e73", "peer": "#b0b0b0", "aside": "#dcdcdc"}  # Okabe & Ito (2008), and grays
BAR = 0.26  # height of a bar in inches
UNITS = {"ns/element": "ns", "ms/step": "ms", "GFLOP/s": "GFLOP/s"}
FEW, SOME, MANY = (1,), (1, 2, 5), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)  # ticks per decade
Row = tuple[str, float, str, str]  # label, length, color, text at the end of the bar

require = plots.require


def draw(record: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Draw a run: a row of panels for each kind of case with a comparison."""
    path = plots.require(path)
    from matplotlib.figure import Figure

    rows = [panels for panels in (_dropouts(record), _products(record), _steps(record)) if panels]
    heights = [max(len(bars) for _, _, bars in panels) * BAR + 0.75 for panels in rows] or [1.0]
    figure = Figure(figsize=(11, sum(heights) + 0.45), dpi=150, layout="constrained")
    machine = record["machine"]
    figure.suptitle(
        f"numba-dropout {record['version']}: {machine['cpu']}, {record['threads']} threads, {record['dtype']}",
        fontsize=11,
    )
    if rows:
        subfigures = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)
        for subfigure, panels in zip(subfigures[:, 0], rows, strict=True):
            axes = subfigure.subplots(1, len(panels), squeeze=False)[0]
            for ax, (title, label, bars) in zip(axes, panels, strict=True):
                _panel(ax, title, label, bars)
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())


def _panel(ax: Any, title: str, label: str, bars: list[Row]) -> None:
    """Draw horizontal bars on a logarithmic axis from 1. Longer bars are slower."""
    positions = range(len(bars), 0, -1)
    lengths, colors = [bar[1] for bar in bars], [bar[2] for bar in bars]
    ax.set_xscale("log")
    ax.barh(positions, [length - 1 for length in lengths], left=1, color=colors, height=0.72, zorder=2)
    ax.axvline(1, color="#444444", lw=1, zorder=3)
    ax.set_yticks(positions, [bar[0] for bar in bars], fontsize=8)
    for position, (_, length, color, text) in zip(positions, bars, strict=True):
        if color == COLORS["limit"]:  # its bar has no length
            ax.plot([length], [position], marker="D", ms=5, color=color, zorder=4)
        ax.annotate(text, (max(length, 1), position), (5, 0), textcoords="offset points", va="center", fontsize=7.5)
    low, high = min(1.0, *lengths), max(1.0, *lengths)
    high *= max((high / low) ** 0.36, 1.8)  # room for the text at the end of a bar
    low /= (high / low) ** 0.02
    digits = FEW if high / low > 100 else SOME if high / low > 4 else MANY
    ticks = [digit * 10.0**power for power in range(-3, 7) for digit in digits if low <= digit * 10.0**power <= high]
    ax.set_xlim(low, high)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=7.5)
    ax.set_xticks([], minor=True)
    ax.set_title(title, fontsize=9.5, loc="right")
    ax.set_xlabel(label, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right", "left"]].set_visible(False)


def _bars(case: dict[str, Any], length: Callable[[dict[str, Any]], float | None]) -> list[Row]:
    """Return a bar for each contestant and for the best limit."""
    bars: list[Row] = []
    for entry in ordered(case):
        size = length(entry)
        if size and (entry["role"] != "limit" or entry["name"] == case["limit"]):
            text = f"{amount(value(case, entry))} {UNITS[case['unit']]}"
            bars.append((entry["name"], size, COLORS[entry["role"]], text))
    return bars


def _of_limit(entry: dict[str, Any]) -> float | None:
    return 1 / entry["of_limit"]["median"] if entry["of_limit"] else None


def _dropouts(record: dict[str, Any]) -> list[tuple[str, str, list[Row]]]:
    cases = cases_of(record, "kernels", "dropout")
    panels = [(f"{case['title']}, {case['size']}", "times the best copy", _bars(case, _of_limit)) for case in cases]
    return [panel for panel in panels if panel[2]]


def _steps(record: dict[str, Any]) -> list[tuple[str, str, list[Row]]]:
    panels = []
    for case in cases_of(record, "train", "step"):
        ours = [entry for entry in case["contestants"] if entry["role"] == "own" and entry["median"]]
        if ours:
            base = min(entry["median"] for entry in ours)
            title = f"a step of {case['size']}"
            timed = {**case, "limit": None}
            bars = _bars(timed, lambda entry, base=base: entry["median"] / base)  # type: ignore[misc]
            panels.append((title, "times numba-dropout's", bars))
    return panels


def _products(record: dict[str, Any]) -> list[tuple[str, str, list[Row]]]:
    """Return a panel for each kind of product, with a bar for each shape: time relative to numpy.matmul."""
    panels: dict[str, list[Row]] = {}
    for case in record["groups"].get("kernels", {"cases": []})["cases"]:
        entries = {entry["name"].partition(",")[0]: entry for entry in case["contestants"]}
        if case["unit"] == "GFLOP/s" and {"numba-dropout", "numpy.matmul"} <= set(entries):
            ours, peer = entries["numba-dropout"], entries["numpy.matmul"]
            text = f"{amount(value(case, ours))} GFLOP/s"
            panels.setdefault(case["title"], []).append(
                (case["size"], ours["median"] / peer["median"], COLORS["own"], text)
            )
    return [(title, "times numpy.matmul", bars) for title, bars in panels.items()]
