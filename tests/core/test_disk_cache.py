"""The cache of compiled code on disk: entries, damage, permissions, and folders that cannot be used."""

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import finished, run
from symbols import object_code, shared_symbols

import numba_dropout as nd
from numba_dropout.core import disk_cache, identity

pytestmark = pytest.mark.jit_only

USE = "import numpy as np, numba_dropout as nd; print(nd.dropout(np.ones(9), 0.5, seed=1).sum())"
LOADED = USE + "\nfrom numba_dropout.kernels import cpu\nprint(*cpu.dropout_forward.stats.cache_hits.values())"
PACKAGE = Path(nd.__file__).parent
POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners of files")


def use(folder, code=USE, cwd=None, **environment):
    """Run Python with a folder for compiled code; return its output and its warnings."""
    command = [sys.executable, "-W", "always::RuntimeWarning", "-c", code]
    process = finished(command, cwd, **{"NUMBA_CACHE_DIR": str(folder), **environment})
    return process.stdout.split(), [line for line in process.stderr.splitlines() if "Warning" in line]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Return a folder with the code of one kernel, and the result of the kernel."""
    folder = tmp_path_factory.mktemp("filled")
    results, warnings = use(folder)
    assert not warnings
    return folder, results


@pytest.fixture
def copied(filled, tmp_path):
    """Return a copy of that folder, the file in it, and the result of the kernel."""
    folder = tmp_path / "cache"
    shutil.copytree(filled[0], folder)
    (file,) = folder.rglob("*.nbc")
    return folder, file, filled[1]


def test_second_process_loads_code(copied):
    folder, file, expected = copied
    before = file.stat().st_mtime_ns
    assert run(LOADED, NUMBA_CACHE_DIR=str(folder)).split() == [*expected, "1"]
    assert [path.stat().st_mtime_ns for path in folder.rglob("*.nbc")] == [before]


def test_disabled_cache(tmp_path):
    run(USE, NUMBA_CACHE_DIR=str(tmp_path), NUMBA_DROPOUT_CACHE="0")
    assert list(tmp_path.rglob("*.nbc")) == []


def test_two_processes_at_once(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    both = [
        subprocess.Popen([sys.executable, "-c", USE], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert results[0] == results[1] == run(USE, NUMBA_CACHE_DIR=str(tmp_path)) + "\n"
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".nbc"]


def test_old_folders_are_removed(tmp_path):
    names = [f"{age:016x}" for age in range(12)]
    for age, name in enumerate(["kernels", "data", *names]):
        folder = tmp_path / "numba_dropout" / name
        folder.mkdir(parents=True)
        os.utime(folder, (1e9 - age, 1e9 - age))
    run(USE, NUMBA_CACHE_DIR=str(tmp_path))
    left = {path.name for path in (tmp_path / "numba_dropout").iterdir()}
    assert left == {*names[:7], identity.SOURCES, "kernels", "data"}  # other folders remain


def zeros(content):
    return bytes(len(content))


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def another_pickle(content):
    return pickle.dumps((1, 2, 3))


def unreadable_inside(content):
    """Return content with a valid hash that is no function of Numba."""
    inner = pickle.dumps((1, 2, 3))
    return hashlib.sha256(inner).digest() + inner


@pytest.mark.parametrize(
    "damage",
    [
        *(flipped, unreadable_inside, lambda content: b""),
        *(pytest.param(one, marks=pytest.mark.full) for one in (zeros, another_pickle, lambda content: content[:100])),
    ],
)
def test_damaged_file_is_replaced(copied, damage):
    folder, file, expected = copied
    file.write_bytes(damage(file.read_bytes()))
    assert run(LOADED, NUMBA_CACHE_DIR=str(folder)).split() == expected  # no hits
    assert run(LOADED, NUMBA_CACHE_DIR=str(folder)).split() == [*expected, "1"]


def test_edited_source_is_compiled_again(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "numba_dropout", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    before = float(run(USE, cwd=tmp_path, **environment))
    source = tmp_path / "numba_dropout" / "kernels" / "simd" / "masked_store.py"
    text = source.read_text()
    assert text.count("y = builder.fmul(x, scales)") == 1
    source.write_text(text.replace("y = builder.fmul(x, scales)", "y = builder.fadd(x, scales)"))
    assert before > 0
    assert float(run(USE, cwd=tmp_path, **environment)) == before * 1.5  # 1 + 2 in place of 1 * 2


@pytest.mark.parametrize(("setting", "value"), [("NUMBA_OPT", "0"), ("NUMBA_DEBUGINFO", "1")])
def test_settings_without_cache(filled, tmp_path, setting, value):
    code = f"{USE}; from numba_dropout.core import disk_cache; print(disk_cache.describe())"
    results, warnings = use(tmp_path, code, **{setting: value})
    assert (results[:1], warnings) == (filled[1], [])
    assert results[1:4] == ["not", "cached:", setting + ("=0" if value == "0" else "")]
    assert list(tmp_path.rglob("*.nbc")) == []


PLANT = (
    "import os, pickle, hashlib, sys, glob\n"
    "class Planted:\n"
    "    def __reduce__(self): return os.mkdir, (sys.argv[2],)\n"
    "content = pickle.dumps(Planted())\n"
    "open(sys.argv[1], 'wb').write(hashlib.sha256(content).digest() + content)\n"
)


def open_to_all(file):
    for folder in (file.parent.parent, file.parent):
        folder.chmod(0o777)
    return "other users can write to"


def open_above(file):
    file.parent.parent.parent.chmod(0o777)
    return "other users can write to"


def of_somebody_else(file):
    if os.geteuid():
        pytest.skip("only root can give files away")
    os.chown(file.parent, 65534, 65534)
    return "belongs to another user"


def file_open_to_all(file):
    file.chmod(0o666)


def file_of_somebody_else(file):
    if os.geteuid():
        pytest.skip("only root can give files away")
    os.chown(file, 65534, 65534)


def pipe(file):
    file.unlink()
    os.mkfifo(file)


def linked(file):
    elsewhere = file.with_suffix(".elsewhere")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


@POSIX
@pytest.mark.parametrize(
    "case", [open_to_all, open_above, of_somebody_else, file_open_to_all, file_of_somebody_else, linked, pipe]
)
def test_planted_code_does_not_run(copied, tmp_path, case):
    folder, file, expected = copied
    marker = tmp_path / "planted code ran"
    subprocess.run([sys.executable, "-c", PLANT, file, marker], check=True)
    reason = case(file)
    results, warnings = use(folder, LOADED)
    assert not marker.exists()
    assert results == expected
    assert len(warnings) == (reason is not None)
    assert reason is None or (reason in warnings[0] and "NUMBA_CACHE_DIR" in warnings[0])


@POSIX
def test_warning_about_shared_folder(copied):
    folder, file, _ = copied
    reason = open_to_all(file)
    _, warnings = use(folder, USE + "; nd.relu(np.ones(9)); nd.dropout(np.ones(9, np.float32), 0.5, seed=1)")
    assert len(warnings) == 1
    assert len(list(folder.rglob("*.nbc"))) == 1  # no file was added
    code = "from numba_dropout.experiments import environment; print(environment.describe()['compiled code'])"
    words = use(folder, code)[0]
    assert " ".join(words).startswith(f"not cached: {reason}")


@POSIX
@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"NUMBA_CACHE_DIR": "kept"}, "NUMBA_CACHE_DIR is not an absolute path: kept"),
        ({"NUMBA_CACHE_DIR": "/dev/null/kept"}, "/dev/null is not a folder"),
        ({"NUMBA_CACHE_DIR": "/" + "long" * 80}, "File name too long"),
        pytest.param(
            {"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": None, "HOME": "/dev/null"},
            "/dev/null is not a folder",
            marks=pytest.mark.full,
        ),
        ({"NUMBA_CACHE_DIR": "/proc/kept"}, "/proc/kept"),  # even root cannot create files there
        pytest.param(
            {"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": "kept"}, "is not an absolute path", marks=pytest.mark.full
        ),
        ({"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": None, "HOME": "kept"}, "there is no home folder"),
    ],
)
def test_unusable_folder(filled, tmp_path, environment, reason):
    results, warnings = use(None, cwd=tmp_path, **environment)
    assert results == filled[1]
    assert len(warnings) == 1
    assert reason in warnings[0]
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_permissions_of_folders(filled, tmp_path):
    """A second process accepts the folders of the first."""
    code = f"import os; os.umask(0); {LOADED}"
    for hits in ([], ["1"]):
        assert use(tmp_path / "a" / "b", code) == ([*filled[1], *hits], [])
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "a").rglob("*") if file.is_dir()} == {0o700}


@pytest.mark.full
def test_warning_of_command(tmp_path):
    code = "from numba_dropout_cli.main import cli; cli(['train', '--epochs', '1'])"
    process = finished([sys.executable, "-c", code], tmp_path, NUMBA_CACHE_DIR="kept")
    (line,) = process.stderr.splitlines()
    assert line.startswith("Warning: compiled code is not cached: NUMBA_CACHE_DIR is not an absolute path: kept; ")


@POSIX
def test_private_group(monkeypatch, tmp_path):
    """Many systems create a group for each user, and folders that the group can write to."""
    tmp_path.chmod(0o775)
    monkeypatch.setattr(disk_cache, "_is_private_group", lambda number: True)
    assert disk_cache._objection(tmp_path / "a" / "b") is None
    monkeypatch.setattr(disk_cache, "_is_private_group", lambda number: False)
    assert "other users can write to" in disk_cache._objection(tmp_path / "a" / "b")


@pytest.mark.last
@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files")
def test_symbols_are_distinct():
    """If two entries define one symbol, the first is run for both. The test checks the code of all earlier tests."""
    nd.dropout(np.ones(9), 0.5, seed=1)  # at least one
    entries = sorted(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbc"))
    symbols_of = {file.name: shared_symbols(object_code(file)) for file in entries}
    total = sum(map(len, symbols_of.values()))
    print(f"{len(entries)} entries with {total} symbols")
    assert entries
    assert {len(symbols) for symbols in symbols_of.values()} == {3}  # the function, its wrapper, and its environment
    assert len(set().union(*symbols_of.values())) == total
