"""Training: the curve that the built-in set promises, epochs, callbacks, patience, and a loss that diverges."""

import json
import sys

import naive
import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.training.callbacks import JsonLines, TensorBoard
from numba_dropout.training.fit import Diverged


class Record(nd.Callback):
    """Write down what is called."""

    def __init__(self):
        self.calls = []

    def on_train_begin(self, net, epochs, steps):
        self.calls.append(("begin", epochs, steps))

    def on_steps_end(self, epoch, steps, loss):
        self.calls.append(("steps", epoch, steps))

    def on_epoch_end(self, record):
        self.calls.append(("epoch", record["epoch"]))

    def on_train_end(self, history):
        self.calls.append(("end", len(history.records)))


def small(rng, rows=60):
    x = rng.standard_normal((rows, 4))
    return nd.MLP([4, 6, 2], dropout=0.2, seed=1), x, (x[:, 0] > 0).astype(int)


def test_an_epoch_sees_every_row_once_in_batches(rng):
    net, x, y = small(rng)
    calls = Record()
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=2, batch_size=25, callbacks=[calls])
    assert calls.calls[0] == ("begin", 2, 6)
    assert calls.calls[-1] == ("end", 2)
    for epoch in (1, 2):
        assert sum(call[2] for call in calls.calls if call[:2] == ("steps", epoch)) == 3
    assert (net.step, net.epoch) == (6, 2)


def test_logged_figures_are_those_of_training_mode(rng):
    net, x, y = small(rng)
    shadow = nd.MLP([4, 6, 2], dropout=0.2, seed=1)
    history = nd.fit(net, x, y, optimizer=nd.SGD(1e-30), epochs=1, batch_size=60)
    order = np.argsort(shuffle_words(60, seed=1, epoch=0), kind="stable")
    out = shadow.forward(x[order], training=True, step=0).astype(float)
    log_softmax = out - np.log(np.exp(out).sum(1, keepdims=True))
    assert history.records[0]["loss"] == pytest.approx(-log_softmax[np.arange(60), y[order]].mean(), rel=1e-5)
    assert history.records[0]["accuracy"] == pytest.approx((out.argmax(1) == y[order]).mean())


def shuffle_words(rows, seed, epoch):
    return np.array([naive.bits64(i, seed, 2 << 24, epoch) for i in range(rows)], np.uint64)


def test_a_batch_larger_than_the_data_is_the_data(rng):
    net, x, y = small(rng)
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=1, batch_size=10_000)
    assert net.step == 1


def test_two_calls_go_on_where_one_would_have_gone(rng):
    once, x, y = small(rng)
    twice = nd.MLP([4, 6, 2], dropout=0.2, seed=1)
    nd.fit(once, x, y, optimizer=nd.Adam(), epochs=4, batch_size=16)
    optimizer = nd.Adam()
    nd.fit(twice, x, y, optimizer=optimizer, epochs=1, batch_size=16)
    nd.fit(twice, x, y, optimizer=optimizer, epochs=3, batch_size=16)
    for key, value in once.state_dict().items():
        assert np.array_equal(value, twice.state_dict()[key])


def test_many_steps_in_one_call_are_the_steps_one_by_one(rng):
    many, x, y = small(rng)
    single = nd.MLP([4, 6, 2], dropout=0.2, seed=1)
    a, b = nd.Adam(max_norm=1.0), nd.Adam(max_norm=1.0)
    many.train_steps(np.empty((3, 2)), x, many.as_target(y), np.arange(60), 20, a)
    for start in range(0, 60, 20):
        single.train_step(x[start : start + 20], y[start : start + 20], b)
    for key, value in many.state_dict().items():
        assert np.array_equal(value, single.state_dict()[key])


def test_validation_is_of_evaluation_mode(rng):
    net, x, y = small(rng)
    history = nd.fit(net, x, y, optimizer=nd.SGD(), epochs=1, validation=(x, y))
    loss, accuracy = net.evaluate_loss(x, y)
    assert history.records[0]["val_loss"] == loss
    assert history.records[0]["val_accuracy"] == accuracy
    assert accuracy == (net.predict(x) == y).mean()


def test_patience_stops_and_goes_back_to_the_best_weights(rng):
    net, x, y = small(rng)
    history = nd.fit(net, x, y, optimizer=nd.SGD(2.0), epochs=50, validation=(x, 1 - y), patience=2)
    losses = history.column("val_loss")
    assert len(losses) == history.best_epoch + 2 < 50
    assert losses[history.best_epoch - 1] == min(losses)
    assert net.evaluate_loss(x, 1 - y)[0] == min(losses)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in plain Python
def test_a_loss_that_is_no_number_stops_and_says_where(rng):
    net, x, y = small(rng)
    with pytest.raises(Diverged, match=r"became (nan|inf) in epoch 1; try a lower learning rate \(it was 1e\+30\)"):
        nd.fit(net, x, y, optimizer=nd.SGD(1e30), epochs=3, batch_size=10)


def test_data_that_are_no_numbers_are_named(rng):
    net, x, y = small(rng)
    x[7, 2] = np.nan
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan at \[7, 2\]"):
        nd.fit(net, x, y, optimizer=nd.SGD())
    assert net.step == 0


class Interrupt(nd.Callback):
    """Press Ctrl-C after some steps, as a signal does: between two of Python's own operations."""

    def __init__(self, after):
        self.after = after

    def on_steps_end(self, epoch, steps, loss):
        self.after -= steps
        if self.after <= 0:
            raise KeyboardInterrupt


def test_counters_belong_to_the_weights_however_training_ends(rng, monkeypatch):
    """The signal arrives when the compiled call returns, before Python has counted its steps."""
    net, x, y = small(rng)
    passes = net._passes("sgd")

    def interrupted(*arguments):
        passes.train_steps(*arguments)
        raise KeyboardInterrupt

    optimizer = nd.SGD()
    monkeypatch.setattr(net, "_passes", lambda *choice: passes._replace(train_steps=interrupted))
    with pytest.raises(KeyboardInterrupt):
        net.train_steps(np.empty((3, 2)), x, net.as_target(y), np.arange(60), 20, optimizer)
    assert (net.step, optimizer.step) == (3, 3)
    with pytest.raises(KeyboardInterrupt):
        nd.fit(small(rng)[0], x, y, optimizer=nd.SGD(), callbacks=[Interrupt(after=2)])


def test_each_fit_has_a_schedule_of_its_own(rng):
    net, x, y = small(rng)
    optimizer = nd.SGD(0.1, schedule="cosine")
    for _ in range(2):
        history = nd.fit(net, x, y, optimizer=optimizer, epochs=2)
        assert min(history.column("lr")) > 0
    with pytest.raises(ValueError, match="total_steps"):
        net.train_step(x, y, optimizer)


def test_validation_data_are_looked_at_first(rng):
    net, x, y = small(rng)
    with pytest.raises(ValueError, match="x: expected shape"):
        nd.fit(net, x, y, optimizer=nd.SGD(), validation=(x[:, :3], y))
    assert net.step == 0


@pytest.mark.parametrize("arguments", [{"optimizer": "adam"}, {"callbacks": nd.Callback()}])
def test_wrong_kinds(arguments, rng):
    net, x, y = small(rng)
    with pytest.raises(TypeError, match=next(iter(arguments))):
        nd.fit(net, x, y, **{"optimizer": nd.SGD(), **arguments})


def test_regression_metrics(rng):
    net = nd.MLP([4, 8, 1], dropout=0.0, loss="mse", dtype="float64")
    x = rng.standard_normal((80, 4))
    y = 50 + 10 * x[:, 0]
    net.scale_target(y.mean(), 1 / y.std())
    nd.fit(net, x, y, optimizer=nd.Adam(0.01), epochs=60, batch_size=16)
    measures = nd.evaluate(net, x, y)
    residual = y - net.predict(x)
    assert measures["rmse"] == pytest.approx(np.sqrt((residual**2).mean()))
    assert measures["mae"] == pytest.approx(np.abs(residual).mean())
    assert measures["r2"] == pytest.approx(1 - (residual**2).sum() / ((y - y.mean()) ** 2).sum())
    assert measures["loss"] == pytest.approx((residual**2).mean() / y.var())


def test_json_lines(tmp_path, rng):
    net, x, y = small(rng)
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=2, callbacks=[JsonLines(tmp_path / "log.jsonl")])
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert set(lines[0]) >= {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    assert lines[0]["val_loss"] is None


def test_events_for_tensorboard(tmp_path, rng):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    net, x, y = small(rng)
    writes = TensorBoard(tmp_path / "events")
    history = nd.fit(net, x, y, optimizer=nd.SGD(), epochs=3, validation=(x, y), callbacks=[writes])
    found = EventAccumulator(str(tmp_path / "events"))
    found.Reload()
    for tag, name in (("loss/train", "loss"), ("accuracy/validation", "val_accuracy"), ("lr", "lr")):
        events = found.Tensors(tag)
        assert [event.step for event in events] == [1, 2, 3]
        values = [float(make_ndarray(event.tensor_proto)) for event in events]
        np.testing.assert_allclose(values, history.column(name), rtol=1e-6)


def test_tensorboard_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard.summary", None)
    with pytest.raises(ValueError, match=r"need tensorboard: pip install 'numba-dropout\[tensorboard\]'"):
        TensorBoard(tmp_path)


def test_a_callback_may_end_training(rng):
    class Enough(nd.Callback):
        def on_epoch_end(self, record):
            self.training.stop = record["epoch"] == 2

    net, x, y = small(rng)
    history = nd.fit(net, x, y, optimizer=nd.SGD(), epochs=9, callbacks=[Enough()])
    assert len(history.records) == net.epoch == 2


def test_a_callback_is_called_at_the_steps_it_asks_for(rng):
    class Thirds(nd.Callback):
        every = 3
        seen = ()

        def on_steps_end(self, epoch, steps, loss):
            self.seen += (self.training.net.step,)

    net, x, y = small(rng)
    calls = Thirds()
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=5, batch_size=7, callbacks=[calls])
    assert set(calls.seen) >= set(range(3, 46, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"patience": 1}, "validation data"),
        ({"y": [0]}, "y: expected 60 rows like x, got 1"),
        ({"x": np.empty((0, 4)), "y": np.empty(0, int)}, "at least one row"),
    ],
)
def test_refusals(arguments, message, rng):
    net, x, y = small(rng)
    with pytest.raises(ValueError, match=message):
        nd.fit(net, **{"x": x, "y": y, "optimizer": nd.SGD(), **arguments})


@pytest.mark.jit_only
@pytest.mark.parametrize("p", [0.2, 0.5])
def test_dropout_on_the_input_of_a_linear_network_is_ridge_regression(p):
    """Training converges to the minimum of the marginal loss (Srivastava et al., JMLR 2014, section 9.1).

    With x divided by the share kept q = 1 - p, that is |y - X w|^2 + p / q |G w|^2, with G^2 the diagonal of X^T X.
    """
    rng = np.random.default_rng(9)
    x = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6))
    x -= x.mean(0)
    y = x @ np.array([1.0, -2.0, 0.5, 0.0, 3.0, 1.0]) + rng.standard_normal(200)
    y -= y.mean()
    gram = x.T @ x
    ridge = np.linalg.solve(gram + p / (1 - p) * np.diag(np.diag(gram)), x.T @ y)
    net = nd.MLP([6, 1], input_dropout=p, loss="mse", dtype="float64", seed=4)
    optimizer = nd.SGD(lr=0.02, momentum=0.0, schedule="inverse")
    data, target = net.check_xy(x, y)
    mean = np.zeros(6)
    for call in range(400):  # the mean of the last three quarters of the way (Polyak & Juditsky, 1992)
        net.train_steps(np.empty((100, 2)), data, target, np.tile(np.arange(200), 100), 200, optimizer)
        mean += net.state_dict()["0.weight"][0] * (call >= 100) / 300
    least_squares = np.linalg.solve(gram, x.T @ y)
    assert np.abs(mean - ridge).max() < 0.01 * np.abs(ridge).max()
    assert np.abs(least_squares - ridge).max() > 0.2 * np.abs(ridge).max()
