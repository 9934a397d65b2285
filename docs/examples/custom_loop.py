"""A training loop of your own, with another loss and another optimizer.

python docs/examples/custom_loop.py
"""

import numpy as np

import numba_dropout as nd


def huber(out, target):
    """Return the mean Huber loss and its gradient with respect to the outputs."""
    residual = out - target
    inside = np.abs(residual) <= 1
    loss = np.where(inside, residual**2 / 2, np.abs(residual) - 0.5)
    return loss.mean(), (np.clip(residual, -1, 1) / residual.size).astype(np.float32)


def main(epochs=40, batch=50, lr=0.05, decay=0.9):
    """Fit a line with outliers, with RMSprop."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (1000, 3)).astype(np.float32)
    target = (x @ [[1.0], [-2.0], [0.5]]).astype(np.float32)
    noisy = target + 20 * (rng.random(target.shape) < 0.05)

    net = nd.MLP([3, 64, 1], dropout=0.1, loss="mse", seed=0)
    params, squares = net.state_dict(), {name: np.zeros_like(value) for name, value in net.state_dict().items()}
    losses, step = [], 0
    for epoch in range(epochs):
        for rows in np.array_split(np.random.default_rng(epoch).permutation(len(x)), len(x) // batch):
            out = net.forward(x[rows], training=True, step=step)
            loss, dout = huber(out, noisy[rows])
            net.backward(dout)
            for name, gradient in net.gradients().items():
                squares[name] += (1 - decay) * (gradient**2 - squares[name])
                params[name] -= lr / 10 * gradient / (np.sqrt(squares[name]) + 1e-6)
            losses.append(loss)
            step += 1
    error = np.abs(net.forward(x) - target).mean()
    print("the loss falls:        ", np.mean(losses[-20:]) < np.mean(losses[:20]))
    print("outliers are ignored:  ", error < 0.2)


if __name__ == "__main__":
    main()
