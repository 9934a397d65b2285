"""The same network on the same few rows, with dropout and without: what it has seen, and what it has not."""

from __future__ import annotations

import numpy as np

from ... import data
from ...nn.mlp import MLP
from ...optim import Adam
from ...training.fit import fit
from .report import Curve, Curves, Section, Table

__all__ = ["curves", "overfitting"]

SEEN, UNSEEN = 100, 900  # rows to learn from, too few for the network, and rows to be measured on
SIZES = [20, 64, 64, 2]
EPOCHS = 60


def curves() -> list[Curve]:
    """Return the courses without dropout, and with rates of 0.2 on the input and 0.4 on hidden units."""
    return [_course("no dropout", 0.0, 0.0), _course("dropout 0.4, input 0.2", 0.4, 0.2)]


def _course(name: str, dropout: float, input_dropout: float) -> Curve:
    net = MLP(SIZES, dropout=dropout, input_dropout=input_dropout, dtype="float64")
    whole = data.load("noisy")
    x, y = whole.x, whole.targets()
    seen, unseen = (x[:SEEN], y[:SEEN]), (x[SEEN:], y[SEEN:])
    rule = Adam(0.003)
    losses: tuple[list[float], list[float]] = [], []
    for _ in range(EPOCHS):
        fit(net, *seen, optimizer=rule, epochs=1, batch_size=20)
        losses[0].append(net.evaluate_loss(*seen)[0])
        losses[1].append(net.evaluate_loss(*unseen)[0])
    return Curve(name, *losses, net.evaluate_loss(*unseen)[1] or 0.0)


def overfitting(found: list[Curve]) -> Section:
    """Show the gap between the losses on the rows learnt from and on others."""
    rows = []
    for curve in found:
        best = int(np.argmin(curve.unseen))
        ends = [curve.seen[-1], curve.unseen[-1], curve.unseen[-1] - curve.seen[-1]]
        least = f"{curve.unseen[best]:.3f}, epoch {best + 1}"
        rows.append([curve.name, *(f"{value:.3f}" for value in ends), least, f"{curve.accuracy:.3f}"])
    head = ["", "loss, training rows", "validation rows", "gap", "least, validation", "accuracy"]
    text = (
        f"A network {'-'.join(map(str, SIZES))} learns {SEEN} rows of the built-in set noisy for {EPOCHS} epochs; "
        f"{UNSEEN} others validate it. Losses are measured in evaluation mode."
    )
    return Section("Overfitting, without dropout and with it", [text, Curves(found), Table(head, rows)])
