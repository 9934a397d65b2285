"""A self-normalizing network: mean and variance of its activations stay near 0 and 1 through 16 layers.

python docs/examples/self_normalizing.py [MNIST_FOLDER [self-normalizing.png]]

Without a folder it trains on the built-in data set for one epoch. With a file for a plot, it also trains at a larger
learning rate, without and with weight decay.
"""

import sys

import numpy as np

import numba_dropout as nd

LAYERS, UNITS = 16, 512
RATE_OF_PAPER = 1e-5  # of figure 1 in Klambauer et al., NeurIPS 2017
SETTINGS = {  # learning rate and weight decay
    "learning rate 1e-5": (RATE_OF_PAPER, 0.0),
    "0.01": (0.01, 0.0),
    "0.01, weight decay 0.005": (0.01, 0.005),
}


def statistics(net, x):
    """Return the mean and the variance of the activations of each hidden layer, in training mode."""
    weights, values, result = net.weights(), net.standardized(x), []
    for layer in range(LAYERS):
        weight, bias = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
        values = nd.linear_dropout(values, weight, bias, 0.0, activation=net.activation[layer], training=False)
        values = nd.alpha_dropout(values, net.dropout[layer], seed=net.seed, stream=layer + 1, step=net.step)
        result.append((values.mean(), values.var()))
    return np.array(result)


def train(data, epochs, lr, weight_decay):
    """Return a trained network of scaled exponential linear units with alpha dropout."""
    sizes = [data.x.shape[1], *[UNITS] * LAYERS, len(data.classes)]
    net = nd.MLP(sizes, activation="selu", variant="alpha", dropout=0.05, seed=0)
    values = np.asarray(data.x, np.float64)
    net.scale_input(values.mean(), 1 / values.std())
    optimizer = nd.SGD(lr=lr, momentum=0.0, weight_decay=weight_decay)
    nd.fit(net, data.x, data.y, optimizer=optimizer, epochs=epochs, batch_size=128)
    return net


def main(folder=None, plot=None):
    """Train, print the checks, and draw the means and variances."""
    data = nd.data.load(folder or "pipeline")
    moments = {}
    for name, (lr, weight_decay) in SETTINGS.items():
        if plot or lr == RATE_OF_PAPER:
            net = train(data, 10 if folder else 1, lr, weight_decay)
            moments[name] = statistics(net, data.x[:2000])
            if plot:
                accuracy = np.mean(net.predict(data.x) == np.asarray(data.classes)[data.y])
                low, high = moments[name].min(0), moments[name].max(0)
                print(f"{name}: accuracy {accuracy:.3f}, means {low[0]:.3f} to {high[0]:.3f}", end=", ")
                print(f"variances {low[1]:.3f} to {high[1]:.3f}")
    first = moments["learning rate 1e-5"]
    print(f"{net.init} initialization fits selu:", net.init == "lecun")
    print("means within 0.1 of 0:         ", np.abs(first[:, 0]).max() < 0.1)
    print("variances within 0.1 of 1:     ", np.abs(first[:, 1] - 1).max() < 0.1)
    if plot:
        draw(moments, plot)


def draw(moments, path):
    """Draw the mean and the variance of each layer."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    layers = np.arange(1, LAYERS + 1)
    for column, (axes, name) in enumerate(zip(panels, ("mean", "variance"), strict=True)):
        axes.axhspan(column - 0.1, column + 0.1, color="0.92")
        for label, values in moments.items():
            axes.plot(layers, values[:, column], "o-", markersize=3, label=label)
        axes.set(title=f"{name} of activations", xlabel="hidden layer", xticks=layers[1::2])
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    panels[1].legend(frameon=False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:])
