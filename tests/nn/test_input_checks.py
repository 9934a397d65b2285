"""Checks of indices and addresses: labels, targets, rows, positions, and states of optimizers."""

import copy
import pickle

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import numba_dropout as nd

F32 = np.float32
X = np.random.default_rng(0).standard_normal((6, 4)).astype(F32)
Y = np.array([0, 1, 2, 0, 1, 2])


def network(**choices):
    return nd.MLP([4, 5, 3], seed=1, **choices)


LABELS = {
    "below 0": (Y - 1, ValueError, "labels from 0 to 2, got -1 to 1"),
    "too large": (Y + 1, ValueError, "labels from 0 to 2, got 1 to 3"),
    "beyond int64": (Y.astype(np.uint64) + np.uint64(2**63), ValueError, "labels from 0 to 2, got 9223372036854775808"),
    "the smallest int64": (np.full(6, -(2**63)), ValueError, "labels from 0 to 2, got -9223372036854775808"),
    "int8 below 0": ((Y - 1).astype(np.int8), ValueError, "labels from 0 to 2, got -1"),
    "floats": (Y * 1.0, ValueError, "integers, got float64"),
    "NaN": (np.full(6, np.nan), ValueError, "integers, got float64"),
    "complex": (Y + 0j, ValueError, "integers, got complex128"),
    "strings": (np.array(list("abcabc")), ValueError, "integers, got <U1"),
    "objects": (Y.astype(object), ValueError, "integers, got object"),
    "dates": (Y.astype("M8[s]"), ValueError, "integers, got datetime64"),
    "a column": (Y[:, None], ValueError, r"labels \(rows,\)"),
    "a scalar": (np.int64(1), ValueError, r"labels \(rows,\)"),
    "too few": (Y[:5], ValueError, "y: expected 6 rows like x, got 5"),
    "too many": (np.append(Y, 1), ValueError, "y: expected 6 rows like x, got 7"),
}
TARGETS = {
    "another width": (np.zeros((6, 3)), ValueError, r"y: expected shape \(rows, 2\), got \(6, 3\)"),
    "one dimension": (np.zeros(12), ValueError, r"y: expected shape \(rows, 2\)"),
    "too few": (np.zeros((5, 2)), ValueError, "y: expected 6 rows like x, got 5"),
    "three dimensions": (np.zeros((6, 2, 1)), ValueError, r"y: expected shape \(rows, 2\)"),
    "strings": (np.full((6, 2), "a"), TypeError, "y: expected numbers, got <U1"),
    "complex": (np.zeros((6, 2), complex), TypeError, "y: expected numbers, got complex128"),
}
CALLS_WITH_TARGETS = {
    "train_step": lambda net, y: net.train_step(X, y, nd.SGD()),
    "evaluate_loss": lambda net, y: net.evaluate_loss(X, y),
    "evaluate": lambda net, y: nd.evaluate(net, X, y),
    "fit": lambda net, y: nd.fit(net, X, y, optimizer=nd.SGD(), epochs=1, batch_size=3),
    "validation": lambda net, y: nd.fit(
        net,
        X,
        np.zeros((6, 2)) if net.loss == "mse" else Y,
        optimizer=nd.SGD(),
        epochs=1,
        batch_size=3,
        validation=(X, y),
    ),
}


@pytest.mark.parametrize("call", CALLS_WITH_TARGETS)
@pytest.mark.parametrize("case", LABELS)
def test_invalid_labels(case, call):
    y, error, message = LABELS[case]
    with pytest.raises(error, match=message):
        CALLS_WITH_TARGETS[call](network(), y)


@pytest.mark.parametrize("call", CALLS_WITH_TARGETS)
@pytest.mark.parametrize("case", TARGETS)
def test_invalid_targets(case, call):
    y, error, message = TARGETS[case]
    with pytest.raises(error, match=message):
        CALLS_WITH_TARGETS[call](nd.MLP([4, 5, 2], loss="mse"), y)


def test_layouts_of_labels():
    for y in (Y.astype(">i8"), Y.astype(np.uint8), np.repeat(Y, 2)[::2], Y[::-1].copy()[::-1]):
        assert network().evaluate_loss(X, y) == network().evaluate_loss(X, Y)
    same = as_strided(np.ones(1, int), (6,), (0,))
    assert network().evaluate_loss(X, same) == network().evaluate_loss(X, np.ones(6, int))


def train_steps(rows, batch_size=3, data=X, target=Y, weights=None):
    network().train_steps(np.zeros((2, 2)), data, target, rows, batch_size, nd.SGD(), weights)


CALLS = {
    "rows far out of range": (
        lambda: train_steps(np.arange(6) + 10**7),
        ValueError,
        "rows: expected numbers from 0 to 5, got 1",
    ),
    "rows below 0": (lambda: train_steps(np.arange(6) - 1), ValueError, "rows: expected numbers from 0 to 5, got -1"),
    "rows of floats": (lambda: train_steps(np.arange(6.0)), TypeError, "rows: expected int64, got float64"),
    "too few targets": (lambda: train_steps(np.arange(6), target=Y[:3]), ValueError, "rows: .* from 0 to 2, got 0"),
    "too few weights": (
        lambda: train_steps(np.arange(6), weights=np.ones(4, F32)),
        ValueError,
        "rows: .* from 0 to 3, got 0 to 5",
    ),
    "batch_size 0": (
        lambda: train_steps(np.arange(6), 0),
        ValueError,
        "batch_size: expected an integer at least 1, got 0",
    ),
    "too few columns": (lambda: network().forward(X[:, :3]), ValueError, r"x: expected shape \(rows, 4\)"),
    "a row": (lambda: network().predict(X[0]), ValueError, r"x: expected shape \(rows, 4\), got \(4,\)"),
    "another byte order": (lambda: network().forward(X.astype(">f4")), TypeError, "x: expected .* got >f4"),
    "a gradient of another shape": (
        lambda: (net := network()).forward(X) is None or net.backward(np.zeros((5, 3))),
        ValueError,
        r"dout: expected shape \(6, 3\), got \(5, 3\)",
    ),
    "row_offset -1": (
        lambda: network().forward(X, row_offset=-1),
        ValueError,
        "row_offset: expected an integer from 0",
    ),
    "row_offset 2**62": (lambda: network().forward(X, row_offset=2**62), ValueError, "row_offset: expected an integer"),
    "row_offset 1.0": (lambda: network().forward(X, row_offset=1.0), TypeError, "row_offset: expected an integer"),
    "row_offset of samples": (
        lambda: list(network().samples(X, 2, row_offset=2**62)),
        ValueError,
        "row_offset: expected an",
    ),
    "parameters of another shape": (
        lambda: network().load_state_dict({name: value[:1] for name, value in network().state_dict().items()}),
        ValueError,
        "state: expected shape",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_invalid_calls(case):
    call, error, message = CALLS[case]
    with pytest.raises(error, match=message):
        call()


STATES = {
    "too short": lambda state: state[:, :3].copy(),
    "too few moments": lambda state: state[:1].copy(),
    "too many moments": lambda state: np.repeat(state, 2, 0),
    "float64": lambda state: state.astype(float),
    "integers": lambda state: state.astype(int),
    "Fortran order": np.asfortranarray,
    "strided": lambda state: np.repeat(state, 2, 1)[:, ::2],
    "a list": lambda state: state.tolist(),
}


@pytest.mark.parametrize("case", STATES)
def test_invalid_states(case):
    net, rule = network(), nd.Adam()
    net.train_step(X, Y, rule)
    before, rule.state = copy.deepcopy(net), STATES[case](rule.state)
    with pytest.raises(
        ValueError, match=r"optimizer.state: expected a contiguous array \(2, 43\) of float32, got shape"
    ):
        net.train_step(X, Y, rule)
    assert all(np.array_equal(value, before.weights()[name]) for name, value in net.weights().items())


@pytest.mark.parametrize("case", ["too short", "too few moments", "too many moments", "integers"])
def test_invalid_states_in_pickles(case):
    net, rule = network(), nd.Adam()
    net.train_step(X, Y, rule)
    rule.state = STATES[case](rule.state)
    with pytest.raises(ValueError, match="optimizer: "):
        net.train_step(X, Y, pickle.loads(pickle.dumps(rule)))
