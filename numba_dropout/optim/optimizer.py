"""Optimisers and learning-rate schedules.

An optimiser holds numbers and the state of one network; the arithmetic is in `kernels`. It hands the kernels one row
of settings for each step, so that many steps run without coming back to Python.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..arrays.backend import Allocate
from ..arrays.convert import on_host
from ..core import checks, errors
from ..core.access import Access
from ..kernels.simd import aligned

__all__ = [
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "Schedule",
    "cosine",
    "inverse_time",
    "schedule_name",
    "step_decay",
]

# A schedule takes step numbers from 0 on, and the number of steps in all, and returns factors on the learning rate.
Schedule = Callable[[NDArray[np.float64], int], NDArray[np.float64]]


def constant(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Keep the learning rate."""
    return np.ones_like(steps)


def cosine(steps: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Fall from 1 to 0 along half a cosine over all steps (Loshchilov & Hutter, ICLR 2017, without restarts)."""
    return 0.5 * (1.0 + np.cos(np.pi * np.minimum(steps / max(total, 1), 1.0)))


def inverse_time(decay_steps: float = 1000.0) -> Schedule:
    """Return the schedule 1 / (1 + step / decay_steps) (Robbins & Monro, 1951)."""
    decay_steps = checks.number(decay_steps, "decay_steps", above=0)
    return functools.partial(_inverse_time, decay_steps=decay_steps)


def _inverse_time(steps: NDArray[np.float64], total: int, *, decay_steps: float) -> NDArray[np.float64]:
    return 1.0 / (1.0 + steps / decay_steps)


def step_decay(decay_steps: float = 1000.0, factor: float = 0.1) -> Schedule:
    """Return the schedule factor ** (step // decay_steps)."""
    decay_steps = checks.number(decay_steps, "decay_steps", above=0)
    factor = checks.number(factor, "factor", above=0)
    return functools.partial(_step_decay, decay_steps=decay_steps, factor=factor)


def _step_decay(steps: NDArray[np.float64], total: int, *, decay_steps: float, factor: float) -> NDArray[np.float64]:
    return factor ** (steps // decay_steps)


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "inverse": inverse_time(),
    "cosine": cosine,
    "step": step_decay(),
}


FIRST_MOMENTUM = 0.5  # where one that rises begins


class Optimizer:
    """Base of the optimisers.

    Parameters
    ----------
    lr : float
        Learning rate, above 0.
    weight_decay : float
        Strength, at least 0; reaches weights, never biases.
    clip_norm : float, optional
        Bound on the norm of the whole gradient of a step, without weight decay (Pascanu et al., ICML 2013).
    max_norm : float, optional
        Bound on the norm of each hidden unit's incoming weights (Srivastava et al., JMLR 2014, section 5.1).
    schedule : str or callable
        Course of the learning rate: "constant"; "inverse", 1 / (1 + step / 1000); "cosine", from 1 to 0 over all steps;
        "step", a tenth every 1000 steps; or a function of (steps (n,), total steps) that returns factors (n,).
    total_steps : int, optional
        Length of the schedule; where it is not given, a call of `fit` lets the schedule end with its last step.

    Examples
    --------
    >>> nd.Adam(lr=0.01, max_norm=3.0, schedule="step").rates(3, step=999)
    array([0.01 , 0.001, 0.001])
    """

    update: ClassVar[str]  # the kernel, less its "linear_"
    slots: ClassVar[int]  # numbers of state for each parameter

    def __init__(
        self,
        lr: float,
        *,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        schedule: str | Schedule = "constant",
        total_steps: int | None = None,
    ) -> None:
        self.lr = checks.number(lr, "lr", above=0)
        self.weight_decay = checks.number(weight_decay, "weight_decay", at_least=0)
        self.clip_norm = None if clip_norm is None else checks.number(clip_norm, "clip_norm", above=0)
        self.max_norm = None if max_norm is None else checks.number(max_norm, "max_norm", above=0)
        if isinstance(schedule, str) and schedule not in SCHEDULES:
            raise errors.InputError(f"schedule: expected one of {', '.join(SCHEDULES)}, got {schedule!r}")
        if not isinstance(schedule, str) and not callable(schedule):
            raise TypeError(f"schedule: expected a name or a function, got {schedule!r}")
        self._known = isinstance(schedule, str)  # and needs no checks
        self.schedule = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
        self.total_steps = None if total_steps is None else checks.integer(total_steps, "total_steps", 1, 2**63)
        self.access = Access(type(self).__name__)
        self.end: int | None = None  # of the fit that is going on
        self.step = 0
        self.state: NDArray[Any] | None = None
        self.params: NDArray[Any] | None = None

    def __str__(self) -> str:
        return f"{type(self).__name__} with learning rate {self.lr:g}"

    def __repr__(self) -> str:
        return f"<{self}, {self.step} steps done>"

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the state as NumPy's array, without the network that it belongs to."""
        with self.access.reading("copy"):
            state = None if self.state is None else np.array(on_host(self.state))
            return {**vars(self), "state": state, "params": None, "access": None}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """Take what `__getstate__` returned; InputError where it holds no state of this rule."""
        state = kept["state"]
        if state is not None and (
            np.ndim(state) != 2 or len(state) != self.slots or np.asarray(state).dtype.kind != "f"
        ):
            raise errors.InputError(
                f"optimizer: a damaged pickle: expected a state ({self.slots}, parameters) of floats, got an array "
                f"{np.shape(state)} of {np.asarray(state).dtype}"
            )
        vars(self).update(kept, access=Access(type(self).__name__))

    def bind(self, params: Any, zeros: Allocate = aligned) -> Any:
        """Return the state (slots, P) for a network's parameters, zeros at first; it belongs to one network."""
        wanted, dtype = (self.slots, params.size), params.dtype
        state: Any
        if self.state is None:
            state = zeros(self.slots * params.size, dtype)
            self.state, self.params = state.reshape(wanted), params
        if self.params is not params:
            raise errors.InputError("optimizer: expected a new one, got one that has trained another network")
        state = self.state
        given = getattr(state, "shape", None), getattr(state, "dtype", None)
        if given != (wanted, dtype) or not state.flags["C_CONTIGUOUS"]:
            raise errors.InputError(
                f"optimizer.state: expected a contiguous array {wanted} of {dtype}, got shape {given[0]} of "
                f"{given[1]}; only training changes it"
            )
        return state

    def choices(self) -> dict[str, Any]:
        """Return what the optimiser was made of, by name."""
        own = {name: value for name, value in vars(self).items() if name not in _WORKING}
        return {"optimizer": type(self).__name__, **own, "schedule": schedule_name(self.schedule)}

    def rates(self, n: int, step: int | None = None) -> NDArray[np.float64]:
        """Return the learning rates (n,) of n steps, the next ones or those from a step on."""
        total = self.end if self.total_steps is None else self.total_steps
        if self.schedule is cosine and total is None:
            raise errors.InputError("total_steps: expected a number of steps for the cosine schedule, got None")
        if self.schedule is constant:
            return np.full(n, self.lr)
        first = self.step if step is None else step
        steps = np.arange(first, first + n, dtype=np.float64)
        if self._known:
            return self.lr * self.schedule(steps, total or 0)
        factors = checks.factors(self.schedule, steps, total or 0, "schedule")
        wrong = ~(np.isfinite(factors) & (factors >= 0))
        if wrong.any():
            raise errors.InputError(f"schedule: expected factors at least 0, got {factors[wrong][0]}")
        return self.lr * factors

    @property
    def bounds(self) -> tuple[bool, bool]:
        """Whether the gradient's norm is bounded, and whether those of the weights are."""
        return self.clip_norm is not None, self.max_norm is not None

    def settings(self, n: int, dtype: Any = np.float64) -> NDArray[Any]:
        """Return the kernel's settings (n, S) for the next n steps; the last is `clip_norm`, where there is one.

        Raises ValueError where a number is too large for `dtype`, or a bound too small.
        """
        columns = self._columns(n) if self.clip_norm is None else (*self._columns(n), self.clip_norm)
        table = np.empty((n, len(columns)))
        for place, column in enumerate(columns):
            table[:, place] = column
        fits = np.abs(table).max(initial=0) <= np.finfo(dtype).max  # NaN does not
        rounded = table.astype(dtype) if fits else table
        if not fits or (self.clip_norm is not None and not rounded[:, -1].all()):
            raise errors.InputError(
                f"optimizer: a number is too large, or a bound too small, for {np.dtype(dtype)}; try a lower learning "
                f"rate (it was {self.lr:g}), or another clip_norm ({self.clip_norm})"
            )
        return rounded

    def _columns(self, n: int) -> tuple[Any, ...]:
        """Return the columns of the settings, numbers or arrays (n,)."""
        raise NotImplementedError


_WORKING = {"access", "end", "step", "state", "params", "_known"}  # an optimiser's attributes that training changes


def schedule_name(schedule: str | Schedule) -> str:
    """Return what a schedule is called: its own name, or that of a function, with the numbers in it."""
    if isinstance(schedule, functools.partial):
        return f"{schedule_name(schedule.func)} {schedule.keywords}"
    return schedule if isinstance(schedule, str) else getattr(schedule, "__qualname__", type(schedule).__qualname__)


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (Sutskever et al., ICML 2013; PyTorch's form).

    momentum : float of [0, 1); nesterov : bool, look ahead; momentum_steps : int, optional, steps over which the
    momentum rises evenly from 0.5 to `momentum` (Srivastava et al., JMLR 2014, appendix A.2); the rest as in
    `Optimizer`.

    Examples
    --------
    >>> nd.SGD(lr=0.1, momentum=0.95, nesterov=True, max_norm=3.0)
    <SGD with learning rate 0.1, 0 steps done>
    >>> nd.SGD(lr=0.1, schedule="cosine", total_steps=100).rates(3, step=49).round(4)
    array([0.0516, 0.05  , 0.0484])
    """

    update = "sgd"
    slots = 1

    def __init__(
        self,
        lr: float = 0.1,
        momentum: float = 0.9,
        nesterov: bool = False,
        momentum_steps: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(lr, **options)
        self.momentum = checks.number(momentum, "momentum", at_least=0)
        if self.momentum >= 1:
            raise errors.InputError(f"momentum: expected a number below 1, got {momentum!r}")
        self.nesterov = bool(nesterov)
        if self.nesterov and not self.momentum:
            raise errors.InputError("nesterov: needs a momentum above 0, got 0")
        self.momentum_steps = momentum_steps
        if momentum_steps is not None:
            self.momentum_steps = checks.integer(momentum_steps, "momentum_steps", 1, 2**32)
            if self.momentum < FIRST_MOMENTUM:
                raise errors.InputError(
                    f"momentum: expected at least {FIRST_MOMENTUM} with momentum_steps, got {momentum!r}"
                )

    def _columns(self, n: int) -> tuple[Any, ...]:
        """Return learning rate, momentum, whether Nesterov's, and weight decay."""
        return self.rates(n), self._momenta(n), self.nesterov, self.weight_decay

    def _momenta(self, n: int) -> Any:
        """Return the momentum of the next n steps."""
        if self.momentum_steps is None:
            return self.momentum
        share = np.minimum(np.arange(self.step, self.step + n) / self.momentum_steps, 1.0)
        return FIRST_MOMENTUM + (self.momentum - FIRST_MOMENTUM) * share


class Adam(Optimizer):
    """Adam (Kingma & Ba, ICLR 2015); weight decay joins the gradient.

    beta1, beta2 : floats of [0, 1); eps : float above 0; the rest as in `Optimizer`.

    Examples
    --------
    >>> nd.Adam(lr=0.001, schedule=lambda steps, total: 0.5 ** (steps // 10)).rates(3, step=9)
    array([0.001 , 0.0005, 0.0005])
    """

    update = "adam"
    slots = 2
    decoupled: ClassVar[bool] = False

    def __init__(
        self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, **options: Any
    ) -> None:
        super().__init__(lr, **options)
        self.beta1 = checks.number(beta1, "beta1", at_least=0)
        self.beta2 = checks.number(beta2, "beta2", at_least=0)
        for name, beta in (("beta1", self.beta1), ("beta2", self.beta2)):
            if beta >= 1:
                raise errors.InputError(f"{name}: expected a number below 1, got {beta!r}")
        self.eps = checks.number(eps, "eps", above=0)

    def _columns(self, n: int) -> tuple[Any, ...]:
        """Return what the kernel's comment lists; the bias corrections are in it."""
        t = np.arange(self.step + 1, self.step + n + 1, dtype=np.float64)
        rates = self.rates(n)
        return (
            rates / (1.0 - self.beta1**t),
            self.beta1,
            1.0 - self.beta1,
            self.beta2,
            1.0 - self.beta2,
            self.eps,
            0.0 if self.decoupled else self.weight_decay,
            1.0 - rates * self.weight_decay if self.decoupled else 1.0,
            np.sqrt(1.0 - self.beta2**t),
        )


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter, ICLR 2019); arguments as `Adam`.

    Examples
    --------
    >>> nd.AdamW(lr=0.001, weight_decay=0.05, clip_norm=1.0)
    <AdamW with learning rate 0.001, 0 steps done>
    """

    decoupled = True

    def __init__(self, lr: float = 0.001, *, weight_decay: float = 0.01, **options: Any) -> None:
        super().__init__(lr, weight_decay=weight_decay, **options)
