"""The progress bar in a terminal and in a pipe."""

import io
import re
import sys

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
