"""The multilayer perceptron: the public class, with its checks and parameters. `passes` has the arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import frames
from ..arrays.memory import memory_of
from ..arrays.sparse import SparseRows
from ..core import checks
from ..core.access import Access, changes, reads
from ..core.errors import DeviceError, InputError, warn
from ..data.columns.encoder import ColumnEncoder
from ..data.readers.sources import read
from ..data.table import Table
from ..functional.concrete_dropout import logits_of, rates_of_logits
from ..kernels.scalar.activations import ACTIVATIONS
from . import inputs, passes
from .passes import LOSSES
from .prediction import LastPass
from .rate_schedules import RateScheduler
from .saving import Saveable
from .state import INITS, State
from .trainable import Trainable
from .variants import kinds
from .variants.concrete_dropout import regularization

__all__ = ["MLP"]


class MLP(Trainable, Saveable):
    """A multilayer perceptron: linear layers with an activation and dropout between them.

    The seed determines the initial weights, the masks and the order of the rows.

    Several threads may predict with one network at once, and save and copy it. Only one thread at a time may train or
    change it, and no other may use it meanwhile. Conflicting calls raise RuntimeError (docs/threads.md).

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input first: [784, 1024, 10].
    activation : str or sequence
        Activation of the hidden layers, one for all or a sequence with one for each, such as "relu", "gelu" or "tanh".
        docs/activations.md has all names.
    dropout : float or sequence
        Probability of dropping a hidden unit, in [0, 1]: one for all hidden layers, or a sequence with one for each.
        For a layer it can be an array (units,) with one for each unit.
    input_dropout : float or array (inputs,)
        Probability of dropping an input, in [0, 1].
    seed : int
        `0..2**64-1`.
    loss : str
        "cross_entropy" (classes), "bce" (targets in [0, 1], one logit for each), or a loss of a regression: "mse",
        "huber" (squared up to an error of 1 in standardized units, linear beyond; Huber, 1964), "absolute", or
        "poisson" (counts at least 0, whose rates are the exponentials of the outputs).
    variant : str
        "dropout" drops units of each row. "gaussian" multiplies units by noise of the same variance. "subnetwork" drops
        the same units for all rows of a batch and leaves them out of its products: higher rates give faster steps.
        "dropconnect" drops the weights of a layer at the rate of its input, the same for all rows of a batch (Wan et
        al., ICML 2013). "alpha" sets dropped units to the limit of selu, and keeps mean and variance (Klambauer et al.,
        NeurIPS 2017): it is meant for activation="selu". "concrete" learns the rates with the weights, starting from
        the given ones. A rate of 0 stays 0 (Gal, Hron & Kendall, NeurIPS 2017).
    weight_regularizer, dropout_regularizer : float, optional
        For "concrete": strengths a, b of `a |weight|**2 / (1 - p) - b inputs entropy(p)`, which training adds to the
        loss for each layer with a learned rate. Reported losses exclude it. By default, `fit` sets the strengths for a
        prior length scale of 0.01 and its number of rows.
    init : str
        Distribution of the initial weights, uniform up to a bound: "he", sqrt(6 / inputs) (He et al., ICCV 2015,
        equation 10), "glorot", sqrt(6 / (inputs + units)) (Glorot & Bengio, AISTATS 2010, equation 16), or "lecun",
        sqrt(3 / inputs) (LeCun et al., 1998, section 4.6). "auto" takes the one that fits each layer's activation:
        lecun for selu, glorot for tanh, logistic and identity, he for the others. The output layer takes that of the
        last hidden layer. The attribute `init` names it if all layers have the same.
    dtype : str
        "float32" or "float64".
    device : str
        "cpu", "cuda" or "cuda:0" for the first CUDA device, "cuda:1", ..., or "auto": CUDA if available. A network
        stays on its device. On CUDA its dtype is float32, and `state_dict` returns arrays of numba.cuda.
    precision : str
        Precision of the factors of matrix products: "float32", or on CUDA "tf32" or "bf16", rounded for tensor cores.
        Sums are float32.

    Attributes
    ----------
    device : str
        "cpu", or "cuda:0", "cuda:1", ...
    step : int
        Completed training steps: the counter of the next step's masks.
    epoch : int
        Completed epochs of `fit`: the counter of the next epoch's order of rows.
    rate_scheduler : RateScheduler
        The dropout rates of each training step.
    classes : list or None
        Labels that `predict` returns for class 0, 1, ... If it is None, `predict` returns class numbers.
    threshold : float or None
        For two classes: `predict` returns the second class where its probability is above this number. If it is None,
        `predict` returns the more probable class. `training.threshold.best_threshold` finds one.
    tau : list of float or None
        Precision of a regression's noise for each output: 1 / variance, in units of the transformed target.
    target_transform : str
        Transformation of a regression's target, set by `transform_target`: "none", "log1p" or "yeo-johnson".
    target_lambdas : list of float or None
        The parameter of "yeo-johnson" for each output.
    features, target, target_column : list of str, str and int, or None
        Names of the training columns, and the index of the target column, if known.
    target_names : list of str or None
        Names of several target columns.
    encoder : ColumnEncoder or None
        What was learnt of the columns of the training table. With it, methods take frames and tables as x.
    table_options, split : dict or None
        The options with which the table was read (`TableOptions.to_dict`), and which of its rows were held out.

    Raises
    ------
    ValueError, TypeError
        Here and in all methods: an argument is out of range, of the wrong type, or does not fit the network.

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
        activation: str | Sequence[str] = "relu",
        dropout: float | Sequence[float | ArrayLike] = 0.5,
        input_dropout: float | ArrayLike = 0.0,
        seed: int = 0,
        loss: str = "cross_entropy",
        variant: str = "dropout",
        weight_regularizer: float | None = None,
        dropout_regularizer: float | None = None,
        init: str = "auto",
        dtype: str = "float32",
        device: str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.loss = checks.choice(loss, "loss", LOSSES)
        if dtype not in ("float32", "float64", np.float32, np.float64):
            raise InputError(f"dtype: expected float32 or float64, got {dtype!r}")
        checks.choice(init, "init", ("auto", *INITS))
        self.sizes = inputs.sizes(sizes, loss)
        self.activation = inputs.activations(activation, len(self.sizes) - 2)
        self.dropout = inputs.rates(dropout, self.sizes[1:-1])
        self.input_dropout = inputs.input_rate(input_dropout, self.sizes[0])
        self.seed = checks.integer(seed, "seed", 0, 2**64 - 1)
        self.variant = variant
        self.weight_regularizer = inputs.strength(weight_regularizer, "weight_regularizer", variant)
        self.dropout_regularizer = inputs.strength(dropout_regularizer, "dropout_regularizer", variant)
        inits = [ACTIVATIONS[name].init if init == "auto" else init for name in self.activation or ["relu"]]
        self.init = inits[0] if len(set(inits)) == 1 else init
        self.dtype = np.dtype(dtype)
        self.memory = memory_of(device, precision)
        self.device = self.memory.device
        if self.device != "cpu" and self.dtype != np.float32:
            raise DeviceError(f"dtype: expected float32 on {self.device}, got {self.dtype}")
        self.access = Access(type(self).__name__)
        self.step = 0
        self.epoch = 0
        self.rows: int | None = None  # rows of the data set that sets the default regularizers
        self.classes: list[Any] | None = None
        self.tau: list[float] | None = None
        self.target_transform = "none"
        self.target_lambdas: list[float] | None = None
        self.features: list[str] | None = None
        self.target: str | None = None
        self.target_column: int | None = None
        self.target_names: list[str] | None = None
        self.encoder: ColumnEncoder | None = None
        self.table_options: dict[str, Any] | None = None
        self.split: dict[str, Any] | None = None
        rates = self.input_dropout, *self.dropout
        self._kind = kinds.kind_of(variant, rates)
        self._state = State(self.sizes, rates, self.seed, self.dtype, self.memory, self._kind, self.activation)
        if variant == "concrete":
            self._state.write_logits(logits_of(rates))
            self.regularize(None)
        self.rate_scheduler = RateScheduler(rates, *self._state.net.rates, self._kind)
        self._passes_by_key: dict[tuple[Any, ...], passes.Passes] = {}
        self._rows = np.arange(0)
        self._last_row = 2**63 // max(self.sizes) - 1  # the last whose elements have counters below 2**63
        self._passed = LastPass()
        self._accumulated: tuple[Any, Any] | None = None  # arrays of steps in chunks
        self._has_gradients = False  # of a backward pass since the last training step
        self._changes = 0  # calls of `train_steps`: each makes earlier passes unfit for `backward`
        self._state.draw_weights(self.seed, [*inits, inits[-1]])

    def __repr__(self) -> str:
        return (
            f"MLP({self.sizes}, activation={self.activation}, dropout={self.dropout}, "
            f"input_dropout={self.input_dropout}, seed={self.seed}, loss={self.loss!r}, variant={self.variant!r}, "
            f"init={self.init!r}, dtype={self.dtype.name!r})"
        )

    @reads
    def state_dict(self) -> dict[str, Any]:
        """Return live views of the parameters under the names "0.weight" (units, inputs), "0.bias" (units,), ...

        They are NumPy arrays, or arrays of numba.cuda on a device. `weights` always returns NumPy arrays.
        """
        return self._state.parameters()

    @reads
    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the parameters as NumPy arrays, under the names of `state_dict`. On the CPU they are live views."""
        return {name: self.memory.read(array) for name, array in self.state_dict().items()}

    @changes
    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Set the parameters from arrays with the names and shapes of `state_dict`."""
        self._state.load(state)

    @changes
    def scale_input(self, offset: ArrayLike, scale: ArrayLike) -> None:
        """Set the scaling of the input to (x - offset) * scale, numbers or arrays (inputs,)."""
        self._state.scale(("input_offset", "input_scale"), offset, scale)

    def check_xy(self, x: ArrayLike, y: ArrayLike, *, finite: bool = False, stage: bool = False) -> tuple[Any, Any]:
        """Return x and y in the form that kernels take, on the network's device.

        Raise InputError if they have no rows, or not equally many, or, with `finite`, if a value is NaN or infinite.
        `stage` copies them to the arrays of the last batch of their shape.
        """
        data, target = self.as_input(x), self.as_target(y)
        if len(data) != len(target):
            raise InputError(f"y: expected {len(data)} rows like x, got {len(target)}")
        if len(data) == 0:
            raise InputError("x: expected at least one row, got none")
        if finite:
            inputs.check_finite(data, "x")
            inputs.check_finite(target, "y")
        if stage and not isinstance(data, SparseRows):
            return self.memory.stage("x", data), self.memory.stage("y", target)
        return self.to_device(data), self.to_device(target)

    def to_device(self, array: Any) -> Any:
        """Return an array of `as_input` or `as_target` on the network's device, copied if it is elsewhere."""
        return array.map(self.memory.to_device) if isinstance(array, SparseRows) else self.memory.to_device(array)

    def as_input(self, x: ArrayLike) -> Any:
        """Return x (rows, inputs) in the form that kernels take: uint8, float32 or float64.

        Other integer types of NumPy become float64. SciPy's sparse matrices and arrays stay compressed, as
        `SparseRows`. A data frame of pandas or polars must have the columns of `features`, if it is set. The `encoder`
        encodes frames and tables, and warns of categories that it does not know, gaps, and numbers far outside the
        training range.
        """
        if self.encoder is not None and (isinstance(x, Table) or frames.is_frame(x)):
            try:
                result = self.encoder.transform(read(x))
            except InputError as error:  # its remedy is an option that this method does not have
                raise InputError(error.problem) from None
            for fact in result.facts:
                warn(fact)
            x = result.x
        x = frames.values(x, self.features) if frames.is_frame(x) else x
        return inputs.rows(x, self.sizes[0], self.device)

    @property
    def size(self) -> int:
        """Number of parameters, including the logits of learned rates."""
        return sum(int(array.size) for array in self._state.parameters().values())

    @property
    def name(self) -> str:
        """Sizes of the layers joined by hyphens: 784-1024-10."""
        return "-".join(map(str, self.sizes))

    @property
    @reads
    def rates(self) -> list[Any]:
        """Dropout rates, the input's first: those of the arguments, or for "concrete" the learned ones."""
        rates = [self.input_dropout, *self.dropout]
        if self.variant != "concrete":
            return rates
        return [p and learned for p, learned in zip(rates, rates_of_logits(self._state.logits()), strict=True)]

    def stages(self) -> list[tuple[str, int]]:
        """Return the stages that a row passes in the network: the name and the number of output values of each."""
        return kinds.stages(self.sizes, self.activation, self.rates, self.variant)

    @changes
    def regularize(self, rows: int | None) -> None:
        """Set the regularizers for a data set of n rows, except for strengths that the user set."""
        if self.variant != "concrete":
            return
        self.rows, strengths = rows, (self.weight_regularizer, self.dropout_regularizer)
        defaults = (math.nan, math.nan) if rows is None else regularization(self.loss, self.sizes[-1], rows)
        values = [default if value is None else value for value, default in zip(strengths, defaults, strict=True)]
        self._state.write_regularizers(values)
