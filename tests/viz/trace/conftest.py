"""Traces and their pages."""

import pytest

from numba_dropout.viz import trace


@pytest.fixture(scope="session")
def pytorch():
    """Return the trace of the PyTorch example, and its page."""
    traced = trace.trace("pytorch")
    return traced, trace.page(traced)


@pytest.fixture(scope="session")
def toy():
    """Return the page of the toy example."""
    return trace.page(trace.trace("toy"))
