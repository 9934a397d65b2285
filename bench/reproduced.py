"""Write the figures of docs/reproduce.md and docs/sklearn.md, and draw the plots, from what is kept in docs/results.

python -m numba_dropout_bench.reproduced
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from numba_dropout.experiments.compare import Comparison
from numba_dropout.experiments.reproduce import Sizes, Table
from numba_dropout.storage.files import replacing
from numba_dropout.viz import plots

from . import estimators
from .report import markdown

__all__ = ["PAGES", "draw", "with_sections"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RESULTS = ROOT / "docs" / "results"
IMAGES = ROOT / "docs" / "images"
Records = Callable[[str], dict[str, Any]]  # what is kept, by the name of its file
MNIST = ("none", "dropout", "max-norm", "max-norm-long")

# Means and standard errors of the authors' later run, beside their splits: log_100_xepochs_1_hidden_layers.txt.
AUTHORS = {
    "concrete": {"rmse": (4.826460, 0.160534), "ll": (-2.936656, 0.024828)},
    "energy": {"rmse": (0.538867, 0.013524), "ll": (-1.211517, 0.005319)},
}


def _uci(record: Records) -> list[str]:
    rows = []
    for name, theirs in AUTHORS.items():
        ours = record(f"uci-{name}.json")
        cells = [name, str(len(ours["splits"]))]
        for figure in ("rmse", "ll"):
            cells.append(f"{ours[f'{figure}_mean']:.3f} ± {ours[f'{figure}_se']:.3f}")
            cells.append("{:.3f} ± {:.3f}".format(*theirs[figure]))
        rows.append([*cells, f"{ours['seconds']:.0f}"])
    head = ["", "splits", "RMSE", "RMSE, authors", "log-likelihood", "log-likelihood, authors", "seconds"]
    made = _made(*(record(f"uci-{name}.json") for name in AUTHORS))
    return [*markdown(head, rows), "", made, "", _beside_keras(record("uci-concrete-keras.json"))]


def _beside_keras(found: dict[str, Any]) -> str:
    """Return what a split takes Keras."""
    names = ("split", "keras_split", "keras_first", "keras_last")
    ours, theirs, first, last = (f"{found[f'{name}_seconds']:,.1f} s" for name in names)
    epoch = f"{1e3 * found['keras_epoch_on_arrays_seconds']:.0f} ms"
    return (
        f"Split 0 of {found['name']} takes {ours} here, and Keras {found['keras']} on TensorFlow {found['tensorflow']} "
        f"{theirs}, {found['times']:.0f} times as long: {found['grid']} trainings of a grid, one of them measured "
        f"({first}), and the last ({last}). Keras is fed by tf.data then, all epochs as one; with `fit` on arrays an "
        f"epoch takes it {epoch}, and a training has {found['epochs']:,} (`{found['command']}`; one after the other on "
        "the same machine, both with all its cores)."
    )


def _mnist(record: Records) -> list[str]:
    rows = []
    for name in MNIST:
        kept = record(f"mnist-{name}.json")
        for row, found in kept["rows"].items():
            updates = kept["results"][0]["updates"]
            paper = "" if found["paper"] is None else f"{found['paper']:.2f}"
            errors = ", ".join(f"{error:.2f}" for error in found["errors"])
            rows.append([row, f"{updates:,}", f"{found['mean']:.2f}", errors, paper])
    head = ["test error, %", "updates", "mean", "each seed, from 0 on", "paper, 1,000,000 updates"]
    return [*markdown(head, rows), "", _made(*(record(f"mnist-{name}.json") for name in MNIST))]


def _rates(record: Records) -> list[str]:
    kept = record("mnist-rates.json")
    found = Comparison.of(kept)
    rows = [[f"{rate:g}", *(_spread(found.column(name, rate)) for name in NAMES)] for rate in found.rates]
    return [*markdown(["rate", *NAMES.values()], rows), "", _made(kept)]


NAMES = {"train_loss": "loss on the images learnt from", "val_loss": "test loss", "val_error": "test error, %"}


def _sizes(record: Records) -> list[str]:
    kept = record("mnist-sizes.json")
    found = Sizes.of(kept)
    rows = [[f"{size:,}", *(_spread(found.errors(size, drop), 2) for drop in (False, True))] for size in found.sizes]
    return [*markdown(["images", "without dropout, %", "with dropout, %"], rows), "", _made(kept)]


def _spread(values: list[float], digits: int = 3) -> str:
    """Return a mean with its standard deviation."""
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def _made(*records: dict[str, Any]) -> str:
    """Return where figures come from."""
    found = []
    for record in records:
        machine = record["machine"]
        threads = machine["threads"].partition(" ")[0]
        found.append(
            f"numba-dropout {record['version']}, seed {record['seed']}, Numba {machine['numba']}, NumPy "
            f"{machine['numpy']}, {machine['cpu']}, {threads} thread{'s' * (threads != '1')}."
        )
    return " ".join(dict.fromkeys(found))


def _memory(record: Records) -> list[str]:
    found = record("mnist-memory.json")
    before, most = found["before_mib"], found["most_mib"]
    return [
        f"At most {most:.0f} MiB, {found['training_mib']:.0f} more than the {before:.0f} of the process before. "
        + _made(found)
    ]


def _estimators(record: Records) -> list[str]:
    found = record("estimators.json")
    about = f"scikit-learn {found['scikit-learn']}; `{found['command']}`; {_made(found)}"
    return [*estimators.table(found["cases"]), "", about]


PAGES: dict[str, dict[str, Callable[[Records], list[str]]]] = {
    "reproduce.md": {"mnist": _mnist, "rates": _rates, "sizes": _sizes, "uci": _uci, "memory": _memory},
    "sklearn.md": {"estimators": _estimators},
}


def _kept(folder: Path) -> Records:
    return lambda name: json.loads((folder / name).read_text())


def draw(images: Path, folder: Path = RESULTS) -> None:
    """Draw the page's plots into a folder."""
    record = _kept(folder)
    runs = [result for name in MNIST for result in Table.of(record(f"mnist-{name}.json")).results]
    plots.test_errors(Table(runs), images / "mnist.png")
    plots.rates(Comparison.of(record("mnist-rates.json")), images / "mnist-rates.png")
    plots.sizes(Sizes.of(record("mnist-sizes.json")), images / "mnist-sizes.png")


def with_sections(name: str, page: str, folder: Path = RESULTS) -> str:
    """Return a page, by the name of its file, with the tables of all its sections between their marks."""
    record, file = _kept(folder), name
    for name, write in PAGES[file].items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise SystemExit(f"docs/{file}: expected the marks of {name}")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = "".join([before, begin, "\n".join(write(record)), "\n", end, after])
    return page


if __name__ == "__main__":
    draw(IMAGES)
    for name in PAGES:
        made = with_sections(name, (DOCS / name).read_text())
        with replacing(DOCS / name) as file:
            file.write(made.encode())
