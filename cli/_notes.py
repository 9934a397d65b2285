"""Printing of notes: what was guessed and left out in reading data."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

import click


def show_notes(notes: Iterable[str], *, err: bool = False) -> None:
    """Print notes, each from the start of a line, with indented lines where it is longer than the screen is wide."""
    width = shutil.get_terminal_size().columns
    for note in notes:
        lines = textwrap.wrap(note, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        click.echo("\n".join(lines), err=err)
