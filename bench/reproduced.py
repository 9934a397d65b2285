"""Write the figures of docs/reproduce.md from what is kept in docs/results.

python -m numba_dropout_bench.reproduced
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .report import markdown

__all__ = ["SECTIONS", "with_sections"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reproduce.md"
RESULTS = ROOT / "docs" / "results"

# Means and standard errors of the authors' later run, beside their splits: log_100_xepochs_1_hidden_layers.txt.
AUTHORS = {
    "concrete": {"rmse": (4.826460, 0.160534), "ll": (-2.936656, 0.024828)},
    "energy": {"rmse": (0.538867, 0.013524), "ll": (-1.211517, 0.005319)},
}


def _uci(record: Callable[[str], dict[str, Any]]) -> list[str]:
    rows = []
    for name, theirs in AUTHORS.items():
        ours = record(f"uci-{name}.json")
        cells = [name, str(len(ours["splits"]))]
        for figure in ("rmse", "ll"):
            cells.append(f"{ours[f'{figure}_mean']:.3f} ± {ours[f'{figure}_se']:.3f}")
            cells.append("{:.3f} ± {:.3f}".format(*theirs[figure]))
        rows.append([*cells, f"{ours['seconds']:.0f}"])
    head = ["", "splits", "RMSE", "RMSE, authors", "log-likelihood", "log-likelihood, authors", "seconds"]
    return [*markdown(head, rows), "", _made(record("uci-concrete.json"))]


def _made(record: dict[str, Any]) -> str:
    """Return where figures come from."""
    machine = record["machine"]
    return (
        f"numba-dropout {record['version']}, seed {record['seed']}, Numba {machine['numba']}, NumPy "
        f"{machine['numpy']}, {machine['cpu']}, {machine['threads'].partition(' ')[0]} threads."
    )


def _memory(record: Callable[[str], dict[str, Any]]) -> list[str]:
    found = record("mnist-memory.json")
    before, most = found["before_mib"], found["most_mib"]
    return [
        f"At most {most:.0f} MiB, {found['training_mib']:.0f} more than the {before:.0f} of the process before. "
        + _made(found)
    ]


SECTIONS = {"uci": _uci, "memory": _memory}


def with_sections(page: str, folder: Path = RESULTS) -> str:
    """Return the page with the tables of all sections between their marks."""

    def record(name: str) -> dict[str, Any]:
        return json.loads((folder / name).read_text())

    for name, write in SECTIONS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise SystemExit(f"docs/reproduce.md: expected the marks of {name}")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = "".join([before, begin, "\n".join(write(record)), "\n", end, after])
    return page


if __name__ == "__main__":
    PAGE.write_text(with_sections(PAGE.read_text()))
