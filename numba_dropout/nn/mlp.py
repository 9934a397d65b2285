"""The multilayer perceptron as a user holds it: checks, state and saving; the arithmetic is in `passes`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import frames
from ..arrays.convert import on_host
from ..arrays.sparse import SparseRows, arrays_of
from ..core import checks
from ..core.access import Access, changes, reads
from ..core.errors import DeviceError, InputError
from ..functional.concrete_dropout import logits_of, rates_of_logits
from ..optim import Optimizer
from . import inputs, passes
from .memory import memory_of
from .passes import LOSSES
from .prediction import LastPass, Pass, Predictor
from .rate_schedules import RateScheduler
from .saving import Stored
from .state import INITS, State
from .variants import kinds
from .variants.concrete_dropout import regularization

__all__ = ["MLP"]


class MLP(Predictor, Stored):
    """A multilayer perceptron: linear layers with ReLU and dropout between them.

    A seed fixes everything: weights, masks and the order of the rows.

    Several threads may predict with one network at once, and save and copy it. One thread at a time may train or change
    it, while no other uses it: calls that conflict raise RuntimeError (docs/threads.md).

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input first: [784, 1024, 10].
    dropout : float or sequence
        Probability of dropping a hidden unit, in [0, 1]: one for all hidden layers, or one for each; for a layer, also
        an array (units,) with a rate for each unit.
    input_dropout : float or array (inputs,)
        The same for the input.
    seed : int
        `0..2**64-1`.
    loss : str
        "cross_entropy" (classes), "mse" (regression) or "bce" (targets in [0, 1], one logit for each).
    variant : str
        "dropout" drops units of each row; "gaussian" multiplies them by noise of the same variance instead;
        "subnetwork" drops the same units for all rows of a batch, which then are left out of its products: a step takes
        less time the more are dropped. "dropconnect" drops weights, a layer's at the rate of its input, the same for
        all rows of a batch (Wan et al., ICML 2013). "concrete" learns the rates with the weights, beginning with those
        given; a rate of 0 stays 0 (Gal, Hron & Kendall, NeurIPS 2017).
    weight_regularizer, dropout_regularizer : float, optional
        For "concrete": strengths a, b of `a |weight|**2 / (1 - p) - b inputs entropy(p)`, minimised with the loss, for
        each layer whose rate is learnt; reported losses are without it. Where they are not given, `fit` takes those of
        a prior length scale of 0.01 and its number of rows.
    init : str
        The weights that training begins with, uniform up to a bound: "he", the root of 6 / inputs (He et al., ICCV
        2015, equation 10), or "glorot", that of 6 / (inputs + units) (Glorot & Bengio, AISTATS 2010, equation 16).
    dtype : str
        "float32" or "float64".
    device : str
        "cpu", "cuda" or "cuda:0" for the first CUDA device, "cuda:1", ..., or "auto": CUDA where it can be used. A
        network stays where it was made; on CUDA it is of float32, and `state_dict` gives arrays of numba.cuda.
    precision : str
        Of the factors of products: "float32", or on CUDA "tf32" or "bf16", rounded for tensor cores; sums are float32.

    Attributes
    ----------
    device : str
        "cpu", or "cuda:0", "cuda:1", ...
    step : int
        Training steps done: the counter of the next step's masks.
    epoch : int
        Epochs done by `fit`: the counter of the next epoch's order.
    course : Course
        Of the dropout rates over training.
    classes : list or None
        What `predict` returns for class 0, 1, ...; None for the numbers themselves.
    tau : list of float or None
        Precision of the noise around a regression's values, 1 over its variance in the target's units, for each output.
    features, target, target_column : list of str, str, int; or None
        Names of the columns the network was trained on, and the target's position from 0 on, as far as they are known.

    Raises
    ------
    ValueError, TypeError
        Here, and in all methods: an argument is out of its range, of the wrong type, or does not fit the network.

    Examples
    --------
    >>> net = nd.MLP([2, 8, 3], dropout=0.5, input_dropout=0.1, seed=0)
    >>> x = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> net.forward(x).shape
    (2, 3)
    >>> net.predict_proba(x).sum(1).round(6)
    array([1., 1.])
    >>> np.array_equal(net.forward(x, training=True, step=3), net.forward(x, training=True, step=3))
    True
    >>> {name: array.shape for name, array in net.state_dict().items()}
    {'0.weight': (8, 2), '0.bias': (8,), '1.weight': (3, 8), '1.bias': (3,)}
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        dropout: float | Sequence[float | ArrayLike] = 0.5,
        input_dropout: float | ArrayLike = 0.0,
        seed: int = 0,
        loss: str = "cross_entropy",
        variant: str = "dropout",
        weight_regularizer: float | None = None,
        dropout_regularizer: float | None = None,
        init: str = "he",
        dtype: str = "float32",
        device: str = "cpu",
        precision: str = "float32",
    ) -> None:
        if loss not in LOSSES:
            raise InputError(f"loss: expected one of {', '.join(LOSSES)}, got {loss!r}")
        if dtype not in ("float32", "float64", np.float32, np.float64):
            raise InputError(f"dtype: expected float32 or float64, got {dtype!r}")
        if init not in INITS:
            raise InputError(f"init: expected one of {', '.join(INITS)}, got {init!r}")
        self.sizes = inputs.sizes(sizes, loss)
        self.dropout = inputs.rates(dropout, self.sizes[1:-1])
        self.input_dropout = inputs.input_rate(input_dropout, self.sizes[0])
        self.seed = checks.integer(seed, "seed", 0, 2**64 - 1)
        self.loss = loss
        self.variant = variant
        self.weight_regularizer = inputs.strength(weight_regularizer, "weight_regularizer", variant)
        self.dropout_regularizer = inputs.strength(dropout_regularizer, "dropout_regularizer", variant)
        self.init = init
        self.dtype = np.dtype(dtype)
        self.memory = memory_of(device, precision)
        self.device = self.memory.device
        if self.device != "cpu" and self.dtype != np.float32:
            raise DeviceError(f"dtype: expected float32 on {self.device}, got {self.dtype}")
        self.access = Access(type(self).__name__)
        self.step = 0
        self.epoch = 0
        self.rows: int | None = None  # that the regularisers of learnt rates are for
        self.classes: list[Any] | None = None
        self.tau: list[float] | None = None
        self.features: list[str] | None = None
        self.target: str | None = None
        self.target_column: int | None = None
        rates = self.input_dropout, *self.dropout
        self._kind = kinds.kind_of(variant, rates)
        self._state = State(self.sizes, rates, self.seed, self.dtype, self.memory, self._kind)
        if variant == "concrete":
            self._state.write_logits(logits_of(rates))
            self.regularize(None)
        self.rate_scheduler = RateScheduler(rates, self._state.net.thresholds, self._state.net.scales, self._kind)
        self._compositions: dict[tuple[Any, ...], passes.Passes] = {}
        self._rows = np.arange(0)
        self._last_row = 2**63 // max(self.sizes) - 1  # of which all elements have a place in the masks
        self._passed = LastPass()
        self._changes = 0  # calls of `train_steps`, after which a pass cannot go back
        self._state.draw_weights(self.seed, init)

    def __repr__(self) -> str:
        return (
            f"MLP({self.sizes}, dropout={self.dropout}, input_dropout={self.input_dropout}, seed={self.seed}, "
            f"loss={self.loss!r}, variant={self.variant!r}, dtype={self.dtype.name!r})"
        )

    # ------------------------------------------------------------ training

    @changes
    def train_step(self, x: ArrayLike, y: ArrayLike, optimizer: Optimizer) -> float:
        """Train on one batch: forward, backward, update; return its mean loss and advance `step`.

        x : array (rows, inputs); y : labels (rows,) or targets (rows, outputs).
        """
        data, target = self.check_xy(x, y)
        regularization = self.weight_regularizer, self.dropout_regularizer
        if self.variant == "concrete" and self.rows is None and None in regularization:
            raise InputError(
                "train_step: expected a network with weight_regularizer and dropout_regularizer, or one that `fit` has "
                "trained, which then knows how many rows there are"
            )
        target = self.memory.stage("y", target)
        data = self.bring(data) if isinstance(data, SparseRows) else self.memory.stage("x", data)
        sums = np.empty((1, 2))
        self.train_steps(sums, data, target, self._rows_of(len(data)), len(data), optimizer)
        return float(sums[0, 0] / len(data))

    @changes
    def train_steps(
        self,
        sums: NDArray[np.float64],
        data: NDArray[Any],
        target: NDArray[Any],
        rows: NDArray[np.int64],
        batch_size: int,
        optimizer: Optimizer,
        weights: Any = None,
    ) -> None:
        """Train on len(sums) consecutive batches of rows of the data, without Python in between.

        sums (S, 2) receives the sums of each batch's losses and correct predictions. `data`, `target` and `weights`
        (rows,), which may be None, are what `bring` returns, and are not checked. Advances `step` and the optimiser's.
        """
        if rows.base is not self._rows:
            inputs.check_rows(rows, batch_size, data, target, weights)
        with optimizer.access.changing("train_steps"), self._workspace() as workspace:
            workspace.reserve(batch_size)
            state = self.state_of(optimizer)
            hyperparameters = optimizer.hyperparameters(len(sums), self.dtype)
            limit = self.dtype.type(optimizer.max_norm or 0)
            step = checks.integer(self.step + len(sums), "number of steps", 0, 2**32) - len(sums)
            self._changes += 1
            sums[:] = -1.0  # no loss is negative: what has changed tells how many steps were done
            try:
                with self.memory.working():
                    self._passes(data, optimizer.update, optimizer.bounds, weights is not None).train_steps(
                        workspace.net,
                        sums,
                        arrays_of(data),
                        target if weights is None else passes.Weighted(target, weights),
                        rows,
                        batch_size,
                        step,
                        state,
                        hyperparameters,
                        *self.rate_scheduler.at(step, len(sums)),
                        limit,
                    )
            finally:  # Ctrl-C comes out of the call when its steps are done, or before the first of them
                whole = len(sums) and sums[-1, 0] != -1.0
                done = len(sums) if whole else int(np.count_nonzero(sums[:, 0] != -1.0))
                self.step += done
                optimizer.step += done

    @reads
    def forward(
        self, x: ArrayLike, training: bool = False, step: int | None = None, row_offset: int = 0
    ) -> NDArray[Any]:
        """Return the network's outputs (rows, outputs) before the loss: logits, or standardised values.

        With training=True the masks are those of `step` (default: the next one), for rows from row_offset on: the
        pieces of a batch get the masks of the whole.
        """
        given = self.as_input(x)
        step = min(self.step, 2**32 - 1) if step is None else checks.integer(step, "step", 0, 2**32 - 1)
        row_offset = checks.integer(row_offset, "row_offset", 0, self._last_row - len(given))
        with self.memory.turn():
            data, workspace = self.bring(given), self._take()
            try:
                workspace.reserve(len(data))
                out = self._pass(workspace, data, bool(training), step, row_offset)
            except BaseException:
                self._state.give_back(workspace)
                raise
            self._passed.value = Pass(workspace, len(data), bool(training), step, row_offset, self._changes)
        return out

    @changes
    def backward(self, dout: ArrayLike) -> NDArray[Any]:
        """Return the gradient by the input of the last `forward`, and fill `gradients()`.

        dout : array (rows, outputs), the gradient of a loss by what `forward` returned.
        """
        if self._passed.value is None or self._passed.value.changes != self._changes:
            raise InputError("backward: expected a forward before it, in this thread")
        workspace, rows, training, step, row_offset, _ = self._passed.value
        given = on_host(dout).astype(self.dtype)
        if given.shape != (rows, self.sizes[-1]):
            raise InputError(f"dout: expected shape {(rows, self.sizes[-1])}, got {given.shape}")
        with self.memory.turn():
            workspace.set_doutput(given)
            with self.memory.working():
                self._passes().backward(workspace.net, rows, training, True, np.uint64(step), np.uint64(row_offset))
            return workspace.dinput(rows)

    # ------------------------------------------------------------ parameters

    @reads
    def state_dict(self) -> dict[str, Any]:
        """Return live views of the parameters, by name: "0.weight" (units, inputs), "0.bias" (units,), ...

        NumPy's arrays, or numba.cuda's for a network on a device (`weights` gives NumPy's for both).
        """
        return self._state.parameters()

    @reads
    def gradients(self) -> dict[str, Any]:
        """Return live views of the gradients that the last backward pass filled, by the names of `state_dict`."""
        return self._state.gradients()

    @reads
    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the parameters as NumPy's arrays, by the names of `state_dict`; on the CPU they are live views."""
        return {name: self.memory.read(array) for name, array in self.state_dict().items()}

    @changes
    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Copy parameters in, by the names and shapes of `state_dict`."""
        self._state.load(state)

    @changes
    def scale_input(self, shift: ArrayLike, stretch: ArrayLike) -> None:
        """Let the network see (x - shift) * stretch, numbers or arrays (inputs,), from now on."""
        self._state.scale(("shift", "stretch"), shift, stretch)

    @changes
    def scale_target(self, shift: ArrayLike, stretch: ArrayLike) -> None:
        """Let the network learn (y - shift) * stretch, numbers or arrays (outputs,); `predict` undoes it."""
        if self.loss != "mse":
            raise InputError(f"scale_target: expected a regression, got loss {self.loss!r}")
        self._state.scale(("target_shift", "target_stretch"), shift, stretch)

    # ------------------------------------------------------------ what the others use

    def state_of(self, optimizer: Optimizer) -> Any:
        """Return an optimiser's state (slots, P) for this network, zeros at first; no other network's from then on.

        One that comes out of a pickle keeps its state, if it is of the size of this network's.
        """
        params, saved = self._state.net.params, optimizer.state
        if optimizer.params is not None or saved is None:
            return optimizer.bind(params, self.memory.zeros)
        if saved.shape[1:] != tuple(params.shape):
            raise InputError("optimizer: expected a new one, got one that has trained another network")
        optimizer.state = None
        state = optimizer.bind(params, self.memory.zeros)
        self.memory.write(state, saved)
        return state

    def check_xy(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return x and y as the kernels take them, after making sure that they have as many rows, and some."""
        data, target = self.as_input(x), self.as_target(y)
        if len(data) != len(target):
            raise InputError(f"y: expected {len(data)} rows like x, got {len(target)}")
        if len(data) == 0:
            raise InputError("x: expected at least one row, got none")
        return data, target

    def bring(self, array: Any) -> Any:
        """Return what `as_input` or `as_target` returned where the network is: a copy on its device, once."""
        return array.map(self.memory.copy) if isinstance(array, SparseRows) else self.memory.copy(array)

    def as_input(self, x: ArrayLike) -> Any:
        """Return x (rows, inputs) as kernels take it, of uint8, float32 or float64; NumPy's integers become float64.

        SciPy's sparse matrices and arrays stay compressed, as `SparseRows`. A frame of pandas or polars has the columns
        of `features`, where they are known.
        """
        x = frames.values(x, self.features) if frames.is_frame(x) else x
        return inputs.rows(x, self.sizes[0], self.device)

    def as_target(self, y: ArrayLike) -> Any:
        """Return y as the kernels take it: labels (rows,) int64, or targets (rows, outputs) of the network's dtype."""
        if self.loss == "cross_entropy":
            return inputs.labels(y, self.sizes[-1])
        return inputs.targets(y, self.sizes[-1], self.dtype, unit=self.loss == "bce")

    @property
    def size(self) -> int:
        """Number of parameters, of logits of rates that are learnt too."""
        return sum(int(array.size) for array in self._state.parameters().values())

    @property
    def name(self) -> str:
        """The sizes of the layers, as one writes them: 784-1024-10."""
        return "-".join(map(str, self.sizes))

    @property
    @reads
    def rates(self) -> list[Any]:
        """The dropout rates, the input's first: as they were given, or for "concrete" as they are learnt so far."""
        rates = [self.input_dropout, *self.dropout]
        if self.variant != "concrete":
            return rates
        return [p and now for p, now in zip(rates, rates_of_logits(self._state.logits()), strict=True)]

    def stages(self) -> list[tuple[str, int]]:
        """Return the flow of a row through the network: the name of each stage, and how many values leave it."""
        return kinds.stages(self.sizes, self.rates, self.variant)

    @changes
    def regularize(self, rows: int | None) -> None:
        """Let the regularisers be those for a data set of so many rows, as far as their strengths were not given."""
        if self.variant != "concrete":
            return
        self.rows, given = rows, (self.weight_regularizer, self.dropout_regularizer)
        own = (math.nan, math.nan) if rows is None else regularization(self.loss, self.sizes[-1], rows)
        self._state.write("regularization", np.array([b if a is None else a for a, b in zip(given, own, strict=True)]))
