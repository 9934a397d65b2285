"""Training runs from a configuration."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.experiments.config import TrainConfig, build


def test_standardization_of_training_part(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("".join(f"{i * i},{i % 2}\n" for i in range(20)))
    run = build(path, TrainConfig(hidden=[2], val=0.4, seed=1))
    values = np.array([i * i for i in range(20)], float)
    inside = np.setdiff1d(values, run.validation.x[:, 0])
    assert len(inside) == 12
    forward = run.net.forward(run.train.x)
    run.net.scale_input(inside.mean(), 1 / inside.std())
    assert np.array_equal(run.net.forward(run.train.x), forward)
    run.net.scale_input(values.mean(), 1 / values.std())
    assert not np.array_equal(run.net.forward(run.train.x), forward)


@pytest.mark.jit_only
@pytest.mark.parametrize("seed", range(10))
def test_default_run(seed):
    run = build("pipeline", TrainConfig(seed=seed))
    assert run.net.sizes == [20, 10, 3]
    assert (run.net.input_dropout, run.net.dropout) == (0.3, [0.0])
    history = run.fit()
    loss, accuracy = history.column("loss"), history.column("accuracy")
    assert loss[0] >= 0.9
    assert accuracy[4] >= 0.80
    assert loss[4] <= 0.55
    assert loss == sorted(loss, reverse=True)


def test_precision_of_noise(tmp_path, rng):
    x = rng.standard_normal((300, 3))
    np.savez(tmp_path / "set.npz", x=x, y=3 * x[:, 0] + rng.normal(0, 0.5, 300))
    options = {"dropout": 0.0, "loss": "mse", "val": 0.3, "epochs": 3, "lr": 0.01}
    run = build(tmp_path / "set.npz", TrainConfig(**options))
    run.fit()
    held_out = run.validation
    squares = (held_out.targets() - run.net.predict(held_out.x)[:, None]) ** 2
    assert run.net.tau == pytest.approx([1 / squares.mean()])
    run.net.save(tmp_path / "m.npz")
    assert nd.MLP.load(tmp_path / "m.npz").tau == run.net.tau
    metrics = nd.evaluate(run.net, held_out.x, held_out.targets())
    assert metrics["log_likelihood"] == pytest.approx(0.5 * (np.log(run.net.tau[0] / (2 * np.pi)) - 1), rel=1e-6)


def test_compile_with_a_schedule():
    run = build("noisy", TrainConfig(schedule="cosine", hidden=(4,), epochs=1))
    run.compile()
    assert run.optimizer.end is None
    assert run.fit().records


EXPLICIT = {
    "hidden": (4,),
    "dropout": 0.5,
    "input_dropout": 0.0,
    "epochs": 2,
    "batch_size": 10,
    "optimizer": "adam",
    "schedule": "constant",
    "stratify": False,
}


def test_settings():
    """They are those of version 0.1 if nothing is at a default that has changed."""
    assert "defaults" not in TrainConfig(**EXPLICIT).settings()
    for name in ("hidden", "dropout", "input_dropout", "epochs", "batch_size", "optimizer", "schedule"):
        config = TrainConfig(**EXPLICIT | {name: None})
        assert config.settings()["defaults"] == 2
        assert "defaults" not in config.settings([name])
        assert "defaults" not in config.settings(built_in=True)
    assert TrainConfig().settings(built_in=True)["schedule"] == "constant"
    assert TrainConfig().settings()["schedule"] is None


@pytest.mark.parametrize(
    "option",
    [
        {"stratify": True},
        {"group": "u"},
        {"time": "u"},
        {"class_weight": "balanced"},
        {"target_transform": "log1p"},
        {"table": {"drop": ["u"]}},
        {"activation": "tanh"},
        {"accumulate": 2},
    ],
    ids=str,
)
def test_settings_of_later_options(option):
    """They are in a journal only where version 0.1 would do something else."""
    earlier = TrainConfig(**EXPLICIT).settings()
    assert TrainConfig(**EXPLICIT | option).settings() == earlier | option
    assert not option.keys() & earlier.keys()


def test_options_by_name():
    """Those of tables are apart, without the ones at their defaults."""
    options = {"hidden": [4], "target": "y", "drop": ["u"], "missing": [""], "header": False, "thousands": ""}
    unset = {
        "task": "auto",
        "use": (),
        "ids": [],
        "dates": {},
        "decimal": ".",
        "skip": 0,
        "clip": None,
        "weights": None,
    }
    config = TrainConfig.of({**options, **unset})
    assert (config.hidden, config.target) == ([4], "y")
    assert config.table == {"drop": ["u"], "missing": [""], "header": False, "thousands": ""}


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("bce", "abc" * 10, "loss: bce is for 2 classes, the target has 3; use cross_entropy"),
        ("huber", [0.5, 1.5] * 15, None),
        ("absolute", [0, 1] * 15, None),
        ("poisson", [0, 1] * 15, None),
        ("cross_entropy", [0.5, 1.5] * 15, None),
    ],
)
def test_a_loss_has_its_task(loss, y, message):
    """Whole numbers are values under a loss of values, and classes under one of classes."""
    source = nd.data.read({"x": np.arange(30) / 7, "y": list(y)})
    config = TrainConfig(loss=loss, hidden=(2,), epochs=1)
    if message is not None:
        with pytest.raises(ValueError, match=message):
            build(source, config)
        return
    net = build(source, config).net
    assert net.loss == loss
    assert net.predicts_values == (loss != "cross_entropy")
    assert net.classes == (["0.5", "1.5"] if loss == "cross_entropy" else None)


def test_several_labels():
    source = nd.data.read({"x": np.arange(30) / 7, "a": [0, 1] * 15, "b": [0, 1, 1] * 10})
    net = build(source, TrainConfig(target="a,b", hidden=(2,))).net
    assert (net.loss, net.sizes[-1], net.target_names, net.classes) == ("bce", 2, ["a", "b"], None)
    with pytest.raises(ValueError, match="loss: mse does not fit several targets with labels 0 and 1; use bce"):
        build(nd.data.load(source, target="a,b"), TrainConfig(loss="mse"))
    values = build(source, TrainConfig(target="a,b", hidden=(2,), table={"task": "values"})).net
    assert (values.loss, values.sizes[-1], values.predicts_values) == ("mse", 2, True)
