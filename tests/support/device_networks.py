"""Networks on a CUDA device or on the CPU, and data for them. A module that imports this one needs a device.

Without a device and without Numba's simulator (NUMBA_ENABLE_CUDASIM=1), such a module is skipped.
"""

import numpy as np
import pytest
from numba.core import config

import numba_dropout as nd
from numba_dropout.arrays import devices

if not config.ENABLE_CUDASIM and devices.why_not() is not None:
    pytest.skip("needs NUMBA_ENABLE_CUDASIM=1, or a device", allow_module_level=True)

ROWS, INPUTS, UNITS, OUTPUTS = 3, 5, 3, 3


def batch(loss, rng, rows=ROWS):
    """Return data and targets for a loss."""
    x = rng.random((rows, INPUTS), np.float32)
    if loss == "cross_entropy":
        return x, rng.integers(0, OUTPUTS, rows)
    return x, rng.random((rows, OUTPUTS), np.float32)


def network(device, **options):
    """Return a network of three layers on a device."""
    options = {"dropout": 0.4, "input_dropout": 0.2, "seed": 3, **options}
    return nd.MLP([INPUTS, UNITS, UNITS + 1, OUTPUTS], device=device, **options)


def assert_close(actual, expected):
    """Compare values that differ only by rounding."""
    np.testing.assert_allclose(actual, expected, rtol=2e-4, atol=2e-6)
