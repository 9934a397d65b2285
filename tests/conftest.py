"""Set-up for all tests: compiled code is kept apart from the user's, and made anew for every run."""

import atexit
import os
import shutil
import signal
import tempfile

# Before Numba is imported, by anything: it reads its settings once. Processes that tests start inherit this.
_CACHE = tempfile.mkdtemp(prefix="numba-dropout-tests-")
os.environ["NUMBA_CACHE_DIR"] = _CACHE
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)

# A shell's background jobs ignore Ctrl-C, and so would the processes that tests press it for.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from backends import CPU, CUDA, has_cuda  # noqa: E402
from numba.core import config  # noqa: E402

if config.ENABLE_CUDASIM:
    import simulator

    simulator.use_barriers()


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what `-m` does not name
def pytest_collection_modifyitems(items):
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


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.cuda_kernels)])
def backend(request):
    """Return each set of kernels: the CPU's, and CUDA's on a GPU or in Numba's simulator."""
    if request.param == "cpu":
        return CPU()
    if not has_cuda():
        pytest.skip("needs NUMBA_ENABLE_CUDASIM=1 or a GPU")
    return CUDA()
