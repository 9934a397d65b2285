"""The study of defaults, with small stand-ins for its contestants."""

import json

import numpy as np
import pytest
from numba_dropout_bench import defaults_study as study
from numba_dropout_bench.defaults_tables import Case

from numba_dropout.experiments.defaults import EARLIER

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

CLASSES = Case("toy", "none", "y", True)
VALUES = Case("line", "none", "y", False)


@pytest.fixture
def frame(rng):
    """Return numbers with gaps and a category, and a target that follows from both."""
    x, level = rng.standard_normal(200), rng.choice(["a", "b"], 200)
    y = 2 * x + (level == "b")
    return pd.DataFrame({"x": np.where(rng.random(200) < 0.1, np.nan, x), "level": level, "y": y})


@pytest.fixture
def stand_ins(monkeypatch, frame):
    """Replace the tables, and all contestants by constants: the first class, the last, and a failure."""
    classes = frame.assign(y=np.where(np.arange(200) < 150, "no", "yes"))
    monkeypatch.setattr(study, "TABLES", [CLASSES, VALUES])
    monkeypatch.setattr(study, "load", lambda case: classes if case.classes else frame)

    def constant(label, value):
        return lambda case, train, test, seed: np.full(len(test), label if case.classes else value)

    def failing(case, train, test, seed):
        if not case.classes:
            raise ValueError("no values")
        return np.full(len(test), "no")

    contestants = {"defaults": constant("no", 0.0), "defaults, val 0.2": constant("yes", 9.0)}
    contestants |= {"0.1.0": constant("yes", 9.0), "scikit-learn": failing}
    monkeypatch.setattr(study, "CONTESTANTS", contestants)


def test_scores(stand_ins):
    record = study.measured(CLASSES, 2)
    expected = {"defaults": [0.75, 0.75], "0.1.0": [0.25, 0.25], "scikit-learn": [0.75, 0.75]}
    assert record["scores"] == expected | {"defaults, val 0.2": [0.25, 0.25]}
    assert (record["rows"], record["columns"], record["score"], record["failed"]) == (200, 2, "accuracy", {})
    values = study.measured(VALUES, 2)
    assert values["scores"]["scikit-learn"] == [None, None]
    assert values["failed"] == {"scikit-learn": "ValueError: no values"}
    assert all(-0.5 < score <= 0 for score in values["scores"]["defaults"])


def test_r2(frame):
    from sklearn.metrics import r2_score

    predicted = frame["y"].to_numpy() + 0.5
    assert study._score(VALUES, frame["y"], predicted) == pytest.approx(r2_score(frame["y"], predicted))


def test_counts():
    scores = {
        "ahead": {"defaults": [0.9, 0.8], "0.1.0": [0.8, 0.8], "scikit-learn": [0.7, 0.9]},
        "close": {"defaults": [0.70], "0.1.0": [0.70], "scikit-learn": [0.71]},
        "behind": {"defaults": [0.5], "0.1.0": [0.6], "scikit-learn": [0.53]},
        "failed": {"defaults": [None], "0.1.0": [0.6], "scikit-learn": [0.53]},
    }
    tables = {name: {"scores": {**each, "defaults, val 0.2": [0.8]}} for name, each in scores.items()}
    counts = study.counts(tables)
    assert counts["defaults"] == {
        "tables": 4,
        "above 0.1.0": 1,
        "above scikit-learn": 1,
        "0.02 or more below scikit-learn": ["behind", "failed"],
    }
    assert counts["defaults, val 0.2"] == {
        "tables": 4,
        "above 0.1.0": 3,
        "above scikit-learn": 3,
        "0.02 or more below scikit-learn": [],
    }


def test_same_rows_and_classes_in_proportion(frame):
    labels = frame.assign(y=np.where(np.arange(200) < 10, "rare", "often"))
    train, test = study._split(CLASSES, labels, 3)
    assert (len(train), len(test)) == (160, 40)
    assert (test["y"] == "rare").sum() == 2
    again, _ = study._split(CLASSES, labels, 3)
    assert again.equals(train)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pipeline(frame):
    train, test = study._split(VALUES, frame, 0)
    predicted = study._peer(VALUES, train, test, 0)
    assert study._score(VALUES, test["y"], predicted) > 0.7
    labels = frame.assign(y=np.where(frame["y"] > 0, "high", "low"), member=frame["y"] > 1)
    train, test = study._split(CLASSES, labels, 0)
    assert set(study._peer(CLASSES, train, test, 0)) <= {"high", "low"}


def test_options_of_ours(monkeypatch, frame):
    calls = []

    class Net:
        def predict(self, features):
            assert list(features) == ["x", "level"]
            return np.zeros((len(features), 1))

    def train(table, **options):
        calls.append(options)
        return Net()

    monkeypatch.setattr(study.nd, "train", train)
    assert study._ours(VALUES, frame, frame, 3).shape == (200, 1)
    study._old(CLASSES, frame, frame, 4)
    study._held_out(VALUES, frame, frame, 5)
    assert calls[2] == {"target": "y", "task": "values", "seed": 5, "val": 0.2}
    assert calls[0] == {"target": "y", "task": "values", "seed": 3}
    assert calls[1] == {"target": "y", "task": "classes", "seed": 4, **EARLIER}


def test_resumes(stand_ins, tmp_path, monkeypatch, capsys):
    kept = tmp_path / "kept.json"
    study.main(["--tables", "toy", "--splits", "1", "--json", str(kept)])
    assert capsys.readouterr().err.startswith(
        "toy: accuracy defaults 0.750, defaults, val 0.2 0.250, 0.1.0 0.250, scikit-learn 0.750"
    )
    measured = []
    original = study.measured
    monkeypatch.setattr(study, "measured", lambda case, splits: (measured.append(case.name), original(case, splits))[1])
    study.main(["--splits", "1", "--json", str(kept), "--table"])
    assert measured == ["line"]
    record = json.loads(kept.read_text())
    assert list(record["tables"]) == ["toy", "line"]
    assert record.keys() >= {"command", "seed", "version", "machine", "scikit-learn", "splits", "counts"}
    output = capsys.readouterr()
    assert "scikit-learn failed: ValueError: no values" in output.err
    assert "| toy | 200 | 2 | accuracy | 0.750 | 0.250 | 0.250 | 0.750 | +0.000 |" in output.out
    assert "0.02 or more below scikit-learn: line" in output.out
    with pytest.raises(SystemExit, match="has 1 splits; use --splits 1 or another file"):
        study.main(["--splits", "2", "--json", str(kept)])
    with pytest.raises(SystemExit, match="expected names among toy, line, got other"):
        study.main(["--tables", "other"])
