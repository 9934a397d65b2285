"""The progress bar in a terminal and in a pipe."""

import io
import re
import sys

import click
import pytest
from numba_dropout_cli import bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    visible = bar.Bar(4)
    visible.update(0, "preparing")
    visible.update(1, "dropout")
    visible.echo(["a line"])
    visible.update(3, "")
    visible.clear()
    text = terminal.getvalue()
    assert "preparing" in text
    assert re.search(r"1/4 .*dropout", text)
    assert "\r\033[2Ka line\n" in text
    assert "4/4" in text
    assert text.endswith("\r\033[2K\033[?25h")


def test_pipe(capsys):
    hidden = bar.Bar(4)
    hidden.update(1, "dropout")
    hidden.echo(["a line"])
    hidden.clear()
    assert tuple(capsys.readouterr()) == ("a line\n", "")


def test_time_left(monkeypatch):
    """It is estimated by the steps after the first ones, and not by those of an earlier run."""
    clock = [1000.0]
    monkeypatch.setattr("time.time", lambda: clock[0])
    shown = click.progressbar(length=100, file=Terminal(), item_show_func=str)
    shown.update(20, None)  # of an earlier run
    steps = bar.Steps(shown)
    for seconds, count in ((60, 5), (2, 1), (2, 1), (4, 2)):  # compilation, and then 2 seconds a step
        clock[0] += seconds
        steps.update(count, "text")
        assert shown.pos == 25 or shown.time_per_iteration == pytest.approx(2)
    assert (shown.pos, shown.eta) == (29, pytest.approx(2 * 71))
