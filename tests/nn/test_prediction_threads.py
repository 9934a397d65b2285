"""Predictions and copies in several Python threads, against one thread."""

import copy
import itertools
import pickle
import sys

import numpy as np
import pytest
from together import OPTIONS, OUTPUTS, SIZES, UNITS, calls_of, check, classifier, data, network, quick_turns, together

import numba_dropout as nd
from numba_dropout.arrays import devices

VARIANTS = {
    "dropout": {},
    "rates": {"dropout": [[0.1, 0.5] * (UNITS // 2)]},
    "gaussian": {"variant": "gaussian"},
    "subnetwork": {"variant": "subnetwork"},
    "dropconnect": {"variant": "dropconnect"},
    "concrete": {"variant": "concrete"},
}
unconverged = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


@pytest.fixture(autouse=True)
def quick():
    with quick_turns():
        yield


def test_predict_proba():
    (x, _), net = data(), network()
    check(lambda n: net.predict_proba(x[:n]), 500)


def test_all_calls():
    for call in calls_of(network(), *data()).values():
        check(call, 25)


@pytest.mark.compiles_long
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "bce", "poisson"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_variants(variant, loss, sparse):
    net = network(loss, **VARIANTS[variant])
    net.scale_input(0.1, 2.0)
    for call in calls_of(net, *data(loss, sparse=sparse)).values():
        check(call, 3, (2, 5, 3, 9))


@pytest.mark.cuda_device
@pytest.mark.skipif(devices.why_not() is not None, reason="needs NUMBA_ENABLE_CUDASIM=1, or a device")
def test_threads_on_a_device():
    sys.setswitchinterval(0.005)  # the threads of a block in Numba's simulator need longer turns
    x, y = data(rows=6)
    net = network(device="cuda")
    for call in (
        lambda n: net.predict(x[:n]),
        lambda n: net.predict_mc(x[:n], 2),
        lambda n: net.evaluate_loss(x[:n], y[:n]),
    ):
        check(call, 2, (1, 3, 2))


@unconverged
def test_classifier():
    x, estimator = data()[0], classifier()
    sampling = copy.deepcopy(estimator).set_params(mc_samples=5)
    for call in (estimator.predict_proba, estimator.predict_log_proba, estimator.predict, sampling.predict_proba):
        check(lambda n, call=call: call(x[:n]), 50)


@unconverged
@pytest.mark.compiles_long
def test_regressor():
    x = data()[0]
    estimator = pytest.importorskip("numba_dropout.sklearn").DropoutMLPRegressor(**OPTIONS).fit(x, x.sum(1))
    check(lambda n: estimator.predict(x[:n]), 50)
    check(lambda n: estimator.predict(x[:n], return_std=True), 5)


@unconverged
def test_permutation_importance():
    model, (x, y) = classifier(), data()
    joblib, inspection = pytest.importorskip("joblib"), pytest.importorskip("sklearn.inspection")
    with joblib.parallel_config("threading"):
        options = {"scoring": "neg_log_loss", "n_repeats": 20, "random_state": 0}
        serial, parallel = (inspection.permutation_importance(model, x, y, n_jobs=jobs, **options) for jobs in (1, 4))
    assert serial.importances.tobytes() == parallel.importances.tobytes()


def from_a_file(net, folder):
    net.save(folder / "m.npz")
    return nd.MLP.load(folder / "m.npz")


COPIES = {
    "pickle": lambda net, folder: pickle.loads(pickle.dumps(net)),
    "deepcopy": lambda net, folder: copy.deepcopy(net),
    "copy": lambda net, folder: copy.copy(net),
    "file": from_a_file,
}


@pytest.mark.parametrize("way", COPIES)
def test_copies_during_prediction(way, tmp_path):
    x, net = data()[0], network()
    expected = net.predict_proba(x)
    *others, copies = together(*[lambda: net.predict_proba(x)] * 3, lambda: COPIES[way](net, tmp_path), times=20)
    assert all(np.array_equal(result, expected) for result in itertools.chain(*others))
    assert all(np.array_equal(result.predict_proba(x), expected) for result in copies)


def test_backward_in_another_thread():
    x, net = data()[0], network()
    dout = np.ones((len(x), OUTPUTS), np.float32)
    net.forward(x, training=True, step=2)
    expected = net.backward(dout)
    ((error,),) = together(lambda: net.backward(dout))
    assert str(error) == "backward: expected a forward before it, in this thread"
    together(lambda: net.forward(x[:50]), lambda: net.predict(x[:7]))
    assert np.array_equal(net.backward(dout), expected)
    together(lambda: net.train_step(*data(), nd.SGD()))
    with pytest.raises(ValueError, match="backward: expected a forward before it"):
        net.backward(dout)


def test_workspaces():
    (x, y), net = data(), network()
    for _ in range(2):
        net.forward(x, training=True)
        net.predict(x)
        net.train_step(x, y, nd.SGD())
        net.forward(x)
        list(net.samples(x, 2))
        net.forward(x)
        nd.evaluate(net, x, y)
    assert len(net._state._free) == 1


@pytest.mark.compiles_long
@pytest.mark.parametrize("kind", ["Dropout", "ConcreteDropout", "DropConnect"])
def test_layers(kind):
    """Each thread calls forward and backward of a layer that they share."""
    masks, layer = nd.MaskGenerator(seed=7), getattr(nd.layers, kind)
    weights = [np.ones((4, 5)), np.zeros(4)] if kind == "DropConnect" else []
    layer = layer(*weights, 0.5, masks=masks)
    x = np.random.default_rng(1).random((SIZES[-1], 5))

    def forward_and_backward(n):
        y = layer(x[:n], offset=0 if weights else n)
        return [y, layer.backward(np.ones_like(y))]

    check(forward_and_backward, 50)
    y = layer(x)
    assert np.array_equal(copy.deepcopy(layer).backward(y), layer.backward(y))


def test_mask_generator():
    masks = nd.MaskGenerator(seed=7)
    together(*[masks.advance] * 4, times=20_000)
    assert masks.step == 80_000
