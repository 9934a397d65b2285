"""The authors' protocol on published splits: what is read, what is chosen, and what comes out."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.experiments import reproduce

SHARED = Path(__file__).parents[3] / "shared" / "data" / "uci"
FILES = {
    "index_features": "0\n1.0\n2\n",
    "index_target": "4\n",
    "index_test_0": "3\n17\n25\n",
    "index_test_1": "0\n1\n2\n4\n",
    "n_splits": "2\n",
    "n_hidden": "5\n",
    "n_epochs": "1\n",
    "dropout_rates": "0.01\n0.3",
    "tau_values": "0.5\n 4",
}


@pytest.fixture
def folder(tmp_path, rng):
    table = rng.standard_normal((40, 5))
    table[:, 4] = 3 * table[:, 0] - table[:, 1] + 0.5 * rng.standard_normal(40)
    np.savetxt(tmp_path / "data.txt", table)
    for name, text in FILES.items():
        (tmp_path / f"{name}.txt").write_text(text)
    for number in range(2):
        test = np.loadtxt(tmp_path / f"index_test_{number}.txt", dtype=int)
        np.savetxt(tmp_path / f"index_train_{number}.txt", rng.permutation(np.setdiff1d(np.arange(40), test)))
    return tmp_path


def test_a_folder_is_read(folder):
    given = reproduce.Uci.read(folder)
    table = np.loadtxt(folder / "data.txt")
    assert np.array_equal(given.x, table[:, :3])
    assert np.array_equal(given.y, table[:, 4:])
    assert [len(test) for _, test in given.splits] == [3, 4]
    assert (given.hidden, given.epochs, given.rates, given.taus) == (5, 100, [0.01, 0.3], [0.5, 4.0])
    inner = folder / "again" / "data"
    inner.mkdir(parents=True)
    for file in folder.glob("*.txt"):
        file.rename(inner / file.name)
    assert np.array_equal(reproduce.Uci.read(folder / "again").x, given.x)


def trained(given, rows, rate, tau, seed):
    """Train by the protocol, as it is written down: NumPy scales the data, and the penalty is named."""
    x, y = given.x[rows], given.y[rows]
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
def test_the_choice_of_the_grid_is_trained_again_and_measured(folder):
    given = reproduce.Uci.read(folder)
    study = reproduce.uci(given, samples=50, seed=7)
    for number, (train, test) in enumerate(given.splits):
        cut = len(train) * 4 // 5
        likelihoods = {}
        for rate, tau in itertools.product(given.rates, given.taus):
            net = trained(given, train[:cut], rate, tau, 7 + number)
            x, y = given.x[train[cut:]], given.y[train[cut:]]
            likelihoods[rate, tau] = nd.evaluate(net, x, y, samples=50, tau=tau)["log_likelihood"]
        rate, tau = max(likelihoods, key=likelihoods.get)
        net = trained(given, train, rate, tau, 7 + number)
        drawn = np.array([net.predictive(out)[:, 0] for out in net.samples(given.x[test], 50)])
        y = given.y[test, 0]
        densities = np.sqrt(tau / (2 * np.pi)) * np.exp(-tau / 2 * (y - drawn) ** 2)
        split = study.splits[number]
        assert (split.number, split.rate, split.tau) == (number, rate, tau)
        assert split.rmse == pytest.approx(np.sqrt(((y - drawn.mean(0)) ** 2).mean()), rel=1e-4)
        assert split.log_likelihood == pytest.approx(np.log(densities.mean(0)).mean(), rel=1e-4)
    rmse = [split.rmse for split in study.splits]
    assert study.mean("rmse") == pytest.approx(sum(rmse) / 2)
    assert study.error("rmse") == pytest.approx(abs(rmse[0] - rmse[1]) / 2 / np.sqrt(2))


def ndrop(*arguments):
    return CliRunner().invoke(cli, ["reproduce", "uci", *map(str, arguments)], catch_exceptions=False)


@pytest.mark.jit_only
def test_the_command(folder):
    printed = ndrop(folder, "--samples", "20", "--jobs", "1").output.splitlines()
    assert [line.split()[0] for line in printed[:3]] == ["split", "0", "1"]
    assert printed[-1].startswith(f"{folder.name}, 2 splits: rmse ")
    record = json.loads(ndrop(folder, "--samples", "20", "--jobs", "1", "--splits", "1", "--json").output)
    assert record.keys() >= {"rmse_mean", "rmse_se", "ll_mean", "ll_se", "seconds", "command", "seed", "machine"}
    assert len(record["splits"]) == 1
    assert f"{record['splits'][0]['rmse']:.4f}" in printed[1]


@pytest.mark.full
@pytest.mark.jit_only
def test_processes_give_the_same_figures(folder):
    given = reproduce.Uci.read(folder)
    one, two = (reproduce.uci(given, samples=20, jobs=jobs) for jobs in (1, 2))
    assert one.splits == two.splits


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("n_hidden", None, "n_hidden.txt: no such file; a folder of published splits needs it"),
        ("n_hidden", "2.5", "n_hidden.txt: expected a positive integer, got 2.5"),
        ("data", "1 2 x", "data.txt: expected numbers separated by blanks"),
        ("data", "1 2 nan", "data.txt: expected finite numbers"),
        ("index_features", "0\n7", "index_features.txt: expected column numbers from 0 to 4, got 7"),
        ("index_test_1", "0\n0.5", "index_test_1.txt: expected row numbers from 0 to 39, got 0.5"),
        ("dropout_rates", "1.5", "dropout_rates.txt"),
        ("tau_values", "-1", "tau_values.txt: expected a number above 0, got -1"),
    ],
)
def test_a_folder_that_is_not_one_is_refused_in_one_line(folder, name, text, message):
    path = folder / f"{name}.txt"
    path.unlink() if text is None else path.write_text(text)
    refused = ndrop(folder)
    assert refused.exit_code == 2
    assert message in refused.output
    assert len(refused.output.splitlines()) == 1


def test_more_splits_than_there_are(folder):
    refused = ndrop(folder, "--splits", "3")
    assert refused.exit_code == 2
    assert "splits: expected" in refused.output


@pytest.mark.full
@pytest.mark.jit_only
@pytest.mark.skipif(not SHARED.is_dir(), reason="there are no published splits beside the repository")
@pytest.mark.parametrize("name", ["concrete", "energy"])
def test_the_first_splits_agree_with_the_authors(name):
    """The noise of a split is that of its training; five together are near theirs."""
    theirs = [
        np.loadtxt(SHARED / name / "results" / f"test_{figure}_100_xepochs_1_hidden_layers.txt")[:5]
        for figure in ("MC_rmse", "ll")
    ]
    study = reproduce.uci(reproduce.Uci.read(SHARED / name), splits=5, samples=1000, jobs=2)
    for figure, values in zip(("rmse", "log_likelihood"), theirs, strict=True):
        ours = np.array([getattr(split, figure) for split in study.splits])
        spread = np.hypot(ours.std(), values.std()) / np.sqrt(5)
        assert abs(ours.mean() - values.mean()) <= 3 * spread


@pytest.mark.jit_only
def test_keras_learns_the_same_beside_us(folder, monkeypatch):
    pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    from numba_dropout_bench import uci_keras

    monkeypatch.setattr(uci_keras, "SAMPLES", 200)
    found = uci_keras.measured(str(folder))
    assert found["grid"] == 4
    assert found["keras_split_seconds"] == 4 * found["keras_first_seconds"] + found["keras_last_seconds"]
    assert found["times"] == found["keras_split_seconds"] / found["split_seconds"]
    spread = np.std(reproduce.Uci.read(folder).y)
    assert found["rmse"] < spread
    assert found["keras_rmse"] < spread
