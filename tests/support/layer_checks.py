"""A check of layers against the functions of the same name."""

import numpy as np

import numba_dropout as nd


def check_functions(backend, kind, forward, backward, shape, **arguments):
    """Compare the passes of a generator's second layer, at its step 3, with calls of the functions."""
    masks = nd.MaskGenerator(seed=5, step=3)
    masks.site()
    layer = kind(**arguments, masks=masks)
    x, dy = np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)
    at = {**arguments, "seed": 5, "stream": 1, "step": 3}
    for run, function, array in ((layer, forward, x), (layer.backward, backward, dy)):
        result, expected = run(backend.array(array)), function(backend.array(array), **at)
        assert np.array_equal(backend.numpy(result), backend.numpy(expected))
