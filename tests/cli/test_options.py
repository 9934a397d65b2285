"""Training options that are refused: exit code 2, one line that names the option, and no file written."""

import ast
from pathlib import Path

import pytest
from commands import refused
from csv_tables import CATS_AND_DOGS
from numba_dropout_cli import _options
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout.core.options import command_line
from numba_dropout.core.options import option as written
from numba_dropout.experiments.parallel import parallel_map
from numba_dropout.kernels.scalar.activations import ACTIVATIONS
from numba_dropout.nn.losses import LOSSES
from numba_dropout.nn.rate_schedules import RATE_SCHEDULES
from numba_dropout.nn.variants import VARIANTS
from numba_dropout.optim import OPTIMIZERS, SCHEDULES

PACKAGE = Path(nd.__file__).parent
SMALL = ("--hidden", "4", "--epochs", "1")

pytestmark = pytest.mark.usefixtures("earlier_run")


@pytest.mark.parametrize(
    ("option", "values", "word"),
    [
        ("--dropout", ["nan", "-0.1", "1.5", "inf", "0.5,2", "x", "", "0.1,0.2,0.3"], "dropout"),
        ("--input-dropout", ["nan", "-0.1", "1.0001", "x"], "input"),
        ("--hidden", ["0", "-3", "4,0", "x", "", "1.5", "9999999999999999999"], ""),
        ("--epochs", ["0", "-1", "x", "1.5"], "epochs"),
        ("--batch-size", ["0", "-1", "x"], "batch-size"),
        ("--patience", ["-1", "x"], "patience"),
        ("--threads", ["0", "-1", "100000"], "threads"),
        ("--seed", ["-1", "18446744073709551616", "x"], "seed"),
        ("--lr", ["-1", "nan", "inf", "x"], "lr"),
        ("--momentum", ["-1", "1.5", "nan"], "momentum"),
        ("--weight-decay", ["-1", "nan"], "weight"),
        ("--max-norm", ["0", "-1", "nan"], "max"),
        ("--decay-steps", ["0", "-1", "nan"], ""),
        ("--val", ["0", "1", "-0.5", "nan", "0.001", "0.999"], "val"),
        ("--loss", ["hinge"], "loss"),
        ("--optimizer", ["newton"], "optimizer"),
        ("--schedule", ["random"], "schedule"),
        ("--standardize", ["all"], "standardize"),
        ("--dtype", ["float16"], "dtype"),
        ("--device", ["tpu"], "device"),
        ("--no-such-option", ["1"], "no-such-option"),
    ],
)
def test_values_out_of_range(option, values, word):
    for value in values:
        chosen = {"--momentum": ["--optimizer", "sgd"], "--decay-steps": ["--schedule", "step"]}.get(option, [])
        assert word in refused("train", "good.csv", *chosen, f"{option}={value}"), value


def test_mse_on_text():
    message = refused("train", "good.csv", "--loss", "mse")
    assert message.startswith("Error: good.csv: expected a number at row 2 of the target, column 3 ('kind'), got text")
    assert message.endswith("'dog'; use --task classes, with a loss for classes")


def test_momentum_without_sgd():
    assert "momentum" in refused("train", "good.csv", "--optimizer", "adam", "--momentum", "0.9")


def test_binary_cross_entropy_for_three_classes(folder):
    (folder / "three.csv").write_text(CATS_AND_DOGS + "1,2,emu\n")
    line = refused("train", "three.csv", "--loss", "bce")
    assert "3" in line
    assert "cross_entropy" in line


def test_patience_without_validation():
    message = refused("train", "good.csv", *SMALL, "--patience", "2")
    assert "validation" in message
    assert "--val" in message


def test_out_of_memory(monkeypatch):
    def full(*arguments, **options):
        raise MemoryError("Unable to allocate 179. GiB")

    monkeypatch.setattr(nd.MLP, "__init__", full)
    assert "memory" in refused("train", "good.csv", *SMALL)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in plain Python
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.compiles_long)])
def test_diverging_loss(dtype):
    choices = ("--hidden", "4", "--batch-size", "5", "--epochs", "9", "--optimizer", "sgd", "--dtype", dtype)
    line = refused("train", "good.csv", *choices, "--lr", "1e200" if dtype == "float64" else "1e25")
    assert "epoch " in line
    assert "lower learning rate" in line


@pytest.mark.compiles_long
def test_values_beyond_float32():
    line = refused("train", "good.csv", *SMALL, "--optimizer", "sgd", "--lr", "1e39")
    assert "too large, or a bound too small, for float32; try a lower learning rate (it was 1e+39)" in line
    assert "clip_norm (1e-60)" in refused("train", "good.csv", *SMALL, "--clip-norm", "1e-60")


def test_options_without_effect():
    assert "momentum" in refused("train", *SMALL, "--nesterov")
    assert "decay_steps" in refused("train", "good.csv", *SMALL, "--decay-steps", "10")


def test_schedule_of_concrete_dropout():
    message = refused("train", "good.csv", *SMALL, "--variant", "concrete", "--dropout-schedule", "linear")
    assert "dropout_schedule: expected one rate for each layer, got learned rates" in message
    assert "weight_regularizer" in refused("train", "good.csv", *SMALL, "--weight-regularizer", "1")


def test_too_many_parameters():
    assert "parameters" in refused("train", "good.csv", "--hidden", "2147483647,2147483647,2147483647")


@pytest.mark.parametrize(
    ("choice", "registry"),
    [
        (_options.ACTIVATIONS, ACTIVATIONS),
        (_options.LOSSES, LOSSES),
        (_options.OPTIMIZERS, OPTIMIZERS),
        (_options.RATE_SCHEDULES, RATE_SCHEDULES),
        (_options.SCHEDULES, SCHEDULES),
        (_options.VARIANTS, VARIANTS),
    ],
)
def test_names_match_the_library(choice, registry):
    """The command starts without the library, so it has the names of each registry too."""
    assert list(choice.choices) == list(registry)


def test_options_in_messages():
    """Each option that a message of the library names is one of a command."""
    flags = {flag for command in cli.commands.values() for parameter in command.params for flag in parameter.opts}
    names = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "option":
                names |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    assert {"drop", "dates", "missing", "val"} <= names
    with command_line():
        assert {written(name) for name in names} - flags == set()


def test_messages_of_workers():
    """They are for the reader of the parent's messages."""
    with command_line():
        assert parallel_map(written, [("ids",), ("drop",)], 2) == ["--id", "--drop"]
    assert parallel_map(written, [("ids",), ("drop",)], 2) == ["ids=...", "drop=..."]


def test_messages_after_a_command():
    refused("train", "good.csv", *SMALL, "--patience", "2")
    assert written("drop") == "drop=..."
