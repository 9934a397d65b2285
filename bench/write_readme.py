"""Benchmark figures of README.md and docs/performance.md, and their plot, from the newest run in bench/results.

python -m numba_dropout_bench.write_readme
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from . import chart
from .cases import ACTIVATIONS
from .report import RESOLUTION, amount, cases_of, kept, markdown, value

__all__ = ["BEGIN", "END", "newest", "section", "summary", "with_section"]

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
PLOT = ROOT / "docs" / "images" / "bench.png"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"

# Columns of the README's table: a library, and the beginnings of its contestants' names.
LIBRARIES = {
    "numba-dropout": ("numba-dropout",),
    "NumPy": ("numpy",),
    "PyTorch": ("torch",),
    "JAX": ("jax",),
    "TensorFlow, Keras": ("tensorflow", "keras"),
    "scikit-learn, no dropout": ("scikit-learn",),
}
SUMMARY_SIZE = "2^20 elements"  # size in the README's row for dropout
MEMORY_TOTALS = ("all its buffers", "all that dropout adds")  # ends of names in the case of memory


def newest(folder: Path = RESULTS) -> Path | None:
    """Return the file of the run with the latest date."""
    runs = {}
    for file in sorted(folder.glob("*.json")):
        record = json.loads(file.read_text())
        if "groups" in record:
            runs[record["date"]] = file
    return runs[max(runs)] if runs else None


def summary(file: Path | None) -> str:
    """Return the README's text between the marks: one table, or nothing without results."""
    if file is None:
        return ""
    record = json.loads(file.read_text())
    dropout = [case for case in cases_of(record, "kernels", "dropout") if case["size"] == SUMMARY_SIZE]
    steps, memory = cases_of(record, "train", "step"), cases_of(record, "memory", "memory")
    rows = [
        *([f"{case['title']}, {case['size']} (ns per element)", *_fastest(case)] for case in dropout),
        *([_step_title(case["size"]), *_fastest(case)] for case in steps),
        *(["memory that dropout keeps for backward (bytes per hidden value)", *_kept(case)] for case in memory),
    ]
    lines = [
        *markdown(["lower is better", *LIBRARIES], rows),
        "",
        f"Version {record['versions']['numba-dropout']}. "
        f"Medians of {record['rounds']} rounds on {_machine(record)}; the fastest variant "
        f"of each library ([all rounds]({file.relative_to(ROOT).as_posix()})).",
    ]
    return "\n".join([*lines, ""])


def section(file: Path | None) -> str:
    """Return the text of docs/performance.md between the marks: all tables, or nothing without results."""
    if file is None:
        return ""
    record = json.loads(file.read_text())
    versions = record["versions"]
    peers = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "numba-dropout")
    lines = [
        f"Version {record['versions']['numba-dropout']}. "
        f"{_machine(record)}; medians of {record['rounds']} rounds, contestants "
        f"interleaved (all rounds: `{file.relative_to(ROOT).as_posix()}`). {peers}.",
        "",
        "![The same figures as bars](images/bench.png)",
    ]
    for table in (
        _dropout(record),
        _family(record),
        _products(record),
        _steps(record),
        _memory(record),
        _startup(record),
    ):
        lines += ["", *table] if table else []
    return "\n".join([*lines, ""])


def with_section(page: str, text: str) -> str:
    """Return a page with a text between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"expected the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}{end}{after}"


def _machine(record: dict[str, Any]) -> str:
    machine = record["machine"]
    return f"{machine['cpu']} ({machine['microarchitecture']} in LLVM), {record['threads']} threads, {record['dtype']}"


def _step_title(size: str) -> str:
    network, _, batch = size.partition("@")
    return f"training step, {network}, batch of {batch} (ms)"


def _fastest(case: dict[str, Any]) -> list[str]:
    """Return a cell for each library: the median of its fastest contestant, limits excluded."""
    cells = []
    for prefixes in LIBRARIES.values():
        entries = [e for e in case["contestants"] if e["role"] != "limit" and e["name"].startswith(prefixes)]
        cells.append(amount(min((v for v in (value(case, entry) for entry in entries) if v is not None), default=None)))
    return cells


def _kept(case: dict[str, Any]) -> list[str]:
    """Return a cell for each library: all bytes that dropout keeps, per hidden value."""
    totals = [entry for entry in case["contestants"] if entry["name"].endswith(MEMORY_TOTALS)]
    return [
        next((amount(entry["of_element"]) for entry in totals if entry["name"].startswith(prefixes)), "-")
        for prefixes in LIBRARIES.values()
    ]


def _columns(cases: list[dict[str, Any]], *roles: str) -> list[str]:
    """Return the names of the contestants of all cases, in order, without duplicates."""
    return list(
        dict.fromkeys(e["name"] for role in roles for c in cases for e in c["contestants"] if e["role"] == role)
    )


def _cell(case: dict[str, Any], name: str) -> str:
    return next((amount(value(case, entry)) for entry in case["contestants"] if entry["name"] == name), "-")


def _dropout(record: dict[str, Any]) -> list[str]:
    cases = cases_of(record, "kernels", "dropout")
    if not cases:
        return []
    ours, peers = _columns(cases, "own"), _columns(cases, "peer")
    rows = []
    for case in cases:
        first = next((entry for entry in case["contestants"] if entry["role"] == "own"), None)
        share = f"{100 * first['of_limit']['median']:.0f} %" if first and first["of_limit"] else "-"
        rows.append([case["size"], *(_cell(case, name) for name in ours), share, _cell(case, case["limit"])])
        rows[-1] += [_cell(case, name) for name in peers]
    head = [f"{cases[0]['title']}, ns per element", *ours, "share of the copy's speed", "fastest copy", *peers]
    return markdown(head, rows)


def _family(record: dict[str, Any]) -> list[str]:
    kinds = ["gaussian_dropout", "alpha_dropout", *(f"activation_{name}" for name in ACTIVATIONS)]
    cases = [case for kind in kinds for case in cases_of(record, "kernels", kind)]
    if not cases:
        return []
    names = _columns(cases, "own", "peer")
    rows = [[f"{case['title']}, {case['size']}", *(_cell(case, name) for name in names)] for case in cases]
    return markdown(["ns per element", *names], rows)


def _products(record: dict[str, Any]) -> list[str]:
    means = record["groups"].get("kernels", {}).get("means")
    if not means:
        return []
    cases = [case for case in record["groups"]["kernels"]["cases"] if case["unit"] == "GFLOP/s"]
    sizes = list(dict.fromkeys(case["size"] for case in cases))
    rows = []
    for title, mean in means.items():
        by_size = {case["size"]: case for case in cases if case["title"] == title}
        cells = [_cell(by_size[size], "numba-dropout") if size in by_size else "" for size in sizes]
        rows.append([title, f"{amount(mean)} x", *cells])
    return markdown(["GFLOP/s, and mean time relative to numpy.matmul", "mean", *sizes], rows)


def _steps(record: dict[str, Any]) -> list[str]:
    cases = cases_of(record, "train", "step")
    if not cases:
        return []
    names = _columns(cases, "own", "peer", "aside")
    lines = markdown(["ms per training step", *names], [[c["size"], *(_cell(c, n) for n in names)] for c in cases])
    added_by = {"dropout_adds": "dropout", "subnetwork_adds": "sub-network dropout", "activation_adds": "an activation"}
    for kind, name in added_by.items():
        for case in cases_of(record, "train", kind):
            added = [f"{e['name']} {e['percent']:+.1f} %" for e in case["contestants"] if e["percent"] is not None]
            lines += ["", f"Time that {name} adds to a step of {case['size']}: {', '.join(added)}."]
    return lines


def _memory(record: dict[str, Any]) -> list[str]:
    cases = cases_of(record, "memory", "memory")
    rows = [
        [case["size"], entry["name"], f"{kept(entry)[0]:,}", amount(kept(entry)[1])]
        for case in cases
        for entry in case["contestants"]
    ]
    if not rows:
        return []
    note = f"Allocations of a step are measured to {RESOLUTION:,} bytes: less is shown as 0."
    return [*markdown(["kept for backward", "", "bytes", "bytes per hidden value"], rows), "", note]


def _startup(record: dict[str, Any]) -> list[str]:
    rows = [
        [entry["name"], amount(entry["median"])]
        for case in cases_of(record, "startup", "startup")
        for entry in case["contestants"]
    ]
    return markdown(["whole processes", "seconds"], rows) if rows else []


def main() -> None:
    """Rewrite the figures of both pages, and the plot, and print the files written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    file = newest()
    if file is None:
        raise SystemExit(f"{RESULTS}: expected results of `ndrop bench --json`, got none")
    pages = {ROOT / "README.md": summary, ROOT / "docs" / "performance.md": section}
    for page, write in pages.items():
        page.write_text(with_section(page.read_text(), write(file)))
    chart.draw(json.loads(file.read_text()), PLOT)
    print(*pages, PLOT, sep="\n")


if __name__ == "__main__":
    main()
