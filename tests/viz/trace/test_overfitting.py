"""Overfitting with and without dropout, against the same training in NumPy."""

import naive
import numpy as np
import pytest
from traces import SHUFFLING, SYNTHETIC, first_weights, softmax, uniform

from numba_dropout import reference
from numba_dropout.viz.trace import overfitting


def adam(array, gradient, memory, step):
    memory[0] = 0.9 * memory[0] + 0.1 * gradient
    memory[1] = 0.999 * memory[1] + 0.001 * gradient**2
    array -= 0.003 * (memory[0] / (1 - 0.9**step)) / (np.sqrt(memory[1] / (1 - 0.999**step)) + 1e-8)


def losses_of(p, q):
    """Return the losses after each epoch of 20-64-64-2 on 100 rows, and on 900 others; q is the input's rate."""
    x = uniform((1000, 20), -1.0, 1.0, SYNTHETIC | 2)
    y = (x[:, :3].sum(1) + uniform((1000,), -1.0, 1.0, SYNTHETIC | 3) > 0).astype(int)
    layers = first_weights([20, 64, 64, 2])
    memories = [[[np.zeros_like(a), np.zeros_like(a)] for a in layer] for layer in layers]
    losses, step = ([], []), 0
    for epoch in range(60):
        order = np.argsort([naive.bits64(i, 0, SHUFFLING, epoch) for i in range(100)], kind="stable")
        for batch in range(5):
            rows = order[20 * batch : 20 * batch + 20]
            values, inputs, factors = x[rows], [], []
            for site, (weight, bias) in enumerate(layers):
                rate = q if site == 0 else p
                kept = reference.sample_mask(values.shape, rate, seed=0, stream=site, step=step)
                factors.append(kept / (1 - rate))
                inputs.append(values * factors[-1])
                out = inputs[-1] @ weight.T + bias
                values = np.maximum(out, 0)
            step += 1
            d = (softmax(out) - np.eye(2)[y[rows]]) / 20
            for site in (2, 1, 0):
                weight, bias = layers[site]
                gradients = d.T @ inputs[site], d.sum(0)
                d = (d @ weight) * factors[site] * (inputs[site] > 0)
                for array, gradient, memory in zip(layers[site], gradients, memories[site], strict=True):
                    adam(array, gradient, memory, step)
        out = x
        for site, (weight, bias) in enumerate(layers):
            out = (np.maximum(out, 0) if site else out) @ weight.T + bias
        each = -np.log(softmax(out)[np.arange(1000), y])
        losses[0].append(each[:100].mean())
        losses[1].append(each[100:].mean())
    return losses


@pytest.mark.jit_only
def test_curves():
    curves = overfitting.curves()
    for curve, rates in zip(curves, ((0.0, 0.0), (0.4, 0.2)), strict=True):
        train_losses, val_losses = losses_of(*rates)
        np.testing.assert_allclose(curve.train_losses, train_losses, rtol=1e-4)
        np.testing.assert_allclose(curve.val_losses, val_losses, rtol=1e-4)
    without, with_dropout = curves
    assert without.val_losses[-1] > 1.5 * min(without.val_losses)
    assert with_dropout.accuracy > without.accuracy
    gaps = [curve.val_losses[-1] - curve.train_losses[-1] for curve in curves]
    assert gaps[1] < 0.5 * gaps[0]
    assert with_dropout.val_losses[-1] < without.val_losses[-1]
