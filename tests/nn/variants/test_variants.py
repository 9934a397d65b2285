"""Variants of a network's dropout, against the same network in NumPy: values, gradients, steps, samples, files."""

import math

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.kernels.scalar.philox import PURPOSE
from numba_dropout.nn import buffers as network_module
from numba_dropout.nn.variants import concrete_dropout

SIZES = [5, 12, 8, 3]
RATES = {"dropout": (np.linspace(0, 1, 12), 0.4), "input_dropout": [0.0, 0.3, 0.5, 0.2, 1.0]}
STRENGTHS = {"weight_regularizer": 0.03, "dropout_regularizer": 0.2}
CHOICES = {
    "gaussian": {"variant": "gaussian", "dropout": (0.5, 0.3), "input_dropout": 0.2},
    "some gaussian": {"variant": "gaussian", "dropout": (0.0, 0.3), "input_dropout": 0.0},
    "concrete": {"variant": "concrete", "dropout": (0.5, 0.3), "input_dropout": 0.2, **STRENGTHS},
    "some concrete": {"variant": "concrete", "dropout": (0.0, 0.3), "input_dropout": 0.0, **STRENGTHS},
    "rates": RATES,
    "rates of one layer": {"dropout": (0.4, np.linspace(0, 0.9, 8)), "input_dropout": 0.0},
}


def network(name, **choices):
    return nd.MLP(SIZES, **{**CHOICES[name], "seed": 9, "loss": "mse", "dtype": "float64", **choices})


def logit(p):
    return math.log(p / (1 - p))


def factors(net, rows, step, first=0, purpose=None, h=0.0):
    """Return what each site's values are multiplied by; h goes to the logits of rates that are learnt."""
    found = []
    for site, (p, units) in enumerate(zip([net.input_dropout, *net.dropout], SIZES, strict=False)):
        if net.variant == "gaussian":
            from numba_dropout.kernels import cpu

            z = np.zeros((rows, units))
            stream = np.uint64(PURPOSE[purpose or "noise"] | site)
            key = np.uint64(9), np.uint64(0)
            at = *key, stream, np.uint64(step), np.uint64(first * units)
            cpu.add_gaussian_noise(z.reshape(-1), z.reshape(-1), 1.0, *at)
            found.append(1 + math.sqrt(p / (1 - p)) * z)
        elif net.variant == "concrete" and p:
            one, at = np.ones((rows, units)), {"seed": 9, "stream": site, "step": step, "offset": first * units}
            found.append(nd.concrete_dropout(one, logit(p) + h, **at))
        else:
            one = np.ones((rows, units))
            found.append(nd.dropout(one, p, seed=9, stream=site, step=step, offset=first * units))
    return found


def passed(net, x, by):
    """Return the inputs of all layers, and the outputs before their ReLU."""
    h, inputs, sums = x, [], []
    for site, factor in enumerate(by):
        inputs.append(h * factor)
        sums.append(inputs[-1] @ net.state_dict()[f"{site}.weight"].T + net.state_dict()[f"{site}.bias"])
        h = np.maximum(sums[-1], 0)
    return inputs, sums


def gradients(net, x, dout, by, slopes):
    """Return the gradient by the input, and those by the parameters; slopes are the factors' by the logits."""
    inputs, sums = passed(net, x, by)
    grads, d = {}, dout
    for site in (2, 1, 0):
        d = d * (sums[site] > 0) if site < 2 else d
        grads[f"{site}.weight"], grads[f"{site}.bias"] = d.T @ inputs[site], d.sum(0)
        d = d @ net.state_dict()[f"{site}.weight"]
        before = np.maximum(sums[site - 1], 0) if site else x
        grads[f"{site}.logit"] = (d * before * slopes[site]).sum()
        d = d * by[site]
    return d, grads


def slopes(net, *arguments, **options):
    """Return the derivatives of the factors by the logits, by central differences."""
    above, below = (factors(net, *arguments, **options, h=h) for h in (1e-6, -1e-6))
    return [(a - b) / 2e-6 for a, b in zip(above, below, strict=True)]


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("rows", [1, 3, 20])
def test_forward_and_backward(name, rows, rng):
    net = network(name)
    x, dout = rng.standard_normal((rows, 5)), rng.standard_normal((rows, 3))
    by = factors(net, rows, step=4, first=6)
    out = net.forward(x, training=True, step=4, row_offset=6)
    np.testing.assert_allclose(out, passed(net, x, by)[1][-1], rtol=1e-10, atol=1e-12)
    dinp, grads = gradients(net, x, dout, by, slopes(net, rows, step=4, first=6))
    np.testing.assert_allclose(net.backward(dout), dinp, rtol=1e-10, atol=1e-12)
    for key, value in net.gradients().items():
        close = {"rtol": 1e-5, "atol": 1e-7} if "logit" in key else {"rtol": 1e-10, "atol": 1e-12}
        np.testing.assert_allclose(value, grads[key], **close, err_msg=key)


@pytest.mark.parametrize("name", CHOICES)
def test_evaluation_is_the_plain_networks(name, rng):
    x, dout = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    net, other = network(name), nd.MLP(SIZES, seed=9, loss="mse", dtype="float64")
    assert np.array_equal(net.forward(x), other.forward(x))
    assert np.array_equal(net.backward(dout), other.backward(dout))


@pytest.mark.parametrize("name", CHOICES)
def test_a_step_descends_the_gradient(name, rng):
    net = network(name)
    x, y = rng.standard_normal((7, 5)), rng.standard_normal((7, 3))
    by = factors(net, 7, step=0)
    out = passed(net, x, by)[1][-1]
    _, grads = gradients(net, x, 2 * (out - y) / out.size, by, slopes(net, 7, step=0))
    before = {key: value.copy() for key, value in net.state_dict().items()}
    for site, p in enumerate([net.input_dropout, *net.dropout] if "concrete" in name else []):
        if p:
            weight = before[f"{site}.weight"]
            grads[f"{site}.weight"] += 2 * 0.03 / (1 - p) * weight
            grads[f"{site}.logit"] += 0.03 * p / (1 - p) * (weight**2).sum()
            grads[f"{site}.logit"] += 0.2 * weight.shape[1] * p * (1 - p) * logit(p)
    loss = net.train_step(x, y, nd.SGD(lr=0.1, momentum=0.0))
    assert loss == pytest.approx(((out - y) ** 2).mean())
    for key, value in net.state_dict().items():
        close = {"rtol": 1e-6} if "logit" in key else {"rtol": 1e-10, "atol": 1e-12}
        np.testing.assert_allclose(value, before[key] - 0.1 * grads[key], **close, err_msg=key)


def test_samples_of_gaussian_dropout(rng):
    net, x = network("gaussian"), rng.standard_normal((6, 5))
    for number, out in enumerate(net.samples(x, 3)):
        by = factors(net, 6, step=number, purpose="monte carlo")
        np.testing.assert_allclose(out, passed(net, x, by)[1][-1], rtol=1e-10, atol=1e-12)


def test_one_rate_for_all_units_is_that_rate(rng):
    """Masks and samples are those of the network with one rate for each layer."""
    x = rng.standard_normal((6, 5))
    many = nd.MLP(SIZES, dropout=(np.full(12, 0.5), 0.3), input_dropout=0.2, seed=9, loss="mse", dtype="float64")
    one = nd.MLP(SIZES, dropout=(0.5, 0.3), input_dropout=0.2, seed=9, loss="mse", dtype="float64")
    for net in (many, one):
        net.y = net.forward(x, training=True)
        net.all = np.array(list(net.samples(x, 3)))
    np.testing.assert_allclose(many.y, one.y, rtol=1e-12)
    np.testing.assert_allclose(many.all, one.all, rtol=1e-12)


@pytest.mark.full
@pytest.mark.parametrize("name", [*CHOICES, "subnetwork", "dropconnect"])
@pytest.mark.parametrize("share", [0.5, 2.0])
def test_a_clipped_step_is_one_with_less_of_the_gradient(name, share, rng):
    """The gradient is that of a backward pass, which stores it; the step is written out here."""
    x, y = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    other = {} if name in CHOICES else {"variant": name}
    net, shadow = (network("gaussian" if other else name, **other) for _ in range(2))
    for each in (net, shadow):
        if net.variant == "concrete":
            each.weight_regularizer = each.dropout_regularizer = 0.0
            each.regularize(None)
    out = shadow.forward(x, training=True)
    shadow.backward(2 * (out - y) / out.size)
    gradients = {name: value.copy() for name, value in shadow.gradients().items()}
    norm = np.sqrt(sum((value**2).sum() for value in gradients.values()))
    net.train_step(x, y, nd.SGD(0.1, clip_norm=share * norm, weight_decay=0.01))
    for key, value in shadow.weights().items():
        decay = 0.01 * value if key.endswith("weight") else 0.0
        expected = value - 0.1 * (min(1.0, share) * gradients[key] + decay)
        np.testing.assert_allclose(net.weights()[key], expected, rtol=1e-9, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("name", CHOICES)
def test_they_are_kept_in_the_file(name, tmp_path, rng):
    net, x = network(name), rng.standard_normal((6, 5))
    nd.fit(net, x, rng.standard_normal((6, 3)), optimizer=nd.SGD(), epochs=1, batch_size=4)
    net.save(tmp_path / "m.npz")
    again = nd.MLP.load(tmp_path / "m.npz")
    assert np.array_equal(again.forward(x, training=True, step=3), net.forward(x, training=True, step=3))
    assert again.stages() == net.stages()
    assert all(np.array_equal(a, b) for a, b in zip(again.rates, net.rates, strict=True))


def test_the_flow_names_the_span_of_the_rates():
    assert ("dropout 0 to 1", 12) in network("rates").stages()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"dropout": ([0.5] * 11, 0.5)}, r"dropout: expected a rate for each of 12 units, got shape \(11,\)"),
        ({"dropout": ([0.5] * 11 + [2], 0.5)}, "dropout: dropout probability has to be between 0 and 1, but got 2"),
        ({"input_dropout": [0.5]}, r"input_dropout: expected a rate for each of 5 units, got shape \(1,\)"),
        (
            {"dropout": ([0.5] * 12, 0.5), "variant": "gaussian"},
            "dropout: expected one rate for each layer with variant",
        ),
        (
            {"dropout": 1.0, "variant": "gaussian"},
            "dropout: expected probabilities below 1 with variant='gaussian', got 1",
        ),
        ({"weight_regularizer": 1e-6}, "weight_regularizer: only valid with variant='concrete', got 1e-06"),
        (
            {"variant": "concrete", "dropout_regularizer": -1},
            "dropout_regularizer: expected a number at least 0, got -1",
        ),
        (
            {"variant": "units"},
            "variant: expected one of dropout, gaussian, subnetwork, dropconnect, concrete, got 'units'",
        ),
    ],
)
def test_refusals(choices, message):
    with pytest.raises(ValueError, match=message):
        nd.MLP(SIZES, **choices)


# ---------------------------------------------------------------- dropped weights


DROPPED = {"variant": "dropconnect", "dropout": (0.5, 1.0), "input_dropout": 0.2, "loss": "mse", "dtype": "float64"}
SOME_DROPPED = {**DROPPED, "dropout": (0.0, 0.3), "input_dropout": 0.0}


def with_weights(net, change):
    """Return a network without dropout whose weights are another's, changed by change(weight, rate, layer)."""
    other = nd.MLP(SIZES, dropout=0.0, loss="mse", dtype="float64")
    rates = [net.input_dropout, *net.dropout]
    state = dict(net.state_dict())
    state |= {f"{i}.weight": change(state[f"{i}.weight"], p, i) for i, p in enumerate(rates)}
    other.load_state_dict(state)
    return other


@pytest.mark.parametrize("choices", [DROPPED, SOME_DROPPED], ids=["all", "some"])
def test_weights_that_are_dropped(choices, rng):
    """A batch sees a network without dropout and with fewer weights, which have its gradients."""
    net, at = nd.MLP(SIZES, seed=9, **choices), {"seed": 9, "step": 4}
    net.load_state_dict({name: rng.standard_normal(value.shape) for name, value in net.state_dict().items()})
    other = with_weights(net, lambda weight, p, i: nd.dropout(weight, p, stream=i, **at))
    x, dout = rng.standard_normal((20, 5)), rng.standard_normal((20, 3))
    assert np.array_equal(net.forward(x, training=True, step=4, row_offset=6), other.forward(x))
    assert np.array_equal(net.backward(dout), other.backward(dout))
    for i, p in enumerate([net.input_dropout, *net.dropout]):
        dweight = nd.dropout_backward(other.gradients()[f"{i}.weight"], p, stream=i, **at)
        np.testing.assert_allclose(net.gradients()[f"{i}.weight"], dweight, rtol=1e-15)
        assert np.array_equal(net.gradients()[f"{i}.bias"], other.gradients()[f"{i}.bias"])
    plain = with_weights(net, lambda weight, p, i: weight)
    assert np.array_equal(net.forward(x), plain.forward(x))


@pytest.mark.parametrize("choices", [DROPPED, SOME_DROPPED], ids=["all", "some"])
def test_a_step_with_weights_that_are_dropped(choices, rng):
    net, x, y = nd.MLP(SIZES, seed=9, **choices), rng.standard_normal((7, 5)), rng.standard_normal((7, 3))
    out = net.forward(x, training=True)
    net.backward(2 * (out - y) / out.size)
    grads = {name: value.copy() for name, value in net.gradients().items()}
    before = {name: value.copy() for name, value in net.state_dict().items()}
    loss = net.train_step(x, y, nd.SGD(lr=0.1, momentum=0.0, weight_decay=0.3))
    assert loss == pytest.approx(((out - y) ** 2).mean())
    for name, value in net.state_dict().items():
        decay = 0.3 * before[name] if "weight" in name else 0
        np.testing.assert_allclose(value, before[name] - 0.1 * (grads[name] + decay), rtol=1e-12, atol=1e-14)


def test_samples_of_weights_that_are_dropped(rng):
    """Each has weights of its own, for all rows; the rows beside one change nothing."""
    net, x = nd.MLP(SIZES, seed=9, **DROPPED), rng.standard_normal((6, 5))
    found = list(net.samples(x, 5))
    for number, out in enumerate(found):

        def drop(weight, p, i, number=number):
            from numba_dropout.kernels import cpu

            result, threshold = np.zeros(weight.size), round(p * 2**32)
            if p < 1:
                at = np.uint64(9), np.uint64(0), np.uint64(PURPOSE["monte carlo"] | i), np.uint64(number), np.uint64(0)
                scale = 2**32 / (2**32 - threshold)
                cpu.dropout_forward(result, weight.reshape(-1), np.uint64(threshold), scale, *at)
            return result.reshape(weight.shape)

        np.testing.assert_allclose(out, with_weights(net, drop).forward(x), rtol=1e-12)
    for row in range(6):
        alone = np.array(list(net.samples(x[row : row + 1], 5)))[:, 0]
        np.testing.assert_allclose(alone, np.array(found)[:, row], rtol=1e-12)


def test_a_file_of_weights_that_are_dropped(tmp_path, rng):
    net, x = nd.MLP(SIZES, seed=9, **DROPPED), rng.standard_normal((6, 5))
    net.save(tmp_path / "m.npz")
    again = nd.MLP.load(tmp_path / "m.npz")
    assert np.array_equal(again.forward(x, training=True, step=3), net.forward(x, training=True, step=3))


# ---------------------------------------------------------------- rates that are learnt


@pytest.mark.jit_only
def test_rates_that_are_learnt_fall_with_more_data(rng):
    """Gal et al., section 4.1: what the weights do not know is explained away by data."""
    w, rates = rng.standard_normal((5, 3)) / math.sqrt(5), []
    for rows in (20, 2000):
        x = rng.standard_normal((rows, 5))
        y = x @ w + 0.5 * rng.standard_normal((rows, 3))
        net = nd.MLP(SIZES, variant="concrete", dropout=0.2, seed=9, loss="mse", dtype="float64")
        assert net.rates == [0, pytest.approx(0.2), pytest.approx(0.2)]
        assert net.size == 5 * 12 + 12 + 12 * 8 + 8 + 8 * 3 + 3 + 2
        nd.fit(net, x, y, optimizer=nd.SGD(0.01), epochs=40_000 // rows, batch_size=20)
        rates.append(net.rates)
    assert rates[0][0] == rates[1][0] == 0
    assert sum(rates[1]) < 0.5 * sum(rates[0])


def test_in_evaluation_rates_have_no_gradient(rng):
    net, x = network("concrete"), rng.standard_normal((6, 5))
    net.backward(net.forward(x, training=True))
    assert net.gradients()["1.logit"] != 0
    net.backward(net.forward(x))
    assert net.gradients()["1.logit"] == 0


def test_a_rate_next_to_1(rng):
    net, x = network("concrete"), rng.standard_normal((6, 5))
    net.load_state_dict({**net.state_dict(), "1.logit": [100.0], "2.logit": [-100.0]})
    assert net.rates == [pytest.approx(0.2), 1, pytest.approx(0)]
    state = net.state_dict()
    expected = np.maximum(state["1.bias"], 0) @ state["2.weight"].T + state["2.bias"]
    np.testing.assert_allclose(net.forward(x, training=True), np.tile(expected, (6, 1)))


def test_small_rates_feel_their_regularizer():
    """In float32, where 1 - (1 - p) is no p."""
    from numba_dropout.kernels import cpu

    regularization, weight = np.array([0, 1], np.float32), np.zeros((2, 10), np.float32)
    for p in (1e-5, 1e-8, 1e-20):
        dlogit = np.zeros(1, np.float32)
        cpu.concrete_regularizer(dlogit, np.zeros(256), weight, np.array([logit(p)], np.float32), regularization)
        assert dlogit[0] == pytest.approx(10 * p * (1 - p) * logit(p), rel=1e-5)


def test_a_step_alone_needs_the_strengths(rng, tmp_path):
    net = nd.MLP(SIZES, variant="concrete", loss="mse", dtype="float64")
    x, y = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    with pytest.raises(ValueError, match="train_step: expected a network with weight_regularizer and"):
        net.train_step(x, y, nd.SGD())
    with pytest.raises(ValueError, match=r"dropout_schedule: expected .* got learned rates"):
        nd.fit(net, x, y, optimizer=nd.SGD(), dropout_schedule="linear")
    assert net.rows is None
    nd.fit(net, x, y, optimizer=(optimizer := nd.SGD()), epochs=1)
    net.save(tmp_path / "m.npz")
    again = nd.MLP.load(tmp_path / "m.npz")
    assert net.train_step(x, y, optimizer) == again.train_step(x, y, nd.SGD())
    with pytest.raises(ValueError, match=r"dropout_schedule: expected .* got learned rates"):
        nd.fit(net, x, y, optimizer=optimizer, dropout_schedule="linear")


@pytest.mark.parametrize("optimizer", [nd.SGD, nd.Adam])
def test_the_regularizer_finds_the_weight_decay(optimizer):
    hyperparameters = optimizer(weight_decay=0.37).hyperparameters(1)[0]
    assert hyperparameters[concrete_dropout.DECAY[optimizer.update]] == 0.37
    assert list(hyperparameters).count(0.37) == 1
    assert hyperparameters.size <= network_module.SETTINGS
