"""The group `estimators`: the package's estimators compared with scikit-learn's multilayer perceptron.

All use the same rows, hidden layers, epochs and batches, and run interleaved, each in its own process. Ours run twice:
without dropout, which is scikit-learn's network, and with the default dropout. Each estimator is the last step of a
pipeline. scikit-learn's data sets are standardized. Tables have their gaps imputed, numbers standardized and categories
coded one-hot. MNIST's pixels are divided by 255. The target of scikit-learn's regression is standardized, as ours is
internally. The time is the estimator's, without the steps before it. All data sets but MNIST, which has its own test
images, are cross-validated in five folds, different for each seed, so that all rows are predicted.
"""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numba_dropout.experiments import environment

from .estimator_cases import Case, cases, preprocessing, rows, split, take
from .report import markdown
from .rounds import OnProgress
from .worker_pool import THREADS

__all__ = ["NAMES", "SEEDS", "Case", "cases", "lines", "measure", "table"]

SEEDS = 10
PEER = "scikit-learn"
OURS: dict[str, dict[str, float]] = {"numba-dropout, dropout=0": {"dropout": 0.0}, "numba-dropout": {}}  # parameters
NAMES = (*OURS, PEER)


# ---------------------------------------------------------------- worker processes


def _model(name: str, case: Case, seed: int, epochs: int) -> Any:
    """Return the estimator of a contestant, without early stopping."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor

    options: dict[str, Any] = {"hidden_layer_sizes": case.hidden, "random_state": seed}
    options |= {"max_iter": epochs, "tol": 0.0, "n_iter_no_change": epochs}
    if name in OURS:
        return (DropoutMLPRegressor if case.values else DropoutMLPClassifier)(**options, **OURS[name])
    if not case.values:
        return MLPClassifier(**options)
    return TransformedTargetRegressor(MLPRegressor(**options), transformer=StandardScaler())


def _fitted(name: str, case: Case, seed: int, part: int, epochs: int) -> tuple[float, int, NDArray[Any]]:
    """Return the seconds of an estimator's fit, its number of features, and the predictions."""
    x, y = rows(case)
    train, test = split(case, seed, part)
    before, model = preprocessing(case), _model(name, case, seed, epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the maximum of epochs, and unknown categories
        train_x = before.fit_transform(take(x, train))
        start = time.perf_counter()
        model.fit(train_x, y[train])
        elapsed = time.perf_counter() - start
        return elapsed, train_x.shape[1], np.asarray(model.predict(before.transform(take(x, test))))


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
    _, y = rows(case)
    on_progress(0, f"{case.name}: starting")
    for name, pool in zip(NAMES, pools, strict=True):  # imports and compiles
        _, features, _ = pool.submit(_fitted, name, case, 0, 0, 2).result()
    scores: dict[str, list[float]] = {name: [] for name in NAMES}
    seconds: dict[str, list[float]] = {name: [] for name in NAMES}
    for seed in range(seeds):
        predicted = {name: np.empty_like(y) for name in NAMES}
        test_rows: list[NDArray[np.int64]] = []
        for part in range(case.parts):
            test_rows.append(split(case, seed, part)[1])
            for name, pool in _in_turns(pools, seed + part):
                elapsed, _, predictions = pool.submit(_fitted, name, case, seed, part, case.epochs).result()
                seconds[name].append(elapsed)
                predicted[name][test_rows[-1]] = predictions
        tested = np.concatenate(test_rows)
        for name in NAMES:
            scores[name].append(_score(case, y[tested], predicted[name][tested]))
        on_progress(1, case.name)
    return {
        "name": case.name,
        "network": "-".join(map(str, (features, *case.hidden, _outputs(case, y)))),
        "epochs": case.epochs,
        "score": "R2" if case.values else "accuracy",
        "scores": scores,
        "seconds": seconds,
    }


def _outputs(case: Case, y: NDArray[Any]) -> int:
    classes = 1 if case.values else len(np.unique(y))
    return 1 if classes == 2 else classes


def _in_turns(pools: Sequence[ProcessPoolExecutor], turn: int) -> Iterator[tuple[str, ProcessPoolExecutor]]:
    """Yield the contestants, in alternating order."""
    yield from list(zip(NAMES, pools, strict=True))[:: -1 if turn % 2 else 1]


def _score(case: Case, y: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the accuracy or R2."""
    if not case.values:
        return float((predicted == y).mean())
    return float(1 - ((predicted - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def _difference(case: dict[str, Any], name: str) -> str:
    """Return the difference of ours to scikit-learn's score, over the pairs with the same seed."""
    return _spread(np.subtract(case["scores"][name], case["scores"][PEER]), "+")


def _times(case: dict[str, Any], name: str) -> float:
    """Return the ratio of scikit-learn's fit time to ours, the median over the pairs."""
    pairs = zip(case["seconds"][name], case["seconds"][PEER], strict=True)
    return float(np.median([theirs / ours for ours, theirs in pairs]))


def lines(case: dict[str, Any]) -> list[str]:
    """Return the lines of a case for the terminal."""
    rows = [
        "",
        f"{case['name']}, {case['network']}, {case['epochs']} epochs",
        f"  {'':24} {case['score']:>17} {'difference':>18} {'fit time':>11} {'time ratio':>11}",
    ]
    for name in NAMES:
        peer = name == PEER
        comparison = ("", "") if peer else (_difference(case, name), f"{_times(case, name):.1f}")
        score, seconds = _spread(np.array(case["scores"][name])), f"{np.median(case['seconds'][name]):.3g} s"
        rows.append(f"  {name:24} {score:>17} {comparison[0]:>18} {seconds:>11} {comparison[1]:>11}".rstrip())
    return rows


def table(records: Sequence[dict[str, Any]]) -> list[str]:
    """Return the cases as a Markdown table: scores with standard errors over the seeds, and fit times."""
    head = ["", "network", "epochs", "dropout", "score", "numba-dropout", PEER, "difference", "fit"]
    rows = []
    for case in records:
        for name in (name for name in OURS if name in case["scores"]):  # records of version 0.1 have one
            cells = [_spread(np.array(case["scores"][contestant])) for contestant in (name, PEER)]
            cells += [_difference(case, name)]
            cells += [f"{np.median(case['seconds'][contestant]):.3g} s" for contestant in (name, PEER)]
            dropout = f"{OURS[name].get('dropout', 0.5):g}"
            start = [case["name"], case["network"], str(case["epochs"]), dropout, case["score"]]
            rows.append([*start, *cells, f"{_times(case, name):.1f}"])
    return markdown([*head, f"{PEER}'s fit", "time ratio"], rows)


def _spread(values: NDArray[np.float64], sign: str = "") -> str:
    """Return a mean, with its standard error for more than one value."""
    error = f" ± {np.std(values, ddof=1) / np.sqrt(len(values)):.4f}" if len(values) > 1 else ""
    return f"{np.mean(values):{sign}.4f}{error}"
