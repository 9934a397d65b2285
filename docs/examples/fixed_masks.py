"""Masks that are computed, stored, given and used again.

python docs/examples/fixed_masks.py
"""

import numpy as np

import numba_dropout as nd


def main():
    """Show the arguments of a mask, and pass masks of your own."""
    x = np.random.default_rng(0).standard_normal((100, 64), dtype=np.float32)
    at = {"seed": 7, "stream": 2, "step": 5}

    mask = nd.sample_mask(x.shape, 0.5, **at)
    dropped = nd.dropout(x, 0.5, **at)
    print("dropped elements:          ", np.array_equal(dropped != 0, mask & (x != 0)))
    print("the same mask, given:      ", np.array_equal(nd.dropout(x, 0.5, mask=mask), dropped))

    bits = nd.sample_mask(x.shape, 0.5, packed=True, **at)  # an eighth of the memory
    print("the same mask, packed:     ", np.array_equal(nd.dropout(x, 0.5, mask=bits), dropped))

    halves = [nd.dropout(rows, 0.5, offset=first * 64, **at) for first, rows in ((0, x[:37]), (37, x[37:]))]
    print("a batch in two parts:      ", np.array_equal(np.vstack(halves), dropped))

    one = nd.dropout(x, 0.5, noise_shape=(1, None), **at)  # one mask for all rows
    print("one mask for all rows:     ", np.array_equal(one != 0, np.broadcast_to((one != 0).any(0), x.shape)))

    net = nd.MLP([64, 32, 3], dropout=0.5, input_dropout=0.2, seed=7)
    twice = [net.forward(x, training=True, step=11) for _ in range(2)]
    print("a network at a step:       ", np.array_equal(*twice))
    rows = [net.forward(x[i : i + 1], training=True, step=11, row_offset=i) for i in (0, 42, 99)]
    print("some rows of a batch:      ", np.allclose(np.vstack(rows), twice[0][[0, 42, 99]], rtol=1e-5, atol=1e-6))


if __name__ == "__main__":
    main()
