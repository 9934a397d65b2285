"""The group `estimators`: the package's estimators compared with scikit-learn's multilayer perceptron.

Both use the same rows, hidden layers, epochs and batches, and run interleaved, each in its own process. Features are
standardized with the training rows. MNIST's are divided by 255. scikit-learn's regression gets a standardized target,
as ours does internally. scikit-learn's data sets are cross-validated in five folds, different for each seed, so that
all rows are predicted. MNIST has its own test images.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numba_dropout import data
from numba_dropout.core.errors import InputError, missing
from numba_dropout.data.readers import idx
from numba_dropout.experiments import environment

from .report import markdown
from .rounds import OnProgress
from .worker_pool import THREADS

__all__ = ["SEEDS", "Case", "cases", "lines", "measure", "table"]

SEEDS, FOLDS = 10, 5
NAMES = "numba-dropout", "scikit-learn"


@dataclass(frozen=True)
class Case:
    """A data set, and the network to train on it."""

    name: str
    hidden: tuple[int, ...]
    epochs: int
    folder: str = ""  # MNIST's files

    @property
    def parts(self) -> int:
        """Return the number of trainings per seed."""
        return 1 if self.folder else FOLDS


def cases(mnist: str | None) -> list[Case]:
    """Return the cases. Raise InputError if scikit-learn or MNIST is missing."""
    if importlib.util.find_spec("sklearn") is None:
        raise InputError(missing("bench estimators requires scikit-learn", "scikit-learn", "sklearn"))
    small = [Case(name, (100,), 100) for name in ("breast_cancer", "wine", "diabetes")]
    if mnist is not None:
        idx.read_part(Path(mnist), "test")
    return [Case("digits", (256,), 100), *small, *([Case("MNIST", (256, 256), 20, mnist)] if mnist else [])]


# ---------------------------------------------------------------- worker processes


@cache
def _rows(case: Case) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the rows and target of a data set. MNIST's test images come last."""
    from sklearn import datasets

    if not case.folder:
        return getattr(datasets, f"load_{case.name}")(return_X_y=True)
    parts = [idx.read_part(Path(case.folder), part) for part in ("train", "test")]
    x, y = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    return (x / 255).astype(np.float32), y


def _split(case: Case, seed: int, part: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the training rows and of the rows to predict."""
    from sklearn.model_selection import KFold, StratifiedKFold

    x, y = _rows(case)
    if case.folder:
        count = len(idx.read_part(Path(case.folder), "test")[1])
        return np.arange(len(x) - count), np.arange(len(x) - count, len(x))
    kind = KFold if case.name == "diabetes" else StratifiedKFold
    return list(kind(FOLDS, shuffle=True, random_state=seed).split(x, y))[part]


def _model(name: str, case: Case, seed: int, epochs: int) -> Any:
    """Return the estimator of a library, without early stopping."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor

    values, ours = case.name == "diabetes", name == NAMES[0]
    options: dict[str, Any] = {"hidden_layer_sizes": case.hidden, "random_state": seed}
    options |= {"max_iter": epochs, "tol": 0.0, "n_iter_no_change": epochs}
    if not values:
        return (DropoutMLPClassifier if ours else MLPClassifier)(**options)
    if ours:
        return DropoutMLPRegressor(**options)
    return TransformedTargetRegressor(MLPRegressor(**options), transformer=StandardScaler())


def _fitted(name: str, case: Case, seed: int, part: int, epochs: int) -> tuple[float, NDArray[Any]]:
    """Return the seconds of a fit, and the predictions."""
    x, y = _rows(case)
    train, test = _split(case, seed, part)
    train_x, test_x = x[train], x[test]
    if not case.folder:
        offset, scale = data.standardization(train_x)
        train_x, test_x = ((rows - offset) * scale for rows in (train_x, test_x))
    model = _model(name, case, seed, epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the maximum of epochs
        start = time.perf_counter()
        model.fit(train_x, y[train])
        elapsed = time.perf_counter() - start
    return elapsed, np.asarray(model.predict(test_x))


# ---------------------------------------------------------------- parent process


def measure(cases: Sequence[Case], seeds: int, threads: int, on_progress: OnProgress, show: Any) -> dict[str, Any]:
    """Measure all cases, call `show` with the lines of each, and return the record."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(threads)))  # inherited by the workers
    spawn = multiprocessing.get_context("spawn")
    records = []
    try:
        pools = [ProcessPoolExecutor(1, spawn) for _ in NAMES]
        try:
            for case in cases:
                records.append(_measured(case, pools, seeds, on_progress))
                show(lines(records[-1]))
        finally:
            for pool in pools:
                pool.shutdown(cancel_futures=True)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    import sklearn

    return {"cases": records, "seeds": seeds, "scikit-learn": sklearn.__version__, **environment.provenance(0)}


def _measured(case: Case, pools: Sequence[ProcessPoolExecutor], seeds: int, on_progress: OnProgress) -> dict[str, Any]:
    """Return the record of a case: scores of each seed, and seconds of each training."""
    _, y = _rows(case)
    on_progress(0, f"{case.name}: starting")
    for name, pool in zip(NAMES, pools, strict=True):
        pool.submit(_fitted, name, case, 0, 0, 2).result()  # imports and compiles
    scores: dict[str, list[float]] = {name: [] for name in NAMES}
    seconds: dict[str, list[float]] = {name: [] for name in NAMES}
    for seed in range(seeds):
        predicted = {name: np.empty(len(y), np.float64) for name in NAMES}
        test_rows: list[NDArray[np.int64]] = []
        for part in range(case.parts):
            test_rows.append(_split(case, seed, part)[1])
            for name, pool in _in_turns(pools, seed + part):
                elapsed, predictions = pool.submit(_fitted, name, case, seed, part, case.epochs).result()
                seconds[name].append(elapsed)
                predicted[name][test_rows[-1]] = predictions
        rows = np.concatenate(test_rows)
        for name in NAMES:
            scores[name].append(_score(case, y[rows], predicted[name][rows]))
        on_progress(1, case.name)
    return {
        "name": case.name,
        "network": "-".join(map(str, (_rows(case)[0].shape[1], *case.hidden, _outputs(case, y)))),
        "epochs": case.epochs,
        "score": "R2" if case.name == "diabetes" else "accuracy",
        "scores": scores,
        "seconds": seconds,
    }


def _outputs(case: Case, y: NDArray[Any]) -> int:
    classes = 1 if case.name == "diabetes" else len(np.unique(y))
    return 1 if classes == 2 else classes


def _in_turns(pools: Sequence[ProcessPoolExecutor], turn: int) -> Iterator[tuple[str, ProcessPoolExecutor]]:
    """Yield the libraries, in alternating order."""
    yield from list(zip(NAMES, pools, strict=True))[:: -1 if turn % 2 else 1]


def _score(case: Case, y: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the accuracy or R2."""
    if case.name != "diabetes":
        return float((predicted == y).mean())
    return float(1 - ((predicted - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def lines(case: dict[str, Any]) -> list[str]:
    """Return the lines of a case for the terminal."""
    ours, theirs = (np.array(case["scores"][name]) for name in NAMES)
    rows = [
        f"  {name:16} {_spread(np.array(case['scores'][name])):>20} {np.median(case['seconds'][name]):10.3g} s"
        for name in NAMES
    ]
    return [
        "",
        f"{case['name']}, {case['network']}, {case['epochs']} epochs",
        f"  {'':16} {case['score']:>20} {'fit time':>12}",
        rows[0],
        f"{rows[1]} {_times(case):7.1f} x as long",
        f"  {'difference':16} {_spread(ours - theirs, '+'):>20}",
    ]


def _times(case: dict[str, Any]) -> float:
    """Return the ratio of scikit-learn's fit time to ours, the median over the pairs."""
    pairs = zip(*(case["seconds"][name] for name in NAMES), strict=True)
    return float(np.median([theirs / ours for ours, theirs in pairs]))


def table(records: Sequence[dict[str, Any]]) -> list[str]:
    """Return the cases as a Markdown table: scores with standard errors over the seeds, and fit times."""
    head = ["", "network", "epochs", "score", *NAMES, "difference", "fit", f"{NAMES[1]}'s fit", "time ratio"]
    rows = []
    for case in records:
        ours, theirs = (np.array(case["scores"][name]) for name in NAMES)
        seconds = [case["seconds"][name] for name in NAMES]
        cells = [_spread(values) for values in (ours, theirs)]
        cells += [_spread(ours - theirs, "+"), *(f"{np.median(each):.3g} s" for each in seconds)]
        rows.append([case["name"], case["network"], str(case["epochs"]), case["score"], *cells, f"{_times(case):.1f}"])
    return markdown(head, rows)


def _spread(values: NDArray[np.float64], sign: str = "") -> str:
    """Return a mean, with its standard error for more than one value."""
    error = f" ± {np.std(values, ddof=1) / np.sqrt(len(values)):.4f}" if len(values) > 1 else ""
    return f"{np.mean(values):{sign}.4f}{error}"
