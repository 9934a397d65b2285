"""Write the README's figures and their plot, from the newest results that are kept.

python -m numba_dropout_bench.write_readme
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import chart
from .report import amount, cases_of, markdown, value

__all__ = ["BEGIN", "END", "newest", "section", "with_section"]

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
PLOT = ROOT / "docs" / "images" / "bench.png"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def newest(folder: Path = RESULTS) -> Path | None:
    """Return the file with the latest run, by the date that stands in it."""
    runs = {}
    for file in sorted(folder.glob("*.json")):
        record = json.loads(file.read_text())
        if "groups" in record:
            runs[record["date"]] = file
    return runs[max(runs)] if runs else None


def section(file: Path | None) -> str:
    """Return what stands between the marks: nothing, where there are no results."""
    if file is None:
        return ""
    record = json.loads(file.read_text())
    machine, versions = record["machine"], record["versions"]
    peers = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "numba-dropout")
    link = file.relative_to(ROOT).as_posix()
    lines = [
        f"{machine['cpu']} ({machine['microarchitecture']} to LLVM), {record['threads']} threads, {record['dtype']}; "
        f"medians of {record['rounds']} rounds, all contestants in turns ([every round]({link})). {peers}.",
        "",
        "![The same figures as bars](docs/images/bench.png)",
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


def with_section(readme: str, text: str) -> str:
    """Return the README with a text between its marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"README.md: expected the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}{end}{after}"


def _columns(cases: list[dict[str, Any]], *roles: str) -> list[str]:
    """Return the names of contestants in all cases, in order, each once."""
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
        own = next((entry for entry in case["contestants"] if entry["role"] == "own"), None)
        share = f"{100 * own['of_limit']['median']:.0f} %" if own and own["of_limit"] else "-"
        rows.append([case["size"], *(_cell(case, name) for name in ours), share, _cell(case, case["limit"])])
        rows[-1] += [_cell(case, name) for name in peers]
    head = [f"{cases[0]['title']}, ns an element", *ours, "of the copy", "fastest copy", *peers]
    return markdown(head, rows)


def _family(record: dict[str, Any]) -> list[str]:
    cases = [*cases_of(record, "kernels", "gaussian_dropout"), *cases_of(record, "kernels", "alpha_dropout")]
    if not cases:
        return []
    names = _columns(cases, "own", "peer")
    rows = [[f"{case['title']}, {case['size']}", *(_cell(case, name) for name in names)] for case in cases]
    return markdown(["ns an element", *names], rows)


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
    return markdown(["GFLOP/s, and time over numpy.matmul's", "mean", *sizes], rows)


def _steps(record: dict[str, Any]) -> list[str]:
    cases = cases_of(record, "train", "step")
    if not cases:
        return []
    names = _columns(cases, "own", "peer", "aside")
    lines = markdown(["ms a training step", *names], [[c["size"], *(_cell(c, n) for n in names)] for c in cases])
    for kind, what in (("dropout_adds", "dropout"), ("subnetwork_adds", "sub-network dropout")):
        for case in cases_of(record, "train", kind):
            added = [f"{e['name']} {e['percent']:+.1f} %" for e in case["contestants"] if e["percent"] is not None]
            lines += ["", f"What {what} adds to a step of {case['size']}: {', '.join(added)}."]
    return lines


def _memory(record: dict[str, Any]) -> list[str]:
    cases = cases_of(record, "memory", "memory")
    rows = [
        [case["size"], entry["name"], f"{entry['bytes']:,}", amount(entry["of_element"])]
        for case in cases
        for entry in case["contestants"]
    ]
    return markdown(["kept for backward", "", "bytes", "a hidden value"], rows) if rows else []


def _startup(record: dict[str, Any]) -> list[str]:
    rows = [
        [entry["name"], amount(entry["median"])]
        for case in cases_of(record, "startup", "startup")
        for entry in case["contestants"]
    ]
    return markdown(["whole processes", "seconds"], rows) if rows else []


def main() -> None:
    """Rewrite the README and the plot."""
    file = newest()
    if file is None:
        raise SystemExit(f"{RESULTS}: no results of `ndrop bench --json` are there")
    readme = ROOT / "README.md"
    readme.write_text(with_section(readme.read_text(), section(file)))
    chart.draw(json.loads(file.read_text()), PLOT)


if __name__ == "__main__":
    main()
