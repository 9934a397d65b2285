"""The commands: what they show, write and promise."""

import contextlib
import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys

import click
import numba
import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.experiments import environment
from numba_dropout.training import prediction_table

COMPILES_LONG = pytest.mark.compiles_long
NDROP = [sys.executable, "-c", "from numba_dropout_cli.main import cli; cli(prog_name='ndrop')"]
SMALL = ("--hidden", "4", "--epochs", "2", "--batch-size", "8")
ROWS = [((i * 37 % 30) / 10, (i * 17 % 30) / 10) for i in range(30)]
COMMANDS = sorted(cli.commands)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder with a table of classes, one of values, and nothing else."""
    monkeypatch.chdir(tmp_path)
    kinds = ["above" if a > b else "below" for a, b in ROWS]
    table(tmp_path / "kinds.csv", kinds, "kind")
    table(tmp_path / "values.csv", [100 + 2 * a - b + 0.01 for a, b in ROWS], "value")
    return tmp_path


def table(path, target, name):
    lines = [f"{a},{b},{y}" for (a, b), y in zip(ROWS, target, strict=True)]
    path.write_text("\n".join([f"u,v,{name}", *lines]) + "\n")


def ndrop(*arguments):
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def started(*arguments):
    return subprocess.run([*NDROP, *map(str, arguments)], capture_output=True, text=True, check=False)


def log_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---------------------------------------------------------------- help


def test_the_package_installs_the_command():
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="ndrop")
    assert entry.load() is cli


def test_version():
    assert nd.__version__ in ndrop("--version").stdout


def test_the_commands_are_there():
    assert {"train", "evaluate", "predict", "info"} <= set(COMMANDS)
    shown = ndrop("--help").stdout
    for name in COMMANDS:
        assert name in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_help_line_with_its_default(command):
    ctx = click.Context(cli.commands[command])
    for option in cli.commands[command].params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert "[default: " in option.get_help_record(ctx)[1], option.name


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_an_example(command):
    assert f"ndrop {command}" in ndrop(command, "--help").stdout.split("Usage:")[1].split("\n", 1)[1]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_does_not_load_numba(command):
    code = (
        "import sys; from numba_dropout_cli.main import cli; cli([*sys.argv[1:], '--help'], standalone_mode=False)\n"
        "assert 'numba' not in sys.modules and 'numpy' not in sys.modules and 'numba_dropout' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Usage:" in result.stdout


def test_info():
    shown = dict(line.split(None, 1) for line in ndrop("info").stdout.splitlines())
    assert shown["numba"] == numba.__version__
    assert shown["numpy"] == np.__version__
    assert shown["numba-dropout"] == nd.__version__
    text = ndrop("info").stdout
    for name in ("instruction set", "threads", "threading layer", "cuda"):
        assert re.search(rf"^{name} +\S", text, re.MULTILINE), name


# ---------------------------------------------------------------- train


def test_training_shows_the_flow_a_row_for_each_epoch_and_what_to_type_next(folder):
    out = ndrop("train", "kinds.csv", *SMALL, "--dropout", "0.25", "--input-dropout", "0.125", "--val", "0.2").stdout
    assert "2 features, 2 classes" in out
    for stage in ("input +24 x 2", "dropout 0.125 +24 x 2", "relu +24 x 4", "dropout 0.25 +24 x 4", "linear +24 x 2"):
        assert re.search(stage, out), stage
    head, *rows = out[out.index("epoch") :].splitlines()[:3]
    for title in ("loss", "accuracy", "val loss", "val accuracy", "samples/s"):
        assert title in head
    assert [row.split()[0] for row in rows] == ["1", "2"]
    assert all("-" not in row.split() for row in rows)
    assert "model  model.npz" in out
    assert out.splitlines()[-1] == "next   ndrop evaluate model.npz kinds.csv"
    assert nd.MLP.load(folder / "model.npz").sizes == [2, 4, 2]


def test_what_it_says_to_type_next_works():
    last = ndrop("train", "kinds.csv", *SMALL).stdout.splitlines()[-1]
    assert "accuracy" in ndrop(*last.split()[2:]).stdout


def test_no_data_means_the_built_in_set_and_its_own_recipe():
    out = ndrop("train", "--epochs", 1).stdout
    for part in ("pipeline: 1000 rows, 20 features, 3 classes", "dropout 0.3", "1000 x 10", "batches of 25"):
        assert part in out


@pytest.mark.jit_only
def test_the_built_in_run_learns_as_its_description_says(folder):
    ndrop("train", "--log", "log.jsonl")
    log = log_of(folder / "log.jsonl")
    assert len(log) == 5
    assert log[0]["loss"] >= 0.9
    assert log[4]["loss"] <= 0.55
    assert log[4]["accuracy"] >= 0.80


@pytest.mark.parametrize("val", [True, False])
def test_the_log_has_an_object_for_each_epoch(folder, val):
    (folder / "log.jsonl").write_text("of an earlier run\n")
    ndrop("train", "kinds.csv", *SMALL, "--log", "log.jsonl", *(["--val", "0.2"] * val))
    log = log_of(folder / "log.jsonl")
    assert [record["epoch"] for record in log] == [1, 2]
    for record in log:
        assert {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"} <= set(record)
        assert (record["val_loss"] is None) == (record["val_accuracy"] is None) == (not val)
        assert 0 <= record["accuracy"] <= 1
        assert record["loss"] > 0
        assert record["seconds"] > 0


def test_the_log_of_a_regression_has_no_accuracy(folder):
    ndrop("train", "values.csv", *SMALL, "--log", "log.jsonl", "--val", "0.2")
    for record in log_of(folder / "log.jsonl"):
        assert record["accuracy"] is None
        assert record["val_accuracy"] is None
        assert record["val_loss"] > 0


def test_the_validation_figures_are_those_of_the_rows_held_out(folder):
    ndrop("train", "kinds.csv", *SMALL, "--val", "0.5", "--seed", 3, "--log", "log.jsonl")
    _, held_out = nd.data.split(nd.data.load("kinds.csv"), 0.5, seed=3)
    measured = nd.evaluate(nd.MLP.load("model.npz"), held_out.x, held_out.y)
    last = log_of(folder / "log.jsonl")[-1]
    assert last["val_loss"] == pytest.approx(measured["loss"])
    assert last["val_accuracy"] == measured["accuracy"]


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_plot_is_drawn(folder, suffix, start):
    pytest.importorskip("matplotlib")
    out = ndrop("train", "kinds.csv", *SMALL, "--val", "0.2", "--plot", f"curves.{suffix}").stdout
    assert (folder / f"curves.{suffix}").read_bytes().startswith(start)
    assert f"plot   curves.{suffix}" in out


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        ndrop("train", "kinds.csv", *SMALL, "--val", "0.2", "--seed", seed, "--out", name)
    a, b, c = ((folder / name).read_bytes() for name in "abc")
    assert a == b
    first, other = (nd.MLP.load(name).state_dict()["0.weight"] for name in "ac")
    assert not np.array_equal(first, other)
    assert c != a


def test_the_same_seed_gives_the_same_bytes_in_another_process(folder):
    ndrop("train", "kinds.csv", *SMALL, "--out", "a")
    assert started("train", "kinds.csv", *SMALL, "--out", "b").returncode == 0
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()


@pytest.mark.parametrize("seed", [0, 2**64 - 1])
def test_the_ends_of_the_range_of_seeds(seed):
    ndrop("train", "kinds.csv", *SMALL, "--seed", seed)
    assert nd.MLP.load("model.npz").seed == seed


def test_patience_stops_and_goes_back_to_the_best_weights(folder):
    choices = ["--hidden", "4", "--dropout", "0", "--batch-size", "5", "--val", "0.3", "--optimizer", "sgd"]
    choices += ["--lr", "3"]
    patient = ("--epochs", 40, "--patience", 2, "--log", "log", "--out", "a")
    stopped = ndrop("train", "kinds.csv", *choices, *patient).stdout
    log = log_of(folder / "log")
    losses = [record["val_loss"] for record in log]
    best = losses.index(min(losses)) + 1
    assert len(log) == best + 2 < 40
    assert f"epoch {best}, the best" in stopped
    ndrop("train", "kinds.csv", *choices, "--epochs", best, "--out", "b")
    kept, wanted = (nd.MLP.load(name).state_dict() for name in "ab")
    assert all(np.array_equal(kept[name], wanted[name]) for name in wanted)


def test_a_batch_larger_than_the_data_is_one_batch():
    assert "batches of" in ndrop("train", "kinds.csv", "--hidden", 4, "--epochs", 3, "--batch-size", 10**6).stdout
    assert nd.MLP.load("model.npz").step == 3


def test_threads():
    before = numba.get_num_threads()
    try:
        ndrop("train", "kinds.csv", *SMALL, "--threads", 1)
        assert numba.get_num_threads() == 1
    finally:
        environment.set_threads(before)


@pytest.mark.parametrize(
    "choices",
    [
        ("--hidden", "none"),
        ("--hidden", "5,3", "--dropout", "0.1,0.9"),
        ("--hidden", "5,3", "--dropout", "1"),
        pytest.param(("--loss", "bce"), marks=COMPILES_LONG),
        ("--optimizer", "sgd", "--nesterov", "--momentum", "0.5", "--weight-decay", "0.01"),
        pytest.param(("--optimizer", "adamw", "--weight-decay", "0.1", "--max-norm", "2"), marks=COMPILES_LONG),
        ("--schedule", "cosine"),
        ("--schedule", "inverse", "--decay-steps", "10"),
        ("--schedule", "step", "--decay-steps", "10"),
        ("--standardize", "none"),
        pytest.param(("--variant", "gaussian", "--dropout-schedule", "curriculum"), marks=COMPILES_LONG),
        pytest.param(("--variant", "dropconnect"), marks=COMPILES_LONG),
        pytest.param(("--dtype", "float64"), marks=COMPILES_LONG),
        ("--target", "kind"),
        ("--target", "-1"),
    ],
    ids=" ".join,
)
def test_choices(choices):
    ndrop("train", "kinds.csv", "--hidden", "4", "--epochs", "1", *choices)
    assert set(ndrop("predict", "model.npz", "kinds.csv").stdout.split()[1:]) <= {"above", "below"}


@COMPILES_LONG
def test_rates_that_are_learnt_are_said():
    said = ndrop(
        "train", "kinds.csv", *SMALL, "--variant", "concrete", "--dropout", "0.2", "--dropout-regularizer", "1"
    )
    assert "concrete dropout 0.2" in said.stdout
    first, *rates = nd.MLP.load("model.npz").rates
    assert first == 0
    assert f"learned dropout rates: hidden 1 {rates[0]:.4g}\n" in said.stdout
    assert abs(rates[0] - 0.2) > 1e-3


def test_standardisation_makes_the_scale_of_a_column_irrelevant(folder):
    ndrop("train", "kinds.csv", *SMALL, "--out", "a")
    text = [line.split(",") for line in (folder / "kinds.csv").read_text().splitlines()]
    table = [text[0]] + [[str(float(a) * 1024), b, kind] for a, b, kind in text[1:]]
    (folder / "kinds.csv").write_text("\n".join(map(",".join, table)))
    ndrop("train", "kinds.csv", *SMALL, "--out", "b")
    a, b = (nd.MLP.load(name).state_dict()["1.weight"] for name in "ab")
    assert np.allclose(a, b, rtol=1e-5)


# ---------------------------------------------------------------- evaluate and predict


@pytest.fixture
def kinds(folder):
    """Train on the table of classes, and return the labels it holds."""
    ndrop("train", "kinds.csv", *SMALL, "--seed", 1)
    return [line.split(",")[-1] for line in (folder / "kinds.csv").read_text().split()[1:]]


@pytest.fixture
def values(folder):
    """Train on the table of values, and return the values it holds."""
    ndrop("train", "values.csv", *SMALL)
    return np.loadtxt(folder / "values.csv", delimiter=",", skiprows=1)[:, -1]


def test_evaluation_of_classes_is_what_the_predictions_say(kinds):
    measures = json.loads(ndrop("evaluate", "model.npz", "kinds.csv", "--json").stdout)
    predicted = ndrop("predict", "model.npz", "kinds.csv").stdout.split()
    assert predicted[0] == "prediction"
    right = sum(a == b for a, b in zip(predicted[1:], kinds, strict=True))
    assert measures["accuracy"] == pytest.approx(right / 30)
    assert measures["error"] == pytest.approx(1 - right / 30)
    assert measures["loss"] > 0


def test_evaluation_of_values_is_what_the_predictions_say(values):
    measures = json.loads(ndrop("evaluate", "model.npz", "values.csv", "--json").stdout)
    ndrop("predict", "model.npz", "values.csv", "--out", "p.npy")
    residual = values - np.load("p.npy")
    assert measures["rmse"] == pytest.approx(np.sqrt((residual**2).mean()))
    assert measures["mae"] == pytest.approx(abs(residual).mean())
    assert measures["r2"] == pytest.approx(1 - (residual**2).sum() / ((values - values.mean()) ** 2).sum())
    assert measures["loss"] > 0


def test_evaluation_prints_a_table_without_json(kinds):
    measures, _, classes = ndrop("evaluate", "model.npz", "kinds.csv").stdout.partition("\n\n")
    assert [line.split()[0] for line in classes.splitlines()] == ["class", "above", "below"]
    shown = dict(line.split() for line in measures.splitlines())
    assert {"loss", "accuracy", "error"} <= set(shown)


def test_probabilities_add_up_and_the_likeliest_is_predicted(kinds):
    head, *rows = (line.split(",") for line in ndrop("predict", "model.npz", "kinds.csv", "--proba").stdout.split())
    assert head == ["prediction", "above", "below"]
    for label, *probabilities in rows:
        assert sum(map(float, probabilities)) == pytest.approx(1, abs=1e-5)
        assert label == head[1 + np.argmax(np.array(probabilities, float))]


def test_classes_that_are_called_as_figures_are():
    found = prediction_table.Predictions(
        np.array(["std"]), np.array([[0.9, 0.1]]), ["prediction", "std", "std"], named=True
    )
    found.write("p.npy")
    assert np.load("p.npy").dtype.names == ("prediction", "std", "class std")


def test_predictions_by_samples(kinds, folder):
    printed = ndrop("predict", "model.npz", "kinds.csv", "--mc", "7", "--proba").stdout
    head, *rows = (line.split(",") for line in printed.split("\n")[:-1])
    assert head == ["prediction", "probability", "std", "entropy", "mutual information", "above", "below"]
    net, x = nd.MLP.load(folder / "model.npz"), nd.data.load(folder / "kinds.csv").x
    found = net.predict_mc(x, 7)
    for row, mean, entropy in zip(rows, found.mean, found.entropy, strict=True):
        assert row[0] == net.classes[mean.argmax()]
        assert float(row[1]) == pytest.approx(mean.max(), rel=1e-5)
        assert float(row[3]) == pytest.approx(entropy, rel=1e-5)
    assert ndrop("predict", "model.npz", "kinds.csv", "--mc", "7", "--proba", "--threads", "1").stdout == printed
    ndrop("predict", "model.npz", "kinds.csv", "--mc", "7", "--out", "p.npy")
    fields = np.load(folder / "p.npy")
    assert fields.dtype.names == ("prediction", "probability", "std", "entropy", "mutual information")
    assert set(fields["prediction"]) <= {"above", "below"}
    assert np.array_equal(fields["entropy"], found.entropy)


def test_values_by_samples(values, folder):
    head, *rows = (line.split(",") for line in ndrop("predict", "model.npz", "values.csv", "--mc", "9").stdout.split())
    assert head == ["prediction", "variance"]
    found = nd.MLP.load(folder / "model.npz").predict_mc(nd.data.load(folder / "values.csv").x, 9)
    ndrop("predict", "model.npz", "values.csv", "--mc", "9", "--out", "p.npy")
    fields = np.load(folder / "p.npy")
    assert np.array_equal(fields["prediction"], found.mean[:, 0])
    assert np.array_equal(fields["variance"], found.variance[:, 0])
    np.testing.assert_allclose(np.array(rows, float), np.hstack([found.mean, found.variance]), rtol=1e-5)


def test_predictions_in_a_file(kinds, folder):
    printed = ndrop("predict", "model.npz", "kinds.csv", "--proba").stdout
    assert "30 predictions in p.csv" in ndrop("predict", "model.npz", "kinds.csv", "--proba", "--out", "p.csv").stdout
    assert (folder / "p.csv").read_text() == printed
    ndrop("predict", "model.npz", "kinds.csv", "--out", "labels.npy")
    assert np.load("labels.npy").tolist() == [line.split(",")[0] for line in printed.split()[1:]]
    ndrop("predict", "model.npz", "kinds.csv", "--proba", "--out", "proba.npy")
    rounded = [[float(p) for p in line.split(",")[1:]] for line in printed.split()[1:]]
    assert np.allclose(np.load("proba.npy"), rounded, atol=1e-6)


def test_numeric_labels_come_back_as_numbers(folder):
    table(folder / "numbers.csv", [7 if a > b else -2 for a, b in ROWS], "y")
    ndrop("train", "numbers.csv", *SMALL)
    assert set(ndrop("predict", "model.npz", "numbers.csv").stdout.split()[1:]) <= {"7", "-2"}
    ndrop("predict", "model.npz", "numbers.csv", "--out", "p.npy")
    assert np.load("p.npy").dtype == np.int64


def rewritten(folder, how):
    """Write the table of classes in another way."""
    text = [line.split(",") for line in (folder / "kinds.csv").read_text().splitlines()]
    table = {
        "reordered": [[kind, b, a] for a, b, kind in text],
        "without a header": text[1:],
        "without the target": [row[:2] for row in text],
        "neither": [row[:2] for row in text[1:]],
    }[how]
    (folder / "other.csv").write_text("\n".join(map(";".join, table)))


@pytest.mark.parametrize("how", ["reordered", "without a header", "without the target", "neither"])
def test_the_same_rows_written_otherwise_get_the_same_predictions(kinds, folder, how):
    rewritten(folder, how)
    expected = ndrop("predict", "model.npz", "kinds.csv", "--proba").stdout
    assert ndrop("predict", "model.npz", "other.csv", "--proba").stdout == expected


@pytest.mark.parametrize("how", ["reordered", "without a header"])
def test_the_same_rows_written_otherwise_get_the_same_measures(kinds, folder, how):
    rewritten(folder, how)
    expected = ndrop("evaluate", "model.npz", "kinds.csv", "--json").stdout
    assert ndrop("evaluate", "model.npz", "other.csv", "--json").stdout == expected


def test_a_headerless_table_whose_target_was_the_first_column_by_name(folder):
    text = [line.split(",")[::-1] for line in (folder / "kinds.csv").read_text().splitlines()]
    (folder / "named.csv").write_text("\n".join(map(",".join, text)))
    (folder / "plain.csv").write_text("\n".join(map(",".join, text[1:])))
    ndrop("train", "named.csv", *SMALL, "--target", "kind")
    expected = ndrop("evaluate", "model.npz", "named.csv", "--json").stdout
    assert ndrop("evaluate", "model.npz", "plain.csv", "--json").stdout == expected


def test_arrays_from_training_to_prediction(folder):
    x, y = np.array(ROWS), np.array([a > b for a, b in ROWS], int)
    np.savez(folder / "set.npz", x=x, y=y)
    np.save(folder / "set.npy", np.c_[x, y])
    table(folder / "set.csv", y, "y")
    shown = []
    for name in ("set.npz", "set.npy", "set.csv"):
        ndrop("train", name, *SMALL, "--out", "m.npz")
        shown.append(ndrop("predict", "m.npz", name, "--proba").stdout)
    assert shown[0] == shown[1] == shown[2]


def test_several_values_at_once(folder):
    np.savez(folder / "set.npz", x=np.array(ROWS), y=np.array(ROWS)[:, ::-1] + 0.05)
    ndrop("train", "set.npz", *SMALL)
    assert ndrop("predict", "model.npz", "set.npz").stdout.split("\n")[0] == "prediction 1,prediction 2"
    assert "rmse" in json.loads(ndrop("evaluate", "model.npz", "set.npz", "--json").stdout)


# ---------------------------------------------------------------- real processes


def test_a_pipe_gets_plain_lines():
    ndrop("train", "kinds.csv", *SMALL)
    result = started("train", "kinds.csv", *SMALL, "--val", "0.2")
    assert result.returncode == 0
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout


def in_a_terminal(*arguments, until=None):
    """Run with a terminal; press Ctrl-C when a pattern has been shown. Return what was shown, and the exit code."""
    import pty

    ours, theirs = pty.openpty()
    shown = ""
    with subprocess.Popen([*NDROP, *arguments], stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        with open(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # the error says: closed
            while piece := terminal.read(65536):
                shown += piece.decode()
                if until and re.search(until, shown):
                    process.send_signal(signal.SIGINT)
                    until = None
    return shown, process.returncode


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_a_terminal_gets_a_bar_and_the_same_rows():
    shown, code = in_a_terminal("train", "kinds.csv", "--hidden", "4", "--epochs", "5", "--batch-size", "1")
    assert code == 0
    assert re.search(r"\[#+-*\] +\d+/150 .*epoch 1, loss \d", shown)
    rows = re.findall(r"(\d+) +\d\.\d{4} +\d\.\d{4} +- +- +[\d,]+\r\n", shown)
    assert rows == ["1", "2", "3", "4", "5"]
    assert "next   ndrop evaluate model.npz kinds.csv" in shown


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_the_bar_tells_the_time_left_and_ctrl_c_takes_it_away(folder):
    time_left = r"\[[#-]+\] +\d+/\d+ +(\d+d )?\d\d:\d\d:\d\d"
    shown, code = in_a_terminal("train", "kinds.csv", "--hidden", "4", "--epochs", "9999999", until=time_left)
    assert code == 130
    assert re.search(time_left, shown)
    end = shown[shown.rindex("/9999999") :]
    assert "\x1b[?25h" in end, "the cursor is hidden"
    assert "stopped by Ctrl-C" in end
    assert (folder / "model.npz").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_keeps_what_there_is_and_says_so(folder):
    (folder / "model.npz").write_bytes(b"of an earlier run")
    with subprocess.Popen(
        [*NDROP, "train", "kinds.csv", "--hidden", "4", "--epochs", "10000000", "--log", "log.jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            if line.split()[:1] == ["3"]:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Ctrl-C" in out
    assert "ndrop evaluate model.npz kinds.csv" in out
    net = nd.MLP.load("model.npz")
    log = log_of(folder / "log.jsonl")
    assert [record["epoch"] for record in log] == list(range(1, len(log) + 1))
    assert len(log) >= 2  # the signal may come between the line of an epoch and its record
    assert net.epoch - len(log) in (0, 1)
    assert net.step >= net.epoch
    assert sorted(path.name for path in folder.iterdir()) == ["kinds.csv", "log.jsonl", "model.npz", "values.csv"]


def test_a_closed_pipe_is_no_fault():
    ndrop("train", "kinds.csv", *SMALL)
    with subprocess.Popen(
        [*NDROP, "predict", "model.npz", "kinds.csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert "Traceback" not in err
