"""Compile the package's functions: the only place that spells Numba's options.

`scalar` is for functions of numbers shared by every target, `serial_loop` for the loop over one part of an array, and
`kernel` for what is called from outside: it cuts the work in parts and hands them to the threads. `entry_point` is for
functions that only call kernels.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import llvmlite.binding as ll
import numba
from numba import extending
from numba.core import codegen, compiler, config

from . import disk_cache, threads
from .identity import identity

__all__ = [
    "device_function",
    "device_kernel",
    "entry_point",
    "kernel",
    "overridable",
    "reordered_loop",
    "require_cuda",
    "scalar",
    "serial_loop",
    "threading_lock",
]

F = TypeVar("F", bound=Callable[..., Any])

# A multiply and an add may become one operation and a sum may be taken in lanes: both are needed to vectorise a
# dot product. NaN, infinity and -0 keep their meaning ("nnan", "ninf", "nsz", "arcp" stay off).
_REORDER = {"contract", "reassoc"}


class _EntryCode(codegen.JITCodeLibrary):
    """Code of a function that Python calls, and of those that it calls, which nothing else may see.

    Numba leaves the latter as weak symbols: of several entries in one process, the first one's are run.
    """

    def __init__(self, generator: Any, name: str) -> None:
        super().__init__(generator, name)
        self.enable_object_caching()  # as Numba does with each that it makes

    def _optimize_final_module(self) -> None:
        functions, variables = self._final_module.functions, self._final_module.global_variables
        own = {f.name.replace("_ZN", "_ZN08NumbaEnv", 1) for f in functions if f.linkage == ll.Linkage.external}
        for variable in variables:  # environments of linked functions, which nothing refers to: they are dropped
            if variable.linkage == ll.Linkage.common and variable.name not in own:
                variable.linkage = "internal"
        super()._optimize_final_module()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage != ll.Linkage.external:
                function.linkage = "internal"


class _LinkedCode(codegen.JITCodeLibrary):
    """Code that is only ever linked into other code.

    Numba optimises a function and turns it into machine code before it links it into its caller, where both are done
    again. Here both are left to the kernel at the end of the chain.
    """

    def _optimize_final_module(self) -> None:
        """Leave it to the kernel."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0, as Numba does for a function without a wrapper for Python."""
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> Any:
        return _Unplaced(self._codegen)


class _Unplaced:
    """Numba's code generator, for code that has no address yet."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        return getattr(self._generator, name)

    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing: the variable that would hold the environment lies nowhere, and only Python objects need it."""


class _NamingCompiler(compiler.Compiler):
    """Numba's compiler, with symbols that carry the function's identity, and with its output in a given kind of code.

    Numba tells functions of one name apart by a counter of the process: what another process has compiled, and left on
    disk, may have been given the same number.
    """

    code: Callable[..., Any]

    def __init__(self, typingctx: Any, targetctx: Any, output: Any, *arguments: Any) -> None:
        output = output or self.code(targetctx.codegen(), f"{self.code.__name__} {next(_numbers)}")
        super().__init__(typingctx, targetctx, output, *arguments)

    def _compile_bytecode(self) -> Any:
        function = self.state.func_id
        function.unique_id = identity(function.func)
        function.unique_name = f"{function.func_qualname}${function.unique_id}"
        return super()._compile_bytecode()


class _EntryCompiler(_NamingCompiler):
    code = _EntryCode


class _LinkedCompiler(_NamingCompiler):
    code = _LinkedCode


_numbers = itertools.count()

# Called from compiled code only: no way in from Python or C, which would take as long to compile as the loop.
# And no references are counted: the arrays outlive the call, and threads would fight over the counter at every slice.
_LINKED = {
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": _LinkedCompiler,
}


def scalar(function: F) -> F:
    """Inline a function of scalars into its caller, on every target (no signature: CUDA refuses one)."""
    return numba.njit(inline="always")(function)


def overridable(function: F) -> F:
    """Compile a function of scalars for its callers on every target that gives it no body of its own.

    Not inlined by Numba, which is left to LLVM: numba-cuda would take a body that was inlined on the CPU before for its
    own.
    """
    return extending.register_jitable(_nrt=False)(function)


def require_cuda() -> None:
    """Raise ImportError unless what compiles for CUDA is there."""
    if importlib.util.find_spec("numba_cuda") is None:
        raise ImportError("the CUDA kernels need numba-cuda: pip install 'numba-dropout[cuda]'")


def device_kernel(function: F) -> Any:
    """Compile a kernel for CUDA at its first launch, `kernel[blocks, threads, stream](...)`, and keep it on disk."""
    from numba import cuda

    kernel = cuda.jit(function)
    if disk_cache.FOLDER is not None and not config.ENABLE_CUDASIM:
        kernel._cache = disk_cache.DeviceCache(function, disk_cache.FOLDER)
    return kernel


def device_function(function: F) -> Any:
    """Compile a function that CUDA kernels call with all threads of a block."""
    from numba import cuda

    return cuda.jit(device=True)(function)


def serial_loop(function: F) -> F:
    """Compile the serial loop over one part of an array; its code is linked into the kernel that calls it."""
    return numba.njit(nogil=True, error_model="numpy", **_LINKED)(function)


def reordered_loop(function: F) -> F:
    """Compile a `serial_loop` whose sums may be taken in another order, which does not depend on the threads."""
    return numba.njit(nogil=True, error_model="numpy", fastmath=_REORDER, **_LINKED)(function)


def kernel(function: F) -> F:
    """Compile a kernel at its first use from Python and keep it on disk; `simd.parallel` gives it all threads.

    Compiled callers link another copy, which becomes machine code with them.
    """
    entry: Any = entry_point(function)
    if not config.DISABLE_JIT:
        linked = numba.njit(nogil=True, error_model="numpy", **_LINKED)(function)
        entry.get_call_template, entry.get_overload = linked.get_call_template, linked.get_overload
    return entry


def entry_point(function: F) -> F:
    """Compile a function that calls kernels by name, and keep it on disk together with them."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True, pipeline_class=_EntryCompiler)(
        function
    )
    if disk_cache.FOLDER is not None:
        compiled._cache = disk_cache.DiskCache(function, disk_cache.FOLDER)
    return compiled


# ---------------------------------------------------------------- one lock where threads need it

_region: contextlib.AbstractContextManager[Any] | None = None
_settling = threading.Lock()
_forked = False
_limited = False  # fewer cores than threads


def threading_lock() -> contextlib.AbstractContextManager[Any]:
    """Return what every call of a kernel from Python is wrapped in.

    Numba's `workqueue` threading layer aborts the process when two Python threads enter it at once, so under that
    layer this is one lock; the other layers take care of themselves and get nothing.
    """
    global _limited, _region
    if _forked:
        numba.set_num_threads(1)  # counts for the calling thread only
    elif _limited:
        threads.begin_thread()
    if _region is None:
        numba.get_num_threads()  # starts the threads, which settles the layer
        _limited = threads.limited()
        if _limited:
            threads.begin_thread()
        layer = "none" if config.DISABLE_JIT else numba.threading_layer()
        with _settling:  # of two first calls at once, both get the lock of one
            _region = _region or (threading.RLock() if layer == "workqueue" else contextlib.nullcontext())
    return _region


def _alone() -> None:
    """Keep a forked process to one thread where more would end it: GNU OpenMP does not survive a fork.

    And let go of the lock, which another thread may have held when the process was forked.
    """
    global _forked, _region, _settling
    _region, _settling = None, threading.Lock()
    with contextlib.suppress(ValueError):  # the layer is not known: no thread was started before the fork
        _forked = _forked or numba.threading_layer() == "omp"


if hasattr(os, "register_at_fork") and not config.DISABLE_JIT:
    os.register_at_fork(after_in_child=_alone)
