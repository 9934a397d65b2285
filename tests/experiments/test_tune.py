"""Searches: trials, halving, and resuming from a journal."""

import json

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.data.splits import Resampling
from numba_dropout.experiments import tune
from numba_dropout.experiments.config import TrainConfig, build
from numba_dropout.experiments.search_space import SearchSpace
from numba_dropout.experiments.trial import Trial, TrialResult

QUICK = TrainConfig(epochs=2, batch_size=100, hidden=(8,))


def test_grid_search():
    calls = []
    search_space = SearchSpace({"dropout": [0.0, 0.5], "hidden": [[4]]})
    study, run = tune.tune(
        "noisy", search_space, QUICK, Resampling(folds=2), on_result=lambda *call: calls.append(call)
    )
    dataset = nd.data.load("noisy")
    for trial in study.trials:
        for split, (train, held_out) in enumerate(Resampling(folds=2).parts(dataset, 0)):
            part = build(dataset.rows(train), TrainConfig(**trial.choice, epochs=2, batch_size=100))
            part.fit()
            held_out_rows = dataset.rows(held_out)
            assert study.losses(0)[trial.number][split] == part.net.evaluate_loss(held_out_rows.x, held_out_rows.y)[0]
    assert [(result.trial.number, result.split, of) for result, of in calls] == [
        (0, 0, 4),
        (0, 1, 4),
        (1, 0, 4),
        (1, 1, 4),
    ]
    means = [np.mean(study.losses(0)[number]) for number in (0, 1)]
    assert study.best.number == int(np.argmin(means))
    assert run.net.dropout == [study.best.choice["dropout"]]
    assert len(run.train.x) == 1000
    assert run.net.step == 20


def test_halving():
    search_space = SearchSpace({"lr": [1e-4, 0.3, 0.1, 1e-3]}, "halving", eta=2)
    config = TrainConfig(epochs=4, batch_size=100, optimizer="sgd", hidden=(4,))
    study, _ = tune.tune("noisy", search_space, config, Resampling())
    assert study.rungs == [(4, 1), (2, 2), (1, 4)]
    for rung, (count, _) in enumerate(study.rungs[:-1]):
        ranked = study.rank(rung)
        assert len(ranked) == count
        next_count = study.rungs[rung + 1][0]
        assert {trial.number for trial in study.rank(rung + 1)} == {trial.number for trial in ranked[:next_count]}
    assert study.best.choice["lr"] in (0.3, 0.1)
    assert [line.split()[1] for line in study.table()[1:]] == ["4", "2", "1", "1"]


def test_resume_from_journal(tmp_path, monkeypatch):
    search_space, journal = SearchSpace({"dropout": [0.0, 0.5], "lr": [0.001, 0.01]}), tmp_path / "journal"
    study, _ = tune.tune("noisy", search_space, QUICK, Resampling(), journal=journal)
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 5
    calls, original = [], tune.train_trial
    monkeypatch.setattr(tune, "train_trial", lambda *call: calls.append(call) or original(*call))
    journal.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    resumed, _ = tune.tune("noisy", search_space, QUICK, Resampling(), journal=journal)
    assert len(calls) == 2
    assert resumed.results == study.results
    assert journal.read_bytes() == b"".join(lines)
    for other_space in (SearchSpace({"dropout": [0.0, 0.5]}), SearchSpace(search_space.space, "halving")):
        with pytest.raises(ValueError, match=r"this journal belongs to other work with different (space|search)"):
            tune.tune("noisy", other_space, QUICK, Resampling(), journal=journal)
    journal.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="expected a journal"):
        tune.tune("noisy", search_space, QUICK, Resampling(), journal=journal)


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n", b"my notes, without an end", b"[1]\n", b"1\n", b"PK\x03\x04\n\x00", b'{"search": 1}\n{"x'],
)
def test_other_files_are_kept(content, tmp_path):
    (tmp_path / "notes").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"notes: (expected a journal|this journal belongs to other work).*; choose another file"
    ):
        tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, Resampling(), journal=tmp_path / "notes")
    assert (tmp_path / "notes").read_bytes() == content


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Return the lines of a journal with one record."""
    journal = tmp_path_factory.mktemp("recorded") / "journal"
    tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, Resampling(), journal=journal)
    return journal.read_text().splitlines()


@pytest.mark.parametrize("change", [{"trial": 7}, {"rung": 1}, {"split": -1}, {"train_loss": None, "extra": 1}, "less"])
def test_unknown_records(change, tmp_path, recorded):
    journal, (head, line) = tmp_path / "journal", recorded
    record = {"trial": 0} if change == "less" else json.loads(line) | change
    journal.write_text(f"{head}\n{json.dumps(record)}\n")
    with pytest.raises(ValueError, match=r"journal: .* is not a record of this search; correct or delete it"):
        tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, Resampling(), journal=journal)


def test_journal_of_other_splits(tmp_path):
    for name, rows in (("train", range(80)), ("test", range(80, 100))):
        (tmp_path / f"index_{name}_0.txt").write_text(" ".join(map(str, rows)))
    resampling = Resampling(folder=str(tmp_path))
    tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, resampling, journal=tmp_path / "journal")
    (tmp_path / "index_test_0.txt").write_text("90 91")
    with pytest.raises(ValueError, match="this journal belongs to other work with different splits"):
        tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, resampling, journal=tmp_path / "journal")


def test_best_trial():
    trials = [Trial(number, {}) for number in range(3)]
    losses = [(0, 0, 0.3), (1, 0, 0.2), (2, 0, 0.4), (1, 1, np.nan)]
    results = [TrialResult(trials[number], rung, 0, 0.0, None, loss, None) for number, rung, loss in losses]
    study = tune.Study(trials, [(3, 1), (1, 3)], 1, results)
    assert study.best == trials[1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in plain Python
def test_diverging_trials(tmp_path):
    search_space, journal = SearchSpace({"lr": [1e30, 0.01]}), tmp_path / "journal"
    for _ in range(2):  # from the journal too, which has null for NaN
        study, run = tune.tune("noisy", search_space, QUICK, Resampling(), journal=journal)
        assert study.best.choice == {"lr": 0.01}
        assert "diverged" in study.table()[-1]
        assert run.net.step == 20
    study, run = tune.tune("noisy", SearchSpace({"lr": [1e30]}), QUICK, Resampling())
    assert study.best is run is None


@pytest.mark.full
@pytest.mark.jit_only
def test_jobs():
    search_space = SearchSpace({"dropout": [0.0, 0.5]})
    serial, parallel = (tune.tune("noisy", search_space, QUICK, Resampling(folds=2), jobs=jobs)[0] for jobs in (1, 2))
    assert str(serial.record()) == str(parallel.record())
    assert serial.best == parallel.best
