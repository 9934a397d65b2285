"""Tests of the PyTorch package need PyTorch."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(autouse=True)
def seeded():
    """Seed PyTorch's generator for each test."""
    torch.manual_seed(0)
