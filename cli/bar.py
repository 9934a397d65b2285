"""A bar at the terminal, with the time left, that makes room for the lines that are printed meanwhile."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Any

import click

WAIT = 1.0  # seconds without a step after which it is said that the kernels are being compiled


def compilation_note() -> threading.Timer:
    """Return a timer that tells a person at a terminal, when it takes long, why nothing happens; to be cancelled."""
    note = threading.Timer(WAIT, click.echo, ("compiling, once for such a network: up to 15 s ...",), {"err": True})
    note.daemon = True
    if sys.stderr.isatty():
        note.start()
    return note


class Bar:
    """Shows how much of so many steps is done; nothing at all where nobody looks."""

    def __init__(self, length: int) -> None:
        self.bar: Any = None
        if sys.stdout.isatty() and sys.stderr.isatty():
            self.bar = click.progressbar(length=length, file=sys.stderr, width=20, show_pos=True, item_show_func=_short)
            self.bar.__enter__()

    def update(self, steps: int, what: str) -> None:
        """Move on by so many steps, and tell what comes next."""
        if self.bar is not None:
            self.bar.update(steps, what or self.bar.current_item)
            self.bar.render_progress()  # also where nothing moved: what comes next is news

    def lengthen(self, length: int) -> None:
        """Let there be so many steps."""
        if self.bar is not None:
            self.bar.length = length

    def echo(self, lines: Sequence[str]) -> None:
        """Print lines in the place of the bar, which the next step draws again below."""
        if self.bar is not None:
            click.echo("\r\033[2K", nl=False, file=sys.stderr)
        for line in lines:
            click.echo(line)

    def clear(self) -> None:
        """Take the bar off the terminal."""
        if self.bar is not None:
            click.echo("\r\033[2K\033[?25h", nl=False, file=sys.stderr)
            self.bar = None


def _short(what: str | None) -> str:
    return (what or "")[:30]
