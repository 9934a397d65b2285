"""Samples with Gaussian noise."""

import numpy as np
from numpy_networks import factors, network, passed


def test_samples(rng):
    net, x = network("gaussian"), rng.standard_normal((6, 5))
    for number, out in enumerate(net.samples(x, 3)):
        scales = factors(net, 6, step=number, purpose="monte carlo")
        np.testing.assert_allclose(out, passed(net, x, scales)[1][-1], rtol=1e-10, atol=1e-12)
