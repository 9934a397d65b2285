"""The package of CUDA's kernels: it has the functions of the CPU's, and none waits for the device."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from updates import UPDATES

from numba_dropout.kernels import cpu

# Subnetworks have another size at each step. A GPU, which replays recorded steps, masks them instead.
CPU_ONLY = {
    "gather_columns",
    "kept_units",
    "spread_columns",
    "spread_layer",
    "take_layer",
    *(f"subnetwork_{update}" for update in UPDATES),
}


@pytest.mark.cuda_kernels
def test_functions_match_those_of_the_cpu():
    """Functions have the same names, files and arguments in both packages."""
    cuda = importlib.import_module("numba_dropout.kernels.cuda")
    assert set(cuda.__all__) - {"on_stream", "products_in"} == set(cpu.__all__) - CPU_ONLY
    for name in set(cpu.__all__) - CPU_ONLY:
        cuda_function, cpu_function = getattr(cuda, name), getattr(cpu, name)
        cpu_function = getattr(cpu_function, "py_func", cpu_function)
        assert cuda_function.__module__.rpartition(".")[2] == cpu_function.__module__.rpartition(".")[2], name
        assert list(inspect.signature(cuda_function).parameters) == list(inspect.signature(cpu_function).parameters), (
            name
        )


def test_no_function_waits_for_the_device():
    names = set()
    for file in (Path(cpu.__file__).parents[1] / "cuda").glob("*.py"):
        names |= {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    assert "syncthreads" in names
    assert not names & {"synchronize", "copy_to_host", "to_device", "atomic"}
