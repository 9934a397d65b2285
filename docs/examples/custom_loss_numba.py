"""A loss of your own, compiled with Numba: the focal loss for rare classes.

python docs/examples/custom_loss_numba.py
"""

import numpy as np
from numba import njit

import numba_dropout as nd


@njit
def focal_loss(gradient, out, labels, gamma):
    """Write the gradient with respect to the logits (rows, classes), and return the mean focal loss.

    The loss of a row is -(1 - p)**gamma log(p), with the probability p of its class (Lin et al., ICCV 2017). With
    gamma = 0 it is the cross-entropy.
    """
    rows, classes = out.shape
    total = 0.0
    for i in range(rows):
        largest = out[i].max()
        powers = np.exp(out[i] - largest)
        probabilities = powers / powers.sum()
        p = probabilities[labels[i]]
        log_p = out[i, labels[i]] - largest - np.log(powers.sum())
        total -= (1 - p) ** gamma * log_p
        slope = (1 - p) ** gamma  # of the loss with respect to log(p), with the sign changed
        if gamma and p < 1:
            slope -= gamma * (1 - p) ** (gamma - 1) * p * log_p
        for k in range(classes):
            gradient[i, k] = slope * (probabilities[k] - (k == labels[i])) / rows
    return total / rows


def train(x, labels, gamma, epochs=20):
    """Return a network trained with the focal loss."""
    net, optimizer = nd.MLP([2, 32, 2], dropout=0.1, seed=0, dtype="float64"), nd.Adam(lr=0.01)
    for _ in range(epochs):
        out = net.forward(x, training=True)
        gradient = np.empty_like(out)
        focal_loss(gradient, out, labels, gamma)
        net.backward(gradient)
        net.update(optimizer)
    return net


def main():
    """Compare with the package's cross-entropy, and check the gradient."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 2))
    labels = (x.sum(1) > 2).astype(np.int64)

    net, optimizer = nd.MLP([2, 32, 2], dropout=0.1, seed=0, dtype="float64"), nd.Adam(lr=0.01)
    for _ in range(20):
        net.train_step(x, labels, optimizer)
    same = np.allclose(train(x, labels, 0.0).weights()["0.weight"], net.weights()["0.weight"], rtol=1e-6)

    out, change = rng.standard_normal((3, 2)), np.zeros((3, 2))
    change[1, 0] = 1e-6
    gradient, unused = np.empty((3, 2)), np.empty((3, 2))
    focal_loss(gradient, out, labels[:3], 2.0)
    up, down = (focal_loss(unused, out + sign * change, labels[:3], 2.0) for sign in (1, -1))

    print("gamma 0 is cross-entropy: ", same)
    print("the gradient is right:    ", abs((up - down) / 2e-6 - gradient[1, 0]) < 1e-8)
    print("gamma 2 trains:           ", (train(x, labels, 2.0, 200).predict(x) == labels).mean() > 0.95)


if __name__ == "__main__":
    main()
