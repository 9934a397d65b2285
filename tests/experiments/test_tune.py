"""Search: trials, splits, halving, and a journal from which it goes on."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli
from numba_dropout_cli.types import LR_SPACE, RATE_SPACE, WIDTHS

import numba_dropout as nd
from numba_dropout.data.splits import Resampling
from numba_dropout.experiments import tune
from numba_dropout.experiments.config import TrainConfig, build
from numba_dropout.experiments.search_space import Range, SearchSpace
from numba_dropout.experiments.trial import Trial, TrialResult

SPACE = {"dropout": [0.0, 0.5], "hidden": [[4], [8, 8]], "lr": [0.01, 0.1]}
QUICK = TrainConfig(epochs=2, batch_size=100, hidden=(8,))


def test_a_grid_tries_all_together():
    choices = [trial.choice for trial in SearchSpace(SPACE).draw(0)]
    assert len(choices) == 8
    assert choices[1] == {"dropout": 0.0, "hidden": [4], "lr": 0.1}
    assert all(choices.count(choice) == 1 for choice in choices)


def test_random_trials_are_some_of_the_grid_or_of_ranges():
    grid = [trial.choice for trial in SearchSpace(SPACE).draw(0)]
    some = [trial.choice for trial in SearchSpace(SPACE, "random", 5).draw(1)]
    assert len(some) == 5
    assert all(choice in grid and some.count(choice) == 1 for choice in some)
    space = {"dropout": Range(0.1, 0.6), "lr": Range(1e-4, 1.0, logarithmic=True), "hidden": [[4], [8]]}
    drawn = [trial.choice for trial in SearchSpace(space, "random", 400).draw(1)]
    rates, logs = np.array([choice["dropout"] for choice in drawn]), np.log10([choice["lr"] for choice in drawn])
    assert rates.min() >= 0.1
    assert rates.max() <= 0.6
    assert abs(rates.mean() - 0.35) < 0.03
    assert logs.min() >= -4
    assert logs.max() <= 0
    assert abs(logs.mean() + 2) < 0.25
    assert drawn == [trial.choice for trial in SearchSpace(space, "random", 400).draw(1)]


def test_rungs_of_halving():
    assert SearchSpace({}, "halving").rungs(27, 81) == [(27, 3), (9, 9), (3, 27), (1, 81)]
    assert SearchSpace({}, "halving", eta=2).rungs(6, 8) == [(6, 2), (3, 4), (1, 8)]
    assert SearchSpace({}, "halving").rungs(2, 5) == [(2, 5)]
    assert SearchSpace({}).rungs(12, 5) == [(12, 5)]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (SearchSpace({"lr": Range(0.1, 1)}), "lr: a range requires random search"),
        (SearchSpace({"lr": Range(0.1, 1)}, "halving"), "lr: a range requires random search"),
        (SearchSpace(SPACE, "random"), "trials: required for random search"),
        (SearchSpace(SPACE, "grid", 3), "trials: not valid with a grid search"),
        (SearchSpace(SPACE, "bayes"), "search: expected one of grid, random, halving, got 'bayes'"),
        (SearchSpace({"lr": range(400), "dropout": range(400)}), "160,000 trials"),
        (SearchSpace({"lr": []}), "lr: expected values to try, got none"),
        (SearchSpace({"hidden": [[4], [5], [4]]}), "hidden: expected each value once, got 4, 5, 4"),
        (SearchSpace({"lr": [0.1]}, "random", 0), "trials: expected"),
        (SearchSpace({"lr": [0.1]}, "halving", eta=1), "eta: expected"),
    ],
)
def test_plans_that_cannot_be(plan, message):
    with pytest.raises(ValueError, match=message):
        plan.draw(0)


def test_a_search_measures_each_trial_on_each_split_and_trains_the_best_again():
    told = []
    plan = SearchSpace({"dropout": [0.0, 0.5], "hidden": [[4]]})
    study, run = tune.tune("noisy", plan, QUICK, Resampling(folds=2), on_result=lambda *what: told.append(what))
    whole = nd.data.load("noisy")
    for trial in study.trials:
        for split, (train, held_out) in enumerate(Resampling(folds=2).parts(1000, 0)):
            part = build(whole.rows(train), TrainConfig(**trial.choice, epochs=2, batch_size=100))
            part.fit()
            other = whole.rows(held_out)
            assert study.losses(0)[trial.number][split] == part.net.evaluate_loss(other.x, other.y)[0]
    assert [(result.trial.number, result.split, of) for result, of in told] == [
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


def test_halving_trains_the_better_ones_for_longer():
    plan = SearchSpace({"lr": [1e-4, 0.3, 0.1, 1e-3]}, "halving", eta=2)
    recipe = TrainConfig(epochs=4, batch_size=100, optimizer="sgd", hidden=(4,))
    study, _ = tune.tune("noisy", plan, recipe, Resampling())
    assert study.rungs == [(4, 1), (2, 2), (1, 4)]
    for rung, (count, _) in enumerate(study.rungs[:-1]):
        ranked = study.rank(rung)
        assert len(ranked) == count
        following = study.rungs[rung + 1][0]
        assert {trial.number for trial in study.rank(rung + 1)} == {trial.number for trial in ranked[:following]}
    assert study.best.choice["lr"] in (0.3, 0.1)
    assert [line.split()[1] for line in study.table()[1:]] == ["4", "2", "1", "1"]


def test_a_search_goes_on_from_its_journal(tmp_path, monkeypatch):
    plan, journal = SearchSpace({"dropout": [0.0, 0.5], "lr": [0.001, 0.01]}), tmp_path / "journal"
    study, _ = tune.tune("noisy", plan, QUICK, Resampling(), journal=journal)
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 5
    calls, real = [], tune.train_trial
    monkeypatch.setattr(tune, "train_trial", lambda *call: calls.append(call) or real(*call))
    journal.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    again, _ = tune.tune("noisy", plan, QUICK, Resampling(), journal=journal)
    assert len(calls) == 2
    assert again.results == study.results
    assert journal.read_bytes() == b"".join(lines)
    for other in (SearchSpace({"dropout": [0.0, 0.5]}), SearchSpace(plan.space, "halving")):
        with pytest.raises(ValueError, match=r"this journal belongs to other work with different (space|search)"):
            tune.tune("noisy", other, QUICK, Resampling(), journal=journal)
    journal.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="expected a journal"):
        tune.tune("noisy", plan, QUICK, Resampling(), journal=journal)


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n", b"my notes, without an end", b"[1]\n", b"1\n", b"PK\x03\x04\n\x00", b'{"search": 1}\n{"x'],
)
def test_what_is_no_journal_of_this_search_is_left_as_it_is(content, tmp_path):
    (tmp_path / "notes").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"notes: (expected a journal|this journal belongs to other work).*; choose another file"
    ):
        tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, Resampling(), journal=tmp_path / "notes")
    assert (tmp_path / "notes").read_bytes() == content


@pytest.mark.parametrize("change", [{"trial": 7}, {"rung": 1}, {"split": -1}, {"train_loss": None, "extra": 1}, "less"])
def test_records_that_the_search_does_not_have(change, tmp_path):
    journal = tmp_path / "journal"
    tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, Resampling(), journal=journal)
    head, line = journal.read_text().splitlines()
    record = {"trial": 0} if change == "less" else json.loads(line) | change
    journal.write_text(f"{head}\n{json.dumps(record)}\n")
    with pytest.raises(ValueError, match=r"journal: .* is not a record of this search; correct or delete it"):
        tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, Resampling(), journal=journal)


def test_a_journal_is_of_the_rows_that_are_held_out(tmp_path):
    for name, rows in (("train", range(80)), ("test", range(80, 100))):
        (tmp_path / f"index_{name}_0.txt").write_text(" ".join(map(str, rows)))
    given = Resampling(given=str(tmp_path))
    tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, given, journal=tmp_path / "journal")
    (tmp_path / "index_test_0.txt").write_text("90 91")
    with pytest.raises(ValueError, match="this journal belongs to other work with different splits"):
        tune.tune("noisy", SearchSpace({"lr": [0.1]}), QUICK, given, journal=tmp_path / "journal")


def test_halving_leaves_rungs_out_that_would_repeat_one():
    plan = SearchSpace({}, "halving")
    assert plan.rungs(27, 27) == [(27, 1), (9, 3), (3, 9), (1, 27)]
    assert plan.rungs(27, 5) == [(27, 1), (3, 2), (1, 5)]
    assert plan.rungs(27, 1) == [(27, 1)]


def test_the_best_is_of_the_last_rung_that_did_not_diverge():
    trials = [Trial(number, {}) for number in range(3)]
    losses = [(0, 0, 0.3), (1, 0, 0.2), (2, 0, 0.4), (1, 1, np.nan)]
    results = [TrialResult(trials[number], rung, 0, 0.0, None, loss, None) for number, rung, loss in losses]
    study = tune.Study(trials, [(3, 1), (1, 3)], 1, results)
    assert study.best == trials[1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in plain Python
def test_trials_that_diverge_come_last(tmp_path):
    plan, journal = SearchSpace({"lr": [1e30, 0.01]}), tmp_path / "journal"
    for _ in range(2):  # from the journal too, which has null for NaN
        study, run = tune.tune("noisy", plan, QUICK, Resampling(), journal=journal)
        assert study.best.choice == {"lr": 0.01}
        assert "diverged" in study.table()[-1]
        assert run.net.step == 20
    study, run = tune.tune("noisy", SearchSpace({"lr": [1e30]}), QUICK, Resampling())
    assert study.best is run is None


@pytest.mark.full
@pytest.mark.jit_only
def test_processes_find_the_same():
    plan = SearchSpace({"dropout": [0.0, 0.5]})
    one, two = (tune.tune("noisy", plan, QUICK, Resampling(folds=2), jobs=jobs)[0] for jobs in (1, 2))
    assert str(one.record()) == str(two.record())
    assert one.best == two.best


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (RATE_SPACE, "0,0.5", [0.0, 0.5]),
        (RATE_SPACE, "0,0.1,...,0.3", [0.0, 0.1, 0.2, 0.3]),
        (RATE_SPACE, "0..0.6", Range(0.0, 0.6)),
        (LR_SPACE, "1e-4..1e-1", Range(1e-4, 0.1, logarithmic=True)),
        (WIDTHS, "128; 256,256;none", [[128], [256, 256], []]),
    ],
)
def test_spaces_on_the_command_line(kind, text, value):
    assert kind.convert(text, None, None) == value


def ndrop(*arguments):
    return CliRunner().invoke(cli, ["tune", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_writes_the_best_model(folder):
    choices = ["noisy", "--rates", "0,0.5", "--widths", "4;8", "--epochs", "2", "--jobs", "1"]
    found = ndrop(*choices, "--json", "found.json", "--out", "best.npz", "--journal", "journal")
    assert found.exit_code == 0, found.output
    record = json.loads((folder / "found.json").read_text())
    assert len(record["trials"]) == 4
    assert record.keys() >= {"best", "rungs", "outcomes", "command", "seed", "version", "machine"}
    net = nd.MLP.load("best.npz")
    assert (net.sizes[1:-1], net.dropout) == (record["best"]["hidden"], [record["best"]["dropout"]])
    assert f"best    dropout {record['best']['dropout']:g}" in found.output
    assert "next    ndrop evaluate best.npz noisy" in found.output
    assert len((folder / "journal").read_text().splitlines()) == 5


def test_the_search_is_drawn(folder):
    pytest.importorskip("matplotlib")
    choices = ["noisy", "--rates", "0,0.5", "--widths", "4;8", "--epochs", "1", "--jobs", "1"]
    assert ndrop(*choices, "--plot", "found.svg").exit_code == 0
    assert (folder / "found.svg").read_text().count('id="axes_') == 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in plain Python
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["noisy", "--rates", "0..2", "--search", "random", "--trials", "9"],
            "dropout: dropout probability has to be between 0 and 1",
        ),
        (["noisy", "--rates", "0.6..0.2"], "expected a range from a lower to a higher number"),
        (["noisy", "--lrs", "0..1"], "expected a range from a lower to a higher number"),
        (["noisy", "--widths", "4;x"], "--widths"),
        (["noisy", "--search", "random"], "trials: required for random search"),
        (["noisy", "--folds", "2", "--val", "0.5"], "got several"),
        (["noisy", "--rates", "0", "--lrs", "1e30", "--jobs", "1"], "all trials diverged; try lower learning rates"),
        (["noisy", "--rates", "none"], "dropout: expected values to try, got none"),
        (["noisy", "--rates", "0.5,0.5"], "dropout: expected each value once"),
        (["noisy", "--lrs", "0.01,0", "--journal", "journal"], "lr: expected a number above 0, got 0"),
        (["nowhere.csv"], "nowhere.csv: no such file"),
    ],
)
def test_the_command_refuses_in_one_line(folder, arguments, message):
    refused = ndrop(*arguments)
    assert refused.exit_code == 2
    assert message in refused.output.splitlines()[-1]
    assert not list(folder.iterdir())
