"""Check and benchmark of the CUDA kernels on the GPU, in one command.

    python bench/cuda_check.py --out bench/results

Runs the tests on the GPU, also with compute-sanitizer if it is installed. Measures dropout next to a copy and PyTorch,
and runs `ndrop bench`. With `--mnist`, trains on MNIST to a test error. Writes one JSON file with the GPU's name. Needs
numba-cuda, and PyTorch for the comparison. `--small` runs the same steps at small sizes, for Numba's simulator
(NUMBA_ENABLE_CUDASIM=1).
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shlex
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
from numba_dropout_bench import mnist, run
from numba_dropout_bench import report as lines

from numba_dropout.core import contract, jit
from numba_dropout.storage import files

ROUNDS = 7  # each measures every contestant. Results are medians
TESTS = ("tests/kernels", "tests/functional", "tests/layers", "tests/nn", "tests/arrays", "tests/cli")
ON_DEVICE = "(cuda_kernels or cuda_device) and not full"  # of these, by pytest's markers
SMALL = "test_mask.py and test_sample"
SANITIZED = (  # of each kind of kernel, with shared memory and without
    f"({SMALL}) or test_reductions.py or test_mse.py or test_bce.py or test_softmax_cross_entropy.py "
    "or (test_linear.py and shape1)"
)
P = 0.3
SIZES = ("2^24", "128x1024x1024", "4096x1024x1024", "4096x4096x4096")  # sizes of the kernels in `ndrop bench`

Contestants = dict[str, Callable[[], Any]]
Seconds = dict[str, list[float]]  # seconds per call of each contestant in each round


def device_name() -> str:
    """Return the name of the GPU."""
    if config.ENABLE_CUDASIM:
        return "simulator"
    name = cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)


def run_tests(prefix: list[str], *options: str) -> dict[str, Any]:
    """Run the kernels' tests in a new process. Return whether all passed, and the last lines of the output."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS, "-m", ON_DEVICE, *options]
    result = subprocess.run([*prefix, *pytest], capture_output=True, text=True, check=False)
    output = (result.stdout + result.stderr).strip().splitlines()
    return {
        "command": shlex.join(pytest[1:]),
        "passed": result.returncode == 0,
        "last lines": output[-8:],
    }


def sanitized(small: bool) -> dict[str, Any]:
    """Run the small tests under compute-sanitizer's tools, if it is installed."""
    tool = shutil.which("compute-sanitizer")
    if small:
        return {"not run": "--small"}
    if tool is None:
        return {"not run": "compute-sanitizer is not installed"}
    prefix = [tool, "--error-exitcode", "9", "--target-processes", "all", "--tool"]
    return {name: run_tests([*prefix, name], "-k", SANITIZED) for name in ("memcheck", "racecheck")}


def measure(contestants: Contestants) -> Seconds:
    """Return the seconds per call in each round. Calls are queued so that the host stays ahead of the GPU."""
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


def stream_position() -> tuple[Any, ...]:
    """Return a threshold, a scale and a position in the stream as kernel arguments."""
    threshold = contract.threshold(P)
    scale = contract.scale(threshold, np.dtype("float32"))
    return np.uint64(threshold), scale, *contract.key(1), np.uint64(0), np.uint64(0), np.uint64(0)


def dropout(torch: Any, small: bool) -> dict[str, Seconds]:
    """Measure dropout of float32 and bfloat16 next to a copy of the same array and PyTorch's dropout."""
    from numba_dropout.kernels import cuda as kernels  # which requires numba-cuda

    n = 1 << (8 if small else 28)
    results = {}
    for dtype, kernel_dtype in (("float32", "float32"), ("bfloat16", "uint16")):
        x, y = (cuda.to_device(np.ones(n, kernel_dtype)) for _ in range(2))
        contestants: Contestants = {"numba-dropout": partial(kernels.dropout_forward, y, x, *stream_position())}
        if torch is not None:
            a = torch.ones(n, dtype=getattr(torch, dtype), device="cuda")
            contestants["copy, torch copy_"] = partial(torch.empty_like(a).copy_, a)
            contestants["torch.native_dropout"] = partial(torch.native_dropout, a, P, True)
        results[f"dropout {dtype}, {n} elements"] = measure(contestants)
    return results


def tensor_cores(torch: Any, small: bool) -> dict[str, Seconds]:
    """Measure a product with rounded factors next to PyTorch's, which runs cuBLAS."""
    results = {}
    size = 9 if small else 4096
    rng = np.random.default_rng(0)
    x, weight = (rng.standard_normal((size, size), np.float32) for _ in range(2))
    arrays = [cuda.to_device(a) for a in (np.empty((size, size), np.float32), x, weight, np.zeros(size, np.float32))]
    for precision, dtype in (("tf32", "float32"), ("bf16", "bfloat16")):
        contestants: Contestants = {"numba-dropout": partial(_in_precision, precision, arrays)}
        if torch is not None:
            torch.backends.cuda.matmul.allow_tf32 = True
            tensors = [torch.as_tensor(a, device="cuda").to(getattr(torch, dtype)) for a in (x, weight)]
            contestants["torch"] = partial(torch.nn.functional.linear, *tensors)
        results[f"linear {size}x{size}x{size} {precision}"] = measure(contestants)
    return results


def _in_precision(precision: str, arrays: list[Any]) -> None:
    from numba_dropout.kernels import cuda as kernels

    with kernels.products_in(precision):
        kernels.linear_forward(*arrays)


def bench(small: bool) -> dict[str, Any]:
    """Run `ndrop bench --device cuda` and return its record."""
    if small:
        plan = run.plan(("kernels",), device="cuda", size=("32", "2x3x4"), rounds=1, peers="none")
    else:
        plan = run.plan(device="cuda", size=SIZES, rounds=ROUNDS, peers="torch")
    return run.measure(plan, lambda rounds, what: None)


def _why_not() -> str | None:
    """Return the reason why the checks cannot run, in one line, or None if they can."""
    if not config.ENABLE_CUDASIM:
        try:
            jit.require_cuda()
        except ImportError as error:
            return str(error)
    if not cuda.is_available():
        return "no CUDA device; set NUMBA_ENABLE_CUDASIM=1 and pass --small to run the steps in the simulator"
    return None


def main() -> None:
    """Run the checks and benchmarks, write the JSON file and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    out = Path("bench/results")
    parser.add_argument("--out", type=Path, default=out, help="folder of the JSON file (default: %(default)s)")
    parser.add_argument("--mnist", type=Path, help="folder with MNIST's files, to train to a test error")
    parser.add_argument("--small", action="store_true", help="sizes for Numba's simulator")
    options = parser.parse_args()
    reason = _why_not()
    if reason is not None:
        parser.exit(2, f"{parser.prog}: {reason}\n")
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
        "tests": run_tests([], *(["-k", SMALL] if options.small else [])),
        "compute-sanitizer": sanitized(options.small),
    }
    sections: dict[str, Callable[[], Any]] = {
        "dropout": partial(dropout, torch, options.small),
        "tensor cores": partial(tensor_cores, torch, options.small),
        "bench": partial(bench, options.small),
    }
    if options.mnist is not None:
        sections["mnist"] = partial(mnist.to_error, torch, options.mnist)
    for name, section in sections.items():
        try:
            record[name] = section()
        except Exception as error:  # keep the other sections and record the failure
            record[name] = {"failed": f"{type(error).__name__}: {error}"}
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"cuda-{re.sub('[^a-z0-9]+', '-', record['device'].lower())}.json"
    with files.replacing(file) as output:
        output.write((json.dumps(record, indent=1) + "\n").encode())
    report(record)
    print("json  ", file)
    checks = [record["tests"], *record["compute-sanitizer"].values()]
    failed = [check for check in checks if isinstance(check, dict) and not check["passed"]]
    passed = not failed and not any("failed" in record[name] for name in sections)
    sys.exit(0 if passed else 1)


def report(record: dict[str, Any]) -> None:
    """Print which checks passed, and the medians."""
    print(f"{record['device']}: tests {'passed' if record['tests']['passed'] else 'FAILED'}")
    for tool, result in record["compute-sanitizer"].items():
        print(tool, result if isinstance(result, str) else "passed" if result["passed"] else "FAILED", sep="  ")
    for name in ("dropout", "tensor cores", "bench", "mnist"):
        if "failed" in record.get(name, {}):
            print(name, "FAILED", record[name]["failed"], sep="  ")
    for case, seconds in (*record["dropout"].items(), *record["tensor cores"].items()):
        if case != "failed":
            print(
                case, *(f"{name} {1e3 * float(np.median(times)):.4g} ms" for name, times in seconds.items()), sep="  "
            )
    for group in record["bench"].get("groups", {}).values():
        for case in group["cases"]:
            print(*lines.table(case), sep="\n")
    for name, result in record.get("mnist", {}).items():
        print("MNIST", name, result, sep="  ")


if __name__ == "__main__":
    main()
