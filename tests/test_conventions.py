"""Conventions of the sources: Numba's options in one place, thin commands, short files, kernels in pairs."""

import ast
from pathlib import Path

import pytest

from numba_dropout.kernels import cpu

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "numba_dropout"
BENCH = ROOT / "bench"
TESTS = ROOT / "tests"


def test_options_of_numba():
    spelling = []
    for file in PACKAGE.rglob("*.py"):
        if file == PACKAGE / "core" / "jit.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "jax":
                continue  # JAX's compiler
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if name in {"njit", "jit", "vectorize", "guvectorize", "fastmath"}:
                spelling.append(f"{file.name}: {name}")
    assert spelling == []


def test_commands_are_thin():
    """A command parses, calls the library and prints: few lines, without imports of numerical libraries."""
    for file in (ROOT / "cli").glob("*.py"):
        tree = ast.parse(file.read_text())
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not names & {"numpy", "numba", "math"}, file.name
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                assert not body or body[-1].end_lineno - body[0].lineno < 25, f"{file.name}:{node.name}"


def test_length_of_files():
    lengths = {file.name: len(file.read_text().splitlines()) for file in PACKAGE.rglob("*.py")}
    assert [name for name, length in lengths.items() if length > 400] == []
    assert [file.name for file in BENCH.rglob("*.py") if len(file.read_text().splitlines()) > 250] == []


def test_kernels_come_in_pairs():
    names = set(cpu.__all__)
    forward = {name.removesuffix("_forward") for name in names if name.endswith("_forward")}
    assert forward == {name.removesuffix("_backward") for name in names if name.endswith("_backward")}
    assert cpu.__all__ == sorted(names)


@pytest.mark.parametrize("folder", ["functional", "kernels", "layers"])
def test_public_modules_have_test_files(folder):
    """Each public module is tested in the file with its name; a kernel's two modules have one."""
    modules = {file.stem for file in (PACKAGE / folder / ("cpu" if folder == "kernels" else "")).glob("[!_]*.py")}
    tested = {file.stem.removeprefix("test_") for file in (ROOT / "tests" / folder).glob("test_*.py")}
    assert modules <= tested


def test_length_of_test_files():
    lengths = {str(file.relative_to(TESTS)): len(file.read_text().splitlines()) for file in TESTS.rglob("*.py")}
    assert [name for name, length in lengths.items() if length > 400] == []


def test_folders_of_tests():
    """A folder of tests has the name of a folder of the package, of cli or of bench."""
    folders = {file.parent.relative_to(TESTS) for file in TESTS.rglob("*.py")} - {Path("."), Path("support")}
    roots = {"cli": ROOT, "bench": ROOT}
    assert [
        str(folder) for folder in sorted(folders) if not (roots.get(folder.parts[0], PACKAGE) / folder).is_dir()
    ] == []
