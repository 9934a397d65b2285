"""Estimators next to scikit-learn's."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_bench import estimators
from numba_dropout_cli.main import cli


@pytest.mark.jit_only
@pytest.mark.full
def test_measure(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    small = [estimators.Case("wine", (4,), 3), estimators.Case("diabetes", (4,), 3)]
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
    row = estimators.table([wine])[-1].strip("| ").split(" | ")
    assert row[:4] == ["wine", "13-4-3", "3", "accuracy"]
    assert row[4].startswith(f"{np.mean(wine['scores']['numba-dropout']):.4f} ± ")


def test_models():
    pytest.importorskip("sklearn")
    assert [case.name for case in estimators.cases(None)] == ["digits", "breast_cancer", "wine", "diabetes"]
    expected, actual = (
        estimators._model(name, estimators.Case("wine", (7,), 5), 3, 5) for name in estimators.NAMES[::-1]
    )
    for name in ("hidden_layer_sizes", "max_iter", "random_state", "batch_size", "alpha", "learning_rate_init"):
        assert actual.get_params()[name] == expected.get_params()[name]


def test_splits():
    pytest.importorskip("sklearn")
    case = estimators.Case("wine", (7,), 5)
    splits = [estimators._split(case, 3, part) for part in range(case.parts)]
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(178))
    assert all(not set(train) & set(test) for train, test in splits)
