"""The command `ndrop`: entry point, help, exit codes and error messages."""

import importlib.metadata
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from commands import NDROP, contents, ndrop, refused
from numba_dropout_cli.main import cli

import numba_dropout as nd

COMMANDS = sorted(cli.commands)

SMALL = ("--hidden", "4", "--epochs", "1")

pytestmark = pytest.mark.usefixtures("earlier_run")


def test_entry_point():
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="ndrop")
    assert entry.load() is cli


def test_version():
    assert nd.__version__ in ndrop("--version").stdout


def test_help_lists_commands():
    assert {"train", "evaluate", "predict", "info"} <= set(COMMANDS)
    output = ndrop("--help").stdout
    for name in COMMANDS:
        assert name in output


@pytest.mark.parametrize("command", COMMANDS)
def test_options_have_help_and_default(command):
    ctx = click.Context(cli.commands[command])
    for option in cli.commands[command].params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert "[default: " in option.get_help_record(ctx)[1], option.name


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    assert f"ndrop {command}" in ndrop(command, "--help").stdout.split("Usage:")[1].split("\n", 1)[1]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_fits_a_screen(command):
    assert max(map(len, ndrop(*command, "--help").stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_does_not_load_numba(command):
    code = (
        "import sys; from numba_dropout_cli.main import cli; cli([*sys.argv[1:], '--help'], standalone_mode=False)\n"
        "assert 'numba' not in sys.modules and 'numpy' not in sys.modules and 'numba_dropout' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Usage:" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [["evaluate"], ["evaluate", "good.npz"], ["predict", "good.npz"], ["trian"], ["train", "good.csv", "good.csv"]],
    ids=" ".join,
)
def test_wrong_number_of_arguments(arguments):
    assert "--help" in refused(*arguments)


@pytest.mark.parametrize("arguments", [["--nosuch"], ["nosuch"], ["train", "--nosuch"], ["evaluate"]])
def test_unknown_options_and_commands(arguments):
    assert "--help" in refused(*arguments)


@pytest.mark.jit_only
@pytest.mark.parametrize("warnings", ["default", "error"])
@pytest.mark.parametrize(
    "arguments",
    [["train", "nowhere.csv"], ["train", "good.csv", "--dropout", "nan"], ["evaluate", "model.npz", "good.csv"]],
    ids=" ".join,
)
def test_exit_code_and_message(folder, arguments, warnings):
    before = contents(folder)
    result = subprocess.run(
        [NDROP[0], "-W", warnings, *NDROP[1:], *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert contents(folder) == before


def test_internal_error(monkeypatch):
    def broken(*arguments, **options):
        raise ValueError("a fault in the program")

    monkeypatch.setattr(nd.MLP, "__init__", broken)
    result = CliRunner().invoke(cli, ["train", "good.csv", *SMALL])
    assert result.exit_code == 1
    assert isinstance(result.exception, ValueError)
