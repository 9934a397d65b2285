"""Compile the package's functions: the only place that spells Numba's options.

`scalar` is for functions of numbers shared by every target, `span` for the serial loop over one part of an
array, `kernel` for what is called from outside: it cuts the work in parts and hands them to the threads. `composed` is
for functions that only call kernels.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import itertools
import os
import pickle
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import extending
from numba.core import codegen, compiler, config, serialize
from numba.core.caching import _Cache
from numba.misc.appdirs import AppDirs

__all__ = [
    "cache_folder",
    "composed",
    "device_function",
    "device_kernel",
    "exclusive",
    "kernel",
    "reordered_span",
    "require_cuda",
    "scalar",
    "shared",
    "span",
]

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parent

# A multiply and an add may become one operation and a sum may be taken in lanes: both are needed to vectorise a
# dot product. NaN, infinity and -0 keep their meaning ("nnan", "ninf", "nsz", "arcp" stay off).
_REORDER = {"contract", "reassoc"}


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


class _LinkedCompiler(compiler.Compiler):
    """Numba's compiler, with its output in `_LinkedCode`."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *arguments: Any) -> None:
        library = library or _LinkedCode(targetctx.codegen(), f"linked {next(_numbers)}")
        super().__init__(typingctx, targetctx, library, *arguments)


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


def shared(function: F) -> F:
    """Inline a function of scalars into its caller, on every target that gives it no body of its own."""
    return extending.register_jitable(inline="always")(function)


def require_cuda() -> None:
    """Raise ImportError unless what compiles for CUDA is there."""
    if importlib.util.find_spec("numba_cuda") is None:
        raise ImportError("the CUDA kernels need numba-cuda: pip install 'numba-dropout[cuda]'")


def device_kernel(function: F) -> Any:
    """Compile a kernel for CUDA at its first launch, `kernel[blocks, threads, stream](...)`, and keep it on disk."""
    from numba import cuda

    kernel = cuda.jit(function)
    if _FOLDER is not None and not config.ENABLE_CUDASIM:
        kernel._cache = _DeviceCache(function, _FOLDER)
    return kernel


def device_function(function: F) -> Any:
    """Compile a function that CUDA kernels call with all threads of a block."""
    from numba import cuda

    return cuda.jit(device=True)(function)


def span(function: F) -> F:
    """Compile the serial loop over one part of an array; its code is linked into the kernel that calls it."""
    return numba.njit(nogil=True, error_model="numpy", **_LINKED)(function)


def reordered_span(function: F) -> F:
    """Compile a `span` whose sums may be taken in another order, which does not depend on the threads."""
    return numba.njit(nogil=True, error_model="numpy", fastmath=_REORDER, **_LINKED)(function)


def kernel(function: F) -> F:
    """Compile a kernel at its first use from Python and keep it on disk; `simd.parallel` gives it all threads.

    Compiled callers link another copy, which becomes machine code with them.
    """
    entry: Any = composed(function)
    if not config.DISABLE_JIT:
        linked = numba.njit(nogil=True, error_model="numpy", **_LINKED)(function)
        entry.get_call_template, entry.get_overload = linked.get_call_template, linked.get_overload
    return entry


def composed(function: F) -> F:
    """Compile a function that calls kernels by name, and keep it on disk together with them."""
    return _on_disk(numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function))


# ---------------------------------------------------------------- one lock where threads need it

_region: contextlib.AbstractContextManager[Any] | None = None
_forked = False


def exclusive() -> contextlib.AbstractContextManager[Any]:
    """Return what every call of a kernel from Python is wrapped in.

    Numba's `workqueue` threading layer aborts the process when two Python threads enter it at once, so under that
    layer this is one lock; the other layers take care of themselves and get nothing.
    """
    global _region
    if _forked:
        numba.set_num_threads(1)  # counts for the calling thread only
    if _region is None:
        numba.get_num_threads()  # starts the threads, which settles the layer
        layer = "none" if config.DISABLE_JIT else numba.threading_layer()
        _region = threading.RLock() if layer == "workqueue" else contextlib.nullcontext()
    return _region


def _alone() -> None:
    """Keep a forked process to one thread where more would end it: GNU OpenMP does not survive a fork.

    And let go of the lock, which another thread may have held when the process was forked.
    """
    global _forked, _region
    _region = None
    with contextlib.suppress(ValueError):  # the layer is not known: no thread was started before the fork
        _forked = _forked or numba.threading_layer() == "omp"


if hasattr(os, "register_at_fork") and not config.DISABLE_JIT:
    os.register_at_fork(after_in_child=_alone)


# ---------------------------------------------------------------- the cache on disk


_VERSIONS = 8  # versions of the sources whose compiled code is kept


def _source_hash() -> str:
    """Hash all that compiled code is made from: Numba itself notices only edits of the outermost function's file."""
    digest = hashlib.sha256()
    composition = [_PACKAGE / name for name in ("_jit.py", "backprop.py", "network.py")]
    files = [*composition, *sorted((_PACKAGE / "kernels").rglob("*.py"))]
    for file in files:
        digest.update(file.relative_to(_PACKAGE).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _choose_folder() -> Path | None:
    """Choose where compiled code is kept; None turns the cache off (NUMBA_DROPOUT_CACHE=0, or no JIT).

    Never inside the package: an uninstallation would leave that folder behind, and Python would find it as an empty
    package before the next, editable, installation.
    """
    if config.DISABLE_JIT or os.environ.get("NUMBA_DROPOUT_CACHE", "1") == "0":
        return None
    base = Path(config.CACHE_DIR or AppDirs(appname="numba", appauthor=False).user_cache_dir)
    try:
        return base / "numba_dropout" / _source_hash()
    except OSError:  # the sources cannot be read (a zip archive): nothing to tell stale code by
        return None


class _DiskCache(_Cache):
    """Keep each specialisation in a file of its own, named by all that it depends on.

    Numba's own cache keeps an index beside numbered files; two processes that compile at the same time can leave
    an index that names the other's code (Numba issues 4807 and 10128). Here a name stands for one content only,
    files appear whole by a rename, and there is no index to race for.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        cells = function.__closure__ or ()
        self._identity: tuple[Any, ...] = (
            numba.__version__,
            sys.version_info[:2],
            function.__module__,
            function.__qualname__,
            tuple(_name(cell.cell_contents) for cell in cells),
        )
        self._stem = function.__name__
        self._folder = folder

    @property
    def cache_path(self) -> str:
        return str(self._folder)

    def _file(self, sig: Any, codegen: Any) -> Path:
        key = repr((self._identity, sig, codegen.magic_tuple()))
        return self._folder / f"{self._stem}-{hashlib.sha256(key.encode()).hexdigest()[:24]}.nbc"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        target_context.refresh()
        numba.get_num_threads()  # the code calls the threading layer's functions: they must be there to link
        try:
            data = self._file(sig, target_context.codegen()).read_bytes()
            return compiler.CompileResult._rebuild(target_context, *pickle.loads(data))
        except (OSError, EOFError, pickle.UnpicklingError):
            return None  # not there, or not whole: it is compiled again

    def save_overload(self, sig: Any, data: Any) -> None:
        if data.lifted or data.library.has_dynamic_globals:
            raise RuntimeError(f"{self._stem} cannot be kept on disk: it refers to an address of this process")
        self._write(self._file(sig, data.codegen), serialize.dumps(data._reduce()))

    def _write(self, file: Path, content: bytes) -> None:
        with contextlib.suppress(OSError):  # a full or read-only disk costs time, not the result
            _make_folder(self._folder)
            handle, temporary = tempfile.mkstemp(dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as output:
                    output.write(content)
                os.replace(temporary, file)
            except BaseException:
                os.unlink(temporary)
                raise

    def enable(self) -> None:
        """Do nothing: a cache that is off is never attached."""

    def disable(self) -> None:
        """Do nothing: a cache that is off is never attached."""

    def flush(self) -> None:
        for file in self._folder.glob(f"{self._stem}-*.nbc"):
            file.unlink(missing_ok=True)


class _DeviceCache(_DiskCache):
    """The same for kernels of numba-cuda, each for the compute capability of a device.

    What cannot be kept, or be read by another version, is compiled again: it costs time, not the result.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        super().__init__(function, folder)
        self._identity = (*self._identity, importlib.metadata.version("numba-cuda"))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        from numba.cuda.dispatcher import _Kernel

        target_context.refresh()
        with contextlib.suppress(Exception):
            return _Kernel._rebuild(**pickle.loads(self._file(sig, target_context.codegen()).read_bytes()))

    def save_overload(self, sig: Any, data: Any) -> None:
        from numba.cuda.serialize import dumps

        with contextlib.suppress(Exception):
            self._write(self._file(sig, data.codegen), dumps(data._reduce_states()))


def _make_folder(folder: Path) -> None:
    """Make the folder of these sources, and let go of those that have not been written to for longest."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        others = sorted(folder.parent.iterdir(), key=lambda other: other.stat().st_mtime, reverse=True)
        for other in others[_VERSIONS:]:
            shutil.rmtree(other, ignore_errors=True)


def _name(value: Any) -> str:
    """Name what a closure holds: a function or module by its path, the rest by its value."""
    value = getattr(value, "py_func", value)
    path = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if path is None:
        return repr(value)
    line = value.__code__.co_firstlineno if hasattr(value, "__code__") else 0  # two branches may define one name
    inner = getattr(value, "__closure__", None) or ()
    return f"{getattr(value, '__module__', '')}:{path}:{line}:{[_name(cell.cell_contents) for cell in inner]}"


_FOLDER = _choose_folder()


def cache_folder() -> Path | None:
    """Return the folder of the compiled code, which the first use makes; None where nothing is kept."""
    return _FOLDER


def _on_disk(function: Any) -> Any:
    if _FOLDER is not None:
        function._cache = _DiskCache(function.py_func, _FOLDER)
    return function
