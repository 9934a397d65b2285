"""Check and measure the CUDA kernels on this machine's device, in one command.

    PYTHONPATH=. python bench/cuda_check.py --out bench/results

Runs the tests of the kernels on the device, with compute-sanitizer where that is installed, then the kernels beside a
copy and PyTorch, and writes one JSON file with the device's name. Needs numba-cuda, and PyTorch for the comparison.
`--small` is for Numba's simulator (NUMBA_ENABLE_CUDASIM=1): all the same steps at sizes that it can do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import cuda
from numba.core import config

from numba_dropout import _checks, files
from numba_dropout.kernels import cuda as kernels

ROUNDS = 7  # of which the median counts; all contestants have their turn in each
TESTS = "tests/test_cuda.py"
P = 0.3

Contestants = dict[str, Callable[[], Any]]
Seconds = dict[str, list[float]]  # of each, in each round


def device_name() -> str:
    """Return the name of the device."""
    if config.ENABLE_CUDASIM:
        return "simulator"
    name = cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)


def run_tests(prefix: list[str], *options: str) -> dict[str, Any]:
    """Run the tests of the kernels in a process of its own; return what they said last, and whether all passed."""
    command = [*prefix, sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", TESTS, *options]
    quiet = {**os.environ, "NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS": "0"}  # small grids are what tests are for
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return {"command": " ".join(command[len(prefix) + 1 :]), "passed": done.returncode == 0, "last lines": lines[-8:]}


def sanitized(small: bool) -> dict[str, Any]:
    """Run the small tests under compute-sanitizer's tools, where it is installed."""
    tool = shutil.which("compute-sanitizer")
    if small:
        return {"not run": "--small"}
    if tool is None:
        return {"not run": "there is no compute-sanitizer here"}
    some = "-k", "masks_are_the_contracts or test_totals or test_losses or (test_layers and shape1)"
    prefix = [tool, "--error-exitcode", "9", "--target-processes", "all", "--tool"]
    return {name: run_tests([*prefix, name], *some) for name in ("memcheck", "racecheck")}


def measure(contestants: Contestants) -> Seconds:
    """Return seconds a call in each round; enough calls are queued that the host is ahead of the device."""
    seconds: Seconds = {name: [] for name in contestants}
    calls = {}
    for name, call in contestants.items():
        call()
        cuda.synchronize()
        begin = time.perf_counter()
        call()
        cuda.synchronize()
        calls[name] = max(1, min(50, int(0.05 / (time.perf_counter() - begin))))
    for _ in range(ROUNDS):
        for name, call in contestants.items():
            cuda.synchronize()
            begin = time.perf_counter()
            for _ in range(calls[name]):
                call()
            cuda.synchronize()
            seconds[name].append((time.perf_counter() - begin) / calls[name])
    return seconds


def where() -> tuple[Any, ...]:
    """Return a threshold, scale and position as the kernels take them."""
    threshold = _checks.threshold(P)
    scale = _checks.scale(threshold, np.dtype("float32"))
    return np.uint64(threshold), scale, *_checks.key(1), np.uint64(0), np.uint64(0), np.uint64(0)


def dropout(torch: Any, small: bool) -> dict[str, Seconds]:
    """Measure dropout of float32 and bfloat16 beside a copy of the same array and PyTorch's."""
    n = 1 << (8 if small else 28)
    results = {}
    for kind, bits in (("float32", "float32"), ("bfloat16", "uint16")):
        x, y = (cuda.to_device(np.ones(n, bits)) for _ in range(2))
        contestants: Contestants = {"numba-dropout": partial(kernels.dropout_forward, y, x, *where())}
        if torch is not None:
            a = torch.ones(n, dtype=getattr(torch, kind), device="cuda")
            contestants["copy, torch copy_"] = partial(torch.empty_like(a).copy_, a)
            contestants["torch.native_dropout"] = partial(torch.native_dropout, a, P, True)
        results[f"dropout {kind}, {n} elements"] = measure(contestants)
    return results


def hidden_layer(functional: Any, x: Any, weight: Any, bias: Any) -> Any:
    """Compute a hidden layer as PyTorch's users write it."""
    return functional.dropout(functional.relu(functional.linear(x, weight, bias)), P)


def layers(torch: Any, small: bool) -> dict[str, Seconds]:
    """Measure a layer's product, alone and with bias, ReLU and dropout, beside PyTorch's without TF32."""
    results = {}
    for rows, inputs, units in [(9, 10, 11)] if small else [(4096, 4096, 4096), (128, 1024, 1024), (4096, 1024, 1024)]:
        rng = np.random.default_rng(0)
        given = [rng.standard_normal(shape, np.float32) for shape in ((rows, inputs), (units, inputs), (units,))]
        there = [cuda.to_device(a) for a in (np.empty((rows, units), np.float32), *given)]
        plain: Contestants = {"numba-dropout": partial(kernels.linear_forward, *there)}
        fused: Contestants = {"numba-dropout": partial(kernels.linear_relu_dropout_forward, *there, *where())}
        if torch is not None:
            torch.backends.cuda.matmul.allow_tf32 = False
            theirs = [torch.as_tensor(a, device="cuda") for a in given]
            plain["torch"] = partial(torch.nn.functional.linear, *theirs)
            fused["torch"] = partial(hidden_layer, torch.nn.functional, *theirs)
        results[f"linear {rows}x{inputs}x{units}"] = measure(plain)
        results[f"linear_relu_dropout {rows}x{inputs}x{units}"] = measure(fused)
    return results


def main() -> None:
    """Check, measure, write the file, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("bench/results"), help="folder of the JSON file")
    parser.add_argument("--small", action="store_true", help="sizes for Numba's simulator")
    options = parser.parse_args()
    if not cuda.is_available():
        parser.error(
            "there is no CUDA device here; NUMBA_ENABLE_CUDASIM=1 and --small go through the steps without one"
        )
    try:
        import torch
    except ImportError:
        torch = None
    if options.small:
        torch = None
    record: dict[str, Any] = {
        "format": 1,
        "device": device_name(),
        "python": platform.python_version(),
        "versions": {"numba": numba.__version__, "numpy": np.__version__, "torch": getattr(torch, "__version__", None)},
        "tests": run_tests([], *(["-k", "masks_are_the_contracts"] if options.small else [])),
        "compute-sanitizer": sanitized(options.small),
        "seconds": {},
    }
    for part in (dropout, layers):
        try:
            record["seconds"] |= part(torch, options.small)
        except Exception as error:  # the rest is worth having, and the file says what is missing
            record["seconds"][part.__name__] = {"failed": f"{type(error).__name__}: {error}"}
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"cuda-{re.sub('[^a-z0-9]+', '-', record['device'].lower())}.json"
    with files.replacing(file) as output:
        output.write((json.dumps(record, indent=1) + "\n").encode())
    report(record)
    print("json  ", file)
    checks = [record["tests"], *record["compute-sanitizer"].values()]
    failed = [check for check in checks if isinstance(check, dict) and not check["passed"]]
    whole = not failed and not any("failed" in seconds for seconds in record["seconds"].values())
    sys.exit(0 if whole else 1)


def report(record: dict[str, Any]) -> None:
    """Print what passed, and medians."""
    print(f"{record['device']}: tests {'passed' if record['tests']['passed'] else 'FAILED'}")
    for tool, result in record["compute-sanitizer"].items():
        print(tool, result if isinstance(result, str) else "passed" if result["passed"] else "FAILED", sep="  ")
    for case, seconds in record["seconds"].items():
        if "failed" in seconds:
            print(case, "FAILED", seconds["failed"], sep="  ")
        else:
            print(case, *(f"{name} {1e3 * float(np.median(of)):.4g} ms" for name, of in seconds.items()), sep="  ")


if __name__ == "__main__":
    main()
