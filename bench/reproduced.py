"""Figures and plots of docs/reproduce.md, sklearn.md, defaults.md and textbook.md, from the results in docs/results.

python -m numba_dropout_bench.reproduced
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from numba_dropout.experiments.compare import Comparison
from numba_dropout.experiments.reproduce import Sizes, Table
from numba_dropout.storage.files import replacing
from numba_dropout.viz import plots

from . import defaults_study, estimators, textbook
from .report import markdown

__all__ = ["PAGES", "draw", "with_sections"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RESULTS = ROOT / "docs" / "results"
IMAGES = ROOT / "docs" / "images"
Records = Callable[[str], dict[str, Any]]  # the kept record of a file name
MNIST = ("none", "dropout", "max-norm", "max-norm-long")

# Means and standard errors of the authors' later run, from log_100_xepochs_1_hidden_layers.txt beside their splits.
AUTHORS = {
    "concrete": {"rmse": (4.826460, 0.160534), "ll": (-2.936656, 0.024828)},
    "energy": {"rmse": (0.538867, 0.013524), "ll": (-1.211517, 0.005319)},
}


def _uci(record: Records) -> list[str]:
    rows = []
    for name, authors in AUTHORS.items():
        result = record(f"uci-{name}.json")
        cells = [name, str(len(result["splits"]))]
        for figure in ("rmse", "ll"):
            cells.append(f"{result[f'{figure}_mean']:.3f} ± {result[f'{figure}_se']:.3f}")
            cells.append("{:.3f} ± {:.3f}".format(*authors[figure]))
        rows.append([*cells, f"{result['seconds']:.0f}"])
    head = ["", "splits", "RMSE", "RMSE, authors", "log-likelihood", "log-likelihood, authors", "seconds"]
    provenance = _provenance(*(record(f"uci-{name}.json") for name in AUTHORS))
    return [*markdown(head, rows), "", provenance, "", _beside_keras(record("uci-concrete-keras.json"))]


def _beside_keras(record: dict[str, Any]) -> str:
    """Return the time of a split in Keras."""
    names = ("split", "keras_split", "keras_first", "keras_last")
    ours, theirs, first, last = (f"{record[f'{name}_seconds']:,.1f} s" for name in names)
    epoch = f"{1e3 * record['keras_epoch_on_arrays_seconds']:.0f} ms"
    return (
        f"Split 0 of {record['name']} takes {ours} here. Keras {record['keras']} on TensorFlow {record['tensorflow']} "
        f"takes {theirs}, {record['times']:.0f} times as long: {record['grid']} trainings of a grid, one of them "
        f"measured ({first}), and the last ({last}). There Keras reads all epochs as one from tf.data. With `fit` on "
        f"arrays an epoch takes {epoch}, and a training has {record['epochs']:,} (`{record['command']}`; one after the "
        "other on the same machine, both with all its cores)."
    )


def _mnist(record: Records) -> list[str]:
    rows = []
    for name in MNIST:
        result = record(f"mnist-{name}.json")
        for title, row in result["rows"].items():
            updates = result["results"][0]["updates"]
            paper = "" if row["paper"] is None else f"{row['paper']:.2f}"
            errors = ", ".join(f"{error:.2f}" for error in row["errors"])
            rows.append([title, f"{updates:,}", f"{row['mean']:.2f}", errors, paper])
    head = ["test error, %", "updates", "mean", "by seed, from 0", "paper, 1,000,000 updates"]
    return [*markdown(head, rows), "", _provenance(*(record(f"mnist-{name}.json") for name in MNIST))]


def _rates(record: Records) -> list[str]:
    result = record("mnist-rates.json")
    comparison = Comparison.of(result)
    rows = [[f"{rate:g}", *(_spread(comparison.column(name, rate)) for name in NAMES)] for rate in comparison.rates]
    return [*markdown(["rate", *NAMES.values()], rows), "", _provenance(result)]


NAMES = {"train_loss": "training loss", "val_loss": "test loss", "val_error": "test error, %"}


def _sizes(record: Records) -> list[str]:
    result = record("mnist-sizes.json")
    sizes = Sizes.of(result)
    rows = [[f"{size:,}", *(_spread(sizes.errors(size, drop), 2) for drop in (False, True))] for size in sizes.sizes]
    return [*markdown(["images", "without dropout, %", "with dropout, %"], rows), "", _provenance(result)]


def _spread(values: list[float], digits: int = 3) -> str:
    """Return a mean with its standard deviation."""
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def _provenance(*records: dict[str, Any]) -> str:
    """Return the version, seed and machine of records."""
    lines = []
    for record in records:
        machine = record["machine"]
        threads = machine["threads"].partition(" ")[0]
        lines.append(
            f"numba-dropout {record['version']}, seed {record['seed']}, Numba {machine['numba']}, NumPy "
            f"{machine['numpy']}, {machine['cpu']}, {threads} thread{'s' * (threads != '1')}."
        )
    return " ".join(dict.fromkeys(lines))


def _memory(record: Records) -> list[str]:
    result = record("mnist-memory.json")
    before, peak = result["before_mib"], result["most_mib"]
    return [
        f"Peak {peak:.0f} MiB, {result['training_mib']:.0f} more than the {before:.0f} MiB of the process before. "
        + _provenance(result)
    ]


def _estimators(record: Records) -> list[str]:
    result = record("estimators.json")
    source = f"scikit-learn {result['scikit-learn']}; `{result['command']}`; {_provenance(result)}"
    return [*estimators.table(result["cases"]), "", source]


def _defaults(record: Records) -> list[str]:
    result = record("defaults.json")
    lines = []
    for name, count in result["counts"].items():
        counts = dict(count)
        tables, behind = counts.pop("tables"), counts.popitem()
        above = ", ".join(f"{other.removeprefix('above ')} on {number}" for other, number in counts.items())
        names = ", ".join(behind[1]) or "none"
        lines.append(f"- `{name}` is above {above} of {tables} tables. {behind[0]} on: {names}.")
    return [*defaults_study.table(result), "", *lines, "", _provenance(result)]


PAGES: dict[str, dict[str, Callable[[Records], list[str]]]] = {
    "reproduce.md": {"mnist": _mnist, "rates": _rates, "sizes": _sizes, "uci": _uci, "memory": _memory},
    "sklearn.md": {"estimators": _estimators},
    "defaults.md": {"study": _defaults},
    "textbook.md": {
        "raw": lambda record: textbook.raw(record("textbook.json")),
        "textbook": lambda record: textbook.table(record("textbook.json")),
    },
}


def _records(folder: Path) -> Records:
    return lambda name: json.loads((folder / name).read_text())


def draw(images: Path, folder: Path = RESULTS) -> list[Path]:
    """Draw the plots of the page into a folder, and return their files."""
    record = _records(folder)
    runs = [result for name in MNIST for result in Table.of(record(f"mnist-{name}.json")).results]
    files = [images / f"{name}.png" for name in ("mnist", "mnist-rates", "mnist-sizes")]
    plots.test_errors(Table(runs), files[0])
    plots.rates(Comparison.of(record("mnist-rates.json")), files[1])
    plots.sizes(Sizes.of(record("mnist-sizes.json")), files[2])
    return files


def with_sections(name: str, page: str, folder: Path = RESULTS) -> str:
    """Return a page with the tables of all its sections between their marks. `name` is that of its file."""
    record, file = _records(folder), name
    for name, write in PAGES[file].items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise SystemExit(f"docs/{file}: expected the marks of {name}")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = "".join([before, begin, "\n".join(write(record)), "\n", end, after])
    return page


def main() -> None:
    """Draw the plots and rewrite the tables of the pages, and print the files written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    written = draw(IMAGES)
    for name in PAGES:
        page = with_sections(name, (DOCS / name).read_text())
        with replacing(DOCS / name) as file:
            file.write(page.encode())
        written.append(DOCS / name)
    print(*written, sep="\n")


if __name__ == "__main__":
    main()
