"""Variants of dropout in a network: for each, its functions between the layers, and training passes of its own."""

from __future__ import annotations

from .alpha_dropout import AlphaDropout
from .concrete_dropout import ConcreteDropout
from .dropconnect import DropConnect
from .dropout import Dropout
from .dropout_rates import DropoutRates
from .gaussian_dropout import GaussianDropout
from .subnetwork import Subnetwork
from .variant import Variant

__all__ = ["KINDS", "PER_UNIT", "VARIANTS"]

VARIANTS: dict[str, Variant] = {
    "dropout": Dropout(),
    "gaussian": GaussianDropout(),
    "alpha": AlphaDropout(),
    "subnetwork": Subnetwork(),
    "dropconnect": DropConnect(),
    "concrete": ConcreteDropout(),
}
PER_UNIT = "rates"  # the kind of dropout with a rate for each unit
KINDS: dict[str, Variant] = {**VARIANTS, PER_UNIT: DropoutRates()}
