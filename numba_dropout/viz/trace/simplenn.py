"""The trace of SimpleNN: one batch in both modes, expectations, and two ways to scale."""

from __future__ import annotations

import numpy as np

from ...functional.dropout import dropout
from ...functional.gaussian_dropout import gaussian_noise
from ...functional.linear import linear
from ...functional.mask import sample_mask
from ...nn.mlp import MLP
from .chapters import data_flow, prediction
from .flow import flow
from .overfitting import curves, overfitting
from .questions import INSIGHT, key_terms, quiz
from .report import Section, Table, Trace, digits, number, numbers

__all__ = ["simplenn"]

P = 0.3
ROWS = 5
DRAWS = 10_000


def simplenn(seed: int = 0) -> Trace:
    """Trace a batch of 5 rows through a linear layer 10 to 50, ReLU, dropout 0.3, and a linear layer to one value."""
    net = MLP([10, 50, 1], dropout=P, loss="mse", seed=seed, dtype="float64")
    x = gaussian_noise(np.zeros((ROWS, 10)), 1.0, seed=seed)
    training, evaluation = flow(net, x, training=True), flow(net, x, training=False)
    sections = [
        data_flow(training, 0, "Data flow, in training mode"),
        _four_times(net, x),
        _expectation(net, x),
        _two_ways(net, training),
        overfitting(curves()),
        prediction(evaluation, 0, f"The output is {number(float(evaluation[-1].values[0, 0]))}."),
        key_terms(),
        Section("Key insight", [INSIGHT]),
    ]
    about = (
        "A batch of 5 rows of 10 standard normal numbers goes through a linear layer to 50 units, ReLU, dropout 0.3, "
        "and a linear layer to one value, in training mode and in evaluation mode."
    )
    title = "Dropout step by step: SimpleNN"
    return Trace(title, about, net, training, evaluation, sections, quiz(training, evaluation, P))


def _four_times(net: MLP, x: np.ndarray) -> Section:
    """Return the outputs of one batch, twice in each mode."""
    first, second = (net.forward(x, training=True, step=step)[:, 0] for step in (0, 1))
    evaluated, again = (net.forward(x)[:, 0] for _ in range(2))
    rows = [[str(row), *(f"{out[row]:.4f}" for out in (first, second, evaluated, again))] for row in range(len(x))]
    differ, equal = np.count_nonzero(first != second), np.count_nonzero(evaluated == again)
    masks = [sample_mask((len(x), 50), P, seed=net.seed, stream=1, step=step) for step in (0, 1)]
    written = [[f"step {step}", digits(mask[0])] for step, mask in enumerate(masks)]
    different = np.count_nonzero(masks[0] != masks[1])
    return Section(
        "The same batch four times",
        [
            Table(["row", "training, step 0", "training, step 1", "evaluation", "evaluation again"], rows),
            Table(["mask of row 0", ""], written),
            f"The masks of the two steps differ in {different} of {masks[0].size} elements. "
            f"In training mode each step draws a new mask: {differ} of {len(x)} outputs differ. In evaluation mode "
            f"dropout is off: {equal} of {len(x)} outputs are equal to the last bit.",
        ],
    )


def _expectation(net: MLP, x: np.ndarray) -> Section:
    """Compare the mean of many outputs in training mode with the output in evaluation mode."""
    drawn = net.predict_mc(x, DRAWS)
    errors = drawn.std[:, 0] / np.sqrt(DRAWS)
    evaluated = net.predictive(net.forward(x))[:, 0]
    distance = (drawn.mean[:, 0] - evaluated) / errors
    rows = [
        [str(row), f"{drawn.mean[row, 0]:.4f}", f"{errors[row]:.4f}", f"{evaluated[row]:.4f}", f"{distance[row]:+.1f}"]
        for row in range(len(x))
    ]
    return Section(
        "The expectation of the training outputs",
        [
            Table(["row", f"mean of {DRAWS:,}", "standard error", "evaluation", "standard errors apart"], rows),
            "The sum of the kept values, divided by 1 - p, has the full sum as its mean. One linear layer follows the "
            "dropout, so that the mean over all masks is exactly the output in evaluation mode. With a ReLU after "
            "it, it would be only close to it.",
        ],
    )


def _two_ways(net: MLP, stages: list) -> Section:
    """Compare scaling in training with scaling at inference, with the same mask."""
    weights = net.weights()
    weight, bias = weights["1.weight"], weights["1.bias"]
    h, kept = stages[2].values, stages[3].kept
    versions = {
        "inverted, training: h mask / (1 - p)": dropout(h, P, mask=kept),
        "inverted, inference: h": h,
        "classic, training: h mask": dropout(h, 0.0, mask=kept),
        "classic, inference: h (1 - p)": h * (1 - P),
    }
    rows = [
        [name, numbers(values[0]), f"{linear(values, weight, bias)[0, 0]:.4f}"] for name, values in versions.items()
    ]
    return Section(
        "Two ways to scale",
        [
            Table(["", "the 50 units of row 0", "output"], rows),
            "Classic dropout scales at inference (Srivastava et al., 2014, section 4). PyTorch and TensorFlow use "
            "inverted dropout: they divide in training, and inference is the plain network. In both, the values at "
            "inference are the mean of the values in training. They differ by the factor 1 - p, which the next layer's "
            "weights absorb. numba-dropout uses inverted dropout; classic dropout is only in this trace.",
        ],
    )
