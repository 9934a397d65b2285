"""Concrete dropout as a layer with a trainable rate."""

from __future__ import annotations

from typing import Any

from ..core import checks
from ..core.errors import InputError
from ..functional import concrete_dropout
from .base import Layer
from .mask_generator import MaskGenerator

__all__ = ["ConcreteDropout"]


class ConcreteDropout(Layer):
    """Layer that multiplies by a smooth mask of a trainable rate with `concrete_dropout`.

    `logit` is log(p / (1 - p)), which an optimizer updates. `backward` stores its gradient in `dlogit`. Add the
    gradient of a regularizer to `dlogit`. Do not write to the result of `forward` before the backward pass, which needs
    it.

    Parameters
    ----------
    p : float
        Initial probability of dropping, in (0, 1).
    masks : MaskGenerator
        As in `Layer`.

    Examples
    --------
    >>> layer = nd.layers.ConcreteDropout(0.5, masks=nd.MaskGenerator(seed=1))
    >>> layer(np.ones(6)).round(3)
    array([1.995, 2.   , 0.   , 1.984, 0.   , 0.682])
    """

    def __init__(self, p: float = 0.1, *, masks: MaskGenerator) -> None:
        if not 0 < checks.probability(p) < 1:
            raise InputError(f"p: expected a probability between 0 and 1, both excluded, got {p!r}")
        super().__init__(self._drop, self._drop_backward, masks, logit=concrete_dropout.logits_of([float(p)])[0])
        self.dlogit: Any = None

    def __repr__(self) -> str:
        return f"ConcreteDropout(p={self.p:.4g}, site={self.site})"

    @property
    def p(self) -> float:
        """The current rate."""
        return concrete_dropout.rates_of_logits([self.logit])[0]

    @property
    def logit(self) -> float:
        """The logit of the rate. You may set it between a backward and a forward pass."""
        return float(self.arguments["logit"])

    @logit.setter
    def logit(self, value: float) -> None:
        self.arguments["logit"] = checks.number(value, "logit")

    def backward(self, dy: Any, *, out: Any = None) -> Any:
        """Return the gradient with respect to the last input, and store the logit's gradient in `dlogit`."""
        if self._passed.at == {}:
            self.dlogit = 0.0
        return super().backward(dy, out=out)

    def _drop(self, x: Any, **arguments: Any) -> Any:
        y = self._passed.values = concrete_dropout.concrete_dropout(x, **arguments)
        return y

    def _drop_backward(self, dy: Any, **arguments: Any) -> Any:
        dx, self.dlogit = concrete_dropout.concrete_dropout_backward(dy, self._passed.values, **arguments)
        return dx
