"""Compiled code on disk: never stale, never another user's, never another function's, and replaced when damaged."""

import hashlib
import itertools
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core import config
from processes import finished, run
from symbols import object_code, shared_symbols

import numba_dropout as nd
from numba_dropout.core import disk_cache, identity
from numba_dropout.nn.passes import CPU, LOSSES, PassSpec, build_passes
from numba_dropout.nn.variants.kinds import VARIANTS

pytestmark = pytest.mark.jit_only

USE = "import numpy as np, numba_dropout as nd; print(nd.dropout(np.ones(9), 0.5, seed=1).sum())"
LOADED = USE + "\nfrom numba_dropout.kernels import cpu\nprint(*cpu.dropout_forward.stats.cache_hits.values())"
PACKAGE = Path(nd.__file__).parent
POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners of files")


def use(folder, code=USE, cwd=None, **environment):
    """Run Python with a folder for compiled code; return what it prints, and its warnings."""
    command = [sys.executable, "-W", "always::RuntimeWarning", "-c", code]
    done = finished(command, cwd, **{"NUMBA_CACHE_DIR": str(folder), **environment})
    return done.stdout.split(), [line for line in done.stderr.splitlines() if "Warning" in line]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Return a folder with the code of one kernel, and what that gives."""
    folder = tmp_path_factory.mktemp("filled")
    results, warned = use(folder)
    assert not warned
    return folder, results


@pytest.fixture
def copied(filled, tmp_path):
    """Return a copy of that folder, the one file in it, and what the kernel gives."""
    folder = tmp_path / "cache"
    shutil.copytree(filled[0], folder)
    (file,) = folder.rglob("*.nbc")
    return folder, file, filled[1]


# ---------------------------------------------------------------- kept and found again


def test_a_second_process_loads_what_the_first_compiled(copied):
    folder, file, expected = copied
    before = file.stat().st_mtime_ns
    assert run(LOADED, NUMBA_CACHE_DIR=str(folder)).split() == [*expected, "1"]
    assert [found.stat().st_mtime_ns for found in folder.rglob("*.nbc")] == [before]


def test_the_cache_can_be_turned_off(tmp_path):
    run(USE, NUMBA_CACHE_DIR=str(tmp_path), NUMBA_DROPOUT_CACHE="0")
    assert list(tmp_path.rglob("*.nbc")) == []


def test_two_processes_may_fill_one_cache_at_once(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    both = [
        subprocess.Popen([sys.executable, "-c", USE], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert results[0] == results[1] == run(USE, NUMBA_CACHE_DIR=str(tmp_path)) + "\n"
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".nbc"]


def test_old_versions_of_the_sources_are_let_go(tmp_path):
    names = [f"{age:016x}" for age in range(12)]
    for age, name in enumerate(["kernels", "data", *names]):
        folder = tmp_path / "numba_dropout" / name
        folder.mkdir(parents=True)
        os.utime(folder, (1e9 - age, 1e9 - age))
    run(USE, NUMBA_CACHE_DIR=str(tmp_path))
    left = {path.name for path in (tmp_path / "numba_dropout").iterdir()}
    assert left == {*names[:7], identity.SOURCES, "kernels", "data"}  # others' folders stay


def zeros(content):
    return bytes(len(content))


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def another_pickle(content):
    return pickle.dumps((1, 2, 3))


def unreadable_inside(content):
    """Return what the hash in front allows, and Numba cannot make a function of."""
    inner = pickle.dumps((1, 2, 3))
    return hashlib.sha256(inner).digest() + inner


@pytest.mark.parametrize(
    "damage", [zeros, flipped, another_pickle, unreadable_inside, lambda content: content[:100], lambda content: b""]
)
def test_a_damaged_file_is_compiled_again_and_replaced(copied, damage):
    folder, file, expected = copied
    file.write_bytes(damage(file.read_bytes()))
    assert run(LOADED, NUMBA_CACHE_DIR=str(folder)).split() == expected  # no hits
    assert run(LOADED, NUMBA_CACHE_DIR=str(folder)).split() == [*expected, "1"]


# ---------------------------------------------------------------- named by all that code depends on


def test_an_edit_of_any_module_leads_to_another_folder(tmp_path, monkeypatch):
    """Numba by itself notices only edits of the outermost function's file."""
    copy = tmp_path / "numba_dropout"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(identity, "_PACKAGE", str(copy))
    found = {identity.source_hash()}
    assert found == {identity.SOURCES}
    files = sorted(copy.rglob("*.py"))
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content + b"# edited\n")
        found.add(identity.source_hash())
        file.write_bytes(content)
    assert len(found) == len(files) + 1
    assert {"dropconnect.py", "concrete_dropout.py", "sites.py", "subnetwork.py", "views.py"} <= {
        file.name for file in files
    }


def test_sources_that_cannot_be_read_keep_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "_PACKAGE", str(tmp_path))
    assert identity.source_hash() is None


def test_an_edited_copy_does_not_run_the_old_code(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "numba_dropout", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    before = float(run(USE, cwd=tmp_path, **environment))
    source = tmp_path / "numba_dropout" / "kernels" / "simd" / "masked_store.py"
    text = source.read_text()
    assert text.count("y = builder.fmul(x, scales)") == 1
    source.write_text(text.replace("y = builder.fmul(x, scales)", "y = builder.fadd(x, scales)"))
    assert before > 0
    assert float(run(USE, cwd=tmp_path, **environment)) == before * 1.5  # 1 + 2 in place of 1 * 2


@pytest.mark.parametrize(
    ("name", "value"), [("LOOP_VECTORIZE", 0), ("SLP_VECTORIZE", 1), ("OPT", 1), ("BOUNDSCHECK", 1), ("NEW_ONE", 1)]
)
def test_settings_of_numba_are_in_the_name(monkeypatch, name, value):
    before = identity.identity(identified)
    monkeypatch.setattr(config, name, value, raising=False)
    assert identity.identity(identified) != before


@pytest.mark.parametrize("name", ["NUMBA_NUM_THREADS", "THREADING_LAYER", "CACHE_DIR", "DEVELOPER_MODE"])
def test_settings_of_the_process_are_not_in_the_name(monkeypatch, name):
    before = identity.identity(identified)
    monkeypatch.setattr(config, name, "another")
    assert identity.identity(identified) == before


@pytest.mark.parametrize(("setting", "value"), [("NUMBA_OPT", "0"), ("NUMBA_DEBUGINFO", "1")])
def test_code_that_cannot_be_kept_runs_all_the_same(filled, tmp_path, setting, value):
    code = f"{USE}; from numba_dropout.core import disk_cache; print(disk_cache.describe())"
    results, warned = use(tmp_path, code, **{setting: value})
    assert (results[:1], warned) == (filled[1], [])
    assert results[1:4] == ["not", "cached:", setting + ("=0" if value == "0" else "")]
    assert list(tmp_path.rglob("*.nbc")) == []


def identified(x):
    return x


def closure(value):
    return lambda: value


def test_closures_are_told_apart_by_what_they_hold():
    held = [0, False, 0.0, None, "0", (0,), np.uint64(0), np.int64(0), np, identified, closure(1), closure(2), int]
    names = [identity.identity(closure(value)) for value in held]
    assert len(set(names)) == len(held)
    assert names == [identity.identity(closure(value)) for value in held]
    with pytest.raises(TypeError, match="expected constants and functions, got list"):
        identity.identity(closure([0]))


def test_no_two_compositions_share_a_name():
    """They are closures of a few functions; only what they hold tells them apart."""
    kinds = [*VARIANTS, "rates"]
    flags = (False, True)
    choices = list(itertools.product(LOSSES, ("sgd", "adam"), flags, flags, kinds, flags, flags))
    found = [build_passes(CPU, PassSpec(*choice)) for choice in choices]
    names = {identity.identity(passes.train_steps.py_func) for passes in found}
    assert len(names) == len(choices) == 576
    evaluations = {identity.identity(passes.evaluate.py_func) for passes in found}
    assert len(evaluations) == 3 * (len(kinds) - 1) * 2  # by loss, variant and sparse; dropconnect's is dropout's


# ---------------------------------------------------------------- loaded only from where nobody else can write


PLANT = (
    "import os, pickle, hashlib, sys, glob\n"
    "class Planted:\n"
    "    def __reduce__(self): return os.mkdir, (sys.argv[2],)\n"
    "content = pickle.dumps(Planted())\n"
    "open(sys.argv[1], 'wb').write(hashlib.sha256(content).digest() + content)\n"
)


def open_to_all(file):
    for place in (file.parent.parent, file.parent):
        place.chmod(0o777)
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
    ran = tmp_path / "planted code ran"
    subprocess.run([sys.executable, "-c", PLANT, file, ran], check=True)
    reason = case(file)
    results, warned = use(folder, LOADED)
    assert not ran.exists()
    assert results == expected
    assert len(warned) == (reason is not None)
    assert reason is None or (reason in warned[0] and "NUMBA_CACHE_DIR" in warned[0])


@POSIX
def test_a_folder_made_by_others_is_said_once_and_by_info(copied):
    folder, file, _ = copied
    reason = open_to_all(file)
    _, warned = use(folder, USE + "; nd.relu(np.ones(9)); nd.dropout(np.ones(9, np.float32), 0.5, seed=1)")
    assert len(warned) == 1
    assert len(list(folder.rglob("*.nbc"))) == 1  # nothing was added either
    code = "from numba_dropout.experiments import environment; print(environment.describe()['compiled code'])"
    about = use(folder, code)[0]
    assert " ".join(about).startswith(f"not cached: {reason}")


@POSIX
@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"NUMBA_CACHE_DIR": "kept"}, "NUMBA_CACHE_DIR is not an absolute path: kept"),
        ({"NUMBA_CACHE_DIR": "/dev/null/kept"}, "/dev/null is not a folder"),
        ({"NUMBA_CACHE_DIR": "/" + "long" * 80}, "File name too long"),
        ({"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": None, "HOME": "/dev/null"}, "/dev/null is not a folder"),
        ({"NUMBA_CACHE_DIR": "/proc/kept"}, "/proc/kept"),  # nothing can be made there, even by root
        ({"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": "kept"}, "is not an absolute path"),
        ({"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": None, "HOME": "kept"}, "there is no home folder"),
    ],
)
def test_without_a_folder_nothing_is_kept(filled, tmp_path, environment, reason):
    results, warned = use(None, cwd=tmp_path, **environment)
    assert results == filled[1]
    assert len(warned) == 1
    assert reason in warned[0]
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_folders_are_made_for_the_user_alone(filled, tmp_path):
    """A second process must not refuse what the first one made."""
    code = f"import os; os.umask(0); {LOADED}"
    for hits in ([], ["1"]):
        assert use(tmp_path / "a" / "b", code) == ([*filled[1], *hits], [])
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "a").rglob("*") if file.is_dir()} == {0o700}


@pytest.mark.full
def test_the_command_warns_in_one_line(tmp_path):
    code = "from numba_dropout_cli.main import cli; cli(['train', '--epochs', '1'])"
    done = finished([sys.executable, "-c", code], tmp_path, NUMBA_CACHE_DIR="kept")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Warning: compiled code is not cached: NUMBA_CACHE_DIR is not an absolute path: kept; ")


@POSIX
def test_a_group_of_one_is_no_other(monkeypatch, tmp_path):
    """Many systems make a group for each user, and folders that it may write to."""
    tmp_path.chmod(0o775)
    monkeypatch.setattr(disk_cache, "_is_private_group", lambda number: True)
    assert disk_cache._objection(tmp_path / "a" / "b") is None
    monkeypatch.setattr(disk_cache, "_is_private_group", lambda number: False)
    assert "other users can write to" in disk_cache._objection(tmp_path / "a" / "b")


# ---------------------------------------------------------------- no symbol is another's


@pytest.mark.last
@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files")
def test_no_two_entries_share_a_symbol():
    """Of a symbol that two define, the first is run for both: this looks at all that the tests before it compiled."""
    nd.dropout(np.ones(9), 0.5, seed=1)  # at least one
    entries = sorted(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbc"))
    shown = {file.name: shared_symbols(object_code(file)) for file in entries}
    total = sum(map(len, shown.values()))
    print(f"{len(entries)} entries with {total} symbols")
    assert entries
    assert {len(symbols) for symbols in shown.values()} == {3}  # the function, its wrapper, and its environment
    assert len(set().union(*shown.values())) == total
