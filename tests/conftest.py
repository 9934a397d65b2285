"""Set-up for all tests: each run has a new cache of compiled code, separate from the user's."""

import atexit
import os
import shutil
import signal
import tempfile

# Before any import of Numba, which reads its settings once. Processes that tests start inherit this.
_CACHE = tempfile.mkdtemp(prefix="numba-dropout-tests-")
os.environ["NUMBA_CACHE_DIR"] = _CACHE
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)

# A shell's background jobs ignore Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from backends import CPU, CUDA, has_cuda  # noqa: E402
from numba.core import config  # noqa: E402

if config.ENABLE_CUDASIM:
    import simulator

    simulator.use_barriers()


def pytest_report_header():
    """Report whether CUDA's kernels are left out, which need a GPU or the simulator."""
    if not has_cuda():
        return "CUDA's kernels: not tested; NUMBA_ENABLE_CUDASIM=1 tests them in Numba's simulator"
    return None


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what `-m` does not name
def pytest_collection_modifyitems(session, items):
    if not has_cuda():
        session.config.hook.pytest_deselected(items=[item for item in items if "cuda_kernels" in item.keywords])
        items[:] = [item for item in items if "cuda_kernels" not in item.keywords]
    if not config.DISABLE_JIT:
        session.config.hook.pytest_deselected(items=[item for item in items if "plain_only" in item.keywords])
        items[:] = [item for item in items if "plain_only" not in item.keywords]
    skip = pytest.mark.skip(reason="too long in plain Python: the JIT is off")
    for item in items:
        if config.DISABLE_JIT and "jit_only" in item.keywords:
            item.add_marker(skip)
        if "compiles_long" in item.keywords and not config.DISABLE_JIT:
            item.add_marker(pytest.mark.full)
        if "cuda_kernels" in item.keywords and config.DISABLE_JIT:
            item.add_marker(pytest.mark.full)
    items.sort(key=lambda item: "last" in item.keywords)


@pytest.fixture
def rng():
    return np.random.default_rng(20140615)


@pytest.fixture(params=[pytest.param(kind.name, marks=kind.marks) for kind in (CPU, CUDA)])
def backend(request):
    """Return each set of kernels: the CPU's, and CUDA's on a GPU or in Numba's simulator."""
    return {"cpu": CPU, "cuda": CUDA}[request.param]()
