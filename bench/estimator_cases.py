"""The data sets of the group `estimators`: scikit-learn's, tables of R, and MNIST."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numba_dropout.core.errors import InputError, missing
from numba_dropout.data.readers import idx

from . import defaults_tables

__all__ = ["FOLDS", "MIXED", "Case", "cases", "preprocessing", "rows", "split", "take"]

FOLDS = 5
MIXED = ("titanic", "survey", "Chile", "Hdma", "pbc", "tips", "mpg", "Salaries", "Housing", "dietox")
MNIST = "MNIST"


@dataclass(frozen=True)
class Case:
    """A data set, and the network to train on it.

    values: whether it is a regression. table: the table of R, or None. folder: the folder of MNIST's files.
    """

    name: str
    hidden: tuple[int, ...]
    epochs: int
    values: bool = False
    table: defaults_tables.Case | None = None
    folder: str = ""

    @property
    def parts(self) -> int:
        """Return the number of trainings per seed."""
        return 1 if self.folder else FOLDS


def cases(mnist: str | None) -> list[Case]:
    """Return the cases. Raise InputError if scikit-learn, a package of the tables or MNIST is missing."""
    if importlib.util.find_spec("sklearn") is None:
        raise InputError(missing("bench estimators requires scikit-learn", "scikit-learn", "sklearn"))
    if mnist is not None:
        idx.read_part(Path(mnist), "test")
    tables = {table.name: table for table in defaults_tables.TABLES}
    mixed = [Case(name, (100,), 200, not tables[name].classes, tables[name]) for name in MIXED]
    defaults_tables.check_packages(tables[MIXED[0]])
    return [
        Case("digits", (256,), 100),
        *(Case(name, (100,), 100) for name in ("breast_cancer", "wine")),
        Case("diabetes", (100,), 100, values=True),
        *mixed,
        *([Case(MNIST, (256, 256), 20, folder=mnist)] if mnist else []),
    ]


@cache
def rows(case: Case) -> tuple[Any, NDArray[Any]]:
    """Return the rows and target of a data set, a frame for a table. MNIST's test images come last."""
    if case.table is not None:
        frame = defaults_tables.load(case.table)
        target = frame[case.table.target].to_numpy(np.float64 if case.values else object)
        return defaults_tables.features(case.table, frame), target
    if not case.folder:
        from sklearn import datasets

        return getattr(datasets, f"load_{case.name}")(return_X_y=True)
    parts = [idx.read_part(Path(case.folder), part) for part in ("train", "test")]
    x, y = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    return (x / 255).astype(np.float32), y


def take(x: Any, index: NDArray[np.int64]) -> Any:
    """Return some rows of an array or a frame."""
    return getattr(x, "iloc", x)[index]


def split(case: Case, seed: int, part: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the training rows and of the rows to predict."""
    from sklearn.model_selection import KFold, StratifiedKFold

    x, y = rows(case)
    if case.folder:
        count = len(idx.read_part(Path(case.folder), "test")[1])
        return np.arange(len(x) - count), np.arange(len(x) - count, len(x))
    kind = KFold if case.values else StratifiedKFold
    return list(kind(FOLDS, shuffle=True, random_state=seed).split(x, y))[part]


def preprocessing(case: Case) -> Any:
    """Return the transformer before an estimator, not fitted."""
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    if case.table is not None:
        return defaults_tables.transformer(rows(case)[0])
    return FunctionTransformer() if case.folder else StandardScaler()
