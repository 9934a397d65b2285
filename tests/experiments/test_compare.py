"""Comparing rates: runs, and tables of them."""

import gzip
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from idx_files import encode

import numba_dropout as nd
from numba_dropout import data
from numba_dropout.data.splits import hold_out
from numba_dropout.experiments.compare import Comparison, compare
from numba_dropout.experiments.config import TrainConfig
from numba_dropout.experiments.trial import Trial, TrialResult

SMALL = TrainConfig(hidden=(6,), epochs=2, batch_size=16, rows=40, val=0.3, input_dropout=0.1, optimizer="adam", seed=5)


def result_of(number, rate, seed, *metrics):
    """Return the result of a run."""
    return TrialResult(Trial(number, {"dropout": rate, "seed": seed}), 0, 0, *metrics)


def by_hand(number, rate, seed):
    """Return the outcome of one run, from the parts of the library."""
    dataset = data.load("pipeline")
    train, held_out = map(dataset.rows, hold_out(dataset, 0.3, seed=5))
    train = data.subset(train, 40, seed=5)
    net = nd.MLP([20, 6, 3], dropout=rate, input_dropout=0.1, seed=seed)
    net.scale_input(*train.scaling())
    nd.fit(net, train.x, train.targets(), optimizer=nd.Adam(), epochs=2, batch_size=16)
    train_metrics, val_metrics = (net.evaluate_loss(part.x, part.targets()) for part in (train, held_out))
    return result_of(number, rate, seed, *train_metrics, *val_metrics)


def test_runs():
    """Each run has its own seed, and the rows that the first seed draws."""
    reported = []
    comparison = compare("pipeline", [0.0, 0.5], SMALL, repeats=2, jobs=1, on_result=reported.append)
    runs = itertools.product((0.0, 0.5), (5, 6))
    assert comparison.results == [by_hand(number, rate, seed) for number, (rate, seed) in enumerate(runs)]
    assert reported == comparison.results
    assert (comparison.name, comparison.loss, comparison.input_dropout) == ("20-6-3", "cross_entropy", 0.1)
    assert (comparison.rows, comparison.val_rows) == (40, 300)


@pytest.mark.jit_only
def test_jobs():
    reported = []
    serial = compare("pipeline", [0.3, 0.0], SMALL, repeats=2, jobs=1)
    parallel = compare("pipeline", [0.3, 0.0], SMALL, repeats=2, jobs=3, on_result=reported.append)
    assert parallel == serial
    assert sorted(reported, key=lambda result: result.trial.number) == serial.results


def test_validation_on_test_part(tmp_path, rng):
    for part, count in (("train", 30), ("t10k", 12)):
        for kind, array in (
            ("images-idx3", rng.integers(0, 256, (count, 2, 3))),
            ("labels-idx1", np.arange(count) % 2),
        ):
            (tmp_path / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(encode(array.astype(np.uint8))))
    config = replace(SMALL, val=None, rows=None)
    comparison = compare(tmp_path, [0.5], config, repeats=1, jobs=1)
    assert (comparison.rows, comparison.val_rows) == (30, 12)
    assert compare(tmp_path, [0.5], replace(config, val=0.5), repeats=1, jobs=1).val_rows == 15
    assert compare("pipeline", [0.5], config, repeats=1, jobs=1).val_rows == 200


def results():
    """Return runs in round numbers: the rate 0.5 is best, 0.9 diverges."""
    return [
        result_of(0, 0.0, 0, 0.1, 1.0, 0.5, 0.8),
        result_of(1, 0.0, 1, 0.3, 1.0, 0.7, 0.9),
        result_of(2, 0.5, 0, 0.3, 0.9, 0.25, 0.9),
        result_of(3, 0.5, 1, 0.5, 0.9, 0.35, 0.9),
        result_of(4, 0.9, 0, math.nan, None, math.nan, None),
        result_of(5, 0.9, 1, 0.5, 0.9, 0.1, 0.9),
    ]


def test_table_and_verdict():
    comparison = Comparison("2-3-2", "cross_entropy", 0.0, 10, 5, results())
    assert comparison.rates == [0.0, 0.5, 0.9]
    assert comparison.best == 0.5
    assert comparison.table() == [
        "rate        train loss   validation loss   validation error",
        "   0   0.2000 ± 0.1414   0.6000 ± 0.1414     15.00 ± 7.07 %",
        " 0.5   0.4000 ± 0.1414   0.3000 ± 0.0707     10.00 ± 0.00 %  best",
        " 0.9          diverged          diverged           diverged",
    ]
    assert comparison.verdict() == (
        "best rate 0.5: validation loss 0.3000 ± 0.0707, error 10.00 ± 0.00 %; "
        "at rate 0 0.6000 ± 0.1414, error 15.00 ± 7.07 %"
    )
    single = Comparison("2-3-1", "mse", 0.0, 10, 5, [result_of(0, 0.123457, 0, 0.1, None, 12345.5, None)])
    assert single.table() == [
        "    rate   train loss   validation loss",
        "0.123457       0.1000        12345.5000  best",
    ]
    assert single.verdict() == "best rate 0.123457: validation loss 12345.5000"
    assert list(single.record()["rates"][0]) == ["rate", "train_loss", "val_loss", "train_loss_std", "val_loss_std"]
    diverged = Comparison("2-3-1", "mse", 0.0, 10, 5, results()[4:5])
    assert diverged.best is diverged.record()["best"] is None
    assert diverged.table()[1] == " 0.9     diverged          diverged"
    assert diverged.verdict() == "runs of all rates diverged; try a lower learning rate"
