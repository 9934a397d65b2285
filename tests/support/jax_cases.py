"""The functions of numba_dropout.jax with inputs for them, and the arrays' functions with the same masks."""

from dataclasses import dataclass

import pytest

import numba_dropout as nd

P = 0.4


@dataclass(frozen=True)
class Case:
    """A function with the shape of an input, and its arguments after p."""

    name: str
    shape: tuple
    arguments: tuple = ()
    options: tuple = ()
    exact: bool = True  # whether the values are those of the arrays' function, bit for bit

    def call(self, x, p=P, **at):
        """Return the function of an array of JAX."""
        from numba_dropout import jax as ndj

        return getattr(ndj, self.name)(x, p, *self.arguments, **dict(self.options), **at)

    def forward(self, x, p=P, **at):
        """Return the function of an array of NumPy."""
        return getattr(nd, self.name)(x, p, *self.arguments, **dict(self.options), **at)

    def backward(self, dy, p=P, **at):
        """Return the gradient of the function of an array of NumPy."""
        return getattr(nd, f"{self.name}_backward")(dy, p, *self.arguments, **dict(self.options), **at)


LAST = (("channels_last", True),)
CASES = {
    "dropout": Case("dropout", (6, 50)),
    "dropout1d": Case("dropout1d", (4, 9, 5)),
    "dropout1d, one sample": Case("dropout1d", (9, 5)),
    "dropout1d, channels last": Case("dropout1d", (4, 5, 9), options=LAST),
    "dropout2d": Case("dropout2d", (4, 9, 3, 2)),
    "dropout2d, sequences": Case("dropout2d", (4, 9, 3)),
    "dropout3d": Case("dropout3d", (4, 9, 2, 3, 2)),
    "alpha_dropout": Case("alpha_dropout", (6, 50), exact=False),
    "feature_alpha_dropout": Case("feature_alpha_dropout", (4, 9, 5), exact=False),
    "gaussian_dropout": Case("gaussian_dropout", (6, 51), exact=False),
    "stochastic_depth, row": Case("stochastic_depth", (20, 3, 2), ("row",)),
    "stochastic_depth, batch": Case("stochastic_depth", (20, 3, 2), ("batch",)),
    "drop_block2d": Case("drop_block2d", (2, 3, 6, 7), (3,)),
}

FEW = ("dropout", "dropout2d", "alpha_dropout", "gaussian_dropout", "drop_block2d")  # one of each kind of code


def parametrized(names=CASES):
    """Return a decorator for tests of cases. Those that share their code with others are left to `full`."""
    params = [pytest.param(CASES[name], id=name, marks=() if name in FEW else pytest.mark.full) for name in names]
    return pytest.mark.parametrize("case", params)
