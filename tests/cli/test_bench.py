"""`ndrop bench`: devices, and arguments that are refused."""

import json
import os
import subprocess

import click
import pytest
from commands import NDROP, invoke, refused
from numba.core import config
from numba_dropout_bench import estimators, run
from numba_dropout_cli.main import cli

from numba_dropout.arrays import devices

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize(
    "size", ["", "0", "-1", "1.5", "2^99", "2^", "8x8", "8x0x8", "8x8x8x8", "20-", "20-1", "20-0-3", "20-3@0", "a", "²"]
)
def test_invalid_sizes(size):
    line = refused("bench", "--size", size)
    assert line.startswith("Error: size: expected ")
    assert repr(size) in line


@pytest.mark.parametrize(("group", "size"), [("kernels", "20-10-3"), ("train", "2^20"), ("startup", "8x8x8")])
def test_sizes_of_another_group(group, size):
    assert f"not valid for {group}" in refused("bench", group, "--size", size)


def test_missing_devices(monkeypatch):
    monkeypatch.setattr(devices, "why_not", lambda number=0: f"there is no number {number}")
    assert refused("bench", "--device", "cuda:3") == "Error: device cuda:3: there is no number 3"
    assert refused("bench", "--device", "tpu").startswith(
        "Error: device: expected cpu, cuda, cuda:0, cuda:1, ... or auto, got"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("memory",), "memory: expected kernels or train on a CUDA device"),
        (("kernels", "--dtype", "float64"), "dtype: expected float32 on a CUDA device, got float64"),
    ],
)
def test_unsupported_on_a_device(monkeypatch, arguments, line):
    monkeypatch.setattr(devices, "why_not", lambda number=0: None)
    assert line in refused("bench", *arguments, "--device", "cuda")


@pytest.mark.full  # the check for devices, bench/cuda_check.py, measures the same
@pytest.mark.jit_only
def test_measure_a_device(tmp_path):
    """Numba's simulator replaces a device."""
    command = ["kernels", "--device", "cuda", "--size", "64", "--size", "3x4x8", "--rounds", "1", "--peers", "none"]
    file = tmp_path / "cuda.json"
    process = subprocess.run(
        [*NDROP, "bench", *command, "--json", str(file)],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    record = json.loads(file.read_text())
    assert record["device"] == "cuda:0"
    assert "simulator" in record["machine"]["cuda"]
    cases = record["groups"]["kernels"]["cases"]
    assert len(cases) == 13
    assert all(case["failed"] == {} for case in cases)
    assert all("numba-dropout" in [entry["name"] for entry in case["contestants"]] for case in cases)


def test_plain_python(monkeypatch):
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    assert "NUMBA_DISABLE_JIT" in refused("bench")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("kernel",), "is not one of"),
        (("--peers", "numpy,theano"), "'theano'"),
        (("--threads", "1000000"), "threads: expected"),
        (("--rounds", "0"), "--rounds"),
        (("--json", "no/such/folder.json"), "folder"),
        (("--plot", "plot.txt"), ".png"),
        (("--json", "same.png", "--plot", "same.png"), "already used"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_refused_arguments(arguments, part, tmp_path):
    assert part in refused("bench", *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kernels"], "estimators: expected alone"),
        (["--dtype", "float64"], "got --dtype"),
        (["--plot", "a.png"], "got --plot"),
        (["--mnist", "nowhere"], "nowhere"),
        (["--json", "nowhere/a.json"], "nowhere"),
    ],
)
def test_refused_arguments_of_estimators(arguments, message):
    pytest.importorskip("sklearn")
    result = invoke("bench", "estimators", *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_mnist_option():
    result = invoke("bench", "kernels", "--mnist", "mnist")
    assert result.exit_code == 2
    assert "--mnist: only valid with the group estimators" in result.output


def test_interrupted_run_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "DISABLE_JIT", 0)
    monkeypatch.setattr(run, "measure", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    result = invoke("bench", "--json", tmp_path / "bench.json")
    assert result.exit_code == 130
    assert list(tmp_path.iterdir()) == []


def test_groups():
    (argument,) = [p for p in cli.commands["bench"].params if isinstance(p, click.Argument)]
    assert tuple(argument.type.choices) == (*run.GROUPS, "estimators")
    rounds_option = next(p for p in cli.commands["bench"].params if p.name == "rounds")
    assert f"[default: {run.ROUNDS}; {estimators.SEEDS} seeds]" in rounds_option.help
