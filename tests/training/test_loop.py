"""The loop of training: epochs, callbacks, patience, and runs that end early."""

import numpy as np
import pytest
from networks import binary_problem

import numba_dropout as nd
from numba_dropout.training.fit import Diverged


class Record(nd.Callback):
    """Record all calls."""

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


def test_epochs_and_batches(rng):
    net, x, y = binary_problem(rng)
    calls = Record()
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=2, batch_size=25, callbacks=[calls])
    assert calls.calls[0] == ("begin", 2, 6)
    assert calls.calls[-1] == ("end", 2)
    for epoch in (1, 2):
        assert sum(call[2] for call in calls.calls if call[:2] == ("steps", epoch)) == 3
    assert (net.step, net.epoch) == (6, 2)


def test_callback_stops_training(rng):
    class Enough(nd.Callback):
        def on_epoch_end(self, record):
            self.training.stop = record["epoch"] == 2

    net, x, y = binary_problem(rng)
    history = nd.fit(net, x, y, optimizer=nd.SGD(), epochs=9, callbacks=[Enough()])
    assert len(history.records) == net.epoch == 2


def test_every_of_callback(rng):
    class Thirds(nd.Callback):
        every = 3
        seen = ()

        def on_steps_end(self, epoch, steps, loss):
            self.seen += (self.training.net.step,)

    net, x, y = binary_problem(rng)
    calls = Thirds()
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=5, batch_size=7, callbacks=[calls])
    assert set(calls.seen) >= set(range(3, 46, 3))


def test_patience(rng):
    net, x, y = binary_problem(rng)
    history = nd.fit(net, x, y, optimizer=nd.SGD(2.0), epochs=50, validation=(x, 1 - y), patience=2)
    losses = history.column("val_loss")
    assert len(losses) == history.best_epoch + 2 < 50
    assert losses[history.best_epoch - 1] == min(losses)
    assert net.evaluate_loss(x, 1 - y)[0] == min(losses)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in plain Python
def test_diverging_loss(rng):
    net, x, y = binary_problem(rng)
    with pytest.raises(Diverged, match=r"became (nan|inf) in epoch 1; try a lower learning rate \(it was 1e\+30\)"):
        nd.fit(net, x, y, optimizer=nd.SGD(1e30), epochs=3, batch_size=10)


class Interrupt(nd.Callback):
    """Raise KeyboardInterrupt after some steps."""

    def __init__(self, after):
        self.after = after

    def on_steps_end(self, epoch, steps, loss):
        self.after -= steps
        if self.after <= 0:
            raise KeyboardInterrupt


def test_counters_after_interrupt(rng, monkeypatch):
    """The interrupt comes after the compiled call, before its steps are counted."""
    net, x, y = binary_problem(rng)
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
        nd.fit(binary_problem(rng)[0], x, y, optimizer=nd.SGD(), callbacks=[Interrupt(after=2)])


def test_schedule_of_each_fit(rng):
    net, x, y = binary_problem(rng)
    optimizer = nd.SGD(0.1, schedule="cosine")
    for _ in range(2):
        history = nd.fit(net, x, y, optimizer=optimizer, epochs=2)
        assert min(history.column("lr")) > 0
    with pytest.raises(ValueError, match="total_steps"):
        net.train_step(x, y, optimizer)
