"""Gaussian dropout and Gaussian noise as layers."""

import pytest
from layer_checks import check_functions

import numba_dropout as nd
from numba_dropout import layers


def test_gaussian_dropout(backend):
    check_functions(backend, layers.GaussianDropout, nd.gaussian_dropout, nd.gaussian_dropout_backward, (3, 5), p=0.4)


def test_gaussian_noise(backend):
    check_functions(backend, layers.GaussianNoise, nd.gaussian_noise, nd.gaussian_noise_backward, (3, 5), stddev=0.4)


def test_errors():
    masks = nd.MaskGenerator(seed=1)
    with pytest.raises(ValueError, match="p: expected a probability below 1"):
        layers.GaussianDropout(1.0, masks=masks)
    with pytest.raises(ValueError, match="stddev: expected a number at least 0"):
        layers.GaussianNoise(-1.0, masks=masks)
    assert masks.sites == 0
