"""Overfitting: one network trained on few rows, with and without dropout."""

from __future__ import annotations

import numpy as np

from ... import data
from ...nn.mlp import MLP
from ...optim import Adam
from ...training.fit import fit
from .report import Curve, Curves, Section, Table

__all__ = ["curves", "overfitting"]

TRAIN_ROWS, VAL_ROWS = 100, 900  # training rows, too few for the network, and validation rows
SIZES = [20, 64, 64, 2]
EPOCHS = 60


def curves() -> list[Curve]:
    """Return the loss curves without dropout, and with rates 0.2 for the input and 0.4 for hidden units."""
    return [_curve("no dropout", 0.0, 0.0), _curve("dropout 0.4, input 0.2", 0.4, 0.2)]


def _curve(name: str, dropout: float, input_dropout: float) -> Curve:
    """Train a network with the given rates, and return its losses."""
    net = MLP(SIZES, dropout=dropout, input_dropout=input_dropout, dtype="float64")
    dataset = data.load("noisy")
    x, y = dataset.x, dataset.targets()
    train, validation = (x[:TRAIN_ROWS], y[:TRAIN_ROWS]), (x[TRAIN_ROWS:], y[TRAIN_ROWS:])
    optimizer = Adam(0.003)
    losses: tuple[list[float], list[float]] = [], []
    for _ in range(EPOCHS):
        fit(net, *train, optimizer=optimizer, epochs=1, batch_size=20)
        losses[0].append(net.evaluate_loss(*train)[0])
        losses[1].append(net.evaluate_loss(*validation)[0])
    return Curve(name, *losses, net.evaluate_loss(*validation)[1] or 0.0)


def overfitting(curves: list[Curve]) -> Section:
    """Return the section with the gap between training and validation loss."""
    rows = []
    for curve in curves:
        best = int(np.argmin(curve.val_losses))
        ends = [curve.train_losses[-1], curve.val_losses[-1], curve.val_losses[-1] - curve.train_losses[-1]]
        lowest = f"{curve.val_losses[best]:.3f}, epoch {best + 1}"
        rows.append([curve.name, *(f"{value:.3f}" for value in ends), lowest, f"{curve.accuracy:.3f}"])
    head = ["", "loss, training rows", "validation rows", "gap", "lowest, validation", "accuracy"]
    text = (
        f"A network {'-'.join(map(str, SIZES))} is trained on {TRAIN_ROWS} rows of the built-in data set noisy for "
        f"{EPOCHS} epochs and validated on {VAL_ROWS} others. Losses are measured in evaluation mode."
    )
    return Section("Overfitting, with and without dropout", [text, Curves(curves), Table(head, rows)])
