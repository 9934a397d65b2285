"""Dropout of this project in the models of PyTorch, each with and without it."""

from __future__ import annotations

from numba_dropout import torch as drop_in

from ..cases import ENCODER_P, Case
from ._timed import Timed
from ._torch_saved import kept_by_dropout
from ._torch_steps import Pairs, Step, dropout_call, encoder_step, pairs_of
from .torch_peer import VERSIONS, configure

__all__ = ["CONTESTANTS", "MEMORY", "PAIRS", "VERSIONS", "configure"]

NAME = "numba-dropout"


def _pairs(case: Case) -> Pairs:
    return pairs_of(case, NAME, drop_in.Dropout)


def _encoder_pairs(case: Case) -> Pairs:
    """Return the steps of an encoder whose dropout is replaced, also in attention, and without dropout."""
    step = encoder_step(case, ENCODER_P)

    def installed() -> float:
        with drop_in.installed():
            return step()

    pair: tuple[Step, Step] = installed, encoder_step(case, 0.0)
    return {NAME: pair}


def _dropout(case: Case) -> dict[str, Timed]:
    return {NAME: dropout_call(case, drop_in.dropout)._replace(role="own")}


def _memory(case: Case) -> dict[str, int]:
    return kept_by_dropout(case, NAME, drop_in.Dropout)


CONTESTANTS = {"torch_dropout": _dropout}
PAIRS = {
    "torch_adds": _pairs,
    "torch_autocast_adds": _pairs,
    "torch_compiled_adds": _pairs,
    "torch_encoder_adds": _encoder_pairs,
}
MEMORY = {"torch_memory": _memory}
