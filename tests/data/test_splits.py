"""Splits into training and held-out rows: stratified, by groups, in time, folds, and given rows."""

import numpy as np
import pytest

from numba_dropout import data
from numba_dropout.data.splits import Resampling, RowOrder, hold_out

PLAIN = RowOrder(stratify=False)


def values(rows):
    """Return a data set of values."""
    return data.Dataset("mine", np.zeros((rows, 1)), np.zeros((rows, 1)))


def classes(sizes, rng):
    """Return a data set with so many rows of each class, in any order."""
    y = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return data.Dataset("mine", np.zeros((len(y), 1)), y, list(range(len(sizes))))


def of_table(numeric=(), **columns):
    """Return the data set of a table whose last column, y, is numbers."""
    rows = len(next(iter(columns.values())))
    return data.load(data.read({**columns, "x": np.arange(rows) % 7 / 2, "y": np.arange(rows) / 3}), numeric=numeric)


def check_parts(parts, rows):
    for train, part in parts:
        assert sorted([*train, *part]) == list(range(rows))
        assert all((np.diff(numbers) > 0).all() for numbers in (train, part))


@pytest.mark.parametrize(
    ("resampling", "held_out"),
    [
        (Resampling(), [20]),
        (Resampling(val=0.3), [30]),
        (Resampling(val=0.3, repeats=4), [30] * 4),
        (Resampling(folds=7), [15, 15, 14, 14, 14, 14, 14]),
    ],
)
@pytest.mark.parametrize("stratified", [False, True])
def test_parts(resampling, held_out, stratified, rng):
    dataset = classes([60, 40], rng) if stratified else values(100)
    parts = resampling.parts(dataset, seed=5)
    assert [len(part) for _, part in parts] == held_out
    check_parts(parts, 100)
    assert len({tuple(part) for _, part in parts}) == len(parts)
    same_seed, other_seed = (resampling.parts(dataset, seed=seed)[0][1].tolist() for seed in (5, 6))
    assert same_seed == parts[0][1].tolist() != other_seed


def test_without_classes_as_data_split(rng):
    """The rows of version 0.1 are those of `data.split`, for values and without stratification."""
    for dataset, order in ((values(50), None), (classes([30, 20], rng), PLAIN)):
        for repeat in (0, 3):
            expected = data.parts(50, 0.3, seed=2, repeat=repeat)
            parts = hold_out(dataset, 0.3, seed=2, repeat=repeat, order=order)
            assert [rows.tolist() for rows in parts] == [rows.tolist() for rows in expected]


@pytest.mark.parametrize("sizes", [[50, 30, 20], [61, 23, 9, 7], [97, 3], [500, 311, 89, 17, 5]])
@pytest.mark.parametrize("share", [0.1, 0.2, 0.37, 0.5])
def test_shares_of_classes_match_scikit_learn(sizes, share, rng):
    selection = pytest.importorskip("sklearn.model_selection")
    dataset = classes(sizes, rng)
    exact = np.array(sizes) * round(sum(sizes) * share) / sum(sizes)
    train, part = hold_out(dataset, share, seed=1)
    check_parts([(train, part)], sum(sizes))
    counts = np.bincount(dataset.y[part], minlength=len(sizes))
    peer = selection.StratifiedShuffleSplit(1, test_size=round(sum(sizes) * share), random_state=0)
    _, expected = next(peer.split(dataset.x, dataset.y))
    assert len(part) == len(expected)
    assert (np.abs(counts - exact) < 1).all()
    remainders = np.round(exact % 1, 9)
    if exact.min() >= 1 and len(set(remainders[remainders > 0])) == (remainders > 0).sum():  # nothing is left to chance
        assert counts.tolist() == np.bincount(dataset.y[expected]).tolist()


def test_rare_classes_are_in_both_parts(rng):
    dataset = classes([95, 2, 2, 1], rng)
    drawn = set()
    for seed in range(20):
        train, part = hold_out(dataset, 0.1, seed=seed)
        assert len(part) == 10
        assert np.bincount(dataset.y[part], minlength=4).tolist() == [8, 1, 1, 0]
        assert set(dataset.y[train]) == {0, 1, 2, 3}
        drawn.add(tuple(part))
    assert len(drawn) == 20


def test_classes_of_one_row_each(rng):
    """None of them can be in both parts."""
    dataset = classes([1] * 20, rng)
    message = "mine: val: expected a number that leaves rows in both parts, got 0.2 of 20 rows with a class each; "
    with pytest.raises(ValueError, match=message + "choose another target, or use stratify=False"):
        hold_out(dataset, 0.2, seed=0)
    assert [len(part) for part in hold_out(dataset, 0.2, seed=0, order=PLAIN)] == [16, 4]


def test_more_classes_than_held_out_rows(rng):
    """Each class that has two rows is held out once, which can be more rows than the share."""
    dataset = classes([2] * 10, rng)
    _, part = hold_out(dataset, 0.2, seed=0)
    assert np.bincount(dataset.y[part]).tolist() == [1] * 10


@pytest.mark.parametrize("folds", [2, 5, 7])
@pytest.mark.parametrize("sizes", [[50, 30, 20], [61, 23, 9, 7]])
def test_folds_of_classes_match_scikit_learn(sizes, folds, rng):
    selection = pytest.importorskip("sklearn.model_selection")
    dataset = classes(sizes, rng)
    parts = Resampling(folds=folds).parts(dataset, seed=3)
    check_parts(parts, 100)
    assert sorted(np.concatenate([part for _, part in parts])) == list(range(100))
    counts = [np.bincount(dataset.y[part], minlength=len(sizes)).tolist() for _, part in parts]
    ordered = np.sort(dataset.y)  # the peer numbers classes as they appear
    peer = selection.StratifiedKFold(folds, shuffle=True, random_state=0).split(dataset.x, ordered)
    assert counts == [np.bincount(ordered[part], minlength=len(sizes)).tolist() for _, part in peer]


def test_folds_of_values():
    parts = Resampling(folds=7).parts(values(100), seed=0)
    assert sorted(np.concatenate([part for _, part in parts])) == list(range(100))
    assert len(Resampling(folds=100).parts(values(100), seed=0)) == 100


@pytest.mark.parametrize("column", ["owner", 1])
@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.75])
def test_groups_match_scikit_learn(column, share, rng):
    """Groups are whole. Where all have equally many rows, so many are held out as scikit-learn's."""
    selection = pytest.importorskip("sklearn.model_selection")
    owners = rng.permutation(np.repeat([f"owner {i}" for i in range(20)], 6))
    dataset = of_table(owner=owners)
    held = set()
    for seed in range(5):
        train, part = hold_out(dataset, share, seed=seed, order=RowOrder(group=column))
        check_parts([(train, part)], 120)
        assert not set(owners[train]) & set(owners[part])
        peer = selection.GroupShuffleSplit(1, test_size=share, random_state=0)
        _, expected = next(peer.split(dataset.x, groups=owners))
        assert len(set(owners[part])) == len(set(owners[expected]))
        held.add(tuple(part))
    assert len(held) == 5


def test_groups_of_other_sizes():
    """As many whole groups as come nearest to the share, at least one, and not all."""
    sizes = [50, 30, 10, 5, 5]
    dataset = of_table(g=np.repeat(list("abcde"), sizes))
    for seed in range(20):
        train, part = hold_out(dataset, 0.2, seed=seed, order=RowOrder(group="g"))
        groups = np.repeat(np.arange(5), sizes)
        assert len(part) == sum(sizes[group] for group in set(groups[part]))
        assert not set(groups[train]) & set(groups[part])
        assert len(train)
        assert len(part)


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_folds_of_groups_match_scikit_learn(folds, rng):
    selection = pytest.importorskip("sklearn.model_selection")
    owners = rng.choice(list("abcdefghi"), 100, p=np.arange(1, 10) / 45)
    dataset = of_table(owner=owners)
    parts = Resampling(folds=folds).parts(dataset, seed=1, order=RowOrder(group="owner"))
    check_parts(parts, 100)
    assert all(not set(owners[train]) & set(owners[part]) for train, part in parts)
    peer = selection.GroupKFold(folds).split(dataset.x, groups=owners)
    assert sorted(len(part) for _, part in parts) == sorted(len(part) for _, part in peer)


@pytest.mark.parametrize(
    ("days", "numeric"),
    [
        (np.arange(30) * 7 % 30, ()),
        (np.datetime64("2020-01-01") + np.arange(30) * 7 % 30, ()),
        ([f"2020-01-{1 + i * 7 % 30:02}" for i in range(30)], ()),
        ([f"{1 + i * 7 % 30}" for i in range(30)], ["day"]),
        ([f"{1 + i * 7 % 30}.5" for i in range(30)], ["day"]),
    ],
    ids=["numbers", "dates", "ISO texts", "texts of numbers", "texts of decimals"],
)
def test_the_last_in_time_are_held_out(days, numeric):
    dataset = of_table(numeric, day=days)
    rank = np.arange(30) * 7 % 30
    for seed in (0, 1):
        train, part = hold_out(dataset, 0.2, seed=seed, order=RowOrder(time="day"))
        check_parts([(train, part)], 30)
        assert sorted(rank[part]) == list(range(24, 30))
    parts = Resampling(val=0.2).parts(dataset, 0, RowOrder(time="day"))
    assert [rows.tolist() for rows in parts[0]] == [train.tolist(), part.tolist()]


def test_dates_with_a_pattern(write):
    rows = "".join(f"{1 + i * 7 % 28:02}-{1 + i % 2:02}-2020,{i / 2}\n" for i in range(20))
    dataset = data.load(write("day,y\n" + rows), dates={"day": "%d-%m-%Y"})
    _, part = hold_out(dataset, 0.25, seed=0, order=RowOrder(time="day"))
    texts = [dataset.table.texts(0)[row] for row in part]
    assert sorted(texts) == sorted(sorted(dataset.table.texts(0), key=lambda t: (t[3:5], t[:2]))[-5:])


def test_rows_of_the_same_time_stay_in_order():
    _, part = hold_out(of_table(day=np.zeros(10)), 0.3, seed=0, order=RowOrder(time="day"))
    assert part.tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (
            {"time": "day"},
            r"expected a time at row 2, column 1 \('day'\), got 'soon'; fill it in",
        ),
        ({"time": "late"}, "there is no column 'late'; the columns are day, one, x, y"),
        ({"group": "late"}, "there is no column 'late'"),
        ({"group": "one"}, "group: expected at least two groups, got 1"),
        ({"group": "one", "time": "day"}, "group, time: expected one of them, got both"),
    ],
)
def test_refused_orders(order, message):
    dataset = of_table(day=["2020-01-01", "soon"] + ["2020-01-03"] * 8, one=["a"] * 10)
    with pytest.raises(ValueError, match=message):
        hold_out(dataset, 0.2, seed=0, order=RowOrder(**order))


def test_orders_of_arrays():
    for name in ("group", "time"):
        with pytest.raises(ValueError, match=f"mine: {name} is the column of a table, and this source has no columns"):
            hold_out(values(10), 0.2, seed=0, order=RowOrder(**{name: "x"}))


def test_given_splits(tmp_path):
    for number, (train, test) in enumerate([("0 1 2", "3"), ("3\n1", "0\n2")]):
        (tmp_path / f"index_train_{number}.txt").write_text(train)
        (tmp_path / f"index_test_{number}.txt").write_text(test)
    parts = Resampling(folder=str(tmp_path)).parts(values(4), seed=0)
    assert [[rows.tolist() for rows in part] for part in parts] == [[[0, 1, 2], [3]], [[3, 1], [0, 2]]]
    with pytest.raises(ValueError, match="expected row numbers from 0 to 2, got 3"):
        Resampling(folder=str(tmp_path)).parts(values(3), seed=0)
    (tmp_path / "index_test_1.txt").write_text("0 1")
    with pytest.raises(ValueError, match="row 1 is in both files of split 1"):
        Resampling(folder=str(tmp_path)).parts(values(4), seed=0)
    (tmp_path / "index_train_1.txt").rename(tmp_path / "index_train_2.txt")
    with pytest.raises(ValueError, match=r"index_train_1.txt: no such file"):
        Resampling(folder=str(tmp_path)).parts(values(4), seed=0)


@pytest.mark.parametrize(
    ("resampling", "order", "message"),
    [
        (Resampling(folds=101), PLAIN, "folds: expected"),
        (Resampling(folds=3, val=0.5), PLAIN, "got several"),
        (Resampling(val=1.0), PLAIN, "val: expected a number between 0 and 1, got 1"),
        (Resampling(val=0.001), PLAIN, "expected a number that leaves rows in both parts"),
        (Resampling(folder="nowhere"), PLAIN, "nowhere: expected files index_train_0.txt"),
        (Resampling(folds=3), RowOrder(time="x"), "time: holds out the last share of the rows once; do not use folds"),
        (Resampling(repeats=3), RowOrder(time="x"), "time: holds out the last share of the rows once"),
        (Resampling(folds=8), RowOrder(group="x"), "folds: expected at most one for each of the 7 groups, got 8"),
    ],
)
def test_refused_splits(resampling, order, message):
    with pytest.raises(ValueError, match=message):
        resampling.parts(of_table(u=np.arange(100) / 9), seed=0, order=order)
