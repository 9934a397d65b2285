"""The passes with CUDA kernels, and training steps as CUDA graphs.

A step has about thirty launches. A launch takes longer in Python than many kernels take on the device. So a step is
recorded once as a graph, and later steps are one launch each. Values that change from step to step are in device
memory. `kernels.cuda._step_state` copies them to the arrays that the recorded launches read.
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
from .buffers import Network
from .passes import Passes, PassSpec, Weighted, build_passes
from .views import Target, Views

__all__ = ["passes"]


def _matrix(flat: Any, start: int, rows: int, columns: int) -> Any:
    return _vector(flat, start, rows * columns).reshape(int(rows), int(columns))


def _vector(flat: Any, start: int, size: int) -> Any:
    return (flat if flat.ndim == 1 else flat.reshape(flat.size))[int(start) : int(start) + int(size)]


def _identity(function: Any) -> Any:
    return function


def passes(spec: PassSpec) -> Passes:
    """Return the passes of one network with CUDA kernels, as `Passes`.

    Data, targets, parameters and optimizer state are on the device. All other arrays are on the host.
    """
    target = Target(kernels, Steps, _identity, _identity, _identity, _matrix, _vector, compacts=False)
    built = build_passes(target, spec)

    def forward(arrays, data, rows, *arguments):
        built.forward(arrays, data, cuda.to_device(rows, stream=current_stream()), *arguments)

    def evaluate(arrays, sums, data, y, rows, batch_size):
        stream = current_stream()
        device_sums = cuda.to_device(sums, stream=stream)
        built.evaluate(arrays, device_sums, data, y, cuda.to_device(rows, stream=stream), batch_size)
        _read(device_sums, sums, stream)

    def sample(arrays, data, rows, *arguments):
        built.sample(arrays, data, cuda.to_device(rows, stream=current_stream()), *arguments)

    def loss_and_gradients(arrays, sums, data, y, rows, *arguments):
        stream = current_stream()
        device_sums = cuda.to_device(sums, stream=stream)
        built.loss_and_gradients(arrays, device_sums, data, y, cuda.to_device(rows, stream=stream), *arguments)
        _read(device_sums, sums, stream)

    def update(arrays, state, hyperparameters, max_norm):
        built.update(arrays, state, cuda.to_device(hyperparameters, stream=current_stream()), max_norm)

    return built._replace(
        forward=forward, loss_and_gradients=loss_and_gradients, update=update, evaluate=evaluate, sample=sample
    )


def _read(device_array: Any, host_array: Any, stream: Any) -> None:
    """Copy an array to the host after all previous work of the stream."""
    device_array.copy_to_host(host_array, stream=stream)
    stream.synchronize()


class _Buffers(NamedTuple):
    """Device arrays of consecutive steps, besides the network's: S steps of B rows."""

    rows: Any  # (N,) int64: the rows of all steps
    hyperparameters: Any  # (S, K): those of all steps
    sums: Any  # (S, 2) float64: those of all steps
    position: Any  # (2,) int64: the number of completed steps, and the counter of the first
    batch: Any  # (B,) int64: the rows of the current step
    step: Any  # (1,) uint64: the counter of the current step
    step_hyperparameters: Any  # (K,): those of the current step
    step_sums: Any  # (2,) float64: those of the current step


_Key = tuple[int, bytes]
MAX_GRAPHS = 64  # largest number of recorded steps


class Steps:
    """Consecutive training steps on a device: the counterpart of `passes.train_loop` on the CPU.

    The first step of a batch size launches its kernels one by one, which compiles them. The second step is recorded. It
    and all later steps are one launch each, as long as the arrays and rates are the same. A call with 0 steps compiles
    and records in advance.
    """

    def __init__(self, train_step: Callable[..., None], views: Views) -> None:
        self._train_step, self._network, self._at_rates = train_step, views.network, views.at_rates
        self._owners: tuple[Any, ...] = ()
        self._numbers: tuple[Any, ...] = ()
        self._buffers = _Buffers(*8 * (np.empty((0, 0)),))
        self._launched: set[_Key] = set()
        self._recorded: dict[_Key, Callable[[], None]] = {}

    def __call__(
        self,
        arrays: Any,
        accumulation: tuple[Any, Any, int] | None,
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
        """Train for len(sums) steps. Arguments are as on the CPU, with data, y, network and state on the device.

        With 0 steps, compile and record the steps over all the data, and leave the network unchanged.
        """
        net, stream = self._network(arrays), current_stream()
        owners: list[Any] = [net, data, y, state]
        numbers: list[Any] = [batch_size, hyperparameters.shape[1], max_norm]
        if accumulation is not None:
            owners.append(accumulation)
            numbers.append(accumulation[2])
        self._prepare(owners, tuple(numbers), len(sums), len(rows))
        if not len(sums):
            self._warm_up(net, accumulation, data, y, batch_size, state, max_norm)
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
                net_at_rates = self._at_rates(net, thresholds[number], scales[number])
                size = min(batch_size, rows.size - start)
                self._take(net_at_rates, accumulation, data, y, size, batch_size, state, max_norm)
        finally:
            _read(buffers.sums[: len(sums)], sums, stream)

    def _prepare(self, arrays: Sequence[Any], numbers: tuple[Any, ...], steps: int, rows: int) -> None:
        """Drop the recorded steps if their arrays or numbers differ, and allocate larger buffers if needed."""
        same = len(self._owners) == len(arrays) and all(
            reference() is owner for reference, owner in zip(self._owners, map(_owner, arrays), strict=True)
        )
        rows, batch_size, width = max(rows, len(arrays[1])), numbers[0], numbers[1]
        steps = max(steps, -(-rows // batch_size))
        buffers = self._buffers
        if not same or self._numbers != numbers or len(buffers.rows) < rows or len(buffers.sums) < steps:
            buffers = _Buffers(
                rows=_zeros(rows, np.int64),
                hyperparameters=_zeros((steps, width), np.float32),
                sums=_zeros((steps, 2), np.float64),
                position=_zeros(2, np.int64),
                batch=_zeros(batch_size, np.int64),
                step=_zeros(1, np.uint64),
                step_hyperparameters=_zeros(width, np.float32),
                step_sums=_zeros(2, np.float64),
            )
            self._owners, self._numbers = tuple(weakref.ref(_owner(array)) for array in arrays), numbers
            self._launched, self._recorded, self._buffers = set(), {}, buffers

    def _warm_up(
        self, net: Any, accumulation: Any, data: Any, y: Any, batch_size: int, state: Any, max_norm: Any
    ) -> None:
        """Compile and record a step of each batch size in the data, and restore the parameters and state."""
        stream = current_stream()
        arrays = [array for array in (net.master.values, state) if array.size]
        copies = [(array, cuda.device_array_like(array, stream=stream)) for array in arrays]
        for array, copy in copies:
            copy.copy_to_device(array, stream=stream)
        ones = np.ones((1, self._buffers.hyperparameters.shape[1]), np.float32)  # no update rule divides by zero
        self._buffers.hyperparameters[:1].copy_to_device(ones, stream=stream)
        try:
            count = len(y.weights if isinstance(y, Weighted) else y)
            for size in {min(batch_size, count), count % batch_size} - {0}:
                self._buffers.position.copy_to_device(np.zeros(2, np.int64), stream=stream)
                launch = self._launcher(net, accumulation, data, y, size, batch_size, state, max_norm)
                launch()
                self._recorded[_key(size, net)] = _record(launch, stream)
        finally:
            for array, copy in copies:
                array.copy_to_device(copy, stream=stream)
            stream.synchronize()

    def _take(
        self, net: Any, accumulation: Any, data: Any, y: Any, size: int, batch_size: int, state: Any, max_norm: Any
    ) -> None:
        """Run the step at the current position."""
        key = _key(size, net)
        if key not in self._recorded:
            launch = self._launcher(net, accumulation, data, y, size, batch_size, state, max_norm)
            if key not in self._launched:
                if len(self._launched) >= MAX_GRAPHS:  # with a schedule, most rates do not recur
                    self._launched.clear()
                    self._recorded.clear()
                launch()
                self._launched.add(key)
                return
            self._recorded[key] = _record(launch, current_stream())
        self._recorded[key]()

    def _launcher(
        self, net: Any, accumulation: Any, data: Any, y: Any, size: int, batch_size: int, state: Any, max_norm: Any
    ) -> Callable[[], None]:
        """Return the function that launches the kernels of a step one by one."""
        rows, hyperparameters, sums, position, batch, step, step_hyperparameters, step_sums = self._buffers

        def launch() -> None:
            begin_step(batch[:size], step, step_hyperparameters, position, rows, hyperparameters, batch_size)
            self._train_step(
                net, accumulation, step_sums, data, y, batch[:size], step, state, step_hyperparameters, max_norm
            )
            end_step(sums, step_sums, position)

        return launch


def _key(size: int, net: Any) -> _Key:
    """Return the key of a recorded step: its number of rows and its rates, which a schedule may change."""
    return size, net.rates.thresholds.tobytes()


def _owner(array: Any) -> Any:
    """Return the object whose lifetime is that of an array or tuple. A network replaces its arrays together."""
    return array.batch.outputs if isinstance(array, Network) else array[0] if isinstance(array, tuple) else array


def _zeros(shape: Any, dtype: Any) -> Any:
    return cuda.to_device(np.zeros(shape, dtype), stream=current_stream()).bind(0)


# ---------------------------------------------------------------- graphs


def _record(launch: Callable[[], None], stream: Any) -> Callable[[], None]:
    """Return a function that launches the recorded kernels of launch() on a stream. The simulator has no graphs."""
    return launch if config.ENABLE_CUDASIM else _Graph(launch, stream).launch


class _Graph:
    """A CUDA graph of the launches of a function, launched on a stream.

    The recording uses a non-blocking stream: other threads may use the default stream meanwhile.
    """

    def __init__(self, launch: Callable[[], None], stream: Any) -> None:
        from cuda.bindings import driver

        self._driver, self._stream = driver, int(stream)
        (recorder,) = self._checked(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
        try:
            graph = self._capture(launch, int(recorder))
            try:
                (self._executable,) = self._checked(driver.cuGraphInstantiate(graph, 0))
            finally:
                driver.cuGraphDestroy(graph)
        finally:
            driver.cuStreamDestroy(recorder)
        weakref.finalize(self, driver.cuGraphExecDestroy, self._executable)

    def _capture(self, launch: Callable[[], None], recorder: int) -> Any:
        """Return the graph of the launches."""
        driver = self._driver
        relaxed = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED  # other threads may allocate meanwhile
        self._checked(driver.cuStreamBeginCapture(recorder, relaxed))
        try:
            # arrays that are released meanwhile are freed afterwards
            with cuda.defer_cleanup(), on_stream(cuda.external_stream(recorder)):
                launch()
        except BaseException:
            driver.cuStreamEndCapture(recorder)
            raise
        (graph,) = self._checked(driver.cuStreamEndCapture(recorder))
        return graph

    def launch(self) -> None:
        """Launch the graph."""
        self._checked(self._driver.cuGraphLaunch(self._executable, self._stream))

    def _checked(self, result: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the results of a driver function without its status. Raise RuntimeError if it failed."""
        status, *values = result
        if status != self._driver.CUresult.CUDA_SUCCESS:
            raise RuntimeError(f"CUDA graph: {self._driver.cuGetErrorName(status)[1].decode()}")
        return tuple(values)
