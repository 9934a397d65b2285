"""The passes over CUDA's kernels: the composition of `passes`, and training steps as CUDA graphs.

A step is some thirty launches, each of which takes Python longer than many take the device. So a step is recorded once,
as a graph, and is one launch from then on. All that differs from step to step is in device memory:
`kernels.cuda.steps` brings it to where the recorded launches expect it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import cuda
from numba.core import config

from ..kernels import cuda as kernels
from ..kernels.cuda._launch import current_stream, on_stream
from ..kernels.cuda._step_state import begin_step, end_step
from .passes import Passes, PassSpec, Weighted, build_passes
from .views import Target

__all__ = ["passes"]


def _matrix(flat: Any, start: int, rows: int, columns: int) -> Any:
    return _vector(flat, start, rows * columns).reshape(int(rows), int(columns))


def _vector(flat: Any, start: int, size: int) -> Any:
    return (flat if flat.ndim == 1 else flat.reshape(flat.size))[int(start) : int(start) + int(size)]


def _as_it_is(function: Any) -> Any:
    return function


def passes(choice: PassSpec) -> Passes:
    """Return the composition over CUDA's kernels, with the functions of `passes.compiled`; for one network.

    Data, targets, parameters and their state are on the device, all else comes from the host and goes there.
    """
    target = Target(kernels, Steps, _as_it_is, _as_it_is, _as_it_is, _matrix, _vector, thins=False)
    whole = build_passes(target, choice)

    def forward(net, data, rows, *arguments):
        whole.forward(net, data, cuda.to_device(rows, stream=current_stream()), *arguments)

    def evaluate(net, sums, data, y, rows, batch_size):
        stream = current_stream()
        there = cuda.to_device(sums, stream=stream)
        whole.evaluate(net, there, data, y, cuda.to_device(rows, stream=stream), batch_size)
        _read(there, sums, stream)

    def sample(net, data, rows, *arguments):
        whole.sample(net, data, cuda.to_device(rows, stream=current_stream()), *arguments)

    return whole._replace(forward=forward, evaluate=evaluate, sample=sample)


def _read(there: Any, here: Any, stream: Any) -> None:
    """Copy an array to the host, once the stream has done all before."""
    there.copy_to_host(here, stream=stream)
    stream.synchronize()


class _Buffers(NamedTuple):
    """What the steps of a run read and write beside the network, on the device; S steps of B rows."""

    rows: Any  # (N,) int64: the rows of all steps
    hyperparameters: Any  # (S, K): of all steps
    sums: Any  # (S, 2) float64: of all steps
    position: Any  # (2,) int64: steps that are done, and the counter of the first
    batch: Any  # (B,) int64: from here on of the present step
    step: Any  # (1,) uint64
    setting: Any  # (K,)
    total: Any  # (2,) float64


_Kind = tuple[int, bytes]
MOST_KINDS = 64  # of steps that are remembered


class Steps:
    """Consecutive training steps on a device: what `passes.repeated` is on the CPU.

    The first step with a size of batch is launched kernel by kernel, which compiles them; the second is recorded, and
    it and all after it are one launch each, as long as they work on the same arrays, at the same rates. A call without
    steps does both beforehand.
    """

    def __init__(self, train_step: Callable[..., None], at_rates: Callable[..., Any]) -> None:
        self._train_step, self._at_rates = train_step, at_rates
        self._about: tuple[Any, ...] = ()
        self._numbers: tuple[Any, ...] = ()
        self._buffers = _Buffers(*8 * (np.empty((0, 0)),))
        self._launched: set[_Kind] = set()
        self._recorded: dict[_Kind, Callable[[], None]] = {}

    def __call__(
        self,
        net: Any,
        sums: Any,
        data: Any,
        y: Any,
        rows: Any,
        batch_size: int,
        first_step: int,
        state: Any,
        hyperparameters: Any,
        thresholds: Any,
        scales: Any,
        max_norm: Any,
    ) -> None:
        """Take len(sums) steps; arguments as on the CPU, where data, y, the network and state are on the device.

        Without any, get ready for steps over all the data: compile and record, without a change to the network.
        """
        stream = current_stream()
        self._settle((net, data, y, state), (batch_size, hyperparameters.shape[1], max_norm), len(sums), len(rows))
        if not len(sums):
            self._rehearse(net, data, y, batch_size, state, max_norm)
            return
        buffers = self._buffers
        buffers.rows[: rows.size].copy_to_device(rows, stream=stream)
        buffers.hyperparameters[: len(hyperparameters)].copy_to_device(
            np.ascontiguousarray(hyperparameters), stream=stream
        )
        buffers.sums[: len(sums)].copy_to_device(sums, stream=stream)
        buffers.position.copy_to_device(np.array([0, first_step]), stream=stream)
        try:
            for number, start in enumerate(range(0, rows.size, batch_size)):
                now = self._at_rates(net, thresholds[number], scales[number])
                self._take(now, data, y, min(batch_size, rows.size - start), batch_size, state, max_norm)
        finally:
            _read(buffers.sums[: len(sums)], sums, stream)

    def _settle(self, arrays: Sequence[Any], numbers: tuple[Any, ...], steps: int, rows: int) -> None:
        """Keep what is recorded if it is about these arrays and numbers, and make room."""
        same = len(self._about) == len(arrays) and all(
            kept() is array for kept, array in zip(self._about, map(_anchor, arrays), strict=True)
        )
        rows, batch_size, width = max(rows, len(arrays[1])), numbers[0], numbers[1]
        steps = max(steps, -(-rows // batch_size))
        room = self._buffers
        if not same or self._numbers != numbers or len(room.rows) < rows or len(room.sums) < steps:
            buffers = _Buffers(
                rows=_zeros(rows, np.int64),
                hyperparameters=_zeros((steps, width), np.float32),
                sums=_zeros((steps, 2), np.float64),
                position=_zeros(2, np.int64),
                batch=_zeros(batch_size, np.int64),
                step=_zeros(1, np.uint64),
                setting=_zeros(width, np.float32),
                total=_zeros(2, np.float64),
            )
            self._about, self._numbers = tuple(weakref.ref(_anchor(array)) for array in arrays), numbers
            self._launched, self._recorded, self._buffers = set(), {}, buffers

    def _rehearse(self, net: Any, data: Any, y: Any, batch_size: int, state: Any, max_norm: Any) -> None:
        """Take a step of each size that all the data have, which compiles, undo it, and record it."""
        stream = current_stream()
        kept = [(array, cuda.device_array_like(array, stream=stream)) for array in (net.params, state)]
        for array, copy in kept:
            copy.copy_to_device(array, stream=stream)
        ones = np.ones((1, self._buffers.hyperparameters.shape[1]), np.float32)  # no rule divides by zero
        self._buffers.hyperparameters[:1].copy_to_device(ones, stream=stream)
        try:
            count = len(y.weights if isinstance(y, Weighted) else y)
            for size in {min(batch_size, count), count % batch_size} - {0}:
                self._buffers.position.copy_to_device(np.zeros(2, np.int64), stream=stream)
                launch = self._launching(net, data, y, size, batch_size, state, max_norm)
                launch()
                self._recorded[_kind(size, net)] = _record(launch, stream)
        finally:
            for array, copy in kept:
                array.copy_to_device(copy, stream=stream)
            stream.synchronize()

    def _take(self, net: Any, data: Any, y: Any, size: int, batch_size: int, state: Any, max_norm: Any) -> None:
        """Take the step that the position stands at."""
        kind = _kind(size, net)
        if kind not in self._recorded:
            launch = self._launching(net, data, y, size, batch_size, state, max_norm)
            if kind not in self._launched:
                if len(self._launched) >= MOST_KINDS:  # rates follow a schedule, and most will not come again
                    self._launched.clear()
                    self._recorded.clear()
                launch()
                self._launched.add(kind)
                return
            self._recorded[kind] = _record(launch, current_stream())
        self._recorded[kind]()

    def _launching(
        self, net: Any, data: Any, y: Any, size: int, batch_size: int, state: Any, max_norm: Any
    ) -> Callable[[], None]:
        """Return the function that launches a step, kernel by kernel."""
        rows, hyperparameters, sums, position, batch, step, setting, total = self._buffers

        def launch() -> None:
            begin_step(batch[:size], step, setting, position, rows, hyperparameters, batch_size)
            self._train_step(net, total, data, y, batch[:size], step, state, setting, max_norm)
            end_step(sums, total, position)

        return launch


def _kind(size: int, net: Any) -> _Kind:
    """Return what tells the graphs of steps apart: rows and rates, which a schedule may change at each step."""
    return size, net.thresholds.tobytes()


def _anchor(array: Any) -> Any:
    """Return the object whose life is that of an array, or of several: a network's are replaced together."""
    return getattr(array, "outputs", array[0]) if isinstance(array, tuple) else array


def _zeros(shape: Any, dtype: Any) -> Any:
    return cuda.to_device(np.zeros(shape, dtype), stream=current_stream()).bind(0)


# ---------------------------------------------------------------- graphs


def _record(launch: Callable[[], None], stream: Any) -> Callable[[], None]:
    """Return a function that does what launch() would launch on a stream; the simulator has no graphs."""
    return launch if config.ENABLE_CUDASIM else _Graph(launch, stream).launch


class _Graph:
    """What is launched by a function, as one launch on a stream.

    It is recorded on a stream that the default stream does not wait for: others may use that one meanwhile.
    """

    def __init__(self, launch: Callable[[], None], stream: Any) -> None:
        from cuda.bindings import driver

        self._driver, self._stream = driver, int(stream)
        (recorder,) = self._done(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
        try:
            graph = self._capture(launch, int(recorder))
            try:
                (self._executable,) = self._done(driver.cuGraphInstantiate(graph, 0))
            finally:
                driver.cuGraphDestroy(graph)
        finally:
            driver.cuStreamDestroy(recorder)
        weakref.finalize(self, driver.cuGraphExecDestroy, self._executable)

    def _capture(self, launch: Callable[[], None], recorder: int) -> Any:
        """Return the graph of what is launched."""
        driver = self._driver
        relaxed = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED  # other threads may allocate meanwhile
        self._done(driver.cuStreamBeginCapture(recorder, relaxed))
        try:
            # arrays that are let go of meanwhile are freed afterwards
            with cuda.defer_cleanup(), on_stream(cuda.external_stream(recorder)):
                launch()
        except BaseException:
            driver.cuStreamEndCapture(recorder)
            raise
        (graph,) = self._done(driver.cuStreamEndCapture(recorder))
        return graph

    def launch(self) -> None:
        """Launch all of it."""
        self._done(self._driver.cuGraphLaunch(self._executable, self._stream))

    def _done(self, result: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return what a function of the driver returns beside its status."""
        status, *values = result
        if status != self._driver.CUresult.CUDA_SUCCESS:
            raise RuntimeError(f"CUDA graph: {self._driver.cuGetErrorName(status)[1].decode()}")
        return tuple(values)
