"""Access to networks, optimizers and estimators from several threads."""

import contextlib
import copy
import functools
import itertools
import os
import pickle
import signal
import sys
import threading
import time
import timeit

import numpy as np
import pytest
from processes import run
from together import INPUTS, OUTPUTS, attempt, calls_of, classifier, data, network, quick_turns, together

import numba_dropout as nd

unconverged = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


@pytest.fixture(autouse=True)
def quick():
    with quick_turns():
        yield


class Pause(nd.Callback):
    """Use the network in the training thread, then wait during training."""

    def __init__(self, path):
        self.path, self.reached, self.go_on = path, threading.Event(), threading.Event()

    def on_epoch_end(self, record):
        """Make every call that a callback may make, and wait in the first epoch."""
        net, (x, y) = self.training.net, data()
        nd.evaluate(net, x, y)
        net.predict_mc(x, 2)
        net.save(self.path)
        copy.deepcopy(net)
        self.reached.set()
        assert self.go_on.wait(60)


@contextlib.contextmanager
def training(net, optimizer, path):
    """Train a network in another thread, which waits during the body of `with`."""
    pause, (x, y) = Pause(path), data()
    options = {"optimizer": optimizer, "epochs": 2, "callbacks": [pause], "validation": (x, y)}
    thread = threading.Thread(target=nd.fit, args=(net, x, y), kwargs=options)
    thread.start()
    try:
        assert pause.reached.wait(60)
        yield
    finally:
        pause.go_on.set()
        thread.join()


class WaitingRows:
    """Rows whose conversion to an array waits, so that a call with them does not return."""

    def __init__(self, rows):
        self.rows, self.reached, self.go_on = rows, threading.Event(), threading.Event()

    def __array__(self, *arguments, **options):
        self.reached.set()
        assert self.go_on.wait(60)
        return self.rows


def changes_of(net, x, y):
    """Return the calls that change a network."""
    return {
        "fit": lambda: nd.fit(net, x, y, optimizer=nd.SGD(), epochs=1),
        "train_step": lambda: net.train_step(x, y, nd.SGD()),
        "backward": lambda: net.backward(np.ones((1, OUTPUTS))),
        "load_state_dict": lambda: net.load_state_dict(network(seed=4).state_dict()),
        "scale_input": lambda: net.scale_input(0.0, 1.0),
        "restore": lambda: net.restore(*network().content()),
    }


def refused(calls, what):
    results = {name: attempt(call) for name, call in calls.items()}
    matches = {
        name: isinstance(result, RuntimeError) and f"another thread is {what}" in str(result)
        for name, result in results.items()
    }
    assert all(matches.values()), results
    named = [str(result).startswith(f"{name}: ") for name, result in results.items() if hasattr(nd.MLP, name)]
    assert all(named), results


def test_network_in_training(tmp_path):
    x, y = data()
    net, same, rule = network(), network(), nd.SGD(schedule="cosine")
    with training(net, rule, tmp_path / "m.npz"):
        reading = {name: lambda call=call: call(3) for name, call in calls_of(net, x, y).items()}
        reading |= {"weights": net.weights, "state_dict": net.state_dict, "content": net.content}
        reading |= {"save": lambda: net.save(tmp_path / "m.npz"), "copy": lambda: copy.deepcopy(net)}
        refused(reading | changes_of(net, x, y), "training or changing this MLP; wait until it has finished")
        shared = {"fit": lambda: nd.fit(network(), x, y, optimizer=rule, epochs=1), "copy": lambda: pickle.dumps(rule)}
        refused(shared, "training or changing this SGD; wait until it has finished")
        assert repr(net).startswith("MLP(")
    nd.fit(same, x, y, optimizer=nd.SGD(schedule="cosine"), epochs=2)  # bitwise the same as without other threads
    assert np.array_equal(net.predict_proba(x), same.predict_proba(x))
    assert np.isfinite(net.train_step(x, y, nd.SGD()))


def test_network_in_prediction():
    x, y = data()
    net, rows = network(), WaitingRows(x)
    expected, results = net.predict_proba(x), []
    thread = threading.Thread(target=lambda: results.append(net.predict_proba(rows)))
    thread.start()
    assert rows.reached.wait(60)
    refused(changes_of(net, x, y), "using this MLP; wait until it has finished")
    assert np.array_equal(net.predict_proba(x), expected)
    rows.go_on.set()
    thread.join()
    assert np.array_equal(results[0], expected)
    assert np.isfinite(net.train_step(x, y, nd.SGD()))


def test_training_in_two_threads():
    """Each concurrent step is refused or complete, and the network has taken the complete steps."""
    (x, y), net, rule = data(), network(), nd.SGD()
    results = list(itertools.chain(*together(*[lambda: net.train_step(x, y, rule)] * 2, times=200)))
    completed = sum(isinstance(result, float) for result in results)
    assert all(isinstance(result, float | RuntimeError) for result in results)
    reference, reference_rule = network(), nd.SGD()
    for _ in range(completed):
        reference.train_step(x, y, reference_rule)
    assert (net.step, rule.step) == (completed, completed)
    assert np.array_equal(net.predict_proba(x), reference.predict_proba(x))


def test_optimizer_of_two_networks():
    """If two threads train two networks with one new optimizer, one of them is refused."""

    class Slow(nd.SGD):
        def bind(self, params, zeros):
            return super().bind(params, lambda *arguments: time.sleep(0.1) or zeros(*arguments))

    rule, (x, y) = Slow(), data()
    results = together(*(functools.partial(network().train_step, x, y, rule) for _ in range(2)))
    assert sum(isinstance(result, RuntimeError | ValueError) for (result,) in results) == 1
    assert rule.step == 1


@unconverged
def test_estimator_in_training(monkeypatch):
    estimator, (x, y) = classifier(), data()
    expected, base = estimator.predict_proba(x), sys.modules["numba_dropout.sklearn.base"]
    reached, go_on = threading.Event(), threading.Event()
    train = base.train

    def waiting(*arguments, **options):
        reached.set()
        assert go_on.wait(60)
        return train(*arguments, **options)

    monkeypatch.setattr(base, "train", waiting)
    thread = threading.Thread(target=attempt, args=(lambda: estimator.partial_fit(x, y),))
    thread.start()
    assert reached.wait(60)
    calls = {
        "predict": lambda: estimator.predict(x),
        "fit": lambda: estimator.fit(x, y),
        "partial_fit": lambda: estimator.partial_fit(x, y),
        "predict_log_proba": lambda: estimator.predict_log_proba(x),
        "coefs_": lambda: estimator.coefs_,
        "pickle": lambda: pickle.dumps(estimator),
        "copy": lambda: copy.deepcopy(estimator),
    }
    refused(calls, "training or changing this DropoutMLPClassifier; wait")
    go_on.set()
    thread.join()
    assert not np.array_equal(estimator.predict_proba(x), expected)
    assert np.array_equal(pickle.loads(pickle.dumps(estimator)).predict_proba(x), estimator.predict_proba(x))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_fork(tmp_path):
    net = network()
    with training(net, nd.SGD(), tmp_path / "m.npz"):
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                net.weights()
                net.scale_input(0.0, 1.0)
                os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0


def test_interrupted_call():
    """An interrupt may end a call before it releases the network. Other threads must not wait for it."""
    net, optimizer = nd.MLP([3, 4, 2], seed=1), nd.SGD()
    x, y = np.ones((5, 3)), np.zeros(5, int)
    left, go_on = threading.Event(), threading.Event()

    def interrupted():
        net.access._begin_reading("predict")
        net.access._begin_changing("fit")
        left.set()
        go_on.wait(60)

    thread = threading.Thread(target=interrupted)
    thread.start()
    assert left.wait(60)
    net.predict(x)
    net.train_step(x, y, optimizer)
    go_on.set()
    thread.join()
    net.train_step(x, y, optimizer)


@pytest.mark.full
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer's signals here")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["train_step", "fit", "predict", "forward", "predict_mc"])
def test_interrupts_of_short_calls(name):
    """Each of 200 calls is interrupted at another time. Then another thread trains and predicts.

    Python prints and ignores an interrupt inside a destructor or the callback of a weak reference.
    """
    (x, y), net, rule = data(rows=8), nd.MLP([INPUTS, 8, OUTPUTS], dropout=0.5, seed=1), nd.SGD()
    calls = {
        "train_step": lambda: net.train_step(x, y, rule),
        "fit": lambda: nd.fit(net, x, y, optimizer=rule, epochs=2, batch_size=4),
        "predict": lambda: net.predict(x),
        "forward": lambda: net.forward(x),
        "predict_mc": lambda: net.predict_mc(x, 3),
    }
    call, times = calls[name], 200

    def interrupt(*_):
        raise KeyboardInterrupt

    def interrupted(delay):
        """Return whether the interrupt came before the end of the call."""
        ended = False
        try:
            signal.setitimer(signal.ITIMER_REAL, delay)
            call()
            ended = True
            time.sleep(0.1)
        except KeyboardInterrupt:
            return not ended
        return False  # Python ignores errors at that point

    call()  # compiles
    lengths = timeit.repeat(call, number=1, repeat=21)
    duration, before = sorted(lengths)[10], signal.signal(signal.SIGALRM, interrupt)
    try:
        inside = 0
        for delay in np.linspace(1e-6, 1.5 * duration, times):
            inside += interrupted(delay)
            results = together(lambda: (net.predict(x), net.train_step(x, y, rule)))
            assert not isinstance(results[0][0], Exception), results
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert inside > times // 10


GARBAGE = """
import faulthandler, gc, random, sys, threading
from numba_dropout.core.access import Access

faulthandler.dump_traceback_later(60, exit=True)
sys.setswitchinterval(1e-5)
gc.set_threshold(7)
access, done = Access("MLP"), threading.Event()

class Cycle:
    def __init__(self):
        self.cycle = self
    def __del__(self):
        sum(i for i in range(2000))

def conflict():
    for _ in range(4000):
        [Cycle() for _ in range(random.randrange(9))]
        access._changer = 1  # a thread that has ended
        with access.changing("fit"):
            pass

def start():
    while not done.is_set():
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

threads = [threading.Thread(target=conflict), threading.Thread(target=start)]
for thread in threads:
    thread.start()
threads[0].join()
done.set()
threads[1].join()
print(gc.isenabled())
"""


@pytest.mark.jit_only
def test_garbage_collection_during_a_conflict():
    assert run(GARBAGE) == "True"
