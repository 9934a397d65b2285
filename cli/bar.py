"""A progress bar with the time left that stays below the lines printed meanwhile."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import click

WAIT = 1.0  # seconds without a step before compilation is announced


def compilation_note() -> threading.Timer:
    """Return a timer that announces compilation on a terminal after `WAIT` seconds. Cancel it at the first step."""
    note = threading.Timer(
        WAIT, click.echo, ("compiling the kernels of this kind of network, once: up to 15 s ...",), {"err": True}
    )
    note.daemon = True
    if sys.stderr.isatty():
        note.start()
    return note


class Steps:
    """The steps of a bar that its time left is estimated by: those after the first, which may wait for compilation."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar
        self.first: tuple[float, int] | None = None  # the time of the first steps' end, and their number

    def update(self, steps: int, item: Any) -> None:
        """Advance the bar by a number of steps, and show an item."""
        now, done = time.time(), self.bar.pos + steps
        if self.first is None:
            self.first, self.bar.last_eta = (now, done), now  # no estimate yet
        elif done > self.first[1]:
            start, before = self.first
            self.bar.start = now - (now - start) * done / (done - before)  # as if all steps had taken as long
        self.bar.update(steps, item)


class Bar:
    """A progress bar of `length` steps. It prints nothing unless stdout and stderr are terminals."""

    def __init__(self, length: int) -> None:
        self.bar: Any = None
        if sys.stdout.isatty() and sys.stderr.isatty():
            self.bar = click.progressbar(length=length, file=sys.stderr, width=20, show_pos=True, item_show_func=_short)
            self.bar.__enter__()
            self.steps = Steps(self.bar)

    def update(self, steps: int, text: str) -> None:
        """Advance by a number of steps and show a text, or the last text if it is empty."""
        if self.bar is not None:
            self.steps.update(steps, text or self.bar.current_item)
            self.bar.render_progress()  # with steps=0 the text is still new

    def lengthen(self, length: int) -> None:
        """Set the number of steps."""
        if self.bar is not None:
            self.bar.length = length

    def echo(self, lines: Sequence[str]) -> None:
        """Print lines over the bar. The next step redraws the bar below."""
        if self.bar is not None:
            click.echo("\r\033[2K", nl=False, file=sys.stderr)
        for line in lines:
            click.echo(line)

    def clear(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            click.echo("\r\033[2K\033[?25h", nl=False, file=sys.stderr)
            self.bar = None


def _short(text: str | None) -> str:
    return (text or "")[:30]
