"""Bad input gets one clear line and exit code 2, never a traceback, and never a half-written file."""

import gzip
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd

SMALL = ("--hidden", "4", "--epochs", "1")
TABLE = "u,v,kind\n" + "".join(f"{i},{i * 7 % 10},{'cat' if i % 3 else 'dog'}\n" for i in range(30))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder with a good table and the files of an earlier run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(TABLE)
    for name in ("model.npz", "predictions.csv", "log.jsonl", "plot.png"):
        (tmp_path / name).write_text("of an earlier run")
    return tmp_path


@pytest.fixture
def model(folder):
    """Train a model."""
    result = CliRunner().invoke(cli, ["train", "good.csv", *SMALL, "--out", "good.npz"])
    assert result.exit_code == 0, result.output
    return "good.npz"


def contents(folder):
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def refused(*arguments):
    """Run the command, make sure that it refuses without a trace in the folder, and return its one line."""
    before = contents(".")
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    assert contents(".") == before
    return result.stderr


def changed(row, column, cell):
    """Return the table with another cell; rows and columns count from 1, the header is row 1."""
    lines = [line.split(",") for line in TABLE.splitlines()]
    lines[row - 1][column - 1] = cell
    return "\n".join(map(",".join, lines))


BAD_TABLES = {
    "empty": ("", ["empty"]),
    "only a header": ("u,v,kind\n", ["rows of data", "header"]),
    "ragged": (TABLE + "1,2\n", ["row 32", "got 2", "3 columns"]),
    "ragged with more": (TABLE + "1,2,cat,9\n", ["row 32", "got 4", "3 columns"]),
    "text": (changed(5, 2, "x"), ["'x'", "row 5", "column 2", "'v'"]),
    "missing": (changed(9, 1, ""), ["missing", "row 9", "column 1", "'u'"]),
    "missing target": (changed(31, 3, "?"), ["missing", "row 31", "column 3", "'kind'"]),
    "NaN": (changed(7, 2, "NaN"), ["NaN", "row 7", "column 2"]),
    "infinity": (changed(8, 2, "-inf"), ["-inf", "row 8", "column 2"]),
    "overflow": (changed(8, 2, "1e400"), ["1e400", "row 8", "column 2"]),
    "open quote": (changed(8, 2, '"3'), ["row 8", "quotes"]),
    "one class": (TABLE.replace("dog", "cat"), ["two classes", "cat"]),
    "one column": ("1\n2\n", ["one column"]),
    "binary": (b"\x00\xff\xfe\x80" * 100, ["text"]),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_training_on_a_bad_table(folder, case):
    content, words = BAD_TABLES[case]
    (folder / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused("train", "bad.csv", *SMALL, "--log", "log.jsonl", "--plot", "plot.svg")
    for word in ["bad.csv", *words]:
        assert word in line


@pytest.mark.parametrize(
    ("command", "case"),
    [("evaluate", case) for case in BAD_TABLES if case != "one class"]
    + [("predict", case) for case in BAD_TABLES if case not in ("one class", "missing target")],
)
def test_using_a_model_on_a_bad_table(folder, model, command, case):
    content, words = BAD_TABLES[case]
    (folder / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused(command, model, "bad.csv", *(["--out", "predictions.csv"] if command == "predict" else []))
    assert "bad.csv" in line
    if "row" in " ".join(words):
        assert next(word for word in words if "row" in word) in line


@pytest.mark.parametrize("source", ["nowhere.csv", "nowhere/", "nowhere.npz", "nowhere/data.npy"])
def test_data_that_are_not_there(model, source):
    assert "nowhere" in refused("train", source)
    assert "nowhere" in refused("evaluate", model, source)
    assert "nowhere" in refused("predict", model, source)


def test_a_folder_without_data(folder):
    (folder / "empty").mkdir()
    assert "empty" in refused("train", "empty")


@pytest.mark.parametrize("target", ["colour", "4", "0", "-4"])
def test_a_label_column_that_is_not_there(target):
    line = refused("train", "good.csv", "--target", target)
    assert "good.csv" in line
    assert target in line


def test_a_target_for_a_source_that_has_its_own():
    assert "target" in refused("train", "pipeline", "--target", "kind")


@pytest.mark.parametrize(
    ("option", "values", "word"),
    [
        ("--dropout", ["nan", "-0.1", "1.5", "inf", "0.5,2", "x", "", "0.1,0.2,0.3"], "dropout"),
        ("--input-dropout", ["nan", "-0.1", "1.0001", "x"], "input"),
        ("--hidden", ["0", "-3", "4,0", "x", "", "1.5", "9999999999999999999"], ""),
        ("--epochs", ["0", "-1", "x", "1.5"], "epochs"),
        ("--batch-size", ["0", "-1", "x"], "batch-size"),
        ("--patience", ["0", "-1"], "patience"),
        ("--threads", ["0", "-1", "100000"], "threads"),
        ("--seed", ["-1", "18446744073709551616", "x"], "seed"),
        ("--lr", ["0", "-1", "nan", "inf", "x"], "lr"),
        ("--momentum", ["-1", "1", "nan"], "momentum"),
        ("--weight-decay", ["-1", "nan"], "weight"),
        ("--max-norm", ["0", "-1", "nan"], "max"),
        ("--decay-steps", ["0", "-1", "nan"], ""),
        ("--val", ["0", "1", "-0.5", "nan", "0.001", "0.999"], "val"),
        ("--loss", ["hinge"], "loss"),
        ("--optimizer", ["lion"], "optimizer"),
        ("--schedule", ["random"], "schedule"),
        ("--standardize", ["all"], "standardize"),
        ("--dtype", ["float16"], "dtype"),
        ("--device", ["tpu"], "device"),
        ("--no-such-option", ["1"], "no-such-option"),
    ],
)
def test_choices_outside_their_range(option, values, word):
    for value in values:
        chosen = {"--momentum": ["--optimizer", "sgd"], "--decay-steps": ["--schedule", "step"]}.get(option, [])
        assert word in refused("train", "good.csv", *chosen, f"{option}={value}"), value


@pytest.mark.parametrize(
    "arguments",
    [["evaluate"], ["evaluate", "good.npz"], ["predict", "good.npz"], ["trian"], ["train", "good.csv", "good.csv"]],
    ids=" ".join,
)
def test_arguments_that_are_missing_or_too_many_point_to_the_help(arguments):
    assert "--help" in refused(*arguments)


def test_a_loss_for_values_on_texts():
    assert "at row 2, column 3 ('kind'), got text 'dog'" in refused("train", "good.csv", "--loss", "mse")


def test_momentum_without_sgd():
    assert "momentum" in refused("train", "good.csv", "--optimizer", "adam", "--momentum", "0.9")


def test_binary_cross_entropy_for_three_classes(folder):
    (folder / "three.csv").write_text(TABLE + "1,2,emu\n")
    line = refused("train", "three.csv", "--loss", "bce")
    assert "3" in line
    assert "cross_entropy" in line


def test_patience_without_validation(model):
    assert "validation" in refused("train", "good.csv", *SMALL, "--patience", "2")


def test_a_network_that_does_not_fit_into_memory(monkeypatch):
    def full(*arguments, **options):
        raise MemoryError("Unable to allocate 179. GiB")

    monkeypatch.setattr(nd.MLP, "__init__", full)
    assert "memory" in refused("train", "good.csv", *SMALL)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in plain Python
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.compiles_long)])
def test_a_loss_that_is_no_number_any_more(model, dtype):
    choices = ("--hidden", "4", "--batch-size", "5", "--epochs", "9", "--optimizer", "sgd", "--dtype", dtype)
    line = refused("train", "good.csv", *choices, "--lr", "1e200" if dtype == "float64" else "1e25")
    assert "epoch " in line
    assert "lower learning rate" in line


@pytest.mark.compiles_long
def test_numbers_that_the_precision_does_not_have():
    line = refused("train", "good.csv", *SMALL, "--optimizer", "sgd", "--lr", "1e39")
    assert "too large, or a bound too small, for float32; try a lower learning rate (it was 1e+39)" in line
    assert "clip_norm (1e-60)" in refused("train", "good.csv", *SMALL, "--clip-norm", "1e-60")


# ---------------------------------------------------------------- places to write to


@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
@pytest.mark.parametrize("place", ["nowhere/file.png", "good.csv/file.png"])
def test_training_into_a_folder_that_is_not_there(option, place):
    assert place in refused("train", "good.csv", *SMALL, option, place)


@pytest.mark.parametrize("place", ["nowhere/file.csv", "good.csv/file.npy", "."])
def test_predicting_into_a_folder_that_is_not_there(model, place):
    assert place in refused("predict", model, "good.csv", "--out", place)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="/proc, where nobody can make files")
@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
def test_a_folder_that_cannot_be_written(option):
    assert "/proc/file.png" in refused("train", "good.csv", *SMALL, option, "/proc/file.png")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
def test_a_folder_without_permission(folder, option):
    (folder / "locked").mkdir(mode=0o500)
    assert "locked/file.png" in refused("train", "good.csv", *SMALL, option, "locked/file.png")


@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
def test_a_folder_instead_of_a_file(folder, option):
    (folder / "sub.png").mkdir()
    assert "sub.png" in refused("train", "good.csv", *SMALL, option, "sub.png")


@pytest.mark.skipif(os.name != "posix", reason="/dev/null")
def test_a_device_instead_of_a_file():
    assert "/dev/null" in refused("train", "good.csv", *SMALL, "--out", "/dev/null")
    assert not Path("/dev/null").is_file()


def test_a_plot_of_an_unknown_kind():
    assert ".png" in refused("train", "good.csv", *SMALL, "--plot", "plot.xyz")


def test_a_plot_without_matplotlib_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'numba-dropout[plot]'" in refused("train", "good.csv", *SMALL, "--plot", "plot.png")


# ---------------------------------------------------------------- models and arrays


@pytest.mark.parametrize("command", ["evaluate", "predict"])
@pytest.mark.parametrize("case", ["missing", "empty", "truncated", "arrays", "text", "folder", "a later version"])
def test_a_model_file_that_is_none(folder, model, command, case):
    path = folder / "bad.npz"
    whole = (folder / model).read_bytes()
    if case == "arrays":
        np.savez(path, x=np.ones((3, 2)), weights=np.ones(3))
    elif case == "a later version":
        with np.load(model) as file:
            arrays = {name: file[name] for name in file.files}
        arrays["config"] = np.array(json.dumps(json.loads(str(arrays["config"])) | {"version": 99}))
        np.savez(path, **arrays)
    elif case == "folder":
        path.mkdir()
    elif case != "missing":
        path.write_bytes({"empty": b"", "truncated": whole[: len(whole) * 2 // 3], "text": TABLE.encode()}[case])
    assert "bad.npz" in refused(command, "bad.npz", "good.csv")


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_a_model_for_another_number_of_features(folder, model, command):
    (folder / "wide.csv").write_text("".join(f"{i},2,3,4,cat\n" for i in range(5)))
    line = refused(command, model, "wide.csv")
    assert "got 5" in line
    assert "3" in line
    assert "got 20" in refused(command, model, "pipeline")


def test_evaluation_without_a_target_and_with_an_unknown_class(folder, model):
    (folder / "bare.csv").write_text("u,v\n1,2\n3,4\n")
    assert "kind" in refused("evaluate", model, "bare.csv")
    (folder / "yak.csv").write_text("u,v,kind\n1,2,cat\n3,4,yak\n")
    line = refused("evaluate", model, "yak.csv")
    assert "yak" in line
    assert "row 3" in line


def test_probabilities_of_a_regression(folder):
    (folder / "values.csv").write_text("".join(f"{i},{i + 0.5}\n" for i in range(30)))
    result = CliRunner().invoke(cli, ["train", "values.csv", *SMALL, "--out", "r.npz"])
    assert result.exit_code == 0, result.output
    assert "regression" in refused("predict", "r.npz", "values.csv", "--proba", "--out", "predictions.csv")


X, Y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
BAD_ARRAYS = {
    "no y": {"x": X},
    "no x": {"y": Y},
    "too few y": {"x": X, "y": Y[:4]},
    "y a number": {"x": X, "y": 1},
    "y bytes": {"x": X, "y": np.array([b"a", b"b"] * 3)},
    "y dates": {"x": X, "y": Y.astype("M8[D]")},
    "x flat": {"x": X[:, 0], "y": Y},
    "no rows": {"x": X[:0], "y": Y[:0]},
    "x text": {"x": X.astype(str), "y": Y},
    "x objects": {"x": X.astype(object), "y": Y},
    "NaN": {"x": np.where(X == 5, np.nan, X), "y": Y},
    "infinity": {"x": np.where(X == 5, np.inf, X), "y": Y},
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_bad_arrays(folder, model, case):
    np.savez(folder / "bad.npz", **BAD_ARRAYS[case])
    lines = [refused("train", "bad.npz", *SMALL), refused("evaluate", model, "bad.npz")]
    for line in lines:
        assert "bad.npz" in line
        assert case not in ("NaN", "infinity") or "row 3, column 2" in line


@pytest.mark.parametrize("name", ["bad.npz", "bad.npy", "bad.csv.gz"])
def test_truncated_data(folder, model, name):
    path = folder / name
    if name.endswith(".npz"):
        np.savez(path, x=X, y=Y)
    elif name.endswith(".npy"):
        np.save(path, X)
    else:
        path.write_bytes(gzip.compress(TABLE.encode()))
    path.write_bytes(path.read_bytes()[:-20])
    assert name in refused("train", name, *SMALL)
    assert name in refused("predict", model, name)


@pytest.mark.parametrize("part", ["train", "t10k"])
@pytest.mark.parametrize("what", ["images", "labels"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_truncated_idx(folder, model, part, what, pack):
    images = struct.pack(">4I", 0x803, 6, 1, 2) + bytes(range(12))
    labels = struct.pack(">2I", 0x801, 6) + bytes(Y.tolist())
    (folder / "idx").mkdir()
    for where in ("train", "t10k"):
        for name, content in (("images", pack(images)), ("labels", pack(labels))):
            end = -1 if (where, name) == (part, what) else None
            (folder / "idx" / f"{where}-{name}{'.gz' * (pack is not bytes)}").write_bytes(content[:end])
    line = refused(*(["train", "idx"] if part == "train" else ["evaluate", model, "idx"]))
    assert f"{part}-{what}" in line
    assert "truncated" in line


# ---------------------------------------------------------------- real processes


@pytest.mark.jit_only
@pytest.mark.parametrize("warnings", ["default", "error"])
@pytest.mark.parametrize(
    "arguments",
    [["train", "nowhere.csv"], ["train", "good.csv", "--dropout", "nan"], ["evaluate", "model.npz", "good.csv"]],
    ids=" ".join,
)
def test_a_process_ends_with_2_and_one_line(folder, arguments, warnings):
    before = contents(folder)
    code = "from numba_dropout_cli.main import cli; cli(prog_name='ndrop')"
    result = subprocess.run(
        [sys.executable, "-W", warnings, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert contents(folder) == before


def test_a_fault_of_ours_is_no_fault_of_the_user(monkeypatch):
    def broken(*arguments, **options):
        raise ValueError("a fault in the program")

    monkeypatch.setattr(nd.MLP, "__init__", broken)
    result = CliRunner().invoke(cli, ["train", "good.csv", *SMALL])
    assert result.exit_code == 1
    assert isinstance(result.exception, ValueError)


@pytest.mark.parametrize("option", ["--out", "--log", "--plot"])
def test_training_never_writes_over_its_data(option):
    assert "already used in this run" in refused("train", "good.csv", *SMALL, option, "good.csv")


def test_no_file_is_written_twice_in_a_run():
    assert "already used in this run" in refused("train", "good.csv", *SMALL, "--log", "m.npz", "--out", "m.npz")


def test_prediction_never_writes_over_what_it_reads(model):
    for taken in ("good.csv", model):
        assert "already used in this run" in refused("predict", model, "good.csv", "--out", taken)


def test_settings_that_would_do_nothing():
    assert "momentum" in refused("train", *SMALL, "--nesterov")
    assert "decay_steps" in refused("train", "good.csv", *SMALL, "--decay-steps", "10")


def test_rates_that_are_learnt_follow_no_schedule():
    message = refused("train", "good.csv", *SMALL, "--variant", "concrete", "--dropout-schedule", "linear")
    assert "dropout_schedule: expected one rate for each layer, got learned rates" in message
    assert "weight_regularizer" in refused("train", "good.csv", *SMALL, "--weight-regularizer", "1")


def test_layers_that_no_machine_holds():
    assert "parameters" in refused("train", "good.csv", "--hidden", "2147483647,2147483647,2147483647")


def test_patience_without_validation_data():
    assert "--val" in refused("train", "good.csv", *SMALL, "--patience", "2")


def test_decimal_commas_get_a_hint(tmp_path):
    (tmp_path / "comma.csv").write_text("a;b;c\n1,5;2,5;0\n2,5;1,5;1\n")
    assert "write decimals with a point" in refused("train", str(tmp_path / "comma.csv"), *SMALL)


def test_numbers_too_large_to_be_scaled(tmp_path):
    (tmp_path / "huge.csv").write_text("a,b,c\n1e200,1,0\n-1e200,2,1\n3e200,3,1\n")
    assert "feature 1: the numbers are too large" in refused("train", str(tmp_path / "huge.csv"), *SMALL)


@pytest.mark.parametrize("arguments", [["--nosuch"], ["nosuch"], ["train", "--nosuch"], ["evaluate"]])
def test_unknown_words(arguments):
    assert "--help" in refused(*arguments)
