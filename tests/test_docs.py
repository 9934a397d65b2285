"""Documentation: vectors, commands, links and examples."""

import doctest
import importlib
import json
import os
import pydoc
import re
import shlex
import subprocess
import sys
from pathlib import Path

import naive
import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout import reference
from numba_dropout.kernels import cpu

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
ROWS = [
    [cell.strip() for cell in line.strip("| \n").split("|")]
    for line in (ROOT / "docs" / "mask.md").read_text().partition("## Test vectors")[2].splitlines()
    if re.match(r"\| \d", line)
]


def rate(text):
    """Parse a rate of the page: a number, or a sum of powers of two."""
    return sum(2.0 ** int(part[3:]) if part.startswith("2**") else float(part) for part in text.split(" + "))


@pytest.mark.parametrize("row", ROWS)
def test_mask_vectors(row):
    seed, stream, step, offset = map(int, row[:4])
    p, n = rate(row[4]), int(row[5])
    expected = np.unpackbits(np.frombuffer(bytes.fromhex(row[6]), np.uint8), bitorder="little")[:n].astype(bool)
    at = {"seed": seed, "stream": stream, "step": step, "offset": offset}
    assert [naive.kept(offset + i, p, seed, stream, step) for i in range(n)] == expected.tolist()
    assert np.array_equal(reference.sample_mask(n, p, **at), expected)
    assert np.array_equal(nd.sample_mask(n, p, **at), expected)
    assert nd.sample_mask(n, p, **at, packed=True).tobytes().hex() == row[6]


def test_number_of_mask_vectors():
    assert len(ROWS) == 7


def test_philox_vectors():
    page = (ROOT / "docs" / "mask.md").read_text()
    for line in (ROOT / "tests" / "support" / "philox_vectors.txt").read_text().splitlines():
        if not line.startswith("#"):
            assert "| " + " | ".join(line.split("  ")) + " |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page):
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", page.read_text()):
        path = next(filter(None, target))
        assert path.startswith("http") or (page.parent / path).exists(), path


@pytest.mark.jit_only
@pytest.mark.parametrize(
    "page",
    ["README.md", "docs/index.md", "docs/interop.md", "docs/formats.md"]
    + [pytest.param("docs/sklearn.md", marks=pytest.mark.full)]  # it searches and compares for long
    + [
        f"docs/api/{name}.md"
        for name in ("functions", "layers", "networks", "kernels", "sklearn", "data", "formats", "torch", "jax")
    ],
)
def test_python_blocks(page, tmp_path):
    extras = {
        "docs/formats.md": ["onnx", "onnxruntime"],
        "docs/sklearn.md": ["sklearn"],
        "docs/interop.md": ["torch", "ml_dtypes"],
    }
    extras |= {"docs/api/sklearn.md": ["sklearn"], "docs/api/torch.md": ["torch"], "docs/api/jax.md": ["jax"]}
    extras["docs/interop.md"] += ["jax", "flax", "equinox"]
    for extra in extras.get(page, []):
        pytest.importorskip(extra)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert blocks
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr


KERNELS = "numba_dropout.kernels.cpu."
REFERENCE = [
    name
    for page in sorted((ROOT / "docs" / "api").glob("*.md"))
    for name in re.findall(r"^::: (\S+)", page.read_text(), re.MULTILINE)
]


def test_reference_is_complete():
    assert {f"numba_dropout.{name}" for name in nd.__all__} - {"numba_dropout.data"} <= set(REFERENCE)
    assert sorted(name.split(".")[-1] for name in REFERENCE if name.startswith(KERNELS)) == sorted(cpu.__all__)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.jit_only] if ".sklearn" in name else [])
        for name in ["numba_dropout", *REFERENCE]
        if not name.startswith(KERNELS)
    ],
)
def test_docstring_examples(name, tmp_path, monkeypatch):
    """Every name of the reference has an example, the kernels share one, and its output is as shown."""
    names = {"np": np, "nd": nd}
    for library in ("sklearn", "onnx", "torch", "jax", "equinox"):
        if f".{library}" in name:
            pytest.importorskip(library)
    if ".torch" in name:
        names["torch"] = importlib.import_module("torch")
    if ".jax" in name:
        names |= {"jnp": importlib.import_module("jax.numpy"), "ndj": importlib.import_module("numba_dropout.jax")}
    if name.split(".")[2:3] in (["nnx"], ["linen"]):
        pytest.importorskip("flax")
    monkeypatch.chdir(tmp_path)
    tests = doctest.DocTestFinder().find(pydoc.locate(name), name, extraglobs=names)
    runner = doctest.DocTestRunner()
    for test in tests:
        runner.run(test)
    assert runner.tries > 0
    assert runner.failures == 0


NOTEBOOK = json.loads((ROOT / "docs" / "first-steps.ipynb").read_text())


def output_of(cell):
    """Return the text output of a cell, without trailing spaces."""
    if cell["cell_type"] != "code":
        return ""
    texts = [
        output.get("text") or output["data"]["text/plain"]
        for output in cell["outputs"]
        if output["output_type"] != "display_data"
    ]
    lines = "".join("".join(text) for text in texts).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def test_first_steps_page_equals_notebook():
    """Compare all words in order, without the fences of blocks and the plot."""
    page = re.sub(r"^(```\w*|!\[.*)$", "", (ROOT / "docs" / "first-steps.md").read_text(), flags=re.MULTILINE)
    cells = "\n".join("".join(cell["source"]) + "\n" + output_of(cell) for cell in NOTEBOOK["cells"])
    assert page.split() == re.sub(r"^(```\w*|%%bash)$", "", cells, flags=re.MULTILINE).split()


@pytest.mark.jit_only
@pytest.mark.filterwarnings("ignore")  # warnings of Jupyter's own threads and files
def test_notebook_output(tmp_path, monkeypatch):
    """Words and integers are equal, other numbers close; the rows per second, the last column, are ignored."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    notebook = nbformat.reads(json.dumps(NOTEBOOK), as_version=4)
    executed = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    number = r"-?\d+\.\d+"
    for before, after in zip(NOTEBOOK["cells"], executed.cells, strict=True):
        old, new = (
            re.sub(r"(?<=\.\d{4}) +[\d,]+$", "", output_of(cell), flags=re.MULTILINE) for cell in (before, after)
        )
        assert re.sub(number + "| ", "", new) == re.sub(number + "| ", "", old)
        values = [[float(value) for value in re.findall(number, text)] for text in (new, old)]
        assert np.allclose(*values, rtol=0, atol=0.02)


SECTIONS = dict(re.findall(r"^## (ndrop .+)\n([^#]*)", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE))


def leaves(command, path):
    """Return the paths of a command's leaves."""
    if not hasattr(command, "commands"):
        return [path]
    return [leaf for name, sub in command.commands.items() for leaf in leaves(sub, f"{path} {name}")]


def test_sections_of_commands():
    assert sorted(SECTIONS) == sorted(leaves(cli, "ndrop"))


@pytest.mark.parametrize("command", SECTIONS)
def test_options_of_commands(command):
    options = set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", ndrop(f"{command} --help"), re.MULTILINE)) - {"--help"}
    table = [line.split("|")[1] for line in SECTIONS[command].splitlines() if line.startswith("| `")]
    assert set(re.findall(r"--[\w-]+", "".join(table))) == options
    (block,) = re.findall(r"```bash\n(.*?)```", SECTIONS[command], re.DOTALL)
    for line in block.splitlines():
        assert line.startswith(command), line
        assert set(re.findall(r"--[\w-]+", line)) <= options, line


def test_navigation():
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert sorted(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)) == sorted(pages)


MNIST = ROOT.parent / "shared" / "data" / "mnist"
GUIDE = [
    line
    for block in re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "dropout.md").read_text(), re.DOTALL)
    for line in block.splitlines()
]


def ndrop(line):
    result = CliRunner().invoke(cli, shlex.split(line)[1:])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.jit_only
def test_guide_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (table,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "dropout.md").read_text(), re.DOTALL)
    (tmp_path / "toy.toml").write_text(table)
    lines = [line for line in GUIDE if "mnist/" not in line and (sys.version_info >= (3, 11) or "toml" not in line)]
    outputs = {line: ndrop(line) for line in lines}
    assert len(GUIDE) == 12
    assert all(line.startswith("ndrop ") for line in GUIDE)
    assert {"pytorch.html", "rates.png", "model.npz", "sure.csv"} <= {path.name for path in tmp_path.iterdir()}
    (compared,) = [text for line, text in outputs.items() if line.startswith("ndrop compare")]
    assert "best rate 0.6" in compared  # the rate in the plot
    toy = outputs["ndrop trace toy"]
    assert "mean over all 256 masks" in toy


@pytest.mark.jit_only
def test_resume_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "reproduce.md").read_text(), re.DOTALL)
    first, resumed = block.splitlines()
    assert "20" in ndrop(first)
    model = (tmp_path / "model.npz").read_bytes()
    assert "resuming at step 600 of 800" in ndrop(resumed)
    assert (tmp_path / "model.npz").read_bytes() == model


@pytest.mark.full
@pytest.mark.jit_only
@pytest.mark.skipif(not MNIST.is_dir(), reason="MNIST is not beside this repository, in shared/data/mnist")
def test_guide_command_on_mnist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").symlink_to(MNIST)
    (line,) = [line for line in GUIDE if "mnist/" in line]
    verdict = ndrop(line).splitlines()[-1]
    error, without = map(float, re.search(r"error ([\d.]+) .*; at rate 0 .* error ([\d.]+) ", verdict).groups())
    assert error < without
