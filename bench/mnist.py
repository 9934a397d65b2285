"""Training on MNIST on a CUDA device, from its files to a test error, compared with PyTorch."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import numba_dropout as nd
from numba_dropout.data.readers import idx

__all__ = ["to_error"]

UNITS, BATCH, EPOCHS, GOAL = [784, 1024, 1024, 1024, 10], 128, 40, 0.016


def to_error(torch: Any, folder: Path) -> dict[str, Any]:
    """Return the seconds from the files to the test error and the errors after each epoch, ours and PyTorch's."""
    results = {"numba-dropout": _timed(partial(_train, folder))}
    if torch is not None:
        results["torch"] = _timed(partial(_train_torch, torch, folder))
    return results


def _timed(training: Callable[[], list[float]]) -> dict[str, Any]:
    start = time.perf_counter()
    errors = training()
    return {"seconds": time.perf_counter() - start, "errors": errors, "reached": errors[-1] <= GOAL}


class _Goal(nd.Callback):
    def __init__(self) -> None:
        self.errors: list[float] = []

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Record the test error, and stop training if it is low enough."""
        self.errors.append(1.0 - record["val_accuracy"])
        if self.errors[-1] <= GOAL:
            self.training.stop = True


def _train(folder: Path) -> list[float]:
    (x, y), test = (idx.read_part(folder, part) for part in ("train", "test"))
    net, goal = nd.MLP(UNITS, dropout=0.5, input_dropout=0.2, seed=1, device="cuda"), _Goal()
    net.scale_input(0.0, 1 / 255)
    nd.fit(net, x, y, optimizer=nd.Adam(), epochs=EPOCHS, batch_size=BATCH, validation=test, callbacks=[goal])
    return goal.errors


def _train_torch(torch: Any, folder: Path) -> list[float]:
    nn = torch.nn
    parts = [idx.read_part(folder, part) for part in ("train", "test")]
    (x, y), (test_x, test_y) = (
        (torch.as_tensor(x, device="cuda") / 255, torch.as_tensor(np.array(y, np.int64), device="cuda"))
        for x, y in parts
    )
    layers: list[Any] = [nn.Dropout(0.2)]
    for inputs, units in itertools.pairwise(UNITS[:-1]):
        layers += [nn.Linear(inputs, units), nn.ReLU(), nn.Dropout(0.5)]
    net = nn.Sequential(*layers, nn.Linear(*UNITS[-2:])).cuda()
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    errors: list[float] = []
    while len(errors) < EPOCHS and (not errors or errors[-1] > GOAL):
        net.train()
        for rows in torch.randperm(len(x), device="cuda").split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            errors.append(float((net(test_x).argmax(1) != test_y).float().mean()))
    return errors
