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
    options = {"dropout": 0.0, "loss": "mse", "val": 0.3, "epochs": 30, "lr": 0.01}
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
    run = build("noisy", TrainConfig(schedule="cosine", hidden=(4,)))
    run.compile()
    assert run.optimizer.end is None
    assert run.fit().records
