"""The rooms of the package: imports run downwards, Numba's options stand in one place, names are what they were."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import numba_dropout as nd
from numba_dropout.kernels import cpu

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "numba_dropout"
BENCH = ROOT / "bench"

# Each room may import from those after it, and from itself.
ROOMS = [
    {"viz.trace", "viz.plots"},
    {"experiments.compare", "experiments.reproduce", "experiments.tune", "sklearn"},
    {"experiments.parallel"},
    {"formats.onnx", "formats.torch"},
    {"experiments.config", "training.prediction_table", "experiments.environment", "data.splits"},
    {"training.fit", "training.evaluate"},
    {"training.callbacks", "training.checkpoints"},
    {"training.loop"},
    {"nn.mlp", "data", "layers"},
    {"nn.prediction", "nn.saving"},
    {"nn.monte_carlo"},
    {
        "optim",
        "training.metrics",
        "arrays.random",
        "storage.journal",
        "experiments.search_space",
        "storage.model_file",
        "nn.state",
        "nn.rate_schedules",
        "nn.variants.kinds",
    },
    {"storage.safetensors"},
    {"storage.files", "storage.sequential", "formats"},
    {"nn.memory", "layers.mask_generator"},
    {
        "nn.cuda_graphs",
        "functional.linear",
        "functional.channel_dropout",
        "functional.stochastic_depth",
        "functional.drop_block",
    },
    {"functional.dropout", "functional.gaussian_dropout", "functional.concrete_dropout"},
    {"functional._broadcast"},
    {"nn.passes", "functional._rates"},
    {"nn.variants.dropconnect"},
    {"nn.variants.subnetwork", "nn.variants.dropout", "nn.variants.concrete"},
    {"nn.views"},
    {"nn.inputs"},
    {"arrays.sparse", "arrays.frames"},
    {"nn.buffers", "arrays.backend"},
    {"arrays.cuda"},
    {"arrays.interop"},
    {"kernels.cpu", "kernels.cuda"},
    {"kernels.simd"},
    {"kernels.scalar.normal", "kernels.scalar.concrete_dropout"},
    {"kernels.scalar.activations", "kernels.scalar.transcendental"},
    {"kernels.scalar.philox"},
    {"arrays.host"},
    {"arrays.devices"},
    {"core.jit", "core.checks", "core.access"},
    {"core.disk_cache"},
    {"core.identity", "core.threads"},
    {"reference"},
]
BENCH_ROOMS = [
    {"write_readme", "reproduced", "cuda_check"},
    {"run", "mnist", "mnist_memory", "uci_keras", "estimators"},
    {"chart"},
    {"report"},
    {"startup"},
    {"rounds"},
    {"worker_pool"},
    {"worker_main"},
    {"contestants"},
    {"cases", "limits", "machine"},
    {"sizes", "medians"},
]
TABLES = {
    package: {name: place for place, room in enumerate(rooms) for name in room}
    for package, rooms in ((PACKAGE, ROOMS), (BENCH, BENCH_ROOMS))
}


def modules(package=PACKAGE):
    """Return every module of a package: its dotted name within it, and its syntax tree."""
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        yield file, parts[:-1] if parts[-1] == "__init__" else parts, ast.parse(file.read_text())


def room(package, parts):
    """Return the room that a module stands in: its longest prefix in the table."""
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in TABLES[package]:
            return ".".join(parts[:length])
    return None


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


@pytest.mark.parametrize("package", TABLES, ids=lambda package: package.name)
def test_every_module_has_a_room(package):
    homeless = [parts for _, parts, tree in modules(package) if tree.body[1:] and parts and not room(package, parts)]
    assert homeless == []


@pytest.mark.parametrize("package", TABLES, ids=lambda package: package.name)
def test_imports_run_downwards(package):
    order = TABLES[package]
    upward = [
        f"{'.'.join(parts)} imports {'.'.join(target)}"
        for file, parts, tree in modules(package)
        if room(package, parts)
        for target in imported(package, parts, file.name == "__init__.py", tree)
        if room(package, target) and order[room(package, target)] < order[room(package, parts)]
    ]
    assert upward == []


def test_the_library_knows_neither_its_command_nor_its_benchmark():
    for file in PACKAGE.rglob("*.py"):
        assert not {"numba_dropout_bench", "numba_dropout_cli"} & set(re.findall(r"\w+", file.read_text())), file.name


def test_each_contestant_imports_one_other_library():
    """The figures of one must not depend on the threads of another, so none may come in unseen."""
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
    """Return the modules that a statement imports from outside."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_only_jit_spells_numbas_options():
    spelling = []
    for file, parts, tree in modules():
        if parts == ("core", "jit"):
            continue
        for node in ast.walk(tree):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if name in {"njit", "jit", "vectorize", "guvectorize", "fastmath"}:
                spelling.append(f"{file.name}: {name}")
    assert spelling == []


def test_commands_are_thin():
    """A command parses, calls the library and prints: few lines, and no numerical library in sight."""
    for file in (ROOT / "cli").glob("*.py"):
        tree = ast.parse(file.read_text())
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not names & {"numpy", "numba", "math"}, file.name
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                assert not body or body[-1].end_lineno - body[0].lineno < 25, f"{file.name}:{node.name}"


def test_files_are_no_longer_than_an_idea():
    lengths = {file.name: len(file.read_text().splitlines()) for file in PACKAGE.rglob("*.py")}
    assert [name for name, length in lengths.items() if length > 400] == []
    assert [file.name for file in BENCH.rglob("*.py") if len(file.read_text().splitlines()) > 250] == []


PUBLIC = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Callback",
    "Checkpoint",
    "MaskGenerator",
    "alpha_dropout",
    "alpha_dropout_backward",
    "concrete_dropout",
    "concrete_dropout_backward",
    "data",
    "drop_block2d",
    "drop_block2d_backward",
    "dropconnect",
    "dropconnect_backward",
    "dropout",
    "dropout1d",
    "dropout1d_backward",
    "dropout2d",
    "dropout2d_backward",
    "dropout3d",
    "dropout3d_backward",
    "dropout_backward",
    "evaluate",
    "feature_alpha_dropout",
    "feature_alpha_dropout_backward",
    "fit",
    "gaussian_dropout",
    "gaussian_dropout_backward",
    "gaussian_noise",
    "gaussian_noise_backward",
    "layers",
    "linear",
    "linear_backward",
    "linear_relu_dropout",
    "linear_relu_dropout_backward",
    "relu",
    "relu_backward",
    "sample_mask",
    "stochastic_depth",
    "stochastic_depth_backward",
]


def test_public_names():
    assert nd.__all__ == PUBLIC
    assert all(hasattr(nd, name) for name in PUBLIC)


def test_public_functions_say_what_they_do():
    for name in PUBLIC:
        thing = getattr(nd, name)
        assert inspect.getdoc(thing), name
        for method, value in vars(thing).items() if inspect.isclass(thing) else ():
            assert method.startswith("_") or not callable(value) or inspect.getdoc(value), f"{name}.{method}"


def test_kernels_come_in_pairs():
    names = set(cpu.__all__)
    forward = {name.removesuffix("_forward") for name in names if name.endswith("_forward")}
    assert forward == {name.removesuffix("_backward") for name in names if name.endswith("_backward")}
    assert cpu.__all__ == sorted(names)
