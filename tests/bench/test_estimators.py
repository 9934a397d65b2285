"""Estimators compared with scikit-learn's."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_bench import estimators
from numba_dropout_bench.defaults_tables import transformer
from numba_dropout_bench.estimator_cases import Case
from numba_dropout_cli.main import cli

pytest.importorskip("sklearn")

OURS, DEFAULT, PEER = estimators.NAMES


@pytest.mark.jit_only
@pytest.mark.full
def test_measure(tmp_path, monkeypatch):
    small = [Case("wine", (4,), 3), Case("diabetes", (4,), 3, values=True)]
    monkeypatch.setattr(estimators, "cases", lambda mnist: small)
    kept = tmp_path / "kept.json"
    result = CliRunner().invoke(cli, ["bench", "estimators", "--rounds", "2", "--threads", "1", "--json", str(kept)])
    assert result.exit_code == 0, result.output
    wine, diabetes = json.loads(kept.read_text())["cases"]
    assert (wine["network"], diabetes["network"]) == ("13-4-3", "10-4-1")
    assert (wine["score"], diabetes["score"]) == ("accuracy", "R2")
    for case in (wine, diabetes):
        assert all(len(case["scores"][name]) == 2 and len(case["seconds"][name]) == 10 for name in estimators.NAMES)
        assert f"{case['name']}, {case['network']}, 3 epochs" in result.output
    assert all(0 <= score <= 1 for name in estimators.NAMES for score in wine["scores"][name])
    assert wine["scores"][OURS] != wine["scores"][DEFAULT] or diabetes["scores"][OURS] != diabetes["scores"][DEFAULT]


@pytest.fixture
def record():
    """Return a record of two seeds. Ours without dropout is 2 times as fast, with dropout 4 times."""
    scores = {OURS: [0.5, 0.7], DEFAULT: [0.75, 0.75], PEER: [0.5, 0.6]}
    seconds = {OURS: [1.0, 2.0], DEFAULT: [0.5, 1.0], PEER: [2.0, 4.0]}
    return {
        "name": "wine", "network": "13-4-3", "epochs": 3, "score": "accuracy", "scores": scores, "seconds": seconds
    }  # fmt: skip


def test_table(record):
    without, with_dropout = (row.strip("| ").split(" | ") for row in estimators.table([record])[2:])
    start = ["wine", "13-4-3", "3"]
    theirs = "0.5500 ± 0.0500"
    assert without == [
        *start, "0", "accuracy", "0.6000 ± 0.1000", theirs, "+0.0500 ± 0.0500", "1.5 s", "3 s", "2.0"
    ]  # fmt: skip
    assert with_dropout == [
        *start, "0.5", "accuracy", "0.7500 ± 0.0000", theirs, "+0.2000 ± 0.0500", "0.75 s", "3 s", "4.0"
    ]  # fmt: skip


def test_table_of_an_earlier_record(record):
    for values in (record["scores"], record["seconds"]):
        del values[OURS]
    (row,) = estimators.table([record])[2:]
    assert row.strip("| ").split(" | ")[3] == "0.5"


def test_lines(record):
    heading, _, without, with_dropout, theirs = estimators.lines(record)[1:]
    assert heading == "wine, 13-4-3, 3 epochs"
    assert without.split() == [*OURS.split(), "0.6000", "±", "0.1000", "+0.0500", "±", "0.0500", "1.5", "s", "2.0"]
    assert with_dropout.endswith("0.75 s         4.0")
    assert theirs.split() == [PEER, "0.5500", "±", "0.0500", "3", "s"]


@pytest.mark.parametrize("values", [False, True])
def test_models(values):
    case = Case("any", (7,), 5, values=values)
    without, with_dropout, expected = (estimators._model(name, case, 3, 5) for name in estimators.NAMES)
    assert (without.dropout, with_dropout.dropout) == (0.0, type(with_dropout)().dropout)
    inner = expected.regressor if values else expected
    for name in set(inner.get_params()) & set(without.get_params()):
        assert without.get_params()[name] == with_dropout.get_params()[name] == inner.get_params()[name]


@pytest.mark.parametrize("values", [False, True])
def test_fit_of_a_table(values, monkeypatch, rng):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": np.where(rng.random(60) < 0.1, np.nan, rng.random(60)), "level": ["a", "b", "c"] * 20})
    y = rng.random(60) if values else np.array(["no", "yes"] * 30, object)
    monkeypatch.setattr(estimators, "rows", lambda case: (frame, y))
    monkeypatch.setattr(estimators, "split", lambda case, seed, part: (np.arange(40), np.arange(40, 60)))
    monkeypatch.setattr(estimators, "preprocessing", lambda case: transformer(frame))
    for name in estimators.NAMES:
        seconds, features, predicted = estimators._fitted(name, Case("any", (4,), 2, values=values), 0, 0, 2)
        assert (features, predicted.shape) == (5, (20,))  # the number, its indicator and three levels
        assert seconds > 0
        assert np.isfinite(predicted).all() if values else set(predicted) <= {"no", "yes"}
