"""Variants of dropout in a network: for each, what it does between the layers, and the passes of its own."""

from __future__ import annotations

from ..views import Target, Views
from . import concrete_dropout, dropout, dropout_rates, gaussian_dropout, subnetwork
from .sites import Sites

__all__ = ["sites_of"]

_MODULES = {
    "dropout": dropout,
    "rates": dropout_rates,
    "gaussian": gaussian_dropout,
    "subnetwork": subnetwork,
    "dropconnect": dropout,  # where samples of the values are asked for
    "concrete": concrete_dropout,
}


def sites_of(target: Target, views: Views, variant: str) -> Sites:
    """Return what a variant does between the layers, for one target."""
    return _MODULES[variant].sites(target, views)
