"""Sub-network dropout: all rows of a batch drop the same units, and the products leave them out.

python docs/examples/subnetwork.py

To measure the time of a step: `ndrop bench train --size 784-2048-2048-10@128`.
"""

import numpy as np

import numba_dropout as nd


def main():
    """Train a network, and compute one forward pass by hand."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2560, 100), dtype=np.float32)
    y = (x[:, :3].sum(1) > 0).astype(int)
    net = nd.MLP([100, 256, 2], dropout=0.5, variant="subnetwork", seed=4)
    nd.fit(net, x, y, optimizer=nd.Adam(), epochs=20, batch_size=128)
    print("accuracy above 0.9:                ", nd.evaluate(net, x, y)["accuracy"] > 0.9)

    out = net.forward(x[:8], training=True, step=3)
    kept = nd.sample_mask(256, 0.5, seed=4, stream=1, step=3)  # site 1, the same for all rows
    print("about half of the units are kept:  ", abs(kept.mean() - 0.5) < 0.1)
    weights = net.weights()
    hidden = nd.relu(nd.linear(x[:8], weights["0.weight"][kept], weights["0.bias"][kept]))
    small = nd.linear(2 * hidden, np.ascontiguousarray(weights["1.weight"][:, kept]), weights["1.bias"])
    print("equal to the smaller network:      ", np.allclose(out, small, rtol=1e-4, atol=1e-5))
    hidden = nd.relu(nd.linear(x[:8], weights["0.weight"], weights["0.bias"]))
    masked = nd.linear(np.where(kept, 2 * hidden, 0), weights["1.weight"], weights["1.bias"])
    print("equal to the masked whole network: ", np.allclose(out, masked, rtol=1e-4, atol=1e-5))


if __name__ == "__main__":
    main()
