"""The defaults of `train`, those of version 0.1.0 and scikit-learn's multilayer perceptron on many tables.

python -m numba_dropout_bench.defaults_study --json docs/results/defaults.json --jobs 2

Each table is split five times, with the same rows for all contestants: 80 % to train, with the classes in proportion,
and 20 % for the score, accuracy or R2. `defaults` are those of `nd.train`, on all training rows, and with a fifth of
them held out, for early stopping. `0.1.0` has that version's defaults, with the columns of this version, because 0.1.0
refuses texts and missing values. scikit-learn's pipeline imputes medians with indicators, standardizes numbers and the
target, and codes categories one-hot. The program uses the finished tables in FILE again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import numba_dropout as nd
from numba_dropout.core.errors import InputError
from numba_dropout.experiments import environment
from numba_dropout.experiments.defaults import EARLIER
from numba_dropout.storage import files

from .defaults_tables import TABLES, Case, features, load, transformer
from .report import markdown

__all__ = ["CONTESTANTS", "counts", "measured", "table"]

PROGRAM = "python -m numba_dropout_bench.defaults_study"
SPLITS, SHARE = 5, 0.2
MARGIN = 0.02  # a table counts as behind from this difference of means
OURS, HELD_OUT, OLD, PEER = "defaults", "defaults, val 0.2", "0.1.0", "scikit-learn"
Contestant = Callable[[Case, Any, Any, int], NDArray[Any]]  # of a case, training rows, other rows and a seed

# ---------------------------------------------------------------- contestants: predictions of the target


def _ours(case: Case, train: Any, test: Any, seed: int, **options: Any) -> NDArray[Any]:
    task = "classes" if case.classes else "values"
    net = nd.train(train, target=case.target, task=task, seed=seed, **options)
    return np.asarray(net.predict(test.drop(columns=case.target)))


def _held_out(case: Case, train: Any, test: Any, seed: int) -> NDArray[Any]:
    return _ours(case, train, test, seed, val=0.2)


def _old(case: Case, train: Any, test: Any, seed: int) -> NDArray[Any]:
    return _ours(case, train, test, seed, **EARLIER)


def _peer(case: Case, train: Any, test: Any, seed: int) -> NDArray[Any]:
    model = _pipeline(case, train, seed).fit(features(case, train), train[case.target])
    return np.asarray(model.predict(features(case, test)))


def _pipeline(case: Case, train: Any, seed: int) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    columns = transformer(features(case, train))
    options = {"max_iter": 1000, "early_stopping": False, "random_state": seed}
    if case.classes:
        return make_pipeline(columns, MLPClassifier(**options))
    return make_pipeline(columns, TransformedTargetRegressor(MLPRegressor(**options), transformer=StandardScaler()))


CONTESTANTS: dict[str, Contestant] = {OURS: _ours, HELD_OUT: _held_out, OLD: _old, PEER: _peer}


def measured(case: Case, splits: int) -> dict[str, Any]:
    """Return the record of a table: the scores and seconds of each contestant, by split, and what failed."""
    frame = load(case)
    scores: dict[str, list[float | None]] = {name: [] for name in CONTESTANTS}
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    failed: dict[str, str] = {}
    for split in range(splits):
        train, test = _split(case, frame, split)
        for name, predictions in CONTESTANTS.items():
            start = time.perf_counter()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # about the maximum of epochs, and unknown categories
                    predicted = predictions(case, train, test, split)
                scores[name].append(_score(case, test[case.target], predicted))
            except Exception as error:
                scores[name].append(None)
                failed[name] = f"{type(error).__name__}: {error}"
            seconds[name].append(time.perf_counter() - start)
    return {
        "score": "accuracy" if case.classes else "R2",
        "rows": len(frame),
        "columns": frame.shape[1] - 1,
        "scores": scores,
        "seconds": seconds,
        "failed": failed,
    }


def _split(case: Case, frame: Any, split: int) -> tuple[Any, Any]:
    """Return the training rows, and the rows for the score."""
    from sklearn.model_selection import train_test_split

    classes = frame[case.target] if case.classes else None
    train, test = train_test_split(frame, test_size=SHARE, stratify=classes, random_state=split)
    return train.reset_index(drop=True), test.reset_index(drop=True)


def _score(case: Case, target: Any, predicted: NDArray[Any]) -> float:
    """Return the accuracy or R2."""
    if case.classes:
        return float((predicted.ravel().astype(str) == target.to_numpy(str)).mean())
    y = target.to_numpy(np.float64)
    return float(1 - ((predicted.ravel() - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def _one_thread() -> None:
    """Give one thread to the kernels and to BLAS in this process."""
    from threadpoolctl import threadpool_limits

    environment.set_threads(1)
    threadpool_limits(1)


def _all(cases: Sequence[Case], splits: int, jobs: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and record of each table as it ends."""
    if jobs == 1:
        yield from ((case.name, measured(case, splits)) for case in cases)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _one_thread) as pool:
        runs = {pool.submit(measured, case, splits): case.name for case in cases}
        yield from ((runs[run], run.result()) for run in as_completed(runs))


def _mean(record: Mapping[str, Any], name: str) -> float:
    """Return the mean score of a contestant, or NaN if it failed on a split."""
    return float(np.mean([np.nan if score is None else score for score in record["scores"][name]]))


def counts(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return, of the defaults without and with held-out rows, on how many tables their mean is above another's.

    Also return the names of the tables where it is 0.02 or more below scikit-learn's, or where training failed.
    """
    means = {table: {name: _mean(record, name) for name in CONTESTANTS} for table, record in tables.items()}
    results = {}
    for ours in (OURS, HELD_OUT):
        behind = [table for table, mean in means.items() if not mean[ours] > mean[PEER] - MARGIN]
        above = {f"above {other}": sum(mean[ours] > mean[other] for mean in means.values()) for other in (OLD, PEER)}
        results[ours] = {"tables": len(tables), **above, f"{MARGIN} or more below {PEER}": behind}
    return results


def table(record: Mapping[str, Any]) -> list[str]:
    """Return the tables of a record in Markdown: mean scores, the difference to scikit-learn, and median seconds."""
    head = ["", "rows", "columns", "score", *CONTESTANTS, f"difference to {PEER}", "seconds", f"{PEER}'s seconds"]
    rows = []
    for name, entry in record["tables"].items():
        means = {contestant: _mean(entry, contestant) for contestant in CONTESTANTS}
        cells = [f"{mean:.3f}" for mean in means.values()] + [f"{means[OURS] - means[PEER]:+.3f}"]
        cells += [f"{np.median(entry['seconds'][contestant]):.2g}" for contestant in (OURS, PEER)]
        rows.append([name, f"{entry['rows']:,}", str(entry["columns"]), entry["score"], *cells])
    return markdown(head, rows)


def _line(name: str, entry: Mapping[str, Any]) -> str:
    means = ", ".join(f"{contestant} {_mean(entry, contestant):.3f}" for contestant in CONTESTANTS)
    failed = "".join(f", {contestant} failed: {reason}" for contestant, reason in entry["failed"].items())
    return f"{name}: {entry['score']} {means}, {sum(map(sum, entry['seconds'].values())):.0f} s{failed}"


def _cases(names: str | None) -> list[Case]:
    known = {case.name: case for case in TABLES}
    chosen = list(known) if names is None else names.split(",")
    for name in chosen:
        if name not in known:
            raise InputError(f"--tables: expected names among {', '.join(known)}, got {name}")
    return [known[name] for name in chosen]


def main(arguments: Iterable[str] | None = None) -> None:
    """Measure the tables that FILE lacks, write it after each, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", metavar="A,B", help="names of the tables [default: all]")
    parser.add_argument("--splits", type=int, default=SPLITS, help="splits of each table [default: %(default)s]")
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each [default: %(default)s]")
    parser.add_argument("--json", metavar="FILE", help="file of all scores, continued if it exists [default: none]")
    parser.add_argument("--table", action="store_true", help="print the results as Markdown")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        cases = _cases(options.tables)
    except InputError as error:
        raise SystemExit(str(error)) from None
    kept = Path(options.json) if options.json else None
    before = json.loads(kept.read_text()) if kept is not None and kept.exists() else {"splits": options.splits}
    if before["splits"] != options.splits:
        raise SystemExit(f"{kept}: has {before['splits']} splits; use --splits {before['splits']} or another file")
    tables: dict[str, Any] = before.get("tables", {})
    record = before
    for name, entry in _all([case for case in cases if case.name not in tables], options.splits, options.jobs):
        sys.stderr.write(_line(name, entry) + "\n")
        tables |= {name: entry}
        record = _record(tables, options.splits)
        if kept is not None:
            files.write_json(kept, record)
    lines = [*table(record), ""] if options.table else []
    for ours, count in record["counts"].items():
        texts = {name: ", ".join(of) or "none" if isinstance(of, list) else of for name, of in count.items()}
        lines.append(f"{ours}: {'; '.join(f'{name}: {text}' for name, text in texts.items())}")
    sys.stdout.write("\n".join(lines) + "\n")


def _record(tables: Mapping[str, Any], splits: int) -> dict[str, Any]:
    import sklearn

    ordered = {case.name: tables[case.name] for case in TABLES if case.name in tables}
    results = {"tables": ordered, "counts": counts(ordered), "splits": splits, "scikit-learn": sklearn.__version__}
    return {**results, **environment.provenance(0, PROGRAM)}


if __name__ == "__main__":
    _one_thread()
    main()
