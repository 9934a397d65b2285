"""Prediction: outputs, labels, values, probabilities and Monte-Carlo samples of a network."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays.convert import on_host
from ..arrays.memory import Memory
from ..arrays.sparse import SparseRows, arrays_of
from ..core import checks
from ..core.access import reads
from ..core.errors import DeviceError, InputError
from ..core.renamed import RenamedAttribute
from . import passes
from .hidden_layers import distinct
from .monte_carlo import MonteCarlo, of_classes, of_values
from .state import Workspace
from .targets import Targets

__all__ = ["LastPass", "Pass", "Predictor"]

MAX_CHUNK = 1024  # largest number of rows of a forward pass in prediction
_NO_MASKS = np.uint64(0), np.uint64(0)  # step and row offset of a pass without dropout


class Pass(NamedTuple):
    """A call of `forward`, for `backward`, with its workspace. It ends at the next call of the thread."""

    workspace: Workspace
    rows: int
    training: bool
    step: int
    row_offset: int
    changes: int  # number of calls of `train_steps` before it


class LastPass(threading.local):
    """The last pass of each thread."""

    value: Pass | None = None


class Predictor(Targets):
    """The prediction methods of a network. The abstract methods that they need come last."""

    classes: list[Any] | None
    memory: Memory
    _kind: str
    activation: list[str]
    _passes_by_key: dict[tuple[Any, ...], passes.Passes]
    _rows: NDArray[np.int64]
    _passed: LastPass
    _last_row: int
    _threshold: float | None = None

    answers = RenamedAttribute("predictive")
    as_pair = RenamedAttribute("check_xy")
    bring = RenamedAttribute("to_device")
    course = RenamedAttribute("rate_scheduler")
    loss_of = RenamedAttribute("evaluate_loss")
    measure = RenamedAttribute("evaluate_arrays")
    sample_answers = RenamedAttribute("sample_predictive")
    summary = RenamedAttribute("aggregate")

    @property
    def threshold(self) -> float | None:
        """Smallest probability of the second of two classes, not included, for which `predict` returns it, or None.

        Without a threshold, `predict` returns the more probable class. Setting one raises ValueError or TypeError if
        the network does not have two classes or the number is not in [0, 1].
        """
        return self._threshold

    @threshold.setter
    def threshold(self, value: float | None) -> None:
        if value is not None:
            if (self.loss, self.sizes[-1]) not in (("cross_entropy", 2), ("bce", 1)):
                raise InputError(
                    f"threshold: expected a network for two classes, got loss {self.loss} with {self.sizes[-1]} outputs"
                )
            value = checks.number(value, "threshold", at_least=0)
            if value > 1:
                raise InputError(f"threshold: expected a number from 0 to 1, got {value!r}")
        self._threshold = value

    @reads
    def evaluate_loss(self, x: ArrayLike, y: ArrayLike) -> tuple[float, float | None]:
        """Return the mean loss and the accuracy (None for a regression) in evaluation mode."""
        return self.evaluate_arrays(*self.check_xy(x, y))

    @reads
    def evaluate_arrays(self, data: Any, target: Any) -> tuple[float, float | None]:
        """Return the results of `evaluate_loss` for arrays that `check_xy` returned, without checks."""
        with self._workspace() as workspace:
            chunk_size = _reserve_chunk(workspace, len(data))
            sums = np.zeros((-(-len(data) // chunk_size), 2))
            rows = self._rows_of(len(data))
            with self.memory.working():
                self._passes(data).evaluate(workspace.arrays, sums, arrays_of(data), target, rows, chunk_size)
        loss, correct = sums[0].tolist() if len(sums) == 1 else sums.sum(0).tolist()
        return loss / len(data), None if self.predicts_values else correct / len(data)

    @reads
    def outputs(self, x: ArrayLike) -> NDArray[Any]:
        """Return the outputs of `forward` in evaluation mode, for any number of rows, in chunks."""
        return self._outputs(x)

    def _outputs(self, x: ArrayLike) -> NDArray[Any]:
        """Return the outputs, in a call that already has access to the network."""
        data = self.as_input(x)
        result = np.empty((len(data), self.sizes[-1]), self.dtype)
        with self._workspace() as workspace:
            data = self.to_device(data)
            chunk_size = _reserve_chunk(workspace, len(data))
            for start in range(0, len(data), chunk_size):
                chunk = data[start : start + chunk_size]
                result[start : start + chunk_size] = self._pass(workspace, chunk, False, 0, 0)
        return result

    @reads
    def standardized(self, x: ArrayLike) -> NDArray[Any]:
        """Return x (rows, inputs) as the input of the first layer, scaled in float64, in the network's dtype."""
        offset, scale = self.input_scaling()
        values = on_host(self.as_input(x)).astype(np.float64)
        return ((values - offset) * scale).astype(self.dtype)

    def samples(self, x: ArrayLike, samples: int, *, step: int = 0, row_offset: int = 0) -> Iterator[NDArray[Any]]:
        """Yield n samples of the outputs (rows, outputs) in training mode, each with its own masks.

        The masks have the purpose "monte carlo" (docs/mask.md). The first sample takes them at `step`, the next ones
        at the steps after it. The masks of a row depend on its number only, not on the other rows or on the number of
        threads. The first row of x has the number `row_offset`, so chunks of a data set get the masks of the full set.
        Do not change x until you have taken the last sample.

        Raises ValueError or TypeError if x does not fit the network, or a number is out of range.
        """
        step = checks.integer(step, "step", 0, 2**32 - 2)
        samples = checks.integer(samples, "samples", 1, 2**32 - 1 - step)
        data = self.to_device(self.as_input(x))
        if len(data) == 0:
            raise InputError("x: expected at least one row, got none")
        row_offset = checks.integer(row_offset, "row_offset", 0, self._last_row - len(data))
        return self._draw_samples(data, samples, step, row_offset)

    def _draw_samples(self, data: Any, samples: int, step: int, row_offset: int) -> Iterator[NDArray[Any]]:
        """Yield the samples, with checked arguments."""
        rows = len(data)
        with self.access.reading("samples"), self._workspace() as workspace:
            capacity = _reserve_chunk(workspace, MAX_CHUNK)
        chunk_size = min(rows, capacity)
        group = min(capacity // chunk_size, samples)
        for first in range(0, samples, group):
            result = np.empty((group, rows, self.sizes[-1]), self.dtype)
            for start in range(0, rows, chunk_size):
                size = min(chunk_size, rows - start)
                numbers = np.tile(np.arange(start, start + size), group)
                counters = np.uint64(step + first), np.uint64(row_offset + start)
                with self.access.reading("samples"), self._workspace() as workspace:
                    workspace.reserve(len(numbers))
                    with self.memory.working():
                        self._passes(data).sample(workspace.arrays, arrays_of(data), numbers, size, *counters)
                    out = workspace.outputs(len(numbers))
                result[:, start : start + size] = out.reshape(group, size, -1)
            yield from result[: samples - first]

    @reads
    def predict_mc(self, x: ArrayLike, samples: int = 100, *, step: int = 0, row_offset: int = 0) -> MonteCarlo:
        """Return the mean and spread of predictions over many samples of the dropout masks, as `MonteCarlo`.

        x : array (rows, inputs). samples : number of samples. step, row_offset and errors are those of `samples`.

        References
        ----------
        Gal & Ghahramani, ICML 2016, section 4.
        """
        return self.aggregate(self.sample_predictive(x, samples, step=step, row_offset=row_offset))

    def sample_predictive(
        self, x: ArrayLike, samples: int, *, step: int = 0, row_offset: int = 0
    ) -> Iterator[NDArray[np.float64]]:
        """Return an iterator over `samples`, converted to probabilities or values by `predictive`."""
        outputs = self.samples(x, samples, step=step, row_offset=row_offset)
        return map(self._to_values() if self.predicts_values else self.predictive, outputs)

    def aggregate(self, predictive: Iterable[NDArray[np.float64]]) -> MonteCarlo:
        """Return the mean and spread over several samples of `predictive`, as `MonteCarlo`."""
        if self.predicts_values:
            return of_values(predictive)
        return of_classes(predictive, independent=self.loss == "bce" and self.sizes[-1] > 1)

    @reads
    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """Return labels (rows,), or values of a regression: (rows,) with one output, else (rows, outputs).

        Labels are entries of `classes` if it is set, else class numbers. "bce" gives 0 or 1 for each output. With a
        `threshold`, the second class is returned where its probability is above it.
        """
        out = self._outputs(x)
        if self.predicts_values:
            values = self.predictive(out)
            return values[:, 0] if values.shape[1] == 1 else values
        if self.threshold is not None:
            labels = self.decide(self.predictive(out))
            return labels if self.classes is None else np.asarray(self.classes)[labels]
        labels = out.argmax(1) if self.loss == "cross_entropy" else (out > 0).astype(np.int64)
        if self.loss == "bce" and labels.shape[1] == 1:
            labels = labels[:, 0]
        return labels if self.classes is None else np.asarray(self.classes)[labels]

    @reads
    def predict_proba(self, x: ArrayLike) -> NDArray[Any]:
        """Return probabilities (rows, classes): of 0 and 1 with one "bce" output, of 1 with several."""
        if self.predicts_values:
            raise InputError("predict_proba: expected a classification network, got a regression")
        return self.predictive(self._outputs(x))

    def decide(self, proba: NDArray[Any]) -> NDArray[np.int64]:
        """Return the class numbers (rows,) of probabilities (rows, classes): the most probable, or by `threshold`."""
        return proba.argmax(1) if self.threshold is None else (proba[:, 1] > self.threshold).astype(np.int64)

    def predictive(self, out: NDArray[Any]) -> NDArray[Any]:
        """Convert outputs of `forward` to probabilities as in `predict_proba`, or to values of a regression.

        Probabilities are float64. Values (rows, outputs) are in units of the target: the scaling and the transformation
        of the target are undone, and for "poisson" they are the rates.
        """
        if self.predicts_values:
            with self.access.reading("predictive"):
                return self._to_values()(out)
        return np.exp(self.log_probabilities(out))

    def log_probabilities(self, out: NDArray[Any]) -> NDArray[np.float64]:
        """Return the logarithms of the probabilities of `predictive`. They are finite even if a probability is 0."""
        out = out.astype(np.float64)
        if self.loss == "bce":
            ones = -np.logaddexp(0.0, -out)
            return np.hstack([-np.logaddexp(0.0, out), ones]) if out.shape[1] == 1 else ones
        out = out - out.max(1, keepdims=True)
        return out - np.log(np.exp(out).sum(1, keepdims=True))

    @reads
    def input_scaling(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return offset and scale (inputs,): the input of the network is (x - offset) * scale."""
        return self._state.read("input_offset"), self._state.read("input_scale")

    def _workspace(self) -> _WorkspaceContext:
        """Return the context of a call's workspace. It drops the last pass and, on a device, takes the lock."""
        return _WorkspaceContext(self)

    def _take(self) -> Workspace:
        """Return the workspace of the thread's last pass, which ends, or another that no call uses."""
        last, self._passed.value = self._passed.value, None
        return self._state.take() if last is None else last.workspace

    def _pass(
        self, workspace: Workspace, data: Any, training: bool, step: int, row_offset: int, *, keep: bool = False
    ) -> NDArray[Any]:
        """Return the outputs of a forward pass over all rows of the data, which fit in the workspace."""
        count = len(data)
        counters = (np.uint64(step), np.uint64(row_offset)) if training else _NO_MASKS
        with self.memory.working():
            self._passes(data).forward(
                workspace.arrays, arrays_of(data), self._rows_of(count), training, keep, *counters
            )
        return workspace.outputs(count)

    def _passes(
        self,
        data: Any = None,
        update: str = "sgd",
        bounds: tuple[bool, bool] = (False, False),
        sample_weight: bool = False,
        accumulates: bool = False,
    ) -> passes.Passes:
        """Return the passes of the network for dense or sparse data and an update rule."""
        key = isinstance(data, SparseRows), update, bounds, sample_weight, accumulates
        result = self._passes_by_key.get(key)
        if result is None:
            spec = passes.PassSpec(
                self.loss, update, *bounds, self._kind, key[0], sample_weight, distinct(self.activation), accumulates
            )
            result = self._passes_by_key.setdefault(key, passes.passes_for(self.memory.device, spec))
        return result

    def _rows_of(self, size: int) -> NDArray[np.int64]:
        """Return the numbers of the first n rows, a view of `_rows`."""
        rows = self._rows  # another thread may replace it meanwhile
        if size > rows.size:
            rows = self._rows = np.arange(size)
        return rows[:size]

    # ------------------------------------------------------------ abstract methods

    @abstractmethod
    def check_xy(self, x: ArrayLike, y: ArrayLike, *, finite: bool = False, stage: bool = False) -> tuple[Any, Any]:
        """Return x and y in the form that kernels take, on the network's device."""

    @abstractmethod
    def as_input(self, x: ArrayLike) -> Any:
        """Return x in the form that kernels take."""

    @abstractmethod
    def to_device(self, array: Any) -> Any:
        """Return an array on the network's device."""


class _WorkspaceContext:
    """The workspace of a network during a call. A generator would take a microsecond more."""

    __slots__ = ("_network", "_turn", "_workspace")

    def __init__(self, network: Predictor) -> None:
        self._network, self._turn = network, network.memory.turn()

    def __enter__(self) -> Workspace:
        self._turn.__enter__()
        try:
            self._workspace = self._network._take()
        except BaseException:
            self._turn.__exit__(None, None, None)
            raise
        return self._workspace

    def __exit__(self, *raised: object) -> None:
        self._network._state.give_back(self._workspace)
        self._turn.__exit__(None, None, None)


def _reserve_chunk(workspace: Workspace, rows: int) -> int:
    """Reserve buffers for a chunk of n rows, halved until it fits, and return the size of the chunk."""
    chunk_size = max(1, min(MAX_CHUNK, rows))
    try:
        workspace.reserve(chunk_size)
    except DeviceError:
        if chunk_size == 1:
            raise
        return _reserve_chunk(workspace, chunk_size // 2)
    return chunk_size
