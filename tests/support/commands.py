"""Run `ndrop` in this process, or in a separate one."""

import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from numba_dropout_cli.main import cli

NDROP = [sys.executable, "-c", "from numba_dropout_cli.main import cli; cli(prog_name='ndrop')"]


def invoke(*arguments):
    """Return the result of a command, with any exit code."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)


def ndrop(*arguments):
    """Return the result of a command that succeeds."""
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result


def refused(*arguments):
    """Run a command that fails, check that it changes no file of the folder, and return its error message."""
    before = contents(".")
    result = invoke(*arguments)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    assert contents(".") == before
    return result.stderr.rstrip("\n")


def started(*arguments):
    """Run a command in a separate process, and return the finished process."""
    return subprocess.run([*NDROP, *map(str, arguments)], capture_output=True, text=True, check=False)


def contents(folder):
    """Return the bytes of all files of a folder by their paths."""
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def read_log(path):
    """Return the records of a log of training."""
    return [json.loads(line) for line in path.read_text().splitlines()]
