"""Calls in several Python threads at once, and networks and data for them."""

import contextlib
import pickle
import sys
import threading

import numpy as np
import pytest
from numba.core import config

import numba_dropout as nd
from numba_dropout.nn.monte_carlo import MonteCarlo

QUICK = 8 if config.DISABLE_JIT else 1  # in plain Python there are fewer calls, each of many turns
LARGE = 1 if config.DISABLE_JIT else 16  # compiled calls must take long enough to overlap
INPUTS, UNITS, OUTPUTS = 6, 8 * LARGE, 3
SIZES = 3, 17 * LARGE, 40 * LARGE, 90 * LARGE  # rows of each thread's calls: buffers grow while others run


@contextlib.contextmanager
def quick_turns():
    """Let threads switch as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def network(loss="cross_entropy", device="cpu", **choices):
    options = {"dropout": 0.4, "input_dropout": 0.0, "seed": 3, "loss": loss, **choices}
    return nd.MLP([INPUTS, UNITS, OUTPUTS], device=device, **options)


def data(loss="cross_entropy", rows=90 * LARGE, *, sparse=False):
    """Return rows and targets for a loss."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((rows, INPUTS)).astype(np.float32)
    if sparse:
        x = pytest.importorskip("scipy.sparse").csr_array(np.where(x > 0.5, x, 0))
    return x, rng.integers(0, OUTPUTS, rows) if loss == "cross_entropy" else rng.random((rows, OUTPUTS), np.float32)


def attempt(call):
    """Return the result of a function, or the exception that it raises."""
    try:
        return call()
    except Exception as error:
        return error


def together(*calls, times=1):
    """Call each function `times` times in a separate thread; return the results of each, in a list."""
    results = [[] for _ in calls]
    gate = threading.Barrier(len(calls))

    def work(call, outcomes):
        gate.wait()
        outcomes.extend(attempt(call) for _ in range(times))

    threads = [threading.Thread(target=work, args=pair) for pair in zip(calls, results, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def bits(result):
    """Return a value by which results are compared bit for bit."""
    if isinstance(result, MonteCarlo):
        result = [result.mean, result.std]
    if isinstance(result, tuple | list) and isinstance(result[0], np.ndarray):
        return [array.tobytes() for array in result]
    return result.tobytes() if isinstance(result, np.ndarray) else repr(result)


def check(call, times, sizes=SIZES):
    """Check that threads, each with a different number of rows, get the results of one thread."""
    expected = [bits(call(rows)) for rows in sizes]
    times = -(-times // QUICK)
    actual = together(*(lambda rows=rows: bits(call(rows)) for rows in sizes), times=times)
    wrong = sum(value != single for single, values in zip(expected, actual, strict=True) for value in values)
    assert wrong == 0, f"{wrong} of {times * len(sizes)} calls"


def calls_of(net, x, y):
    """Return all calls that read a network, each of a number of rows."""
    calls = {
        "predict": lambda n: net.predict(x[:n]),
        "predict_mc": lambda n: net.predict_mc(x[:n], 5),
        "samples": lambda n: list(net.samples(x[:n], 5, step=2)),
        "evaluate": lambda n: nd.evaluate(net, x[:n], y[:n]),
        "evaluate by samples": lambda n: nd.evaluate(net, x[:n], y[:n], samples=4),
        "evaluate_loss": lambda n: net.evaluate_loss(x[:n], y[:n]),
        "forward": lambda n: net.forward(x[:n]),
        "forward in training": lambda n: net.forward(x[:n], training=True, step=4, row_offset=1),
        "pickle": lambda n: pickle.loads(pickle.dumps(net)).predict(x[:n]),
    }
    return calls if net.predicts_values else calls | {"predict_proba": lambda n: net.predict_proba(x[:n])}


OPTIONS = {"hidden_layer_sizes": UNITS, "solver": "sgd", "max_iter": 2, "random_state": 0}


def classifier(**options):
    sklearn = pytest.importorskip("numba_dropout.sklearn")
    return sklearn.DropoutMLPClassifier(**OPTIONS, **options).fit(*data())
