"""Splits for searches: random parts, folds, and given rows."""

import numpy as np
import pytest

from numba_dropout.data.splits import Resampling


@pytest.mark.parametrize(
    ("resampling", "held_out"),
    [
        (Resampling(), [20]),
        (Resampling(val=0.3), [30]),
        (Resampling(val=0.3, repeats=4), [30] * 4),
        (Resampling(folds=7), [15, 15, 14, 14, 14, 14, 14]),
    ],
)
def test_parts(resampling, held_out):
    parts = resampling.parts(100, seed=5)
    assert [len(part) for _, part in parts] == held_out
    for train, part in parts:
        assert sorted([*train, *part]) == list(range(100))
        assert all((np.diff(rows) > 0).all() for rows in (train, part))
    assert len({tuple(part) for _, part in parts}) == len(parts)
    same_seed, other_seed = (resampling.parts(100, seed=seed)[0][1].tolist() for seed in (5, 6))
    assert same_seed == parts[0][1].tolist() != other_seed


def test_folds():
    parts = Resampling(folds=7).parts(100, seed=0)
    assert sorted(np.concatenate([part for _, part in parts])) == list(range(100))


def test_given_splits(tmp_path):
    for number, (train, test) in enumerate([("0 1 2", "3"), ("3\n1", "0\n2")]):
        (tmp_path / f"index_train_{number}.txt").write_text(train)
        (tmp_path / f"index_test_{number}.txt").write_text(test)
    parts = Resampling(folder=str(tmp_path)).parts(4, seed=0)
    assert [[rows.tolist() for rows in part] for part in parts] == [[[0, 1, 2], [3]], [[3, 1], [0, 2]]]
    with pytest.raises(ValueError, match="expected row numbers from 0 to 2, got 3"):
        Resampling(folder=str(tmp_path)).parts(3, seed=0)
    (tmp_path / "index_test_1.txt").write_text("0 1")
    with pytest.raises(ValueError, match="row 1 is in both files of split 1"):
        Resampling(folder=str(tmp_path)).parts(4, seed=0)
    (tmp_path / "index_train_1.txt").rename(tmp_path / "index_train_2.txt")
    with pytest.raises(ValueError, match=r"index_train_1.txt: no such file"):
        Resampling(folder=str(tmp_path)).parts(4, seed=0)


@pytest.mark.parametrize(
    ("resampling", "message"),
    [
        (Resampling(folds=101), "folds: expected"),
        (Resampling(folds=3, val=0.5), "got several"),
        (Resampling(val=1.0), "val: expected a number between 0 and 1, got 1"),
        (Resampling(val=0.001), "expected a number that leaves rows in both parts"),
        (Resampling(folder="nowhere"), "nowhere: expected files index_train_0.txt"),
    ],
)
def test_refused_splits(resampling, message):
    with pytest.raises(ValueError, match=message):
        resampling.parts(100, seed=0)
