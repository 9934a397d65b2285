"""What a network says of rows: outputs, labels, values, probabilities, and how sure it is of them."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays.convert import on_host
from ..arrays.sparse import SparseRows, arrays_of
from ..core import checks
from ..core.access import Access, reads
from ..core.errors import DeviceError, InputError
from ..kernels.cpu.linear import SKINNY
from . import passes
from .memory import Memory
from .monte_carlo import MonteCarlo, of_classes, of_values
from .state import State, Workspace

__all__ = ["LastPass", "Pass", "Predictor"]

ROOM = 1024  # rows that prediction takes at once
_NO_MASKS = np.uint64(0), np.uint64(0)  # step and row of a pass without dropout


class Pass(NamedTuple):
    """A call of `forward`, for `backward`, and the workspace that it holds until the thread's next call."""

    workspace: Workspace
    rows: int
    training: bool
    step: int
    row_offset: int
    changes: int  # of the network's parameters by training, before it


class LastPass(threading.local):
    """The last pass of each thread."""

    value: Pass | None = None


class Predictor(ABC):
    """The part of a network that predicts; what it needs of the rest comes last."""

    sizes: list[int]
    loss: str
    dtype: np.dtype[Any]
    classes: list[Any] | None
    memory: Memory
    access: Access
    _state: State
    _kind: str
    _compositions: dict[tuple[Any, ...], passes.Passes]
    _rows: NDArray[np.int64]
    _passed: LastPass
    _last_row: int

    @reads
    def evaluate_loss(self, x: ArrayLike, y: ArrayLike) -> tuple[float, float | None]:
        """Return the mean loss and the accuracy (None for a regression) in evaluation mode."""
        return self.measure(*map(self.bring, self.check_xy(x, y)))

    @reads
    def measure(self, data: Any, target: Any) -> tuple[float, float | None]:
        """Do what `evaluate_loss` does, with what `bring` returns; nothing is checked."""
        with self._workspace() as workspace:
            piece = _piece_of(workspace, len(data))
            sums = np.zeros((-(-len(data) // piece), 2))
            rows = self._rows_of(len(data))
            with self.memory.working():
                self._passes(data).evaluate(workspace.net, sums, arrays_of(data), target, rows, piece)
        loss, correct = sums[0].tolist() if len(sums) == 1 else sums.sum(0).tolist()
        return loss / len(data), None if self.loss == "mse" else correct / len(data)

    @reads
    def outputs(self, x: ArrayLike) -> NDArray[Any]:
        """Return what `forward` returns in evaluation mode, for any number of rows, a piece at a time."""
        return self._outputs(x)

    def _outputs(self, x: ArrayLike) -> NDArray[Any]:
        """Do what `outputs` does, for a call that reads the network already."""
        given = self.as_input(x)
        result = np.empty((len(given), self.sizes[-1]), self.dtype)
        with self._workspace() as workspace:
            data = self.bring(given)
            piece = _piece_of(workspace, len(data))
            for start in range(0, len(data), piece):
                result[start : start + piece] = self._pass(workspace, data[start : start + piece], False, 0, 0)
        return result

    @reads
    def standardized(self, x: ArrayLike) -> NDArray[Any]:
        """Return x (rows, inputs) as the first layer sees it, scaled in float64 and rounded to the network's dtype."""
        shift, stretch = self.input_scaling()
        values = on_host(self.as_input(x)).astype(np.float64)
        return ((values - shift) * stretch).astype(self.dtype)

    def samples(self, x: ArrayLike, samples: int, *, step: int = 0, row_offset: int = 0) -> Iterator[NDArray[Any]]:
        """Yield what `forward` would return in training mode, (rows, outputs), for so many draws of the masks.

        The masks are those of purpose "monte carlo" (docs/mask.md), the first draw's at `step`, the others' at the
        steps after it: of each row its own, whichever rows there are beside it, and the same on any number of threads.
        x begins with row `row_offset`: the pieces of a set get the masks of the whole. x may not change until the last
        draw is taken.

        Raises ValueError or TypeError where x does not fit, or a number is out of its range.
        """
        step = checks.integer(step, "step", 0, 2**32 - 2)
        samples = checks.integer(samples, "samples", 1, 2**32 - 1 - step)
        data = self.bring(self.as_input(x))
        if len(data) == 0:
            raise InputError("x: expected at least one row, got none")
        row_offset = checks.integer(row_offset, "row_offset", 0, self._last_row - len(data))
        return self._draw(data, samples, step, row_offset)

    def _draw(self, data: Any, samples: int, step: int, row_offset: int) -> Iterator[NDArray[Any]]:
        """Do what `samples` has checked."""
        rows = len(data)
        with self.access.reading("samples"), self._workspace() as workspace:
            most = _piece_of(workspace, ROOM)
        at_once = min(rows, most)
        least = -(-(SKINNY + 1) // at_once)  # sums of fewer rows are cut in another way
        several = min(most // at_once, max(samples, least))
        for first in range(0, samples, several):
            drawn = np.empty((several, rows, self.sizes[-1]), self.dtype)
            for start in range(0, rows, at_once):
                start = min(start, rows - at_once)  # the last piece is as large as the others
                numbers = np.tile(np.arange(start, start + at_once), several)
                at = np.uint64(step + first), np.uint64(row_offset + start)
                with self.access.reading("samples"), self._workspace() as workspace:
                    workspace.reserve(len(numbers))
                    with self.memory.working():
                        self._passes(data).sample(workspace.net, arrays_of(data), numbers, at_once, *at)
                    out = workspace.outputs(len(numbers))
                drawn[:, start : start + at_once] = out.reshape(several, at_once, -1)
            yield from drawn[: samples - first]

    @reads
    def predict_mc(self, x: ArrayLike, samples: int = 100, *, step: int = 0, row_offset: int = 0) -> MonteCarlo:
        """Return what many draws of the dropout masks say of rows: mean and spread, in `MonteCarlo`.

        x : array (rows, inputs); samples : number of draws; step, row_offset, and errors, as in `samples`.

        References
        ----------
        Gal & Ghahramani, ICML 2016, section 4.
        """
        return self.aggregate(self.sample_predictive(x, samples, step=step, row_offset=row_offset))

    def sample_predictive(
        self, x: ArrayLike, samples: int, *, step: int = 0, row_offset: int = 0
    ) -> Iterator[NDArray[np.float64]]:
        """Return what `samples` does, as `predictive` gives it."""
        draws = self.samples(x, samples, step=step, row_offset=row_offset)
        if self.loss != "mse":
            return map(self.predictive, draws)
        stretch, shift = map(np.array, self.target_scaling())  # once: on a device they are read from there
        return (out / stretch + shift for out in draws)

    def aggregate(self, predictive: Iterable[NDArray[np.float64]]) -> MonteCarlo:
        """Return what answers of several passes say together."""
        if self.loss == "mse":
            return of_values(predictive)
        return of_classes(predictive, independent=self.loss == "bce" and self.sizes[-1] > 1)

    @reads
    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """Return labels (rows,) for classes, or values for a regression: (rows,), or (rows, outputs) if several.

        Labels are those of `classes` where they are known, else class numbers; "bce" gives 0 or 1 for each output.
        """
        out = self._outputs(x)
        if self.loss == "mse":
            values = self.predictive(out)
            return values[:, 0] if values.shape[1] == 1 else values
        labels = out.argmax(1) if self.loss == "cross_entropy" else (out > 0).astype(np.int64)
        if self.loss == "bce" and labels.shape[1] == 1:
            labels = labels[:, 0]
        return labels if self.classes is None else np.asarray(self.classes)[labels]

    @reads
    def predict_proba(self, x: ArrayLike) -> NDArray[Any]:
        """Return probabilities (rows, classes); with one "bce" output those of 0 and 1, with several those of 1."""
        if self.loss == "mse":
            raise InputError("predict_proba: expected a network for classes, got one for a regression")
        return self.predictive(self._outputs(x))

    def predictive(self, out: NDArray[Any]) -> NDArray[Any]:
        """Return what outputs of `forward` mean: probabilities as `predict_proba` gives them, or a regression's values.

        Probabilities are float64; values (rows, outputs) are in the target's units.
        """
        if self.loss == "mse":
            with self.access.reading("answers"):
                stretch, shift = self.target_scaling()
                return np.asarray(out / stretch + shift)
        return np.exp(self.log_probabilities(out))

    def log_probabilities(self, out: NDArray[Any]) -> NDArray[np.float64]:
        """Return the logarithms of the probabilities of `predictive`, which are finite where those are 0."""
        out = out.astype(np.float64)
        if self.loss == "bce":
            ones = -np.logaddexp(0.0, -out)
            return np.hstack([-np.logaddexp(0.0, out), ones]) if out.shape[1] == 1 else ones
        out = out - out.max(1, keepdims=True)
        return out - np.log(np.exp(out).sum(1, keepdims=True))

    @reads
    def input_scaling(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return shift and stretch (inputs,): the network sees (x - shift) * stretch."""
        return self._state.read("shift"), self._state.read("stretch")

    @reads
    def target_scaling(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return stretch and shift (outputs,) of a regression: it learns (y - shift) * stretch."""
        return self._state.read("target_stretch"), self._state.read("target_shift")

    def _workspace(self) -> _Held:
        """Return the context of a call's workspace, on a device with the network's turn; it drops the last pass."""
        return _Held(self)

    def _take(self) -> Workspace:
        """Return the workspace of the thread's last pass, which is dropped, or another that no call uses."""
        last, self._passed.value = self._passed.value, None
        return self._state.take() if last is None else last.workspace

    def _pass(self, workspace: Workspace, data: Any, training: bool, step: int, row_offset: int) -> NDArray[Any]:
        """Return the outputs of a forward pass over all rows of the data, for which there is room."""
        count = len(data)
        at = (np.uint64(step), np.uint64(row_offset)) if training else _NO_MASKS
        with self.memory.working():
            self._passes(data).forward(workspace.net, arrays_of(data), self._rows_of(count), training, *at)
        return workspace.outputs(count)

    def _passes(
        self,
        data: Any = None,
        update: str = "sgd",
        bounds: tuple[bool, bool] = (False, False),
        sample_weight: bool = False,
    ) -> passes.Passes:
        """Return the passes over the network, for data of a kind and a rule that updates the parameters."""
        asked = isinstance(data, SparseRows), update, bounds, sample_weight
        found = self._compositions.get(asked)
        if found is None:
            choice = passes.PassSpec(self.loss, update, *bounds, self._kind, asked[0], sample_weight)
            found = self._compositions.setdefault(asked, self.memory.passes(choice))
        return found

    def _rows_of(self, size: int) -> NDArray[np.int64]:
        """Return the numbers of the first rows, a view of `_rows`."""
        rows = self._rows  # which another thread may replace meanwhile
        if size > rows.size:
            rows = self._rows = np.arange(size)
        return rows[:size]

    # ------------------------------------------------------------ what it needs

    @abstractmethod
    def check_xy(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return x and y as the kernels take them."""

    @abstractmethod
    def as_input(self, x: ArrayLike) -> Any:
        """Return x as the kernels take it."""

    @abstractmethod
    def bring(self, array: Any) -> Any:
        """Return an array where the network is."""


class _Held:
    """A workspace of a network for the time of a call; not a generator, which takes a microsecond more."""

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


def _piece_of(workspace: Workspace, rows: int) -> int:
    """Make room for a piece of n rows to predict, or half as many until they fit; return how many."""
    piece = max(1, min(ROOM, rows))
    try:
        workspace.reserve(piece)
    except DeviceError:
        if piece == 1:
            raise
        return _piece_of(workspace, piece // 2)
    return piece
