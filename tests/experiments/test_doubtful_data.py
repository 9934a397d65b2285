"""Doubts about a table that training names: marks of decimals, dates, leaks, and values out of range."""

import warnings

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.experiments.config import TrainConfig, build
from numba_dropout.experiments.job import part_of_split

ROWS = 60


def table(**columns):
    draws = np.random.default_rng(0)
    return nd.data.read({"x": draws.standard_normal(ROWS), **columns})


def repeated(*cells):
    return [cells[row % len(cells)] for row in range(ROWS)]


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (repeated("1.234,50", "999,00", "12,75"), {}, "numbers with another decimal sign.*give decimal=','"),
        (repeated("1,5", "2,5", "3,25"), {"task": "values"}, "numbers with another decimal sign.*give decimal=','"),
        (repeated("2024-01-05", "2024-02-07"), {}, "holds dates; choose another target, or use task='classes'"),
        (
            repeated("1e39", "1.5"),
            {"task": "values"},
            r"at most 3.4.*, got 1e\+39 at row 1; .*dtype='float64'",
        ),
        (repeated("1", "-2.5"), {"loss": "poisson"}, r"at least 0 for loss='poisson', got -2.5 at row 2; use"),
        (
            repeated("1.5", "-2"),
            {"task": "values", "target_transform": "log1p"},
            r"at least 0 for target_transform='log1p', .*at row 2",
        ),
        (
            repeated("1.5", "2.25"),
            {"task": "values", "threshold": "f1", "val": 0.2},
            "threshold: only valid for two classes, got f1",
        ),
        (repeated("a", "b", "c"), {"threshold": 0.4}, "threshold: only valid for two classes, got 0.4"),
    ],
)
def test_refused(cells, options, message):
    with pytest.raises(ValueError, match=message) as error:
        build(table(y=cells), TrainConfig.of({"target": "y", **options}))
    assert "\n" not in str(error.value)


def test_float64_takes_larger_values():
    job = build(table(y=repeated("1e39", "1.5")), TrainConfig.of({"task": "values", "dtype": "float64"}))
    assert job.train.targets().max() == 1e39


def test_gap_that_tells_the_target():
    gaps = repeated("1", "")
    notes = nd.data.load(table(gap=gaps, y=repeated("dead", "alive"))).notes
    what = "the feature 'gap missing' tells the target in every row"
    assert f"warning: {what}; leave its column out with drop=['gap']" in notes
    notes = nd.data.load(table(gap=[*gaps[:-1], "1"], y=repeated("dead", "alive"))).notes
    assert not any("tells the target" in note for note in notes)


def test_class_of_a_missing_word():
    notes = nd.data.load(table(y=repeated("yes", "no", "NA"))).notes
    assert any("'NA' is a class; missing=['NA'] leaves its rows out" in note for note in notes)


def test_last_column_as_target():
    unnamed = table(y=repeated("yes", "no"))
    note = "target: column 2 ('y'), the last; target=NAME chooses another"
    assert note in nd.data.load(unnamed).notes
    assert note not in nd.data.load(unnamed, target="y").notes


def test_part_of_changed_features():
    """Other features with the same targets are other data."""
    columns = {"y": repeated("yes", "no")}
    job = build(table(**columns), TrainConfig.of({"val": 0.2, "hidden": [2]}))
    assert len(part_of_split(job.net, table(**columns), "val").x) == 12
    changed = nd.data.read({"x": table(**columns).columns[0].cells[::-1].copy(), **columns})
    with pytest.raises(ValueError, match="these are not the 60 rows that the model was trained on"):
        part_of_split(job.net, changed, "val")


def test_ids_by_position():
    job = build(table(name=[f"n{row}" for row in range(ROWS)], y=repeated(1.5, 2.0)), TrainConfig.of({"ids": ["name"]}))
    matrix = nd.data.read({"a": np.arange(3.0), "b": np.array(["p", "q", "r"], object), "c": np.zeros(3)})
    rows = nd.data.load_for(job.net, matrix, need_target=False, by_position=True)
    assert rows.ids() == [("name", ["p", "q", "r"])]


def test_predictions_of_several_targets():
    from numba_dropout.training.prediction_table import table as predictions

    job = build(table(v=repeated(1.5, 2.0), w=repeated(3.5, 1.0)), TrainConfig.of({"target": "v,w", "hidden": [2]}))
    assert predictions(job.net, job.train.x).names == ["prediction v", "prediction w"]


def test_warning_at_the_callers_line():
    net = nd.train(table(kind=repeated("a", "b"), y=repeated(1.5, 2.0, 7.5)), epochs=1, hidden=[2])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        net.predict(table(kind=repeated("a", "z")))
    assert [str(warning.message).startswith("kind: 30 cells") for warning in caught] == [True]
    assert caught[0].filename == __file__


def test_dict_of_columns():
    assert nd.train({"x": np.arange(ROWS) % 7.5, "y": repeated(1.5, 2.0)}, epochs=1, hidden=[2]).sizes == [1, 2, 1]
