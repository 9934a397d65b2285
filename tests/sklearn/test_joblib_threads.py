"""Threads of the workers of joblib."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn 1.6 is not installed")


def held(_):
    """Return the number of threads of a worker."""
    import numba

    from numba_dropout.sklearn.joblib_threads import limit_threads

    with limit_threads():
        return numba.get_num_threads()


WORKERS = """
import os, sys
import joblib, numba
sys.path.insert(0, sys.argv[1])
from test_joblib_threads import held
cores = numba.get_num_threads()
found = [held(0)]
for backend in ("loky", "threading", "multiprocessing"):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found += joblib.Parallel()(joblib.delayed(held)(i) for i in range(4))
print(cores, *found)
"""


@pytest.mark.jit_only
def test_threads_of_workers():
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core: nothing to share")
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_NUM_THREADS"}
    command = [sys.executable, "-c", WORKERS, os.path.dirname(__file__)]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    cores, default, *workers = map(int, process.stdout.split())
    assert cores == default
    assert all(2 * threads <= cores for threads in workers)
    assert workers[4:] == 8 * [1]
