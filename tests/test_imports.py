"""Imports between the folders of the package and of bench."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "numba_dropout"
BENCH = ROOT / "bench"

# A folder imports from itself and from folders on earlier lines.
LADDER = [
    {"core"},
    {"kernels"},
    {"arrays"},
    {"functional"},
    {"data", "optim", "storage"},
    {"layers", "nn"},
    {"training", "formats"},
    {"experiments", "sklearn", "torch", "jax"},
    {"viz"},
]
BENCH_LADDER = [
    {"sizes", "medians", "defaults_tables"},
    {"cases", "limits", "machine", "estimator_cases"},
    {"contestants"},
    {"worker_main"},
    {"worker_pool"},
    {"rounds"},
    {"startup"},
    {"report"},
    {"chart"},
    {"run", "mnist", "mnist_memory", "uci_keras", "estimators", "defaults_study", "textbook"},
    {"write_readme", "reproduced", "cuda_check"},
]
LADDERS = {PACKAGE: LADDER, BENCH: BENCH_LADDER}
RANKS = {
    package: {name: rank for rank, rung in enumerate(rungs) for name in rung} for package, rungs in LADDERS.items()
}

packages = pytest.mark.parametrize("package", LADDERS, ids=lambda package: package.name)


def modules(package):
    """Return every module of a package below its root: its dotted name within it, and its syntax tree."""
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        if parts != ("__init__",):
            yield parts[:-1] if is_package else parts, is_package, ast.parse(file.read_text())


def imported(package, parts, is_package, tree):
    """Return the modules of the package that a module imports, as tuples of names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = parts if is_package else parts[:-1]
            base = base[: len(base) - node.level + 1]
            target = (*base, *(node.module.split(".") if node.module else ()))
            for name in node.names:
                longer = (*target, name.name)
                path = package.joinpath(*longer)
                yield longer if path.with_suffix(".py").exists() or path.is_dir() else target


def test_files_of_the_root():
    assert {path.name for path in PACKAGE.iterdir() if path.is_file()} == {"__init__.py", "reference.py", "py.typed"}


@packages
def test_ladder_is_complete(package):
    assert {parts[0] for parts, *_ in modules(package)} - {"reference"} == set(RANKS[package])


@packages
def test_imports_go_down(package):
    ranks = RANKS[package]
    upward = [
        f"{'.'.join(parts)} imports {'.'.join(target)}"
        for parts, is_package, tree in modules(package)
        for target in imported(package, parts, is_package, tree)
        if target[:1] != parts[:1] and not ranks.get(".".join(target[:1]), len(ranks)) < ranks.get(parts[0], -1)
    ]
    assert upward == []


def test_imports_of_reference():
    nodes = ast.walk(ast.parse((PACKAGE / "reference.py").read_text()))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert names <= {"__future__", "numpy", "numpy.typing", "typing"}


def test_package_is_independent():
    for file in PACKAGE.rglob("*.py"):
        assert not {"numba_dropout_bench", "numba_dropout_cli"} & set(re.findall(r"\w+", file.read_text())), file.name


def test_imports_of_contestants():
    """The threads of one library must not change the results of another."""
    libraries = {"torch", "jax", "tensorflow", "sklearn", "numba_dropout"}
    for file in (BENCH / "contestants").glob("*_peer.py"):
        names = {
            name.partition(".")[0]
            for node in ast.walk(ast.parse(file.read_text()))
            for name in _names(node)
            if isinstance(node, ast.Import) or not node.level
        }
        assert names & libraries <= {file.stem.removesuffix("_peer")}, file.name


def _names(node):
    """Return the modules that an absolute import names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
