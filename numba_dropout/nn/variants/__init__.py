"""Variants of dropout in a network: for each, its functions between the layers, and training passes of its own."""

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
    "dropconnect": dropout,  # it has separate passes for training and samples
    "concrete": concrete_dropout,
}


def sites_of(target: Target, views: Views, variant: str) -> Sites:
    """Return the functions of a variant between the layers, for one target."""
    return _MODULES[variant].sites(target, views)
