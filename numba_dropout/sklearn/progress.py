"""What `verbose` shows: scikit-learn's line for each epoch, or a bar on a terminal or in a notebook."""

from __future__ import annotations

import html
import importlib
import shutil
import sys
import time
from typing import Any

from ..nn.mlp import MLP
from ..training.callback import Callback

__all__ = ["IterationLines", "ProgressBar", "print_iteration"]

INTERVAL = 0.1  # seconds between two drawings
CELLS = 24  # characters of the bar, which leave room for the figures in 80 columns


def print_iteration(number: int, loss: float) -> None:
    """Print scikit-learn's line for an epoch."""
    print(f"Iteration {number}, loss = {loss:.8f}")  # noqa: T201 - requested with `verbose`


class IterationLines(Callback):
    """Callback that prints scikit-learn's line for each epoch."""

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Print the line of an epoch."""
        print_iteration(record["epoch"], record["loss"])


class ProgressBar(Callback):
    """Callback that shows the epochs of a fit as a bar, with the time, the loss and the score of held-out rows.

    The bar is on stderr if that is a terminal, and below the cell in a notebook. Else only its last state is printed.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self._epochs, self._done, self._loss = 0, 0, ""
        self._start = self._drawn = 0.0
        self._width = 0  # of the last line on the terminal
        self._cell: Any = None  # handle of the bar in a notebook

    def on_train_begin(self, net: MLP, epochs: int, steps: int) -> None:
        """Show an empty bar."""
        self._epochs, self._start = epochs, time.monotonic()
        self._cell = _new_cell(self._bundle())
        self._draw()

    def on_epoch_end(self, record: dict[str, Any]) -> None:
        """Advance the bar by an epoch."""
        self._done += 1
        self._loss = f"  loss {record['loss']:.4g}"
        scores = getattr(self.estimator, "validation_scores_", None)
        if self.estimator.early_stopping and scores:
            self._loss += f"  score {scores[-1]:.4g}"
        if time.monotonic() - self._drawn >= INTERVAL:
            self._draw()

    def close(self) -> None:
        """Show the last state. It stays above what is printed later."""
        if not self._start:
            return
        if self._cell is not None:
            self._draw()
        else:
            print(self._cleared(), file=sys.stderr, flush=True)  # noqa: T201 - requested with `verbose`
        self._start, self._cell = 0.0, None

    def _draw(self) -> None:
        """Draw the bar, if it can be drawn again."""
        self._drawn = time.monotonic()
        if self._cell is not None:
            self._cell.update(self._bundle(), raw=True)
        elif sys.stderr.isatty():
            print(self._cleared(), end="", file=sys.stderr, flush=True)  # noqa: T201

    def _cleared(self) -> str:
        """Return the line that replaces the last one on a terminal."""
        if not sys.stderr.isatty():
            return self._line()
        line = self._line()[: shutil.get_terminal_size().columns - 1]
        padding, self._width = self._width - len(line), len(line)
        return f"\r{line}{' ' * padding}"

    def _figures(self) -> str:
        """Return the number of epochs, the time, the loss and the score."""
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        return f"{self._done}/{self._epochs}  {minutes}:{seconds:02d}{self._loss}"

    def _line(self) -> str:
        """Return the bar as a line of text."""
        full = CELLS * self._done // max(self._epochs, 1)
        return f"epoch [{'#' * full}{'-' * (CELLS - full)}] {self._figures()}"

    def _bundle(self) -> dict[str, str]:
        """Return the bar as text and as HTML, of which a notebook shows one."""
        bar = f'<progress value="{self._done}" max="{self._epochs}" style="vertical-align: middle"></progress>'
        return {
            "text/plain": self._line(),
            "text/html": f"<div>{bar} <code>epoch {html.escape(self._figures())}</code></div>",
        }


def _new_cell(bundle: dict[str, str]) -> Any:
    """Return a handle that shows a bundle below the cell of a notebook, or None outside of a notebook."""
    if "ipykernel" not in sys.modules:
        return None
    shell = importlib.import_module("IPython").get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return importlib.import_module("IPython.display").display(bundle, raw=True, display_id=True)
