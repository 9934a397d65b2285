"""The output of `ndrop train` while it runs: in a pipe, in a terminal, and after an interrupt."""

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest
from commands import NDROP, ndrop, read_log, started

import numba_dropout as nd

LONG = ("--hidden", "4", "--batch-size", "30", "--optimizer", "adam", "--lr", "0.001")
SMALL = ("--hidden", "4", "--epochs", "2", "--batch-size", "8")

pytestmark = pytest.mark.usefixtures("tables")


def in_a_terminal(*arguments, until=None):
    """Run in a terminal, with an interrupt once a pattern has been shown. Return the output and the exit code."""
    import pty

    parent_end, child_end = pty.openpty()
    output = ""
    with subprocess.Popen([*NDROP, *arguments], stdin=child_end, stdout=child_end, stderr=child_end) as process:
        os.close(child_end)
        with open(parent_end, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # the other end is closed
            while piece := terminal.read(65536):
                output += piece.decode()
                if until and re.search(until, output):
                    process.send_signal(signal.SIGINT)
                    until = None
    return output, process.returncode


def test_pipe():
    ndrop("train", "kinds.csv", *SMALL)
    result = started("train", "kinds.csv", *SMALL, "--val", "0.2")
    assert result.returncode == 0
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_terminal():
    output, code = in_a_terminal("train", "kinds.csv", "--hidden", "4", "--epochs", "5", "--batch-size", "1")
    assert code == 0
    assert re.search(r"\[#+-*\] +\d+/150 .*epoch 1, loss \d", output)
    rows = re.findall(r"(\d+) +\d\.\d{4} +\d\.\d{4} +[\d,]+\r\n", output)
    assert rows == ["1", "2", "3", "4", "5"]
    assert "next   ndrop evaluate model.npz kinds.csv" in output


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_time_left_and_interrupt(folder):
    time_left = r"\[[#-]+\] +\d+/\d+ +(\d+d )?\d\d:\d\d:\d\d"
    output, code = in_a_terminal("train", "kinds.csv", *LONG, "--epochs", "9999999", until=time_left)
    assert code == 130
    assert re.search(time_left, output)
    end = output[output.rindex("/9999999") :]
    assert "\x1b[?25h" in end, "the cursor is hidden"
    assert "stopped by Ctrl-C" in end
    assert (folder / "model.npz").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupt_keeps_files(folder):
    (folder / "model.npz").write_bytes(b"of an earlier run")
    with subprocess.Popen(
        [*NDROP, "train", "kinds.csv", *LONG, "--epochs", "10000000", "--log", "log.jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            if line.split()[:1] == ["1"]:
                break
        log = folder / "log.jsonl"
        while process.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") >= 3):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Ctrl-C" in out
    assert "ndrop evaluate model.npz kinds.csv" in out
    net = nd.MLP.load("model.npz")
    log = read_log(folder / "log.jsonl")
    assert [record["epoch"] for record in log] == list(range(1, len(log) + 1))
    assert len(log) >= 2  # the signal may come between the line of an epoch and its record
    assert net.epoch - len(log) in (0, 1)
    assert net.step >= net.epoch
    assert sorted(path.name for path in folder.iterdir()) == ["kinds.csv", "log.jsonl", "model.npz", "values.csv"]
