"""The protocol of the published UCI splits."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from uci_files import write_uci

import numba_dropout as nd
from numba_dropout.experiments import reproduce

SHARED = Path(__file__).parents[4] / "shared" / "data" / "uci"


@pytest.fixture
def uci(tmp_path, rng):
    """Write a small folder of published splits."""
    write_uci(tmp_path, rng)
    return tmp_path


def test_read(uci):
    dataset = reproduce.Uci.read(uci)
    table = np.loadtxt(uci / "data.txt")
    assert np.array_equal(dataset.x, table[:, :3])
    assert np.array_equal(dataset.y, table[:, 4:])
    assert [len(test) for _, test in dataset.splits] == [3, 4]
    assert (dataset.hidden, dataset.epochs, dataset.rates, dataset.taus) == (5, 100, [0.01, 0.3], [0.5, 4.0])
    inner = uci / "again" / "data"
    inner.mkdir(parents=True)
    for file in uci.glob("*.txt"):
        file.rename(inner / file.name)
    assert np.array_equal(reproduce.Uci.read(uci / "again").x, dataset.x)


def trained(dataset, rows, rate, tau, seed):
    """Train by the published protocol: the data are scaled by NumPy, and the penalty is explicit."""
    x, y = dataset.x[rows], dataset.y[rows]
    net = nd.MLP([3, 5, 1], dropout=rate, input_dropout=rate, loss="mse", seed=seed)
    for name, value in net.state_dict().items():
        if name.endswith("weight"):
            units, inputs = value.shape
            value *= np.sqrt(6 / (inputs + units)) / np.sqrt(6 / inputs)
    net.scale_input(x.mean(0), 1 / x.std(0))
    net.scale_target(y.mean(0), 1 / y.std(0))
    penalty = 1e-4 * (1 - rate) / (2 * len(rows) * tau)
    nd.fit(net, x, y, optimizer=nd.Adam(weight_decay=2 * penalty), epochs=100, batch_size=128)
    return net


@pytest.mark.jit_only
def test_protocol(uci):
    dataset = reproduce.Uci.read(uci)
    study = reproduce.uci(dataset, samples=50, seed=7)
    for number, (train, test) in enumerate(dataset.splits):
        cut = len(train) * 4 // 5
        likelihoods = {}
        for rate, tau in itertools.product(dataset.rates, dataset.taus):
            net = trained(dataset, train[:cut], rate, tau, 7 + number)
            x, y = dataset.x[train[cut:]], dataset.y[train[cut:]]
            likelihoods[rate, tau] = nd.evaluate(net, x, y, samples=50, tau=tau)["log_likelihood"]
        rate, tau = max(likelihoods, key=likelihoods.get)
        net = trained(dataset, train, rate, tau, 7 + number)
        predictions = np.array([net.predictive(out)[:, 0] for out in net.samples(dataset.x[test], 50)])
        y = dataset.y[test, 0]
        densities = np.sqrt(tau / (2 * np.pi)) * np.exp(-tau / 2 * (y - predictions) ** 2)
        split = study.splits[number]
        assert (split.number, split.rate, split.tau) == (number, rate, tau)
        assert split.rmse == pytest.approx(np.sqrt(((y - predictions.mean(0)) ** 2).mean()), rel=1e-4)
        assert split.log_likelihood == pytest.approx(np.log(densities.mean(0)).mean(), rel=1e-4)
    rmse = [split.rmse for split in study.splits]
    assert study.mean("rmse") == pytest.approx(sum(rmse) / 2)
    assert study.error("rmse") == pytest.approx(abs(rmse[0] - rmse[1]) / 2 / np.sqrt(2))


@pytest.mark.full
@pytest.mark.jit_only
def test_jobs(uci):
    dataset = reproduce.Uci.read(uci)
    serial, parallel = (reproduce.uci(dataset, samples=20, jobs=jobs) for jobs in (1, 2))
    assert serial.splits == parallel.splits


@pytest.mark.full
@pytest.mark.jit_only
@pytest.mark.skipif(not SHARED.is_dir(), reason="there are no published splits beside the repository")
@pytest.mark.parametrize("name", ["concrete", "energy"])
def test_published_results(name):
    """The means over five splits differ only by the noise of training."""
    expected = [
        np.loadtxt(SHARED / name / "results" / f"test_{figure}_100_xepochs_1_hidden_layers.txt")[:5]
        for figure in ("MC_rmse", "ll")
    ]
    study = reproduce.uci(reproduce.Uci.read(SHARED / name), splits=5, samples=1000, jobs=2)
    for figure, values in zip(("rmse", "log_likelihood"), expected, strict=True):
        actual = np.array([getattr(split, figure) for split in study.splits])
        spread = np.hypot(actual.std(), values.std()) / np.sqrt(5)
        assert abs(actual.mean() - values.mean()) <= 3 * spread
