"""`fit`: its results, validation, and arguments that are refused."""

import naive
import numpy as np
import pytest
from networks import binary_problem

import numba_dropout as nd


def test_loss_of_training_mode(rng):
    net, x, y = binary_problem(rng)
    shadow = nd.MLP([4, 6, 2], dropout=0.2, seed=1)
    history = nd.fit(net, x, y, optimizer=nd.SGD(1e-30), epochs=1, batch_size=60)
    order = np.argsort(shuffle_words(60, seed=1, epoch=0), kind="stable")
    out = shadow.forward(x[order], training=True, step=0).astype(float)
    log_softmax = out - np.log(np.exp(out).sum(1, keepdims=True))
    assert history.records[0]["loss"] == pytest.approx(-log_softmax[np.arange(60), y[order]].mean(), rel=1e-5)
    assert history.records[0]["accuracy"] == pytest.approx((out.argmax(1) == y[order]).mean())


def shuffle_words(rows, seed, epoch):
    return np.array([naive.bits64(i, seed, 2 << 24, epoch) for i in range(rows)], np.uint64)


def test_batch_larger_than_data(rng):
    net, x, y = binary_problem(rng)
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=1, batch_size=10_000)
    assert net.step == 1


def test_consecutive_calls(rng):
    single, x, y = binary_problem(rng)
    twice = nd.MLP([4, 6, 2], dropout=0.2, seed=1)
    nd.fit(single, x, y, optimizer=nd.Adam(), epochs=4, batch_size=16)
    optimizer = nd.Adam()
    nd.fit(twice, x, y, optimizer=optimizer, epochs=1, batch_size=16)
    nd.fit(twice, x, y, optimizer=optimizer, epochs=3, batch_size=16)
    for key, value in single.state_dict().items():
        assert np.array_equal(value, twice.state_dict()[key])


def test_train_steps(rng):
    several, x, y = binary_problem(rng)
    single = nd.MLP([4, 6, 2], dropout=0.2, seed=1)
    a, b = nd.Adam(max_norm=1.0), nd.Adam(max_norm=1.0)
    several.train_steps(np.empty((3, 2)), x, several.as_target(y), np.arange(60), 20, a)
    for start in range(0, 60, 20):
        single.train_step(x[start : start + 20], y[start : start + 20], b)
    for key, value in several.state_dict().items():
        assert np.array_equal(value, single.state_dict()[key])


def test_validation(rng):
    net, x, y = binary_problem(rng)
    history = nd.fit(net, x, y, optimizer=nd.SGD(), epochs=1, validation=(x, y))
    loss, accuracy = net.evaluate_loss(x, y)
    assert history.records[0]["val_loss"] == loss
    assert history.records[0]["val_accuracy"] == accuracy
    assert accuracy == (net.predict(x) == y).mean()


def test_nan_in_data(rng):
    net, x, y = binary_problem(rng)
    x[7, 2] = np.nan
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan at \[7, 2\]"):
        nd.fit(net, x, y, optimizer=nd.SGD())
    assert net.step == 0


def test_invalid_validation_data(rng):
    net, x, y = binary_problem(rng)
    with pytest.raises(ValueError, match="x: expected shape"):
        nd.fit(net, x, y, optimizer=nd.SGD(), validation=(x[:, :3], y))
    assert net.step == 0


@pytest.mark.parametrize("arguments", [{"optimizer": "adam"}, {"callbacks": nd.Callback()}])
def test_wrong_types(arguments, rng):
    net, x, y = binary_problem(rng)
    with pytest.raises(TypeError, match=next(iter(arguments))):
        nd.fit(net, x, y, **{"optimizer": nd.SGD(), **arguments})


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
def test_invalid_arguments(arguments, message, rng):
    net, x, y = binary_problem(rng)
    with pytest.raises(ValueError, match=message):
        nd.fit(net, **{"x": x, "y": y, "optimizer": nd.SGD(), **arguments})


@pytest.mark.jit_only
@pytest.mark.parametrize("p", [0.2, 0.5])
def test_input_dropout_is_ridge_regression(p):
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


@pytest.mark.parametrize(("name", "value"), [("x", np.nan), ("x", np.inf), ("y", np.nan)])
def test_validation_that_is_not_finite(name, value):
    net = nd.MLP([2, 4, 1], loss="mse")
    rows = {"x": np.ones((4, 2)), "y": np.ones((4, 1))}
    held_out = {key: values.copy() for key, values in rows.items()}
    held_out[name][1] = value
    with pytest.raises(ValueError, match=rf"validation {name}: expected finite numbers, got {value} at \[1, 0\]"):
        nd.fit(net, **rows, optimizer=nd.SGD(lr=0.1), validation=tuple(held_out.values()), epochs=1)
