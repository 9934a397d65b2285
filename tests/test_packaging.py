"""The wheel: packages, files, dependencies and version."""

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import numba_dropout as nd

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.jit_only  # nothing here depends on the compiler


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("build", reason="the package `build` is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        pytest.skip(f"no wheel can be built here: {process.stdout[-300:]} {process.stderr[-300:]}")
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_packages_of_wheel(wheel):
    top = {name.split("/")[0] for name in wheel.namelist()}
    packages = {"numba_dropout", "numba_dropout_bench", "numba_dropout_cli"}
    assert top == {*packages, f"numba_dropout-{nd.__version__}.dist-info"}


def test_files_of_wheel(wheel):
    names = set(wheel.namelist())
    for folder in ("numba_dropout", "cli", "bench"):
        target = folder if folder == "numba_dropout" else f"numba_dropout_{folder}"
        for file in (ROOT / folder).rglob("*.py"):
            assert f"{target}/{file.relative_to(ROOT / folder).as_posix()}" in names
    assert "numba_dropout/py.typed" in names


def test_dependencies():
    needs = [line for line in importlib.metadata.requires("numba-dropout") if "extra ==" not in line]
    assert sorted(re.match(r"[\w-]+", line).group() for line in needs) == ["click", "numba", "numpy"]


def test_version():
    assert importlib.metadata.version("numba-dropout") == nd.__version__
    versions = [
        f.name
        for f in (ROOT / "pyproject.toml", *ROOT.glob("numba_dropout/**/*.py"))
        if nd.__version__ in f.read_text()
    ]
    assert versions == ["_version.py"]
    assert f"## {nd.__version__}" in (ROOT / "CHANGELOG.md").read_text()
