"""Traces of the PyTorch and TensorFlow examples, against the same computation in NumPy."""

import naive
import numpy as np
import pytest
from traces import SHUFFLING, SYNTHETIC, first_weights, mask, section, softmax, table, uniform

from numba_dropout.viz import trace
from numba_dropout.viz.trace.report import FIRST, numbers


class Pipeline:
    """1000 rows, 20 features, dropout, 10 units with ReLU, 3 classes, trained for 5 epochs in NumPy."""

    def __init__(self, p):
        centres = uniform((3, 20), -1.25, 1.25, SYNTHETIC)
        self.y = np.arange(1000) % 3
        x = centres[self.y] + uniform((1000, 20), -2.0, 2.0, SYNTHETIC | 1)
        self.x, self.p = (x - x.mean(0)) / x.std(0), p
        self.layers = first_weights([20, 10, 3])
        self.losses, self.accuracies = [], []
        for epoch in range(5):
            order = np.argsort([naive.bits64(i, 0, SHUFFLING, epoch) for i in range(1000)], kind="stable")
            loss = hits = 0.0
            for batch in range(40):
                rows = order[25 * batch : 25 * batch + 25]
                kept = mask((25, 20), p, site=0, step=40 * epoch + batch)
                batch_loss, batch_hits = self.step(self.x[rows] * kept / (1 - p), self.y[rows])
                loss, hits = loss + batch_loss, hits + batch_hits
            self.losses.append(loss / 1000)
            self.accuracies.append(hits / 1000)

    def step(self, inp, y):
        """Take a gradient step, and return the sums of losses and hits."""
        (w0, b0), (w1, b1) = self.layers
        h = np.maximum(inp @ w0.T + b0, 0)
        out = h @ w1.T + b1
        share = softmax(out)
        dout = (share - np.eye(3)[y]) / len(y)
        dh = dout @ w1 * (h > 0)
        for array, gradient in ((w1, dout.T @ h), (b1, dout.sum(0)), (w0, dh.T @ inp), (b0, dh.sum(0))):
            array -= 0.025 * gradient
        return -np.log(share[np.arange(len(y)), y]).sum(), (out.argmax(1) == y).sum()

    def stages(self, inp):
        """Return the outputs of both products, and of the ReLU between them."""
        (w0, b0), (w1, b1) = self.layers
        linear = inp @ w0.T + b0
        h = np.maximum(linear, 0)
        return linear, h, h @ w1.T + b1


@pytest.fixture(scope="module", params=[("pytorch", 0.3), ("tensorflow", 0.2)], ids=lambda param: param[0])
def pipeline(request):
    name, p = request.param
    return name, trace.trace(name), Pipeline(p)


def expected_stages(name, by_hand, training):
    """Return the values of each stage, in the format of the document."""
    kept = mask((1000, 20), by_hand.p, site=0, step=200)
    after = by_hand.x * kept / (1 - by_hand.p) if training else by_hand.x
    linear, h, out = by_hand.stages(after)
    return [by_hand.x, after, linear, h, out] if name == "pytorch" else [by_hand.x, after, h, softmax(out)]


@pytest.mark.jit_only
@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_stages(pipeline, mode):
    name, traced, by_hand = pipeline
    stages, expected = getattr(traced, mode), expected_stages(name, by_hand, mode == "training")
    names = {
        "pytorch": ["input", "dropout 0.3", "linear", "relu", "linear"],
        "tensorflow": ["input", "dropout 0.2", "dense 10, relu", "dense 3, softmax"],
    }
    assert [stage.name for stage in stages] == names[name]
    for stage, values in zip(stages, expected, strict=True):
        np.testing.assert_allclose(stage.values, values, rtol=1e-9, atol=1e-9, err_msg=stage.name)
    shapes = [(1000, 20), (1000, 20), (1000, 10), (1000, 10), (1000, 3)]
    assert [stage.values.shape for stage in stages] == (shapes if name == "pytorch" else shapes[:3] + shapes[4:])


@pytest.mark.jit_only
def test_data_flow(pipeline):
    name, traced, by_hand = pipeline
    values, row = expected_stages(name, by_hand, True), traced.row
    rows = table(traced, "Data flow")
    for index, cells in enumerate(rows):
        assert cells[-1] == numbers(values[index][row])
        assert cells[3] == (numbers(values[index - 1][row]) if index else "")
    assert rows[1][2] == "1000 x 20 -> 1000 x 20"
    dropped = 20_000 - mask((1000, 20), by_hand.p, site=0, step=200).sum()
    assert f"{dropped:,} of 20,000 values were set to 0" in section(traced, "Data flow").blocks[1]
    shown = [cell == "0" for cell in rows[1][-1].strip("[]").split(", ")[:FIRST]]
    assert any(shown)
    assert not all(shown)


@pytest.mark.jit_only
def test_training(pipeline):
    _, traced, by_hand = pipeline
    rows = table(traced, "Training, 5 epochs")
    assert [float(row[1]) for row in rows] == pytest.approx(by_hand.losses, abs=6e-5)
    assert [float(row[2]) for row in rows] == pytest.approx(by_hand.accuracies)
    (bars,) = [block for block in section(traced, "Training").blocks if hasattr(block, "labels")]
    assert bars.values == pytest.approx(by_hand.losses, rel=1e-9)
    fall = by_hand.losses[0] - by_hand.losses[1]
    assert rows[1][3].startswith(f"loss decreases by {fall:.3f}, accuracy increases")
    assert rows[0][3] == f"starts at accuracy {by_hand.accuracies[0]:.2f} (guessing: 0.33)"


@pytest.mark.jit_only
def test_prediction(pipeline):
    name, traced, by_hand = pipeline
    row, values = traced.row, expected_stages(name, by_hand, False)
    shares = softmax(by_hand.stages(by_hand.x)[-1])[row]
    for cells, expected in zip(table(traced, "Prediction"), values, strict=True):
        assert cells[-1] == numbers(expected[row])
    blocks = section(traced, "Prediction").blocks
    assert blocks[1] == f"dropout {by_hand.p}: in evaluation mode, 20,000 of 20,000 values pass unchanged"
    assert blocks[2].startswith(f"Class {shares.argmax()}, with probability {shares.max():.3f}. The true class is")
