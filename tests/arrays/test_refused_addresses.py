"""Whatever becomes an index or an address is checked first: labels, rows, positions, masks, states, devices."""

import copy
import pickle

import numpy as np
import pytest
from numba.core import config
from numpy.lib.stride_tricks import as_strided

import numba_dropout as nd

F32 = np.float32
X = np.random.default_rng(0).standard_normal((6, 4)).astype(F32)
Y = np.array([0, 1, 2, 0, 1, 2])
DY, W, B = np.ones((6, 5), F32), np.ones((5, 4), F32), np.ones(5, F32)


def network(**choices):
    return nd.MLP([4, 5, 3], seed=1, **choices)


class Claim:
    """An object that describes memory as it likes."""

    def __init__(self, **interface):
        self.memory = np.ones(4, F32)
        self.__array_interface__ = self.memory.__array_interface__ | interface


# ---------------------------------------------------------------- labels and targets

LABELS = {
    "below 0": (Y - 1, ValueError, "labels from 0 to 2, got -1 to 1"),
    "too large": (Y + 1, ValueError, "labels from 0 to 2, got 1 to 3"),
    "beyond int64": (Y.astype(np.uint64) + np.uint64(2**63), ValueError, "labels from 0 to 2, got 9223372036854775808"),
    "the smallest": (np.full(6, -(2**63)), ValueError, "labels from 0 to 2, got -9223372036854775808"),
    "of int8 below 0": ((Y - 1).astype(np.int8), ValueError, "labels from 0 to 2, got -1"),
    "with a point": (Y * 1.0, ValueError, "integers, got float64"),
    "of NaN": (np.full(6, np.nan), ValueError, "integers, got float64"),
    "complex": (Y + 0j, ValueError, "integers, got complex128"),
    "texts": (np.array(list("abcabc")), ValueError, "integers, got <U1"),
    "objects": (Y.astype(object), ValueError, "integers, got object"),
    "dates": (Y.astype("M8[s]"), ValueError, "integers, got datetime64"),
    "a column": (Y[:, None], ValueError, r"labels \(rows,\)"),
    "a number": (np.int64(1), ValueError, r"labels \(rows,\)"),
    "too few": (Y[:5], ValueError, "y: expected 6 rows like x, got 5"),
    "too many": (np.append(Y, 1), ValueError, "y: expected 6 rows like x, got 7"),
}
TARGETS = {
    "of another width": (np.zeros((6, 3)), ValueError, r"y: expected shape \(rows, 2\), got \(6, 3\)"),
    "in a row": (np.zeros(12), ValueError, r"y: expected shape \(rows, 2\)"),
    "too few": (np.zeros((5, 2)), ValueError, "y: expected 6 rows like x, got 5"),
    "of three dimensions": (np.zeros((6, 2, 1)), ValueError, r"y: expected shape \(rows, 2\)"),
    "texts": (np.full((6, 2), "a"), TypeError, "y: expected numbers, got <U1"),
    "complex": (np.zeros((6, 2), complex), TypeError, "y: expected numbers, got complex128"),
}
LABELLED = {
    "train_step": lambda net, y: net.train_step(X, y, nd.SGD()),
    "evaluate_loss": lambda net, y: net.evaluate_loss(X, y),
    "evaluate": lambda net, y: nd.evaluate(net, X, y),
    "fit": lambda net, y: nd.fit(net, X, y, optimizer=nd.SGD(), epochs=1, batch_size=3),
    "validation": lambda net, y: (
        nd.fit(net, X, np.zeros(TRUE[net.loss]), optimizer=nd.SGD(), epochs=1, batch_size=3, validation=(X, y))
        if net.loss == "mse"
        else nd.fit(net, X, Y, optimizer=nd.SGD(), epochs=1, batch_size=3, validation=(X, y))
    ),
}
TRUE = {"mse": (6, 2)}


@pytest.mark.parametrize("call", LABELLED)
@pytest.mark.parametrize("case", LABELS)
def test_labels(case, call):
    y, error, message = LABELS[case]
    with pytest.raises(error, match=message):
        LABELLED[call](network(), y)


@pytest.mark.parametrize("call", LABELLED)
@pytest.mark.parametrize("case", TARGETS)
def test_targets(case, call):
    y, error, message = TARGETS[case]
    with pytest.raises(error, match=message):
        LABELLED[call](nd.MLP([4, 5, 2], loss="mse"), y)


def test_labels_of_other_layouts():
    for y in (Y.astype(">i8"), Y.astype(np.uint8), np.repeat(Y, 2)[::2], Y[::-1].copy()[::-1]):
        assert network().evaluate_loss(X, y) == network().evaluate_loss(X, Y)
    same = as_strided(np.ones(1, int), (6,), (0,))
    assert network().evaluate_loss(X, same) == network().evaluate_loss(X, np.ones(6, int))


# ---------------------------------------------------------------- rows, positions, shapes


def train_steps(rows, batch_size=3, data=X, target=Y, weights=None):
    network().train_steps(np.zeros((2, 2)), data, target, rows, batch_size, nd.SGD(), weights)


CALLS = {
    "rows far off": (
        lambda: train_steps(np.arange(6) + 10**7),
        ValueError,
        "rows: expected numbers from 0 to 5, got 1",
    ),
    "rows below 0": (lambda: train_steps(np.arange(6) - 1), ValueError, "rows: expected numbers from 0 to 5, got -1"),
    "rows with a point": (lambda: train_steps(np.arange(6.0)), TypeError, "rows: expected int64, got float64"),
    "rows of few targets": (lambda: train_steps(np.arange(6), target=Y[:3]), ValueError, "rows: .* from 0 to 2, got 0"),
    "rows of few weights": (
        lambda: train_steps(np.arange(6), weights=np.ones(4, F32)),
        ValueError,
        "rows: .* from 0 to 3, got 0 to 5",
    ),
    "no batch": (lambda: train_steps(np.arange(6), 0), ValueError, "batch_size: expected an integer at least 1, got 0"),
    "rows of too many columns": (lambda: network().forward(X[:, :3]), ValueError, r"x: expected shape \(rows, 4\)"),
    "a row": (lambda: network().predict(X[0]), ValueError, r"x: expected shape \(rows, 4\), got \(4,\)"),
    "a foreign order of bytes": (lambda: network().forward(X.astype(">f4")), TypeError, "x: expected .* got >f4"),
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
    "samples from far": (
        lambda: list(network().samples(X, 2, row_offset=2**62)),
        ValueError,
        "row_offset: expected an",
    ),
    "offset -1": (lambda: nd.dropout(X, seed=1, offset=-1), ValueError, "offset: expected an integer from 0"),
    "offset past the end": (
        lambda: nd.dropout(X, seed=1, offset=2**63 - 24),
        ValueError,
        "offset: expected an integer",
    ),
    "offset of an array": (
        lambda: nd.dropout(X, seed=1, offset=np.array([3])),
        TypeError,
        "offset: expected an integer",
    ),
    "a shape below 0": (lambda: nd.sample_mask((-1, 4), seed=1), ValueError, "shape: expected an integer from 0"),
    "a shape that overflows": (
        lambda: nd.sample_mask((2**40, 2**40), seed=1),
        ValueError,
        r"shape: .* 2\*\*63 elements",
    ),
    "noise_shape -1": (
        lambda: nd.dropout(X, seed=1, noise_shape=(-1, 4)),
        ValueError,
        "noise_shape: expected an integer",
    ),
    "noise_shape 2**70": (
        lambda: nd.dropout(X, seed=1, noise_shape=(2**70, 4)),
        ValueError,
        "noise_shape: expected an",
    ),
    "noise_shape of 3 for 6": (
        lambda: nd.dropout(X, seed=1, noise_shape=(3, 4)),
        ValueError,
        "noise_shape: .* broadcasts",
    ),
    "too few bits": (
        lambda: nd.dropout(X, mask=np.zeros(2, np.uint8)),
        ValueError,
        r"mask: .* shape \(3,\) for the bits",
    ),
    "too many bits": (
        lambda: nd.dropout(X, mask=np.zeros(4, np.uint8)),
        ValueError,
        r"mask: .* shape \(3,\) for the bits",
    ),
    "bits in two dimensions": (
        lambda: nd.dropout(X, mask=np.zeros((3, 1), np.uint8)),
        ValueError,
        "mask: expected shape",
    ),
    "a mask of too many rows": (lambda: nd.dropout(X, mask=np.zeros((7, 4), bool)), ValueError, "mask: .* broadcasts"),
    "a mask of int8": (
        lambda: nd.dropout(X, mask=np.zeros((6, 4), np.int8)),
        TypeError,
        "mask: expected an array of bool",
    ),
    "rates for other columns": (
        lambda: nd.dropout(X, [0.5] * 5, seed=1),
        ValueError,
        "p: expected a shape that broadcasts",
    ),
    "a layer of a number": (lambda: nd.linear(F32(3), W), ValueError, "x: expected at least 1 dimension"),
    "a weight turned": (lambda: nd.linear(X, W.T), ValueError, r"weight: expected shape \(out_features, 4\)"),
    "a bias too long": (
        lambda: nd.linear(X, W, np.ones(6, F32)),
        ValueError,
        r"bias: expected shape \(5,\), got \(6,\)",
    ),
    "a bias in a column": (
        lambda: nd.linear(X, W, B[:, None]),
        ValueError,
        r"bias: expected shape \(5,\), got \(5, 1\)",
    ),
    "a bias of none": (lambda: nd.linear(X, W, B[:0]), ValueError, r"bias: expected shape \(5,\), got \(0,\)"),
    "a bias of float64": (lambda: nd.linear(X, W, np.ones(5)), TypeError, "bias: expected dtype float32"),
    "a gradient turned": (lambda: nd.linear_backward(DY.T, X, W), ValueError, r"dy: expected shape \(6, 5\)"),
    "a gradient of few rows": (lambda: nd.linear_backward(DY[:5], X, W), ValueError, r"dy: expected shape \(6, 5\)"),
    "outputs of few rows": (
        lambda: nd.linear_relu_dropout_backward(DY, DY[:5], X, W, 0.5),
        ValueError,
        r"y: expected shape \(6, 5\)",
    ),
    "inputs of few rows": (
        lambda: nd.linear_relu_dropout_backward(DY, DY, X[:5], W, 0.5),
        ValueError,
        r"dy: expected shape \(5, 5\)",
    ),
    "a hidden weight of few units": (
        lambda: nd.linear_relu_dropout_backward(DY, DY, X, W[:4], 0.5),
        ValueError,
        r"dy: expected shape \(6, 4\)",
    ),
    "a gradient of other elements": (lambda: nd.relu_backward(X, X[:5]), ValueError, r"y: expected shape \(6, 4\)"),
    "a claim of nothing": (
        lambda: nd.dropout(Claim(data=(0, False)), seed=1),
        ValueError,
        "data is NULL|cannot coerce",
    ),
    "a claim below 0": (lambda: nd.dropout(Claim(shape=(-4,)), seed=1), ValueError, "negative dimensions"),
    "a claim of all memory": (lambda: nd.dropout(Claim(shape=(2**62,)), seed=1), ValueError, "too big"),
    "an output that claims to be expanded": (
        lambda: nd.dropout(Claim(), seed=1, out=Claim(strides=(0,))),
        ValueError,
        "out: expected an array whose elements do not share memory",
    ),
    "parameters of another shape": (
        lambda: network().load_state_dict({name: value[:1] for name, value in network().state_dict().items()}),
        ValueError,
        "state: expected shape",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_calls(case):
    call, error, message = CALLS[case]
    with pytest.raises(error, match=message):
        call()


# ---------------------------------------------------------------- optimisers' states

STATES = {
    "short": lambda state: state[:, :3].copy(),
    "of few moments": lambda state: state[:1].copy(),
    "of many moments": lambda state: np.repeat(state, 2, 0),
    "of float64": lambda state: state.astype(float),
    "of integers": lambda state: state.astype(int),
    "in the other order": np.asfortranarray,
    "with gaps": lambda state: np.repeat(state, 2, 1)[:, ::2],
    "a list": lambda state: state.tolist(),
}


@pytest.mark.parametrize("case", STATES)
def test_states(case):
    net, rule = network(), nd.Adam()
    net.train_step(X, Y, rule)
    before, rule.state = copy.deepcopy(net), STATES[case](rule.state)
    with pytest.raises(
        ValueError, match=r"optimizer.state: expected a contiguous array \(2, 43\) of float32, got shape"
    ):
        net.train_step(X, Y, rule)
    assert all(np.array_equal(value, before.weights()[name]) for name, value in net.weights().items())


@pytest.mark.parametrize("case", ["short", "of few moments", "of many moments", "of integers"])
def test_states_in_pickles(case):
    net, rule = network(), nd.Adam()
    net.train_step(X, Y, rule)
    rule.state = STATES[case](rule.state)
    with pytest.raises(ValueError, match="optimizer: "):
        net.train_step(X, Y, pickle.loads(pickle.dumps(rule)))


# ---------------------------------------------------------------- arrays on devices

DEVICE = {
    "a null pointer": ({"data": (0, False)}, r"expected an address, got a null pointer for shape \(4,\)"),
    "an address between elements": ({"data": (4098, False)}, "aligned to 4 bytes, got address 0x1002"),
    "strides between elements": ({"strides": (6,)}, "aligned to 4 bytes"),
    "a size below 0": ({"shape": (-4,)}, "expected a length and a stride for each dimension"),
    "too many strides": ({"strides": (16, 4)}, "expected a length and a stride for each dimension"),
    "a foreign order of bytes": ({"typestr": ">f4"}, "expected native byte order, got >f4"),
    "a mask": ({"mask": np.ones(4)}, "expected an array without a mask"),
    "an expanded input": ({"strides": (0,)}, "expected a C-contiguous array"),
}


class OnDevice:
    def __init__(self, **interface):
        self.memory = np.ones(4, F32)
        self.__cuda_array_interface__ = self.memory.__array_interface__ | {"version": 3, "stream": None} | interface


@pytest.mark.skipif(not config.ENABLE_CUDASIM, reason="needs NUMBA_ENABLE_CUDASIM=1")
@pytest.mark.parametrize("case", DEVICE)
def test_arrays_on_devices(case, monkeypatch):
    from numba import cuda
    from test_on_device import simulated

    from numba_dropout.arrays import cuda as _cuda_arrays

    monkeypatch.setattr(_cuda_arrays, "_device_array", simulated)  # the simulator takes no addresses
    interface, message = DEVICE[case]
    with pytest.raises(ValueError, match=f"x: .*{message}"):
        nd.relu(OnDevice(**interface))
    if case not in ("an expanded input", "strides between elements"):
        with pytest.raises(ValueError, match=f"out: .*{message}"):
            nd.relu(cuda.to_device(np.ones(4, F32)), out=OnDevice(**interface))
    with pytest.raises(ValueError, match="out: expected an array whose elements do not share memory"):
        nd.relu(cuda.to_device(np.ones(4, F32)), out=OnDevice(strides=(0,)))
