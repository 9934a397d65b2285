"""The network: state, masks, prediction, files, threads and memory."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

import numba_dropout as nd


def problem(rng, rows=30, inputs=4, classes=3):
    return rng.standard_normal((rows, inputs)), rng.integers(0, classes, rows)


def parameters(net):
    return np.concatenate([value.ravel() for value in net.state_dict().values()])


def test_a_forward_pass_is_its_layers(rng):
    net = nd.MLP([4, 5, 3], dropout=0.5, input_dropout=0.2, seed=3, dtype="float64")
    x, _ = problem(rng)
    state = net.state_dict()
    h = nd.dropout(x, 0.2, seed=3, stream=0, step=9)
    h = nd.linear_relu_dropout(h, state["0.weight"], state["0.bias"], 0.5, seed=3, stream=1, step=9)
    expected = nd.linear(h, state["1.weight"], state["1.bias"])
    assert np.array_equal(net.forward(x, training=True, step=9), expected)
    h = nd.relu(nd.linear(x, state["0.weight"], state["0.bias"]))
    assert np.array_equal(net.forward(x), nd.linear(h, state["1.weight"], state["1.bias"]))


def test_pieces_of_a_batch_get_the_masks_of_the_whole(rng):
    net = nd.MLP([4, 6, 3], dropout=0.5, input_dropout=0.2, seed=3, dtype="float64")
    x, _ = problem(rng, rows=8)
    whole = net.forward(x, training=True, step=5)
    pieces = [net.forward(x[r : r + 2], training=True, step=5, row_offset=r) for r in range(0, 8, 2)]
    assert np.allclose(whole, np.concatenate(pieces), rtol=1e-13)


def test_only_train_step_advances_the_step(rng):
    net, (x, y) = nd.MLP([4, 5, 3], dropout=0.5), problem(rng)
    first = net.forward(x, training=True)
    assert np.array_equal(first, net.forward(x, training=True))
    net.backward(np.zeros_like(first))
    assert net.step == 0
    net.train_step(x, y, nd.SGD(lr=1e-30))
    assert net.step == 1
    assert not np.array_equal(first, net.forward(x, training=True))
    assert np.allclose(first, net.forward(x, training=True, step=0), rtol=0, atol=1e-28)


def test_a_seed_fixes_everything(rng):
    x, y = problem(rng)

    def trained(seed):
        net = nd.MLP([4, 8, 3], seed=seed)
        history = nd.fit(net, x, y, optimizer=nd.Adam(), epochs=2, batch_size=8)
        return parameters(net), history.column("loss")

    assert np.array_equal(trained(1)[0], trained(1)[0])
    assert trained(1)[1] == trained(1)[1]
    assert not np.array_equal(trained(1)[0], trained(2)[0])


def test_state_is_live_and_numbered_by_layer():
    net = nd.MLP([4, 5, 3])
    state = net.state_dict()
    assert {key: value.shape for key, value in state.items()} == {
        "0.weight": (5, 4),
        "0.bias": (5,),
        "1.weight": (3, 5),
        "1.bias": (3,),
    }
    state["1.bias"][:] = [1, 2, 3]
    assert np.array_equal(net.forward(np.zeros((1, 4))), [[1, 2, 3]])
    other = nd.MLP([4, 5, 3], seed=9)
    other.load_state_dict(state)
    assert np.array_equal(parameters(other), parameters(net))
    with pytest.raises(ValueError, match="names"):
        other.load_state_dict({"0.weight": state["0.weight"]})
    with pytest.raises(ValueError, match=r"shape \(5, 4\)"):
        other.load_state_dict({**state, "0.weight": np.zeros((4, 5))})


def test_predictions_of_classes(rng):
    net, (x, _) = nd.MLP([4, 5, 3], seed=1), problem(rng, rows=2500)
    out = net.outputs(x)
    assert np.array_equal(net.predict(x), out.argmax(1))
    probabilities = net.predict_proba(x)
    assert np.allclose(probabilities.sum(1), 1)
    assert np.array_equal(probabilities.argmax(1), out.argmax(1))
    net.classes = ["a", "b", "c"]
    assert net.predict(x).tolist() == ["abc"[k] for k in out.argmax(1)]


def test_predictions_of_values_are_in_the_targets_units(rng):
    net, (x, _) = nd.MLP([4, 5, 1], loss="mse", seed=1, dtype="float64"), problem(rng)
    net.scale_target(100.0, 0.1)
    assert np.allclose(net.predict(x), net.forward(x)[:, 0] * 10 + 100)
    assert nd.MLP([4, 2], loss="mse").predict(x).shape == (30, 2)
    with pytest.raises(ValueError, match="a classification network"):
        net.predict_proba(x)


def test_predictions_of_binary_outputs(rng):
    x, _ = problem(rng)
    net = nd.MLP([4, 1], loss="bce", seed=1)
    probabilities = net.predict_proba(x)
    assert probabilities.shape == (30, 2)
    assert np.allclose(probabilities[:, 1], 1 / (1 + np.exp(-net.forward(x)[:, 0].astype(float))))
    assert np.array_equal(net.predict(x), probabilities[:, 1] > 0.5)
    assert nd.MLP([4, 3], loss="bce").predict(x).shape == (30, 3)


def test_scaled_input_is_part_of_the_network(rng):
    x = rng.integers(0, 256, (6, 4), dtype=np.uint8)
    net, plain = nd.MLP([4, 5, 3], seed=1, dtype="float64"), nd.MLP([4, 5, 3], seed=1, dtype="float64")
    net.scale_input([1, 2, 3, 4], 1 / 255)
    scaled = (x - np.arange(1.0, 5)) * (1 / 255)
    assert np.array_equal(net.forward(x), plain.forward(scaled))
    assert np.array_equal(net.forward(x.astype(np.int32)), net.forward(x))


@pytest.mark.parametrize(
    ("loss", "dtype"),
    [
        *(("cross_entropy", "float32"), ("cross_entropy", "float64"), ("mse", "float32"), ("bce", "float32")),
        *(pytest.param(loss, "float64", marks=pytest.mark.compiles_long) for loss in ("mse", "bce")),
    ],
)
def test_training_lowers_the_loss(loss, dtype, rng):
    x = rng.standard_normal((200, 4))
    y = {"cross_entropy": (x[:, 0] > 0).astype(int), "mse": x[:, :1] * 2, "bce": (x[:, :1] > 0) * 1.0}[loss]
    net = nd.MLP([4, 16, 2 if loss == "cross_entropy" else 1], dropout=0.1, loss=loss, dtype=dtype)
    before = nd.evaluate(net, x, y)["loss"]
    nd.fit(net, x, y, optimizer=nd.Adam(0.01), epochs=5, batch_size=20)
    assert nd.evaluate(net, x, y)["loss"] < before / 2


def test_dropout_of_everything_trains_the_last_biases_only(rng):
    net, (x, y) = nd.MLP([4, 5, 3], dropout=1.0, input_dropout=1.0, seed=1), problem(rng)
    before = {key: value.copy() for key, value in net.state_dict().items()}
    net.train_step(x, y, nd.SGD())
    changed = [key for key, value in net.state_dict().items() if not np.array_equal(value, before[key])]
    assert changed == ["1.bias"]


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_a_clipped_step(share, rng):
    x, y = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    net, shadow = (nd.MLP([5, 4, 3], seed=2, loss="mse", dtype="float64") for _ in range(2))
    out = shadow.forward(x, training=True)
    shadow.backward(2 * (out - y) / out.size)
    gradients = shadow.gradients()
    norm = np.sqrt(sum((value**2).sum() for value in gradients.values()))
    net.train_step(x, y, nd.SGD(0.1, clip_norm=share * norm))
    for key, value in shadow.weights().items():
        expected = value - 0.1 * min(1.0, share) * gradients[key]
        np.testing.assert_allclose(net.weights()[key], expected, rtol=1e-9, atol=1e-12, err_msg=key)


def test_max_norm_bounds_hidden_units_only(rng):
    net, (x, y) = nd.MLP([4, 5, 6, 3], seed=1, dtype="float64"), problem(rng)
    net.train_step(x, y, nd.SGD(max_norm=0.5))
    norms = [np.linalg.norm(net.state_dict()[f"{layer}.weight"], axis=1).max() for layer in range(3)]
    assert norms[0] <= 0.5 + 1e-12
    assert norms[1] <= 0.5 + 1e-12
    assert norms[2] > 0.5


def test_weight_decay_leaves_biases_alone(rng):
    x, y = problem(rng)
    plain, decayed = nd.MLP([4, 5, 3], seed=1, dtype="float64"), nd.MLP([4, 5, 3], seed=1, dtype="float64")
    for net in (plain, decayed):
        for key, value in net.state_dict().items():
            value[...] += 0.1 * key.endswith("bias")
    plain.train_step(x, y, nd.SGD(0.1))
    decayed.train_step(x, y, nd.SGD(0.1, weight_decay=0.5))
    for key in ("0.bias", "1.bias"):
        assert np.array_equal(plain.state_dict()[key], decayed.state_dict()[key])
    assert not np.array_equal(plain.state_dict()["0.weight"], decayed.state_dict()["0.weight"])


def test_files_hold_everything(tmp_path, rng):
    net, (x, y) = nd.MLP([4, 5, 3], dropout=[0.3], input_dropout=0.1, seed=2**64 - 1), problem(rng)
    net.classes, net.features, net.target = ["é", "b", "c"], ["f1", "f2", "f3", "f4"], "species"
    net.scale_input([1, 2, 3, 4], 0.5)
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=1)
    net.save(tmp_path / "m.npz")
    other = nd.MLP.load(tmp_path / "m.npz")
    for name in (
        "sizes",
        "dropout",
        "input_dropout",
        "seed",
        "loss",
        "dtype",
        "step",
        "epoch",
        "classes",
        "features",
        "target",
    ):
        assert getattr(other, name) == getattr(net, name), name
    assert np.array_equal(parameters(other), parameters(net))
    assert np.array_equal(other.forward(x), net.forward(x))
    assert np.array_equal(other.forward(x, training=True), net.forward(x, training=True))
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        assert json.loads(str(file["config"]))["version"] == 1


def test_a_file_of_a_later_version_says_so(tmp_path):
    nd.MLP([2, 2]).save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        arrays = dict(file)
    arrays["config"] = np.array(str(arrays["config"]).replace('"version": 1', '"version": 2'))
    np.savez(tmp_path / "n.npz", **arrays)
    with pytest.raises(ValueError, match="format version 1 or earlier, got 2"):
        nd.MLP.load(tmp_path / "n.npz")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": [4]}, "sizes: expected at least two"),
        ({"sizes": [4, 0, 3]}, "sizes: expected an integer from 1"),
        ({"sizes": [4, 1]}, "at least 2 outputs"),
        ({"dropout": 1.5}, "dropout: dropout probability has to be between 0 and 1, but got 1.5"),
        ({"dropout": [0.1, 0.2]}, "one for each of the 1 hidden layers"),
        ({"input_dropout": float("nan")}, "input_dropout: .* got nan"),
        ({"loss": "hinge"}, "loss: expected one of cross_entropy, mse, bce, got 'hinge'"),
        ({"dtype": "float16"}, "dtype: expected float32 or float64"),
        ({"seed": -1}, "seed"),
        ({"dtype": None}, "dtype"),
        ({"sizes": [2**31 - 1] * 3}, "sizes: .* parameters"),
        ({"device": "gpu"}, "device: expected cpu, cuda, cuda:0, .* or auto, got .gpu."),
    ],
)
def test_refused_networks(arguments, message):
    with pytest.raises(ValueError, match=message):
        nd.MLP(**{"sizes": [4, 5, 3], **arguments})


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((3, 5)), [0, 1, 2], r"x: expected shape \(rows, 4\), got \(3, 5\)"),
        (np.ones(4), [0], r"x: expected shape \(rows, 4\), got \(4,\)"),
        (np.ones((3, 4)), [0, 1], "y: expected 3 rows like x, got 2"),
        (np.ones((3, 4)), [0, 1, 3], "y: expected labels from 0 to 2, got 0 to 3"),
        (np.ones((3, 4)), [0.0, 1.0, 2.0], "y: expected labels"),
    ],
)
def test_refused_batches(x, y, message):
    with pytest.raises(ValueError, match=message):
        nd.MLP([4, 5, 3]).train_step(x, y, nd.SGD())


def test_backward_needs_a_forward_of_its_own(rng):
    net, (x, y) = nd.MLP([4, 3]), problem(rng)
    with pytest.raises(ValueError, match="forward"):
        net.backward(np.zeros((30, 3)))
    for between in (lambda: net.train_step(x, y, nd.SGD()), lambda: net.evaluate_loss(x, y), lambda: net.predict(x)):
        net.forward(x)
        between()
        with pytest.raises(ValueError, match="forward"):
            net.backward(np.zeros((30, 3)))


def test_no_rows(rng):
    net, (x, y) = nd.MLP([4, 3]), problem(rng)
    for call in (lambda: net.train_step(x[:0], y[:0], nd.SGD()), lambda: nd.evaluate(net, x[:0], y[:0])):
        with pytest.raises(ValueError, match="at least one row"):
            call()
    assert net.predict(x[:0]).shape == (0,)
    assert net.forward(x[:0]).shape == (0, 3)


def test_measures_do_not_depend_on_what_was_done_before(rng):
    net, (x, y) = nd.MLP([4, 5, 3], seed=1), problem(rng, rows=2500)
    before = net.evaluate_loss(x, y)
    net.forward(x)
    assert net.evaluate_loss(x, y) == before


@pytest.mark.parametrize("scaling", [(np.zeros(3), 1), (0, 0), (np.nan, 1), (0, [1, 1, 1, -1])])
def test_refused_scaling(scaling):
    with pytest.raises(ValueError, match="shift, stretch"):
        nd.MLP([4, 3]).scale_input(*scaling)


def test_names_of_classes_may_be_numpys(tmp_path):
    net = nd.MLP([2, 2])
    net.classes = np.unique([3, 5])
    net.save(tmp_path / "m.npz")
    assert nd.MLP.load(tmp_path / "m.npz").classes == [3, 5]


TRAIN = """
import sys, hashlib, numpy as np, numba, numba_dropout as nd
numba.set_num_threads(int(sys.argv[1]))
r = np.random.default_rng(1)
x, y = r.standard_normal((600, 50)), r.integers(0, 5, 600)
net = nd.MLP([50, 300, 200, 5], dropout=0.5, input_dropout=0.2, seed=4)
nd.fit(net, x, y, optimizer=nd.SGD(max_norm=2.0), epochs=2, batch_size=200)
mask = nd.sample_mask(200_003, 0.3, seed=4)
print(hashlib.sha256(b"".join(v.tobytes() for v in net.state_dict().values())).hexdigest(), mask.sum())
"""


@pytest.mark.jit_only
def test_results_do_not_depend_on_the_number_of_threads():
    results = {
        subprocess.run(
            [sys.executable, "-c", TRAIN, str(threads)],
            env={**os.environ, "NUMBA_NUM_THREADS": "3"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in (1, 2, 3)
    }
    assert len(results) == 1


@pytest.mark.jit_only
def test_steps_allocate_nothing(rng):
    """Count what Numba's runtime hands out: thirty steps must take no more than three do."""
    net = nd.MLP([50, 64, 64, 5], dropout=0.5, input_dropout=0.2)
    x, y = rng.standard_normal((960, 50)), rng.integers(0, 5, 960)
    optimizer, rows = nd.Adam(max_norm=3.0), np.arange(960)
    _nrt_python.memsys_enable_stats()
    try:
        taken = []
        for steps in (3, 3, 30):
            before = rtsys.get_allocation_stats()
            net.train_steps(np.empty((steps, 2)), x, y, rows[: 32 * steps], 32, optimizer)
            after = rtsys.get_allocation_stats()
            taken.append(after.alloc - before.alloc)
    finally:
        _nrt_python.memsys_disable_stats()
    assert 0 < taken[1] == taken[2]  # one for each array that is handed over, none for a step
