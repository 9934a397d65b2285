"""The optimizer SGD: stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import checks, errors
from .optimizer import Optimizer

__all__ = ["FIRST_MOMENTUM", "SGD"]


FIRST_MOMENTUM = 0.5  # momentum at the first step with `momentum_steps`


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (Sutskever et al., ICML 2013; PyTorch's form).

    momentum : float in [0, 1]. nesterov : bool, use Nesterov momentum. momentum_steps : int, optional, steps over which
    the momentum rises linearly from 0.5 to `momentum` (Srivastava et al., JMLR 2014, appendix A.2). Other arguments are
    those of `Optimizer`.

    Examples
    --------
    >>> nd.SGD(lr=0.1, momentum=0.95, nesterov=True, max_norm=3.0)
    <SGD with learning rate 0.1, 0 steps done>
    >>> nd.SGD(lr=0.1, schedule="cosine", total_steps=100).rates(3, step=49).round(4)
    array([0.0516, 0.05  , 0.0484])
    """

    update = "sgd"
    slots = 1
    decay_column = 3

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
        if self.momentum > 1:
            raise errors.InputError(f"momentum: expected a number from 0 to 1, got {momentum!r}")
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
        """Return the learning rates, the momentum, the flag for Nesterov momentum, and the weight decay."""
        return self.rates(n), self._momenta(n), self.nesterov, self.weight_decay

    def _momenta(self, n: int) -> Any:
        """Return the momentum of the next n steps."""
        if self.momentum_steps is None:
            return self.momentum
        share = np.minimum(np.arange(self.step, self.step + n) / self.momentum_steps, 1.0)
        return FIRST_MOMENTUM + (self.momentum - FIRST_MOMENTUM) * share
