"""Dropout's family on arrays of a CUDA device, or of Numba's simulator (NUMBA_ENABLE_CUDASIM=1): what the CPU gives."""

import numpy as np
import pytest
from numba import cuda
from numba.core import config

import numba_dropout as nd
from numba_dropout.arrays import devices

if not config.ENABLE_CUDASIM and devices.why_not() is not None:
    pytest.skip("needs NUMBA_ENABLE_CUDASIM=1, or a device", allow_module_level=True)

AT = {"seed": 11, "stream": 3, "step": 2, "offset": 5}
RATES = np.linspace(0, 1, 5)
CALLS = {
    "many rates": ("dropout", (RATES,), {}, (3, 5)),
    "one rate in an array": ("dropout", (np.array([0.4]),), {}, (3, 5)),
    "noise shape": ("dropout", (0.4,), {"noise_shape": (None, 1, 5)}, (2, 3, 5)),
    "noise shape and rates": ("dropout", (RATES,), {"noise_shape": (None, 1, 5)}, (2, 3, 5)),
    "nothing is dropped": ("dropout", (0.0,), {"noise_shape": (1, 5)}, (3, 5)),
    "all is dropped": ("dropout", (1.0,), {"noise_shape": (1, 5)}, (3, 5)),
    "dropout1d": ("dropout1d", (0.4,), {}, (2, 3, 4)),
    "dropout2d": ("dropout2d", (0.4,), {}, (2, 2, 2, 3)),
    "channels last": ("dropout2d", (0.4,), {"channels_last": True}, (2, 2, 2, 3)),
    "dropout3d": ("dropout3d", (0.4,), {}, (3, 2, 1, 3)),
    "stochastic depth": ("stochastic_depth", (0.4,), {}, (4, 3)),
    "stochastic depth of a batch": ("stochastic_depth", (0.4, "batch"), {}, (4, 3)),
    "alpha_dropout": ("alpha_dropout", (0.4,), {}, (3, 5)),
    "feature_alpha_dropout": ("feature_alpha_dropout", (0.4,), {}, (2, 3, 4)),
    "gaussian_dropout": ("gaussian_dropout", (0.4,), {}, (3, 5)),
    "gaussian_noise": ("gaussian_noise", (0.4,), {}, (3, 5)),
    "drop_block2d": ("drop_block2d", (0.4, 2), {}, (2, 1, 3, 4)),
}


@pytest.mark.parametrize("name", CALLS)
def test_variants(name, rng):
    variant, arguments, options, shape = CALLS[name]
    x = rng.standard_normal(shape).astype(np.float32)
    for function in (getattr(nd, variant), getattr(nd, f"{variant}_backward")):
        expected = function(x, *arguments, **AT, **options)
        there = cuda.to_device(x)
        ours = function(there, *arguments, **AT, **options)
        np.testing.assert_allclose(ours.copy_to_host(), expected, rtol=1e-6, atol=1e-6)
        assert function(there, *arguments, **AT, **options, out=there) is there
        np.testing.assert_allclose(there.copy_to_host(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("p", [0.3, 1.0, RATES], ids=["one", "all", "many"])
@pytest.mark.parametrize("own", [(3, 5), (1, 5), (3, 1), None], ids=str)
def test_masks_that_are_given(p, own, rng):
    x = rng.standard_normal((3, 5)).astype(np.float32)
    mask = rng.random(own or (3, 5)) < 0.5
    mask = mask if own else np.packbits(mask, bitorder="little")
    ours = nd.dropout(cuda.to_device(x), p, mask=cuda.to_device(mask))
    assert np.array_equal(ours.copy_to_host(), nd.dropout(x, p, mask=mask))


def test_half_precision(rng):
    x = rng.standard_normal((3, 5)).astype(np.float16)
    for options in ({"p": RATES, **AT}, {"p": 0.3, "noise_shape": (3, 1), **AT}, {"p": 0.3, "mask": np.eye(3, 5) > 0}):
        there = {k: cuda.to_device(v) if k == "mask" else v for k, v in options.items()}
        expected = nd.dropout(x.astype(np.float32), **options).astype(np.float16)
        assert np.array_equal(nd.dropout(cuda.to_device(x), **there).copy_to_host(), expected)


@pytest.mark.parametrize("packed", [False, True])
def test_masks_of_many_rates(packed):
    ours = nd.sample_mask((3, 5), RATES, packed=packed, device="cuda", **AT)
    assert np.array_equal(ours.copy_to_host(), nd.sample_mask((3, 5), RATES, packed=packed, **AT))


def test_dropped_weights(rng):
    x, weight, bias, dy = (rng.standard_normal(s).astype(np.float32) for s in ((2, 3), (2, 3), (2,), (2, 2)))
    there = [cuda.to_device(a) for a in (x, weight, bias, dy)]
    ours = nd.dropconnect(*there[:3], 0.3, **AT).copy_to_host()
    np.testing.assert_allclose(ours, nd.dropconnect(x, weight, bias, 0.3, **AT), rtol=1e-5)
    expected = nd.dropconnect_backward(dy, x, weight, 0.3, **AT)
    for mine, theirs in zip(nd.dropconnect_backward(there[3], *there[:2], 0.3, **AT), expected, strict=True):
        np.testing.assert_allclose(mine.copy_to_host(), theirs, rtol=1e-5)


def test_a_rate_that_is_learnt(rng):
    x, dy = rng.standard_normal((2, 3, 5)).astype(np.float32)
    y = nd.concrete_dropout(x, -1.0, **AT)
    ours = nd.concrete_dropout(cuda.to_device(x), -1.0, **AT)
    np.testing.assert_allclose(ours.copy_to_host(), y, rtol=1e-5)
    gradients = nd.concrete_dropout_backward(cuda.to_device(dy), ours, -1.0, **AT)
    for mine, theirs in zip(gradients, nd.concrete_dropout_backward(dy, y, -1.0, **AT), strict=True):
        np.testing.assert_allclose(mine.copy_to_host(), theirs, rtol=1e-4)


NETWORKS = {
    "gaussian": {"dropout": 0.4, "variant": "gaussian"},
    "concrete": {
        "dropout": 0.4,
        "variant": "concrete",
        "weight_regularizer": 0.03,
        "dropout_regularizer": 0.2,
    },
    "dropconnect": {"dropout": 0.4, "variant": "dropconnect"},
    "rates": {"dropout": [np.linspace(0, 1, 4)]},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_variants_of_a_network(name, rng):
    x, y, dout = rng.standard_normal((2, 3)).astype(np.float32), np.array([0, 1]), np.ones((2, 2), np.float32)
    results = []
    for device in ("cpu", "cuda"):
        net = nd.MLP([3, 4, 2], **NETWORKS[name], input_dropout=0.2, seed=3, device=device)
        loss = net.train_step(x, y, nd.SGD(lr=0.2))
        out, dinp = net.forward(x, training=True, step=5, row_offset=2), net.backward(dout)
        results.append([loss, out, dinp, *net.weights().values()])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=2e-4, atol=2e-6)


def test_rates_that_follow_a_schedule(rng):
    x, y = rng.standard_normal((4, 3)).astype(np.float32), np.array([0, 1, 1, 0])
    weights = []
    for device in ("cpu", "cuda"):
        net = nd.MLP([3, 4, 2], dropout=0.8, seed=3, device=device)
        nd.fit(net, x, y, optimizer=nd.SGD(lr=0.2), epochs=1, batch_size=2, dropout_schedule="linear")
        weights.append(list(net.weights().values()))
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("variant", ["dropout", "subnetwork", "dropconnect"])
def test_samples_of_a_network(variant, rng):
    x = rng.standard_normal((2, 3)).astype(np.float32)
    choices = {"dropout": 0.4, "input_dropout": 0.2, "seed": 3, "variant": variant}
    expected, ours = (list(nd.MLP([3, 4, 2], **choices, device=device).samples(x, 3)) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def test_what_is_refused():
    x = cuda.to_device(np.ones((3, 5), np.float32))
    with pytest.raises(TypeError, match="mask: expected an array on the device like the first argument, got ndarray"):
        nd.dropout(x, 0.5, mask=np.ones((3, 5), bool))
    with pytest.raises(TypeError, match="mask: expected an array of bool, or of uint8 for bits, got float32"):
        nd.dropout(x, 0.5, mask=x)
