"""The base of the optimizers.

An optimiser holds numbers and the state of one network; the arithmetic is in `kernels`. It hands the kernels one row
of hyperparameters for each step, so that many steps run without coming back to Python.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..arrays.backend import Allocate
from ..arrays.convert import on_host
from ..core import checks, errors
from ..core.access import Access
from ..kernels.simd import aligned
from .schedules import SCHEDULES, Schedule, constant, cosine, schedule_name

__all__ = ["Optimizer"]


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

    def hyperparameters(self, n: int, dtype: Any = np.float64) -> NDArray[Any]:
        """Return the kernel's hyperparameters (n, S) for the next n steps; the last is `clip_norm`, where there is one.

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
        """Return the columns of the hyperparameters, numbers or arrays (n,)."""
        raise NotImplementedError


_WORKING = {"access", "end", "step", "state", "params", "_known"}  # an optimiser's attributes that training changes
