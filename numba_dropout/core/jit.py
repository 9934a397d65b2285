"""Decorators that compile the package's functions.

Only this module sets Numba's options.

`scalar` is for scalar functions of all targets, `serial_loop` for the loop over one chunk of an array, and `kernel` for
functions that Python calls, which divide the work into chunks for the threads. `entry_point` is for functions that only
call kernels.
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
from .errors import missing
from .garbage import suspended_collection
from .identity import identity

__all__ = [
    "CUDA_PACKAGES",
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

CUDA_PACKAGES = "'numba-cuda[cu13]' cuda-core"  # those of the extra [cuda]

F = TypeVar("F", bound=Callable[..., Any])

# A multiplication and an addition may be fused, and a sum may be split into lanes: both are needed to vectorize a dot
# product. NaN, infinity and -0 keep their meaning ("nnan", "ninf", "nsz", "arcp" stay off).
_REORDER = {"contract", "reassoc"}


class _EntryCode(codegen.JITCodeLibrary):
    """Code of a function that Python calls, and private copies of the functions that it calls.

    Numba gives these copies weak linkage: all entry points of a process would share the copies of the first one.
    """

    def __init__(self, generator: Any, name: str) -> None:
        super().__init__(generator, name)
        self.enable_object_caching()  # as Numba does for each library

    def finalize(self) -> None:
        """Link each function that the code calls once, then generate machine code."""
        called = _called(self)
        for library in called:
            if isinstance(library, _LinkedCode):
                _inherit(self, library)
                self._final_module.link_in(library.alone, preserve=True)
        self._linking_libraries = [library for library in called if not isinstance(library, _LinkedCode)]
        super().finalize()

    def _optimize_final_module(self) -> None:
        functions, variables = self._final_module.functions, self._final_module.global_variables
        used = {f.name.replace("_ZN", "_ZN08NumbaEnv", 1) for f in functions if f.linkage == ll.Linkage.external}
        for variable in variables:  # unused environments of linked functions: LLVM removes them
            if variable.linkage == ll.Linkage.common and variable.name not in used:
                variable.linkage = "internal"
        super()._optimize_final_module()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage != ll.Linkage.external:
                function.linkage = "internal"


class _LinkedCode(codegen.JITCodeLibrary):
    """Code that is only linked into other code.

    Numba optimizes a function, links what it calls and generates its machine code, and does it all again for each
    caller. Here it is done only for the kernel that contains the function.
    """

    _complete: Any = None  # for callers that Numba compiles

    @property
    def alone(self) -> Any:
        """The module of the function without those that it calls."""
        return self._final_module

    def finalize(self) -> None:
        """Leave everything to the kernel."""
        self._raise_if_finalized()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == ll.Linkage.external:
                function.linkage = "linkonce_odr"
        for library in self._linking_libraries:
            _inherit(self, library)
        self._finalize_dynamic_globals()
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        """Return the module of the function with those that it calls, for a caller that Numba compiles."""
        self._ensure_finalized()
        if self._complete is None:
            self._complete = self.alone.clone()
            for library in _called(self):
                module = library.alone if isinstance(library, _LinkedCode) else library._get_module_for_linking()
                self._complete.link_in(module, preserve=True)
        return self._complete

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0, as Numba does for a function without a wrapper for Python."""
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> Any:
        return _NoAddress(self._codegen)


def _inherit(caller: Any, library: Any) -> None:
    """Let code from the disk cache start what its linked code needs. Older versions of Numba have no such set."""
    if hasattr(library, "_reload_init"):
        caller._reload_init.update(library._reload_init)


def _called(library: Any) -> list[Any]:
    """Return the code of the functions that a function calls, and that linked functions call, each once."""
    found: dict[Any, None] = {}

    def add(caller: Any) -> None:
        for one in caller._linking_libraries:
            if one not in found:
                found[one] = None
                if isinstance(one, _LinkedCode):
                    add(one)

    add(library)
    return list(found)


class _NoAddress:
    """Numba's code generator, for code that has no address yet."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        return getattr(self._generator, name)

    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing: the environment's variable has no address, and only Python objects need it."""


class _NamingCompiler(compiler.Compiler):
    """Numba's compiler with the function's identity in symbol names, and with `code` as the class of its output.

    Numba distinguishes functions of one name by a counter of the process. Code on disk from another process may have
    the same number.
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
    """Compiler of functions that Python calls."""

    code = _EntryCode

    def _compile_bytecode(self) -> Any:
        with suspended_collection():  # it would find almost nothing
            return super()._compile_bytecode()


class _LinkedCompiler(_NamingCompiler):
    """Compiler of functions that only compiled code calls."""

    code = _LinkedCode


_numbers = itertools.count()

# Only compiled code calls these functions. They have no wrappers for Python or C, which take as long to compile as the
# loop. References are not counted: the arrays outlive the call, and threads would contend for the counter at each
# slice.
_LINKED = {
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": _LinkedCompiler,
}


def scalar(function: F) -> F:
    """Inline a scalar function into its caller, on all targets. There is no signature: CUDA does not accept one."""
    return numba.njit(inline="always")(function)


def overridable(function: F) -> F:
    """Compile a scalar function for its callers on all targets that do not override it.

    LLVM inlines it, not Numba: numba-cuda would reuse a body that Numba has inlined on the CPU.
    """
    return extending.register_jitable(_nrt=False)(function)


def require_cuda() -> None:
    """Raise ImportError unless numba-cuda is installed."""
    if importlib.util.find_spec("numba_cuda") is None:
        raise ImportError(missing("the CUDA kernels require numba-cuda", CUDA_PACKAGES, "cuda"))


def device_kernel(function: F) -> Any:
    """Compile a CUDA kernel at its first launch, `kernel[blocks, threads, stream](...)`, and cache it on disk."""
    from numba import cuda

    kernel = cuda.jit(function)
    if disk_cache.FOLDER is not None and not config.ENABLE_CUDASIM:
        kernel._cache = disk_cache.DeviceCache(function, disk_cache.FOLDER)
    return kernel


def device_function(function: F) -> Any:
    """Compile a function that CUDA kernels call with all threads of a thread block."""
    from numba import cuda

    return cuda.jit(device=True)(function)


def serial_loop(function: F) -> F:
    """Compile the serial loop over one chunk of an array. Its code is linked into the kernel that calls it."""
    return numba.njit(nogil=True, error_model="numpy", **_LINKED)(function)


def reordered_loop(function: F) -> F:
    """Compile a `serial_loop` whose sums may be reordered. The order does not depend on the threads."""
    return numba.njit(nogil=True, error_model="numpy", fastmath=_REORDER, **_LINKED)(function)


def kernel(function: F) -> F:
    """Compile a kernel at its first call from Python, and cache it on disk. `simd.parallel` runs it on all threads.

    A compiled caller contains its own copy of the kernel.
    """
    entry: Any = entry_point(function)
    if not config.DISABLE_JIT:
        linked = numba.njit(nogil=True, error_model="numpy", **_LINKED)(function)
        entry.get_call_template, entry.get_overload = linked.get_call_template, linked.get_overload
    return entry


def entry_point(function: F) -> F:
    """Compile a function that calls kernels by name, and cache it on disk together with them."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True, pipeline_class=_EntryCompiler)(
        function
    )
    if disk_cache.FOLDER is not None:
        compiled._cache = disk_cache.DiskCache(function, disk_cache.FOLDER)
    return compiled


# ---------------------------------------------------------------- the lock for calls of kernels

_region: contextlib.AbstractContextManager[Any] | None = None
_region_lock = threading.Lock()
_forked = False
_limited = False  # whether there are fewer cores than threads


def threading_lock() -> contextlib.AbstractContextManager[Any]:
    """Return the context manager for calls of kernels from Python.

    Numba's `workqueue` threading layer aborts the process when two Python threads enter it at once. With that layer the
    context is one lock. With the others it does nothing.
    """
    global _limited, _region
    if _forked:
        numba.set_num_threads(1)  # applies to the calling thread only
    elif _limited:
        threads.begin_thread()
    if _region is None:
        numba.get_num_threads()  # starts the threads, which selects the layer
        _limited = threads.limited()
        if _limited:
            threads.begin_thread()
        layer = "none" if config.DISABLE_JIT else numba.threading_layer()
        with _region_lock:  # two simultaneous first calls get the same lock
            _region = _region or (threading.RLock() if layer == "workqueue" else contextlib.nullcontext())
    return _region


def _alone() -> None:
    """Limit a forked process to one thread with GNU OpenMP, which ends processes that use threads after a fork.

    Replace the lock, which another thread may have held at the fork.
    """
    global _forked, _region, _region_lock
    _region, _region_lock = None, threading.Lock()
    with contextlib.suppress(ValueError):  # no layer was selected: no thread was started before the fork
        _forked = _forked or numba.threading_layer() == "omp"


if hasattr(os, "register_at_fork") and not config.DISABLE_JIT:
    os.register_at_fork(after_in_child=_alone)
