"""Sub-network dropout: a batch drops the same units in all its rows, which are then left out of its products.

python docs/examples/sub_network.py

How much less time a step takes: `ndrop bench train --size 784-2048-2048-10@128`.
"""

import numpy as np

import numba_dropout as nd


def main():
    """Train such a network, and take a step's pass apart by hand."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2560, 100), dtype=np.float32)
    y = (x[:, :3].sum(1) > 0).astype(int)
    net = nd.MLP([100, 256, 2], dropout=0.5, variant="subnetwork", seed=4)
    nd.fit(net, x, y, optimizer=nd.Adam(), epochs=20, batch_size=128)
    print("it learns:                         ", nd.evaluate(net, x, y)["accuracy"] > 0.9)

    out = net.forward(x[:8], training=True, step=3)
    kept = nd.sample_mask(256, 0.5, seed=4, stream=1, step=3)  # site 1, the same for all rows
    print("about half of the units are kept:  ", abs(kept.mean() - 0.5) < 0.1)
    weights = net.weights()
    hidden = nd.relu(nd.linear(x[:8], weights["0.weight"][kept], weights["0.bias"][kept]))
    small = nd.linear(2 * hidden, np.ascontiguousarray(weights["1.weight"][:, kept]), weights["1.bias"])
    print("a step is that of the smaller one: ", np.allclose(out, small, rtol=1e-4, atol=1e-5))
    whole = nd.relu(nd.linear(x[:8], weights["0.weight"], weights["0.bias"]))
    masked = nd.linear(np.where(kept, 2 * whole, 0), weights["1.weight"], weights["1.bias"])
    print("and that of the masked, whole one: ", np.allclose(out, masked, rtol=1e-4, atol=1e-5))


if __name__ == "__main__":
    main()
