"""Jobs: splits that a model stores, and what is learnt of the held-out rows."""

import json

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.experiments.config import TrainConfig, build
from numba_dropout.experiments.job import part_of_split, split_record

QUICK = {"hidden": (4,), "epochs": 2, "batch_size": 20, "optimizer": "adam"}


@pytest.fixture
def path(tmp_path):
    """Return a table with a category, gaps, groups, days and classes."""
    rows = []
    for i in range(60):
        size = "" if i % 9 == 4 else i * 7 % 31
        kind = "no" if i % 4 else "yes"
        rows.append(f"{'abc'[i % 3]},{size},owner {i // 5},2020-01-{1 + i * 7 % 31:02},{kind}\n")
    (tmp_path / "t.csv").write_text("city,size,owner,day,y\n" + "".join(rows))
    return tmp_path / "t.csv"


ORDERS = [
    {},
    {"stratify": False},
    {"group": "owner"},
    {"time": "day"},
    {"seed": 5},
    {"split_seed": 5},
]


@pytest.mark.parametrize("options", ORDERS, ids=str)
def test_the_split_is_stored(options, path, tmp_path):
    """The parts are found again from the file and the model."""
    job = build(path, TrainConfig(**QUICK, val=0.25, **options))
    job.net.save(tmp_path / "m.npz")
    net = nd.MLP.load(tmp_path / "m.npz")
    assert net.split == job.net.split
    train, held_out = (part_of_split(net, path, part) for part in ("train", "val"))
    for part, expected in ((train, job.train), (held_out, job.validation)):
        assert np.array_equal(part.x, expected.x)
        assert np.array_equal(part.y, expected.y)
    assert (len(train.x), len(held_out.x)) == (45, 15)
    assert train.features == job.net.features


def test_record_of_a_split(path):
    dataset = nd.data.load(path)
    config = TrainConfig(**QUICK, val=0.25, group="owner", seed=3)
    split = build(dataset, config).net.split
    assert json.loads(json.dumps(split)) == split
    digest = split.pop("digest")
    assert split == {
        "val": 0.25,
        "seed": 3,
        "stratify": True,
        "group": "owner",
        "time": None,
        "rows": 60,
        "held_out": 15,
    }
    parts = np.arange(45), np.arange(45, 60)
    assert split_record(dataset, 0.25, 3, config.order, parts)["digest"] != digest
    assert build(dataset, TrainConfig(**QUICK)).net.split is None


@pytest.mark.parametrize("change", ["a row more", "another target", "other rows"])
def test_other_data_have_no_parts(change, path):
    net = build(path, TrainConfig(**QUICK, val=0.25)).net
    head, *rows = path.read_text().splitlines()
    if change == "a row more":
        rows.append(rows[0])
    elif change == "another target":
        rows = [row.replace("yes", "no") if i < 40 else row.replace(",no", ",yes") for i, row in enumerate(rows)]
    else:
        rows = rows[::-1]
    path.write_text("\n".join([head, *rows]) + "\n")
    with pytest.raises(ValueError, match=r"t.csv: these are not the 60 rows that the model was trained on.*without pa"):
        part_of_split(net, path, "val")


def test_models_without_held_out_rows(path):
    net = build(path, TrainConfig(**QUICK)).net
    with pytest.raises(ValueError, match=r"part: the model was trained without held-out rows; .* without part"):
        part_of_split(net, path, "val")


def test_the_training_rows_decide_on_the_features(path):
    """What the held-out rows have alone is not learnt: here the gaps, and a level."""
    table = nd.data.read(path)
    dataset = nd.data.load(path)
    job = build(path, TrainConfig(**QUICK, val=0.25))
    sizes = [
        text for text, row in zip(table.texts(1), range(60), strict=True) if row not in set(_held_out(job, dataset))
    ]
    assert job.train.encoder.columns[1].median == np.median([float(size) for size in sizes if size])
    assert job.validation.encoder is job.train.encoder is job.net.encoder
    offset = job.train.x.mean(0)
    scaled = job.net.forward(job.train.x)
    job.net.scale_input(*job.train.scaling())
    assert np.array_equal(job.net.forward(job.train.x), scaled)
    assert not np.allclose(offset, dataset.x.mean(0))


def _held_out(job, dataset):
    """Return the numbers of the held-out rows of a job."""
    from numba_dropout.data.splits import hold_out

    return hold_out(dataset, job.net.split["val"], seed=job.net.split["seed"])[1]


def test_groups_are_no_feature(path):
    job = build(path, TrainConfig(**QUICK, val=0.25, group="owner"))
    assert not any("owner" in name for name in job.net.features)
    assert any("owner" in name for name in build(path, TrainConfig(**QUICK, val=0.25)).net.features)


@pytest.mark.parametrize("threshold", ["f1", "balanced_accuracy"])
def test_threshold_of_the_held_out_rows(threshold, path):
    metrics = pytest.importorskip("sklearn.metrics")
    score = {"f1": metrics.f1_score, "balanced_accuracy": metrics.balanced_accuracy_score}[threshold]
    job = build(path, TrainConfig(**{**QUICK, "epochs": 8}, val=0.4, threshold=threshold))
    job.fit()
    scores, y = job.net.predict_proba(job.validation.x)[:, 1], job.validation.y
    best = max(score(y, scores >= each) for each in np.unique(scores))
    assert score(y, scores >= job.net.threshold) == pytest.approx(best)


def test_given_threshold(path):
    job = build(path, TrainConfig(**QUICK, threshold=0.3))
    job.fit()
    assert job.net.threshold == 0.3
    with pytest.raises(ValueError, match=r"threshold: f1 is chosen on validation rows; set val=0.2"):
        build(path, TrainConfig(**QUICK, threshold="f1"))


def test_file_of_test_rows(path, tmp_path):
    (tmp_path / "new.csv").write_text("y,size,city,owner,day\nyes,3,z,owner 1,2020-01-02\n")
    job = build(path, TrainConfig(**QUICK, test=str(tmp_path / "new.csv")))
    assert job.test.x.shape == (1, job.net.sizes[0])
    assert any("city: 1 cell with a level that training did not have" in note for note in job.test.notes)
    assert job.net.split is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": 3}, r"patience: requires validation data; set val=0.1"),
        ({"group": "owner"}, r"group, time: choose the held-out rows; set their share with val=0.2"),
        ({"time": "day"}, "set their share with val"),
        ({"val": 0.2, "group": "owner", "time": "day"}, "group, time: expected one of them, got both"),
        ({"loss": "huber"}, "expected a number at row 2 of the target, column 5 .*, got text 'yes'"),
        ({"target_transform": "log1p"}, "target_transform: only valid for values"),
    ],
)
def test_refused(options, message, path):
    with pytest.raises(ValueError, match=message):
        build(path, TrainConfig(**QUICK, **options))


def test_notes(path):
    notes = build(path, TrainConfig(**QUICK, val=0.25)).notes
    assert any(note.startswith("categories: 2 (city (3 levels), owner") for note in notes)
    assert "missing values, with an indicator: 1 (size)" in notes
    assert "dates: 1 (day)" in notes
