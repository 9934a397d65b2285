"""Kinds of data: how rows of a data set become the input of a network."""

from __future__ import annotations

from collections.abc import Callable

from .views import FIRST, Target, Views

__all__ = ["ROWS"]


def _dense(target: Target, views: Views) -> Callable[..., None]:
    """Return the function that loads rows of an array."""
    kernels, layer_input = target.kernels, views.layer_input

    @target.internal
    def load(net, data, rows):
        """Copy rows of the data, standardized, to the network's input."""
        inp = layer_input(net, FIRST, rows.size)
        kernels.gather_rows(inp, data, rows, net.scaling.input_offset, net.scaling.input_scale)

    return load


def _sparse(target: Target, views: Views) -> Callable[..., None]:
    """Return the function that loads compressed rows, `sparse.Compressed`."""
    kernels, layer_input = target.kernels, views.layer_input

    @target.internal
    def load(net, data, rows):
        """Copy rows of the data, standardized, to the network's input."""
        inp, scaling = layer_input(net, FIRST, rows.size), net.scaling
        values, columns, starts = data.values, data.columns, data.starts
        kernels.gather_sparse_rows(inp, values, columns, starts, rows, scaling.input_offset, scaling.input_scale)

    return load


ROWS = {"dense": _dense, "sparse": _sparse}
