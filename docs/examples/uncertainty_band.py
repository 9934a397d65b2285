"""Monte-Carlo dropout on a regression, with a plot of the uncertainty.

python docs/examples/uncertainty_band.py [FILE.png]
"""

import sys

import numpy as np

import numba_dropout as nd


def main(file=None):
    """Fit a curve without data in its middle, and draw the uncertainty band."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-3, -0.5, 200), rng.uniform(1.5, 3, 200)])[:, None]
    y = np.sin(2 * x) + 0.1 * rng.standard_normal(x.shape)
    net = nd.MLP([1, 256, 256, 1], dropout=0.1, loss="mse", seed=0)
    net.scale_input(x.mean(), 1 / x.std())
    nd.fit(net, x, y, optimizer=nd.Adam(lr=0.003, schedule="cosine"), epochs=2000, batch_size=100)

    at = np.linspace(-4, 4, 200)[:, None]
    result = net.predict_mc(at, 500)
    mean, std, grid = result.mean[:, 0], result.std[:, 0], at[:, 0]
    seen = (grid > -3) & (grid < -0.5) | (grid > 1.5) & (grid < 3)
    gap, beyond = (grid > -0.3) & (grid < 1.3), np.abs(grid) > 3.5
    print("accurate on the training range:    ", np.abs(mean - np.sin(2 * grid))[seen].mean() < 0.1)
    print("less certain in the gap:           ", std[gap].mean() > 2 * std[seen].mean())
    print("less certain beyond the range:     ", std[beyond].mean() > 2 * std[seen].mean())
    if file:
        draw(file, (x, y), grid, mean, std)


def draw(file, data, at, mean, std):
    """Draw the data, the mean, and bands of one and two standard deviations."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for width in (2, 1):
        axes.fill_between(at, mean - width * std, mean + width * std, color="#0072b2", alpha=0.2, lw=0)
    axes.plot(at, mean, color="#0072b2", label="mean of 500 draws, and one and two standard deviations")
    axes.plot(at, np.sin(2 * at), color="#444444", ls="--", lw=1, label="the curve")
    axes.plot(*data, ".", color="#d55e00", ms=4, alpha=0.6, label="training data")
    axes.set(xlabel="x", ylabel="y", ylim=(-3, 3))
    axes.legend(loc="lower left", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
