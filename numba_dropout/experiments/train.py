"""The function `train`: a model of a table in one call."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from ..core.errors import warn
from ..nn.mlp import MLP
from ..training.fit import Callback
from .config import TABLE, TrainConfig, build

__all__ = ["train"]

OPTIONS = (*(item.name for item in fields(TrainConfig) if item.name != "table"), *TABLE)


def train(
    source: str | os.PathLike[str] | Any,
    target: Any = None,
    *,
    val: float | None = None,
    callbacks: Iterable[Callback] = (),
    **options: Any,
) -> MLP:
    """Train a network on a table and return it, as `ndrop train` does.

    The network predicts frames and tables with the columns of the training table. What was learnt of them is stored
    with it: `MLP.save`.

    Parameters
    ----------
    source : path, Table or frame
        As for `data.load`.
    target : str, int or sequence, optional
        The target column, or several. The default is the last column.
    val : float, optional
        Fraction of the rows to hold out. Training then stops early, and restores the best weights.
    callbacks : iterable of Callback
        Callbacks of `fit`.
    options
        Options of `ndrop train` with underscores: hidden=[64], dropout=0.5, epochs=20, drop=["id"], seed=1, ...

    Raises
    ------
    ValueError, TypeError
        The data or an option are invalid.

    Warns
    -----
    UserWarning
        A column equals the target, or another doubt about the data.

    Examples
    --------
    >>> rooms, cities, rents = [2, 3, 1, 4] * 25, list("abca") * 25, [7.5, 9.5, 5.0, 12.0] * 25
    >>> table = nd.data.read({"rooms": rooms, "city": cities, "rent": rents})
    >>> net = nd.train(table, target="rent", hidden=[8], epochs=20, seed=0)
    >>> net.encoder.names
    ['rooms', 'city=a', 'city=b', 'city=c']
    >>> net.predict(table).shape
    (100,)
    """
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise TypeError(f"{unknown[0]}: expected an option of training, one of {', '.join(OPTIONS)}")
    job = build(source, TrainConfig.of({**options, "target": target, "val": val}))
    for note in job.notes:
        if note.startswith("warning: "):
            warn(note.removeprefix("warning: "))
    job.fit(callbacks=callbacks)
    return job.net
