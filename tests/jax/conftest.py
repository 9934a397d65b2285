"""Tests of the JAX package need JAX."""

import pytest

jax = pytest.importorskip("jax", reason="jax is not installed")
jax.config.update("jax_disable_most_optimizations", True)  # compile in a third of the time
if hasattr(jax.config, "jax_num_cpu_devices"):
    jax.config.update("jax_num_cpu_devices", 2)  # for `shard_map`, before the first array


@pytest.fixture
def x64():
    """Compute with float64 and 64-bit integers in a test."""
    from numba_dropout.jax.kernels.philox import enable_x64

    with enable_x64(True):
        yield
