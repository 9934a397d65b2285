"""Options in messages: their form on the command line and in Python."""

import ast
import contextlib
import pickle
import re
from pathlib import Path

import pytest

from numba_dropout.core.errors import InputError
from numba_dropout.core.options import command_line, is_command_line, option, options

PACKAGE = Path(__file__).parents[2] / "numba_dropout"
FLAG = re.compile(r"(^|[ ('])--(?!no-$)[a-z]")


@pytest.mark.parametrize(
    ("name", "value", "command", "python"),
    [
        ("drop", ["a b", "c"], "--drop 'a b' --drop c", "drop=['a b', 'c']"),
        ("drop", [3], "--drop 3", "drop=[3]"),
        ("drop", ("it's",), '--drop "it\'s"', 'drop=["it\'s"]'),
        ("drop", ["$'"], "--drop '$'\"'\"''", 'drop=["$\'"]'),
        ("drop", None, "--drop", "drop=..."),
        ("missing", ["-999"], "--missing=-999", "missing=['-999']"),
        ("missing", ["?"], "--missing='?'", "missing=['?']"),
        ("use", ["-x"], "--use=-x", "use=['-x']"),
        ("thousands", "", "--thousands ''", "thousands=''"),
        ("header", False, "--no-header", "header=False"),
        ("by_position", True, "--by-position", "by_position=True"),
        ("val", 0.2, "--val 0.2", "val=0.2"),
        ("ids", ["name"], "--id name", "ids=['name']"),
        ("dates", {"a": "%Y/%m", "b c": "%d.%m.%Y"}, "--date a=%Y/%m --date 'b c=%d.%m.%Y'", None),
    ],
)
def test_forms(name, value, command, python):
    assert option(name, value) == (python or f"{name}={value!r}")
    with command_line():
        assert option(name, value) == command


def test_any_value():
    assert option("samples", metavar="T") == "samples=T"
    with command_line():
        assert option("samples", metavar="T") == "--mc T"


def test_several_options():
    assert options({"decimal": ",", "thousands": "."}) == "decimal=',', thousands='.'"
    with command_line():
        assert options({"decimal": ",", "thousands": "."}) == "--decimal , --thousands ."


def test_the_form_ends_with_the_block():
    with command_line():
        assert is_command_line()
    assert not is_command_line()
    with contextlib.suppress(InputError), command_line():
        raise InputError("x: expected a number")
    assert not is_command_line()


def test_a_problem_and_its_remedy():
    error = InputError("x: expected a number", f"give {option('drop', ['x'])}")
    assert (str(error), error.problem) == ("x: expected a number; give drop=['x']", "x: expected a number")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.problem, again.remedy) == (str(error), error.problem, error.remedy)


def test_messages_have_no_flags():
    """A message of the package has its options from `option`, which writes them for the reader."""
    assert [f"{file.name}: {text}" for file in PACKAGE.rglob("*.py") for text in texts(file) if FLAG.search(text)] == []


def texts(file):
    """Return the texts of a module that are no docstrings."""
    tree = ast.parse(file.read_text())
    documents = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documents) and node.body and isinstance(node.body[0], ast.Expr)
    }
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return [node.value for node in constants if isinstance(node.value, str)]
