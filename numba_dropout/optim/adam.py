"""The optimizers Adam and AdamW."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..core import checks, errors
from .optimizer import Optimizer

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam (Kingma & Ba, ICLR 2015). Weight decay is added to the gradient.

    beta1, beta2 : floats in [0, 1). eps : float above 0. Other arguments are those of `Optimizer`.

    Examples
    --------
    >>> nd.Adam(lr=0.001, schedule=lambda steps, total: 0.5 ** (steps // 10)).rates(3, step=9)
    array([0.001 , 0.0005, 0.0005])
    """

    update = "adam"
    slots = 2
    decay_column = 6
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
        """Return the columns that the kernel's comment lists, with bias correction."""
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
    """Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019). Arguments are those of `Adam`.

    Examples
    --------
    >>> nd.AdamW(lr=0.001, weight_decay=0.05, clip_norm=1.0)
    <AdamW with learning rate 0.001, 0 steps done>
    """

    decoupled = True

    def __init__(self, lr: float = 0.001, *, weight_decay: float = 0.01, **options: Any) -> None:
        super().__init__(lr, weight_decay=weight_decay, **options)
