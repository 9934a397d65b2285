"""The base class of optimizers.

An optimizer has hyperparameters and the state of one network. The arithmetic is in `kernels`. The kernels take one row
of hyperparameters for each step, so many steps run without Python.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..arrays.convert import on_host
from ..arrays.memory import Allocate
from ..core import checks, errors
from ..core.access import Access
from ..core.renamed import RenamedAttribute
from ..kernels.simd import aligned
from .schedules import SCHEDULES, Schedule, constant, cosine, schedule_name

__all__ = ["Optimizer", "check_optimizer"]


def check_optimizer(optimizer: Any) -> None:
    """Raise TypeError if the argument is not an optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer: expected an Optimizer such as nd.Adam(), got {optimizer!r}")


class Optimizer:
    """The base class of optimizers.

    Parameters
    ----------
    lr : float
        Learning rate, at least 0. At 0 the parameters stay as they are, within `max_norm`.
    weight_decay : float
        Strength, at least 0. Applies to weights, never to biases.
    clip_norm : float, optional
        Bound on the norm of the gradient of all parameters, without weight decay (Pascanu et al., ICML 2013).
    max_norm : float, optional
        Bound on the norm of each hidden unit's incoming weights (Srivastava et al., JMLR 2014, section 5.1).
    schedule : str or callable
        Schedule of the learning rate: "constant", "inverse", "cosine", "step", or a function of (steps (n,), total
        steps) that returns factors (n,). "inverse" is 1 / (1 + step / 1000). "cosine" falls from 1 to 0 over all steps.
        "step" is a factor of 0.1 every 1000 steps.
    total_steps : int, optional
        Length of the schedule. By default, the schedule ends with the last step of `fit`.

    Examples
    --------
    >>> nd.Adam(lr=0.01, max_norm=3.0, schedule="step").rates(3, step=999)
    array([0.01 , 0.001, 0.001])
    """

    update: ClassVar[str]  # the kernel's name without "linear_"
    slots: ClassVar[int]  # state values for each parameter
    decay_column: ClassVar[int]  # of the hyperparameters: the weight decay that is added to the gradient

    settings = RenamedAttribute("hyperparameters")

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
        self.lr = checks.number(lr, "lr", at_least=0)
        self.weight_decay = checks.number(weight_decay, "weight_decay", at_least=0)
        self.clip_norm = None if clip_norm is None else checks.number(clip_norm, "clip_norm", above=0)
        self.max_norm = None if max_norm is None else checks.number(max_norm, "max_norm", above=0)
        if isinstance(schedule, str):
            checks.choice(schedule, "schedule", SCHEDULES)
        if not isinstance(schedule, str) and not callable(schedule):
            raise TypeError(f"schedule: expected a name or a function, got {schedule!r}")
        self._known = isinstance(schedule, str)  # a named schedule needs no checks
        self.schedule = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
        self.total_steps = None if total_steps is None else checks.integer(total_steps, "total_steps", 1, 2**63)
        self.access = Access(type(self).__name__)
        self.end: int | None = None  # steps at the end of the current `fit`
        self.step = 0
        self.state: NDArray[Any] | None = None
        self.params: NDArray[Any] | None = None

    def __str__(self) -> str:
        return f"{type(self).__name__} with learning rate {self.lr:g}"

    def __repr__(self) -> str:
        return f"<{self}, {self.step} steps done>"

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes for pickle: the state as a NumPy array, without the network's parameters."""
        with self.access.reading("copy"):
            state = None if self.state is None else np.array(on_host(self.state))
            return {**vars(self), "state": state, "params": None, "access": None}

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        """Restore the attributes of `__getstate__`. Raise InputError if their state does not fit this update rule."""
        state = attributes["state"]
        if state is not None and (
            np.ndim(state) != 2 or len(state) != self.slots or np.asarray(state).dtype.kind != "f"
        ):
            raise errors.InputError(
                f"optimizer: a damaged pickle: expected a state ({self.slots}, parameters) of floats, got an array "
                f"{np.shape(state)} of {np.asarray(state).dtype}"
            )
        vars(self).update(attributes, access=Access(type(self).__name__))

    def bind(self, params: Any, zeros: Allocate = aligned) -> Any:
        """Return the state (slots, P) for a network's parameters, initially zeros. It belongs to one network."""
        shape, dtype = (self.slots, params.size), params.dtype
        state: Any
        if self.state is None:
            state = zeros(self.slots * params.size, dtype)
            self.state, self.params = state.reshape(shape), params
        if self.params is not params:
            raise errors.InputError("optimizer: expected a new one, got one that has trained another network")
        state = self.state
        actual = getattr(state, "shape", None), getattr(state, "dtype", None)
        if actual != (shape, dtype) or not state.flags["C_CONTIGUOUS"]:
            raise errors.InputError(
                f"optimizer.state: expected a contiguous array {shape} of {dtype}, got shape {actual[0]} of "
                f"{actual[1]}; only training changes it"
            )
        return state

    def choices(self) -> dict[str, Any]:
        """Return the arguments that the optimizer was made with, by name."""
        arguments = {name: value for name, value in vars(self).items() if name not in _PROGRESS}
        return {"optimizer": type(self).__name__, **arguments, "schedule": schedule_name(self.schedule)}

    def rates(self, n: int, step: int | None = None) -> NDArray[np.float64]:
        """Return the learning rates (n,) of n steps, from `step` on (default: the next one)."""
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
        invalid = ~(np.isfinite(factors) & (factors >= 0))
        if invalid.any():
            raise errors.InputError(f"schedule: expected finite factors at least 0, got {factors[invalid][0]}")
        return self.lr * factors

    @property
    def bounds(self) -> tuple[bool, bool]:
        """Whether the norm of the gradient is bounded, and whether the norms of the weights are."""
        return self.clip_norm is not None, self.max_norm is not None

    def hyperparameters(self, n: int, dtype: Any = np.float64) -> NDArray[Any]:
        """Return the kernel's hyperparameters (n, S) for the next n steps. `clip_norm`, if set, is the last column.

        Raises ValueError if a number is too large for `dtype`, or a bound is too small.
        """
        columns = self._columns(n) if self.clip_norm is None else (*self._columns(n), self.clip_norm)
        table = np.empty((n, len(columns)))
        for index, column in enumerate(columns):
            table[:, index] = column
        fits = np.abs(table).max(initial=0) <= np.finfo(dtype).max  # false for NaN
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


_PROGRESS = {"access", "end", "step", "state", "params", "_known"}  # attributes that are no arguments
