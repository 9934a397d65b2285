"""Atomic writes of files."""

import os
import signal
import stat
import subprocess
import sys

import pytest
from together import together

from numba_dropout.storage.files import check_writable, replacing, write_json


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("old", [None, b"old"])
def test_file_appears_after_writing(tmp_path, old):
    path = tmp_path / "file"
    if old:
        path.write_bytes(old)
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert (path.read_bytes() if path.exists() else None) == old
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_exception_while_writing_keeps_old_file(tmp_path, fault):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half():
        with replacing(path) as file:
            file.write(b"half")
            raise fault

    with pytest.raises(fault):
        write_half()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


WRITER = """
import os, signal, sys
from numba_dropout.storage import files
path, moment = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "before the rename":
    files.os.replace = die
with files.replacing(path) as file:
    file.write(b"n" * 100_000)
    file.flush()
    if moment == "while writing":
        die()
    file.write(b"n" * 100_000)
if moment == "after":
    die()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
@pytest.mark.parametrize("moment", ["while writing", "before the rename", "after"])
def test_kill_leaves_old_or_new_file(tmp_path, moment):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    ended = subprocess.run([sys.executable, "-c", WRITER, path, moment], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == (b"n" * 200_000 if moment == "after" else b"old")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_default_permissions(tmp_path):
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    (tmp_path / "other").write_bytes(b"other")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077])
def test_umask_is_not_changed(mask, tmp_path, monkeypatch):
    umask, changed = os.umask, []
    before = umask(mask)
    monkeypatch.setattr(os, "umask", lambda value: changed.append(value) or umask(value))
    try:
        results = together(*(lambda n=n: write_json(tmp_path / f"{n}", n) for n in range(4)), times=5)
    finally:
        after = umask(before)
    assert (after, changed) == (mask, [])
    assert [result for many in results for result in many if result is not None] == []
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o666 & ~mask}
    assert len(list(tmp_path.iterdir())) == 4


def test_unwritable_paths(tmp_path):
    with pytest.raises(ValueError, match=r"folder .*nowhere does not exist"):
        check_writable(tmp_path / "nowhere" / "file")
    with pytest.raises(ValueError, match="got a folder"):
        check_writable(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file"):
        check_writable(tmp_path / "file" / "below")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="/dev/null")
def test_device_is_refused():
    with pytest.raises(ValueError, match="/dev/null: expected a file name, got a device"):
        check_writable(os.devnull)


def test_check_writable_keeps_file(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    assert check_writable(tmp_path / "file") == tmp_path / "file"
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]
