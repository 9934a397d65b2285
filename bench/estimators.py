"""`ndrop bench estimators`: the scikit-learn estimators beside scikit-learn's own multilayer perceptron.

Both get the same rows, hidden layers, epochs and batches, each in a process of its own, and take turns. Rows are
standardised by those that are learnt from, MNIST's divided by 255; scikit-learn's regression learns a standardised
target as ours does by itself. scikit-learn's sets are cross-validated in five folds, cut anew for each seed, so that
all rows are predicted; MNIST has its own test images.
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
from numba_dropout.core.errors import InputError
from numba_dropout.data import idx
from numba_dropout.experiments import environment

from .report import markdown
from .rounds import Tell
from .worker_pool import THREADS

__all__ = ["SEEDS", "Case", "cases", "lines", "measure", "table"]

SEEDS, FOLDS = 10, 5
NAMES = "numba-dropout", "scikit-learn"


@dataclass(frozen=True)
class Case:
    """A set of data, and what is trained on it."""

    name: str
    hidden: tuple[int, ...]
    epochs: int
    folder: str = ""  # of MNIST's files

    @property
    def parts(self) -> int:
        """Return how many trainings of each there are for a seed."""
        return 1 if self.folder else FOLDS


def cases(mnist: str | None) -> list[Case]:
    """Return what is measured; InputError where scikit-learn or MNIST is missing."""
    if importlib.util.find_spec("sklearn") is None:
        raise InputError("bench estimators: scikit-learn is not installed; pip install 'numba-dropout[sklearn]'")
    small = [Case(name, (100,), 100) for name in ("breast_cancer", "wine", "diabetes")]
    if mnist is not None:
        idx.read_part(Path(mnist), "test")
    return [Case("digits", (256,), 100), *small, *([Case("MNIST", (256, 256), 20, mnist)] if mnist else [])]


# ---------------------------------------------------------------- in the process of a contestant


@cache
def _rows(case: Case) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a set's rows and target; MNIST's test images come last."""
    from sklearn import datasets

    if not case.folder:
        return getattr(datasets, f"load_{case.name}")(return_X_y=True)
    parts = [idx.read_part(Path(case.folder), part) for part in ("train", "test")]
    x, y = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    return (x / 255).astype(np.float32), y


def _split(case: Case, seed: int, part: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows to learn from and those to predict."""
    from sklearn.model_selection import KFold, StratifiedKFold

    x, y = _rows(case)
    if case.folder:
        count = len(idx.read_part(Path(case.folder), "test")[1])
        return np.arange(len(x) - count), np.arange(len(x) - count, len(x))
    kind = KFold if case.name == "diabetes" else StratifiedKFold
    return list(kind(FOLDS, shuffle=True, random_state=seed).split(x, y))[part]


def _model(name: str, case: Case, seed: int, epochs: int) -> Any:
    """Return a contestant's estimator, which does all epochs."""
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
    """Return the seconds of a fit, and what is predicted then."""
    x, y = _rows(case)
    train, test = _split(case, seed, part)
    learn, ask = x[train], x[test]
    if not case.folder:
        shift, stretch = data.standardization(learn)
        learn, ask = ((rows - shift) * stretch for rows in (learn, ask))
    model = _model(name, case, seed, epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that all epochs were done
        began = time.perf_counter()
        model.fit(learn, y[train])
        took = time.perf_counter() - began
    return took, np.asarray(model.predict(ask))


# ---------------------------------------------------------------- in the process that asks


def measure(chosen: Sequence[Case], seeds: int, threads: int, tell: Tell, show: Any) -> dict[str, Any]:
    """Measure all cases, `show` each when it is done, and return the record."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(threads)))  # which processes that start inherit
    spawn = multiprocessing.get_context("spawn")
    found = []
    try:
        pools = [ProcessPoolExecutor(1, spawn) for _ in NAMES]
        try:
            for case in chosen:
                found.append(_measured(case, pools, seeds, tell))
                show(lines(found[-1]))
        finally:
            for pool in pools:
                pool.shutdown(cancel_futures=True)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    import sklearn

    return {"cases": found, "seeds": seeds, "scikit-learn": sklearn.__version__, **environment.provenance(0)}


def _measured(case: Case, pools: Sequence[ProcessPoolExecutor], seeds: int, tell: Tell) -> dict[str, Any]:
    """Measure a case: scores of each seed, and seconds of each training."""
    _, y = _rows(case)
    tell(0, f"{case.name}: starting")
    for name, pool in zip(NAMES, pools, strict=True):
        pool.submit(_fitted, name, case, 0, 0, 2).result()  # imports and compiles
    scores: dict[str, list[float]] = {name: [] for name in NAMES}
    seconds: dict[str, list[float]] = {name: [] for name in NAMES}
    for seed in range(seeds):
        predicted = {name: np.empty(len(y), np.float64) for name in NAMES}
        asked: list[NDArray[np.int64]] = []
        for part in range(case.parts):
            asked.append(_split(case, seed, part)[1])
            for name, pool in _in_turns(pools, seed + part):
                took, answers = pool.submit(_fitted, name, case, seed, part, case.epochs).result()
                seconds[name].append(took)
                predicted[name][asked[-1]] = answers
        rows = np.concatenate(asked)
        for name in NAMES:
            scores[name].append(_score(case, y[rows], predicted[name][rows]))
        tell(1, case.name)
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
    """Yield the contestants, the first of them in turns."""
    yield from list(zip(NAMES, pools, strict=True))[:: -1 if turn % 2 else 1]


def _score(case: Case, y: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the share that is right, or R2."""
    if case.name != "diabetes":
        return float((predicted == y).mean())
    return float(1 - ((predicted - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def lines(case: dict[str, Any]) -> list[str]:
    """Return what is shown of a case at the terminal."""
    ours, theirs = (np.array(case["scores"][name]) for name in NAMES)
    rows = [
        f"  {name:16} {_spread(np.array(case['scores'][name])):>20} {np.median(case['seconds'][name]):10.3g} s"
        for name in NAMES
    ]
    return [
        "",
        f"{case['name']}, {case['network']}, {case['epochs']} epochs",
        f"  {'':16} {case['score']:>20} {'a fit':>12}",
        rows[0],
        f"{rows[1]} {_times(case):7.1f} x as long",
        f"  {'difference':16} {_spread(ours - theirs, '+'):>20}",
    ]


def _times(case: dict[str, Any]) -> float:
    """Return how many times as long scikit-learn's fit takes, as the median of the pairs."""
    pairs = zip(*(case["seconds"][name] for name in NAMES), strict=True)
    return float(np.median([theirs / ours for ours, theirs in pairs]))


def table(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return the cases as a table in Markdown: scores with standard errors over the seeds, and the times of a fit."""
    head = ["", "network", "epochs", "score", *NAMES, "difference", "fit", f"{NAMES[1]}'s fit", "times as long"]
    rows = []
    for case in found:
        ours, theirs = (np.array(case["scores"][name]) for name in NAMES)
        seconds = [case["seconds"][name] for name in NAMES]
        cells = [_spread(values) for values in (ours, theirs)]
        cells += [_spread(ours - theirs, "+"), *(f"{np.median(each):.3g} s" for each in seconds)]
        rows.append([case["name"], case["network"], str(case["epochs"]), case["score"], *cells, f"{_times(case):.1f}"])
    return markdown(head, rows)


def _spread(values: NDArray[np.float64], sign: str = "") -> str:
    """Return a mean with its standard error, which one value has not."""
    error = f" ± {np.std(values, ddof=1) / np.sqrt(len(values)):.4f}" if len(values) > 1 else ""
    return f"{np.mean(values):{sign}.4f}{error}"
