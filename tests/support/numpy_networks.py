"""Networks with each variant of dropout, and the same networks in NumPy."""

import math

import numpy as np

import numba_dropout as nd
from numba_dropout.kernels.scalar.philox import PURPOSE

SIZES = [5, 12, 8, 3]
RATES = {"dropout": (np.linspace(0, 1, 12), 0.4), "input_dropout": [0.0, 0.3, 0.5, 0.2, 1.0]}
REGULARIZATION = {"weight_regularizer": 0.03, "dropout_regularizer": 0.2}
CHOICES = {
    "gaussian": {"variant": "gaussian", "dropout": (0.5, 0.3), "input_dropout": 0.2},
    "some gaussian": {"variant": "gaussian", "dropout": (0.0, 0.3), "input_dropout": 0.0},
    "concrete": {"variant": "concrete", "dropout": (0.5, 0.3), "input_dropout": 0.2, **REGULARIZATION},
    "some concrete": {"variant": "concrete", "dropout": (0.0, 0.3), "input_dropout": 0.0, **REGULARIZATION},
    "rates": RATES,
    "rates of one layer": {"dropout": (0.4, np.linspace(0, 0.9, 8)), "input_dropout": 0.0},
}


def network(name, **choices):
    """Return the network of a name in CHOICES."""
    return nd.MLP(SIZES, **{**CHOICES[name], "seed": 9, "loss": "mse", "dtype": "float64", **choices})


def logit(p):
    return math.log(p / (1 - p))


def factors(net, rows, step, first=0, purpose=None, h=0.0):
    """Return the factors of the values at each site. `h` is added to the logits of learned rates."""
    result = []
    for site, (p, units) in enumerate(zip([net.input_dropout, *net.dropout], SIZES, strict=False)):
        if net.variant == "gaussian":
            from numba_dropout.kernels import cpu

            z = np.zeros((rows, units))
            stream = np.uint64(PURPOSE[purpose or "noise"] | site)
            key = np.uint64(9), np.uint64(0)
            at = *key, stream, np.uint64(step), np.uint64(first * units)
            cpu.add_gaussian_noise(z.reshape(-1), z.reshape(-1), 1.0, *at)
            result.append(1 + math.sqrt(p / (1 - p)) * z)
        elif net.variant == "concrete" and p:
            ones, at = np.ones((rows, units)), {"seed": 9, "stream": site, "step": step, "offset": first * units}
            result.append(nd.concrete_dropout(ones, logit(p) + h, **at))
        else:
            ones = np.ones((rows, units))
            result.append(nd.dropout(ones, p, seed=9, stream=site, step=step, offset=first * units))
    return result


def passed(net, x, scales):
    """Return the inputs of all layers, and the outputs before their ReLU."""
    h, inputs, sums = x, [], []
    for site, factor in enumerate(scales):
        inputs.append(h * factor)
        sums.append(inputs[-1] @ net.state_dict()[f"{site}.weight"].T + net.state_dict()[f"{site}.bias"])
        h = np.maximum(sums[-1], 0)
    return inputs, sums


def gradients(net, x, dout, scales, slopes):
    """Return the gradients by the input and by the parameters. `slopes` are derivatives of the factors by logits."""
    inputs, sums = passed(net, x, scales)
    grads, d = {}, dout
    for site in (2, 1, 0):
        d = d * (sums[site] > 0) if site < 2 else d
        grads[f"{site}.weight"], grads[f"{site}.bias"] = d.T @ inputs[site], d.sum(0)
        d = d @ net.state_dict()[f"{site}.weight"]
        before = np.maximum(sums[site - 1], 0) if site else x
        grads[f"{site}.logit"] = (d * before * slopes[site]).sum()
        d = d * scales[site]
    return d, grads


def slopes(net, *arguments, **options):
    """Return the derivatives of the factors by the logits, by central differences."""
    above, below = (factors(net, *arguments, **options, h=h) for h in (1e-6, -1e-6))
    return [(a - b) / 2e-6 for a, b in zip(above, below, strict=True)]
