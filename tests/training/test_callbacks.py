"""Callbacks that write: a log of JSON lines, and events for TensorBoard."""

import json
import sys

import numpy as np
import pytest
from networks import binary_problem

import numba_dropout as nd
from numba_dropout.training.callbacks import JsonLines, TensorBoard


def test_json_lines(tmp_path, rng):
    net, x, y = binary_problem(rng)
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=2, callbacks=[JsonLines(tmp_path / "log.jsonl")])
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert set(lines[0]) >= {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    assert lines[0]["val_loss"] is None


def test_tensorboard(tmp_path, rng):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    net, x, y = binary_problem(rng)
    callback = TensorBoard(tmp_path / "events")
    history = nd.fit(net, x, y, optimizer=nd.SGD(), epochs=3, validation=(x, y), callbacks=[callback])
    accumulator = EventAccumulator(str(tmp_path / "events"))
    accumulator.Reload()
    for tag, name in (("loss/train", "loss"), ("accuracy/validation", "val_accuracy"), ("lr", "lr")):
        events = accumulator.Tensors(tag)
        assert [event.step for event in events] == [1, 2, 3]
        values = [float(make_ndarray(event.tensor_proto)) for event in events]
        np.testing.assert_allclose(values, history.column(name), rtol=1e-6)


def test_missing_tensorboard(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard.summary", None)
    with pytest.raises(ValueError, match=r"require tensorboard: pip install tensorboard \(or the extra"):
        TensorBoard(tmp_path)
