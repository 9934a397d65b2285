"""Alpha dropout as a layer."""

from layer_checks import check_functions

import numba_dropout as nd
from numba_dropout import layers


def test_functions(backend):
    check_functions(backend, layers.AlphaDropout, nd.alpha_dropout, nd.alpha_dropout_backward, (3, 5), p=0.4)
