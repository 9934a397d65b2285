"""The functions of numba_dropout.torch with inputs for them, and the arrays' functions with the same masks."""

from dataclasses import dataclass

import numba_dropout as nd

P = 0.4


@dataclass(frozen=True)
class Case:
    """A function with the shape of an input, its arguments, and the function of arrays, forward and backward."""

    name: str
    shape: tuple
    arguments: tuple
    forward: object
    backward: object

    def call(self, x, **options):
        """Return the function of a tensor, in training mode."""
        from numba_dropout import torch as nd_torch

        return getattr(nd_torch, self.name)(x, *self.arguments, training=True, **options)


def _case(name, shape, *arguments, array_name=None, array_arguments=(P,)):
    name_of_array = array_name or name
    forward, backward = getattr(nd, name_of_array), getattr(nd, f"{name_of_array}_backward")
    return Case(
        name,
        shape,
        arguments or (P,),
        lambda x, **at: forward(x, *array_arguments, **at),
        lambda dy, **at: backward(dy, *array_arguments, **at),
    )


CASES = {
    "dropout": _case("dropout", (6, 50)),
    "dropout1d": _case("dropout1d", (4, 9, 5)),
    "dropout1d, one sample": _case("dropout1d", (9, 5)),
    "dropout2d": _case("dropout2d", (4, 9, 3, 2)),
    "dropout3d": _case("dropout3d", (4, 9, 2, 3, 2)),
    "alpha_dropout": _case("alpha_dropout", (6, 50)),
    "feature_alpha_dropout": _case("feature_alpha_dropout", (4, 9, 5)),
    "gaussian_dropout": _case("gaussian_dropout", (6, 50)),
    "stochastic_depth, row": _case("stochastic_depth", (20, 3, 2), P, "row", array_arguments=(P, "row")),
    "stochastic_depth, batch": _case("stochastic_depth", (20, 3, 2), P, "batch", array_arguments=(P, "batch")),
    "drop_block2d": _case("drop_block2d", (2, 3, 6, 7), P, 3, array_arguments=(P, 3)),
}
LINEAR = [name for name in CASES if "alpha" not in name]  # functions that multiply each element by a factor
