"""The suspension of Python's garbage collection."""

import gc
import threading

import numpy as np
import pytest
from numba import errors, extending
from processes import run

from numba_dropout.core import garbage
from numba_dropout.core.garbage import suspended_collection
from numba_dropout.core.jit import entry_point


@pytest.fixture(autouse=True)
def collection():
    yield
    gc.enable()


@pytest.mark.parametrize("before", [True, False])
def test_state_before_is_restored(before):
    if not before:
        gc.disable()
    with suspended_collection():
        with suspended_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled() is before


def test_last_thread_enables_it():
    inside, leave = threading.Event(), threading.Event()

    def other():
        with suspended_collection():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=other)
    with suspended_collection():
        thread.start()
        assert inside.wait(60)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_call_that_ends_before_its_exit():
    """As if Ctrl-C came right after the entry."""
    user = garbage._User()
    assert not gc.isenabled()
    del user
    assert gc.isenabled()


FORK = """
import gc, os, threading
from numba_dropout.core.garbage import suspended_collection

inside, leave = threading.Event(), threading.Event()

def other():
    with suspended_collection():
        inside.set()
        leave.wait(60)

thread = threading.Thread(target=other)
thread.start()
inside.wait(60)
if os.fork() == 0:
    print(gc.isenabled(), flush=True)
    os._exit(0)
os.wait()
leave.set()
thread.join()
print(gc.isenabled())
"""


def test_forked_process_collects():
    assert run(FORK).split() == ["True", "True"]


def probe(x):
    return x


@pytest.mark.jit_only
def test_suspended_while_compiling():
    enabled = []

    @extending.overload(probe)
    def _(x):
        enabled.append(gc.isenabled())
        return lambda x: x

    assert entry_point(lambda x: probe(x).sum() * 2)(np.ones(3)) == 6
    assert enabled
    assert not any(enabled)
    assert gc.isenabled()
    with pytest.raises(errors.TypingError):
        entry_point(lambda x: x.no_such_attribute)(np.ones(3))
    assert gc.isenabled()
