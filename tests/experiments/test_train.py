"""The function `train`: a model of a table in one call."""

import numpy as np
import pytest
from processes import run
from shared_tables import needs_tables, table

import numba_dropout as nd

QUICK = {"hidden": [8], "epochs": 3, "batch_size": 20, "optimizer": "adam"}
COLUMNS = {
    "rooms": [2, 3, 1, 4] * 25,
    "city": list("abca") * 25,
    "rent": [7.5, 9.5, 5.0, 12.0] * 25,
}


def test_a_model_of_a_frame():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS)
    net = nd.train(frame, target="rent", **{**QUICK, "epochs": 60, "lr": 0.01, "dropout": 0.0})
    assert net.encoder.names == ["rooms", "city=a", "city=b", "city=c"]
    assert (net.target, net.predicts_values) == ("rent", True)
    predicted = net.predict(frame)
    assert predicted.shape == (100,)
    assert np.abs(predicted - frame["rent"]).mean() < 1
    assert np.array_equal(net.predict(frame[["city", "rooms"]]), predicted)
    assert np.array_equal(net.predict(nd.data.read(COLUMNS)), predicted)


def test_files_frames_and_tables_are_alike(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS)
    frame.to_csv(tmp_path / "t.csv", index=False)
    sources = (frame, tmp_path / "t.csv", str(tmp_path / "t.csv"), nd.data.read(COLUMNS))
    nets = [nd.train(source, "rent", **QUICK, val=0.2, seed=3) for source in sources]
    for net in nets[1:]:
        assert all(np.array_equal(net.weights()[name], values) for name, values in nets[0].weights().items())
        assert net.split == nets[0].split


def test_the_file_holds_what_was_learnt(tmp_path):
    net = nd.train(nd.data.read(COLUMNS), "rent", **QUICK)
    net.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    rows = nd.data.read({"city": ["z", "b"], "rooms": [np.nan, 2]})
    unseen, gap = "city: 1 cell with a level that training did not have", "rooms: 1 missing value, filled with"
    with pytest.warns(UserWarning, match=unseen), pytest.warns(UserWarning, match=gap):
        assert np.array_equal(loaded.predict(rows), net.predict(rows))
    assert loaded.encoder.to_dict() == net.encoder.to_dict()


def test_classes_and_options_of_tables():
    columns = {"name": [f"n{i}" for i in range(100)], "id": range(7, 107), **COLUMNS}
    net = nd.train(nd.data.read(columns), "city", drop=["name"], ids=["id"], class_weight="balanced", **QUICK)
    assert net.classes == ["a", "b", "c"]
    assert net.features == ["rooms", "rent"]
    assert set(net.predict(nd.data.read(COLUMNS))) <= {"a", "b", "c"}


def test_held_out_rows_stop_early():
    stopped = nd.train(nd.data.read(COLUMNS), "rent", val=0.2, hidden=[4], epochs=40, patience=1, lr=0.5, seed=1)
    assert stopped.epoch < 40
    assert stopped.split["held_out"] == 20


def test_callbacks():
    class Epochs(nd.Callback):
        def __init__(self):
            self.records = []

        def on_epoch_end(self, record):
            self.records.append(record)

    callback = Epochs()
    nd.train("noisy", callbacks=[callback], **QUICK)
    assert len(callback.records) == 3


@needs_tables
def test_doubts_are_warnings():
    with pytest.warns(UserWarning, match=r"column . \('y_copy'\) equals the target in every row; leave it out with dr"):
        nd.train(table("leak"), **QUICK)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"drops": ["city"]}, TypeError, "drops: expected an option of training, one of target, hidden, activation"),
        ({"table": {}}, TypeError, "table: expected an option of training"),
        ({"target": "price"}, ValueError, "there is no column 'price'; the columns are rooms, city, rent"),
        ({"hidden": [0]}, ValueError, "hidden|sizes"),
        ({"val": 2.0}, ValueError, "val: expected a number between 0 and 1, got 2.0"),
        ({"drop": ["x"]}, ValueError, "there is no column 'x'"),
    ],
)
def test_refused(options, error, message):
    with pytest.raises(error, match=message):
        nd.train(nd.data.read(COLUMNS), **{**QUICK, **options})


def test_the_module_of_version_0_1():
    """`numba_dropout.train` was a module. It is a function now, and its names are still there."""
    names = "import numba_dropout as nd; from numba_dropout.train import fit, Diverged"
    assert run(f"{names}; print(nd.train.fit is fit is nd.fit)") == "True"
