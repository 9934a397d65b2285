"""A loss of your own: the network predicts the 90th percentile of noisy targets.

python docs/examples/custom_loss.py
"""

import numpy as np

import numba_dropout as nd


def quantile_loss(out, target, q=0.9):
    """Return the mean quantile loss (Koenker & Bassett, 1978) and its gradient with respect to the outputs."""
    error = target - out
    return np.maximum(q * error, (q - 1) * error).mean(), np.where(error > 0, -q, 1 - q) / error.size


def main(epochs=30):
    """Train on targets whose noise grows with x."""
    rng = np.random.default_rng(0)
    x = rng.random((2000, 1))
    target = x + x * rng.standard_normal(x.shape)

    net, optimizer = nd.MLP([1, 64, 1], dropout=0.05, activation="silu", loss="mse", seed=0), nd.Adam(lr=0.005)
    losses = []
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(x)), 40):
            loss, gradient = quantile_loss(net.forward(x[rows], training=True), target[rows])
            net.backward(gradient)
            net.update(optimizer)
            losses.append(loss)

    print("the loss falls:              ", np.mean(losses[-40:]) < np.mean(losses[:40]))
    print("9 of 10 targets are below it:", abs((target < net.forward(x)).mean() - 0.9) < 0.03)


if __name__ == "__main__":
    main()
