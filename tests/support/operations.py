"""The public operations in a table: shapes of their operands and results by a size, and a call."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3, "offset": 11}
OTHERS = {
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Callback",
    "Checkpoint",
    "MaskGenerator",
    "data",
    "evaluate",
    "fit",
    "layers",
    "train",
}


class Operation(NamedTuple):
    """An operation on arrays of a size."""

    inputs: Callable[[int], list[tuple[int, ...]]]  # shapes
    outputs: Callable[[int], list[tuple[int, ...]]]
    call: Callable[..., object]  # (*inputs, out): `out` is one array or a tuple of arrays
    dtype: type | None = None  # of the outputs, None for that of the inputs


def like(*shape, times=1):
    """Return the shapes of an operation whose result has the shape of its input. None stands for the size."""
    shapes = lambda n: [tuple(n if length is None else length for length in shape)]  # noqa: E731
    return lambda n: shapes(n) * times, shapes


def mask(x):
    return (np.arange(x.size) % 3 > 0).reshape(x.shape)


def layer(n):
    return [(3, n), (5, n), (5,)]


OPERATIONS = {
    "relu": Operation(*like(None), nd.relu),
    "relu_backward": Operation(*like(None, times=2), nd.relu_backward),
    "dropout": Operation(*like(None), lambda x, out: nd.dropout(x, 0.4, **AT, out=out)),
    "dropout of rows": Operation(*like(3, None), lambda x, out: nd.dropout(x, 0.4, **AT, out=out)),
    "dropout of none": Operation(*like(None), lambda x, out: nd.dropout(x, 0.0, **AT, out=out)),
    "dropout of all": Operation(*like(None), lambda x, out: nd.dropout(x, 1.0, **AT, out=out)),
    "dropout in evaluation": Operation(*like(None), lambda x, out: nd.dropout(x, training=False, out=out)),
    "dropout by many rates": Operation(
        *like(3, None), lambda x, out: nd.dropout(x, np.linspace(0, 1, x.shape[1]), **AT, out=out)
    ),
    "dropout by a rate for each": Operation(
        *like(3, None), lambda x, out: nd.dropout(x, np.full(x.shape, 0.3), **AT, out=out)
    ),
    "dropout of columns": Operation(
        *like(3, None), lambda x, out: nd.dropout(x, 0.4, noise_shape=(1, None), **AT, out=out)
    ),
    "dropout of columns by many rates": Operation(
        *like(3, None), lambda x, out: nd.dropout(x, np.full((3, 1), 0.4), noise_shape=(3, 1), **AT, out=out)
    ),
    "dropout by a mask": Operation(*like(3, None), lambda x, out: nd.dropout(x, 0.4, mask=mask(x), out=out)),
    "dropout by a row of a mask": Operation(
        *like(3, None), lambda x, out: nd.dropout(x, 0.4, mask=mask(x[0]), out=out)
    ),
    "dropout by bits": Operation(
        *like(None), lambda x, out: nd.dropout(x, 0.4, mask=np.packbits(mask(x), bitorder="little"), out=out)
    ),
    "dropout by bits and rates": Operation(
        *like(None),
        lambda x, out: nd.dropout(x, np.full(x.shape, 0.4), mask=np.packbits(mask(x), bitorder="little"), out=out),
    ),
    "dropout_backward": Operation(*like(None), lambda x, out: nd.dropout_backward(x, 0.4, **AT, out=out)),
    "dropout_backward by many rates": Operation(
        *like(3, None), lambda x, out: nd.dropout_backward(x, np.linspace(0, 1, x.shape[1]), **AT, out=out)
    ),
    "alpha_dropout": Operation(*like(None), lambda x, out: nd.alpha_dropout(x, 0.4, **AT, out=out)),
    "alpha_dropout_backward": Operation(*like(None), lambda x, out: nd.alpha_dropout_backward(x, 0.4, **AT, out=out)),
    "gaussian_dropout": Operation(*like(None), lambda x, out: nd.gaussian_dropout(x, 0.4, **AT, out=out)),
    "gaussian_dropout_backward": Operation(
        *like(None), lambda x, out: nd.gaussian_dropout_backward(x, 0.4, **AT, out=out)
    ),
    "gaussian_noise": Operation(*like(None), lambda x, out: nd.gaussian_noise(x, 0.4, **AT, out=out)),
    "gaussian_noise_backward": Operation(*like(None), lambda x, out: nd.gaussian_noise_backward(x, 0.4, **AT, out=out)),
    "concrete_dropout": Operation(*like(None), lambda x, out: nd.concrete_dropout(x, 0.4, **AT, out=out)),
    "concrete_dropout_backward": Operation(
        *like(None, times=2), lambda x, y, out: nd.concrete_dropout_backward(x, y, 0.4, **AT, out=out)[0]
    ),
    "dropout1d": Operation(*like(2, 3, None), lambda x, out: nd.dropout1d(x, 0.4, **AT, out=out)),
    "dropout1d of channels at the end": Operation(
        *like(2, 3, None), lambda x, out: nd.dropout1d(x, 0.4, channels_last=True, **AT, out=out)
    ),
    "dropout1d_backward": Operation(*like(2, 3, None), lambda x, out: nd.dropout1d_backward(x, 0.4, **AT, out=out)),
    "dropout2d": Operation(*like(2, 3, None, 2), lambda x, out: nd.dropout2d(x, 0.4, **AT, out=out)),
    "dropout2d_backward": Operation(*like(2, 3, 2, None), lambda x, out: nd.dropout2d_backward(x, 0.4, **AT, out=out)),
    "dropout3d": Operation(*like(2, None, 1, 2, 1), lambda x, out: nd.dropout3d(x, 0.4, **AT, out=out)),
    "dropout3d_backward": Operation(
        *like(None, 3, 1, 2, 1), lambda x, out: nd.dropout3d_backward(x, 0.4, **AT, out=out)
    ),
    "feature_alpha_dropout": Operation(
        *like(2, 3, None), lambda x, out: nd.feature_alpha_dropout(x, 0.4, **AT, out=out)
    ),
    "feature_alpha_dropout_backward": Operation(
        *like(2, None, 3), lambda x, out: nd.feature_alpha_dropout_backward(x, 0.4, **AT, out=out)
    ),
    "drop_block2d": Operation(*like(2, 1, 4, None), lambda x, out: nd.drop_block2d(x, 0.4, 3, **AT, out=out)),
    "drop_block2d_backward": Operation(
        *like(2, 1, None, 4), lambda x, out: nd.drop_block2d_backward(x, 0.4, 2, **AT, out=out)
    ),
    "stochastic_depth": Operation(*like(3, None), lambda x, out: nd.stochastic_depth(x, 0.4, **AT, out=out)),
    "stochastic_depth of a batch": Operation(
        *like(3, None), lambda x, out: nd.stochastic_depth(x, 0.4, "batch", **AT, out=out)
    ),
    "stochastic_depth_backward": Operation(
        *like(None, 3), lambda x, out: nd.stochastic_depth_backward(x, 0.4, **AT, out=out)
    ),
    "linear": Operation(layer, lambda n: [(3, 5)], nd.linear),
    "linear of many units": Operation(lambda n: [(7, 9), (n, 9), (n,)], lambda n: [(7, n)], nd.linear),
    "linear_backward": Operation(lambda n: [(3, 5), (3, n), (5, n)], layer, nd.linear_backward),
    "dropconnect": Operation(
        layer, lambda n: [(3, 5)], lambda x, w, b, out: nd.dropconnect(x, w, b, 0.4, **AT, out=out)
    ),
    "dropconnect_backward": Operation(
        lambda n: [(3, 5), (3, n), (5, n)],
        layer,
        lambda dy, x, w, out: nd.dropconnect_backward(dy, x, w, 0.4, **AT, out=out),
    ),
    "linear_dropout": Operation(
        lambda n: [(7, 9), (n, 9), (n,)],
        lambda n: [(7, n)],
        lambda x, w, b, out: nd.linear_dropout(x, w, b, 0.4, activation="gelu", **AT, out=out),
    ),
    "linear_dropout_backward": Operation(
        lambda n: [(3, 5), (3, 5), (3, n), (5, n)],
        layer,
        lambda dy, slopes, x, w, out: nd.linear_dropout_backward(dy, slopes, x, w, out=out),
    ),
    "linear_relu_dropout": Operation(
        lambda n: [(7, 9), (n, 9), (n,)],
        lambda n: [(7, n)],
        lambda x, w, b, out: nd.linear_relu_dropout(x, w, b, 0.4, **AT, out=out),
    ),
    "linear_relu_dropout_backward": Operation(
        lambda n: [(3, 5), (3, 5), (3, n), (5, n)],
        layer,
        lambda dy, y, x, w, out: nd.linear_relu_dropout_backward(dy, y, x, w, 0.4, out=out),
    ),
    "sample_mask": Operation(*like(None), lambda x, out: nd.sample_mask(x.shape, 0.4, **AT, out=out), np.bool_),
    "sample_mask of all": Operation(*like(None), lambda x, out: nd.sample_mask(x.shape, 1, **AT, out=out), np.bool_),
    "sample_mask of many rates": Operation(
        *like(3, None),
        lambda x, out: nd.sample_mask(x.shape, np.linspace(0, 1, x.shape[1]), **AT, out=out),
        np.bool_,
    ),
    "sample_mask as bits": Operation(
        lambda n: [(n,)],
        lambda n: [((n + 7) // 8,)],
        lambda x, out: nd.sample_mask(x.shape, 0.4, packed=True, **AT, out=out),
        np.uint8,
    ),
    "sample_mask as bits by many rates": Operation(
        lambda n: [(n,)],
        lambda n: [((n + 7) // 8,)],
        lambda x, out: nd.sample_mask(x.shape, np.linspace(0, 1, x.size), packed=True, **AT, out=out),
        np.uint8,
    ),
}


def missing():
    """Return the public operations that are missing in the table."""
    return set(nd.__all__) - OTHERS - {name.partition(" ")[0] for name in OPERATIONS}
