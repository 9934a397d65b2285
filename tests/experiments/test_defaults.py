"""Defaults of training options, by the numbers of rows and features."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.experiments.config import TrainConfig, build
from numba_dropout.experiments.defaults import EARLIER, EPOCHS, STEPS, patience_of, with_defaults


def of(rows, built_in=False, features=0, **options):
    return with_defaults(TrainConfig(**options), rows, features, built_in=built_in)


@pytest.mark.parametrize(
    ("rows", "batch_size"),
    [(1, 16), (20, 16), (256, 16), (361, 16), (363, 32), (512, 32), (1000, 64), (1500, 128), (10**6, 128)],
)
def test_batch_size(rows, batch_size):
    """The power of two next to a sixteenth of the rows, from 16 to 128."""
    assert of(rows)["batch_size"] == batch_size
    assert of(rows, batch_size=7)["batch_size"] == 7


@pytest.mark.parametrize("rows", [1, 30, 175, 800, 5000, 60_000, 10**6])
@pytest.mark.parametrize("options", [{}, {"batch_size": 10}, {"accumulate": 4}])
def test_steps(rows, options):
    """At least 5000 steps and 10 epochs, and no more epochs than they need."""
    chosen = of(rows, **options)
    steps = -(-rows // (chosen["batch_size"] * options.get("accumulate", 1)))
    assert chosen["epochs"] >= EPOCHS
    assert chosen["epochs"] * steps >= STEPS
    assert chosen["epochs"] == EPOCHS or (chosen["epochs"] - 1) * steps < STEPS
    assert of(rows, epochs=3)["epochs"] == 3


@pytest.mark.parametrize(("rows", "features"), [(74, 55), (99, 10), (20, 40_000)])
def test_few_rows_for_each_feature(rows, features):
    """1,000 steps at a lower rate."""
    few, enough = of(rows, features=features), of(rows, features=rows // 10)
    assert few.pop("epochs") == -(-1000 // -(-rows // 16))
    assert few.pop("lr") == 0.001
    assert enough.pop("epochs") == -(-5000 // -(-rows // 16))
    assert enough.pop("lr") == 0.003
    assert few == enough
    assert of(rows, features=features, lr=0.1)["lr"] == 0.1
    assert of(rows, features=features, optimizer="adam")["lr"] is None


def test_network_and_optimizer():
    chosen = of(1000)
    assert {name: chosen[name] for name in chosen if name not in ("batch_size", "epochs")} == {
        "hidden": (256,),
        "dropout": 0.25,
        "input_dropout": 0.0,
        "optimizer": "adamw",
        "lr": 0.003,
        "momentum": None,
        "weight_decay": 1.0,
        "schedule": "cosine",
    }


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_an_explicit_optimizer_has_its_own(optimizer):
    chosen = of(1000, optimizer=optimizer)
    assert [chosen[name] for name in ("lr", "momentum", "weight_decay", "schedule")] == [None, None, None, "constant"]
    assert chosen["hidden"] == (256,)
    assert of(1000, optimizer=optimizer, lr=0.5, schedule="step")["lr"] == 0.5


def test_given_options_stay():
    given = {
        "hidden": [],
        "dropout": 0.0,
        "input_dropout": 0.1,
        "lr": 0.1,
        "weight_decay": 0.0,
        "schedule": "constant",
        "epochs": 1,
        "batch_size": 1,
    }
    chosen = of(1000, **given)
    assert {name: chosen[name] for name in given} == given


def test_built_in_data_keep_theirs():
    """Their curve is documented, and journals of version 0.1 are resumed."""
    chosen = of(1000, built_in=True)
    assert chosen == {
        "hidden": (10,),
        "dropout": 0.0,
        "input_dropout": 0.3,
        "epochs": 5,
        "batch_size": 25,
        "optimizer": "sgd",
        "lr": 0.025,
        "momentum": 0.0,
        "weight_decay": None,
        "schedule": "constant",
    }
    assert set(chosen) == set(EARLIER)


@pytest.mark.parametrize(
    ("patience", "epochs", "options", "expected"),
    [
        (None, 100, {}, 25),
        (None, 20, {}, 10),
        (None, 100, {"held_out": False}, None),
        (None, 100, {"built_in": True}, None),
        (3, 100, {}, 3),
        (3, 100, {"built_in": True}, 3),
        (0, 100, {}, None),
    ],
)
def test_patience(patience, epochs, options, expected):
    """A quarter of the epochs, at least 10, with held-out rows."""
    config = TrainConfig(patience=patience, val=0.2)
    assert patience_of(config, epochs, **{"built_in": False, "held_out": True, **options}) == expected


def test_job_of_the_defaults(rng):
    dataset = nd.data.Dataset("mine", rng.standard_normal((300, 4)), rng.standard_normal((300, 1)))
    job = build(dataset, TrainConfig(val=0.2))
    assert job.net.sizes == [4, 256, 1]
    assert job.net.dropout == [0.25]
    assert (len(job.train.x), len(job.validation.x)) == (240, 60)
    assert (job.batch_size, job.epochs, job.patience) == (16, 334, 83)
    assert (type(job.optimizer), job.optimizer.lr, job.optimizer.weight_decay) == (nd.AdamW, 0.003, 1.0)
    assert build(dataset, TrainConfig()).patience is None


@pytest.mark.parametrize("restored", [True, False])
def test_early_stopping_restores_the_best_weights(restored, rng):
    x = rng.standard_normal((60, 3))
    dataset = nd.data.Dataset("mine", x, rng.standard_normal((60, 1)))
    options = {"hidden": (16,), "batch_size": 20, "epochs": 60, "lr": 0.05, "optimizer": "adam", "val": 0.3}
    job = build(dataset, TrainConfig(**options, patience=None if restored else 0))
    losses = job.fit().column("val_loss")
    final = job.net.evaluate_loss(job.validation.x, job.validation.targets())[0]
    assert (len(losses) < 60) == restored
    assert final == pytest.approx(min(losses) if restored else losses[-1], rel=1e-6)
    assert np.argmin(losses) < len(losses) - 1


@pytest.mark.parametrize(("rows", "decay"), [(100, 1.0), (1000, 1.0), (2000, 0.5), (5000, 0.3), (60000, 0.3)])
def test_weight_decay_by_rows(rows, decay):
    assert of(rows)["weight_decay"] == decay
