"""Traces, against the same computation in NumPy, written out here: data, weights, masks, training, answers."""

import itertools
import re
import sys

import naive
import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_cli.main import cli

import numba_dropout as nd
from numba_dropout import reference
from numba_dropout.viz import trace
from numba_dropout.viz.trace import Choices, documents, overfitting, toy, toy_network
from numba_dropout.viz.trace.report import FIRST, Curve, number, numbers

toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="TOML needs Python 3.11")

INITIALISATION, SHUFFLING, SYNTHETIC = 1 << 24, 2 << 24, 6 << 24


def mask(shape, p, *, site, step, first=0):
    """Return a mask by the oracle, element by element."""
    size = int(np.prod(shape))
    kept = [naive.kept(first + i, p, 0, site, step) for i in range(size)]
    return np.array(kept).reshape(shape)


def uniform(shape, low, high, stream):
    values = [naive.uniform53(i, 0, stream) for i in range(int(np.prod(shape)))]
    return low + (high - low) * np.array(values).reshape(shape)


def first_weights(sizes):
    """Return weights, and biases of 0, as a network of seed 0 begins with."""
    return [
        [uniform((units, inputs), -np.sqrt(6 / inputs), np.sqrt(6 / inputs), INITIALISATION | layer), np.zeros(units)]
        for layer, (inputs, units) in enumerate(itertools.pairwise(sizes))
    ]


def softmax(out):
    powers = np.exp(out - out.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def section(told, title):
    (found,) = [part for part in told.sections if part.title.startswith(title)]
    return found


def table(told, title):
    (found,) = [block for block in section(told, title).blocks if hasattr(block, "rows")]
    return found.rows


# ---------------------------------------------------------------- the pipelines


class Pipeline:
    """1000 rows, 20 features, dropout, 10 units with ReLU, 3 classes: trained for 5 epochs, by hand."""

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
                one, two = self.step(self.x[rows] * kept / (1 - p), self.y[rows])
                loss, hits = loss + one, hits + two
            self.losses.append(loss / 1000)
            self.accuracies.append(hits / 1000)

    def step(self, inp, y):
        """Step all weights down the gradient of the mean loss, and return the sums of losses and hits."""
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
        """Return what comes out of the two products, and of the ReLU between."""
        (w0, b0), (w1, b1) = self.layers
        linear = inp @ w0.T + b0
        h = np.maximum(linear, 0)
        return linear, h, h @ w1.T + b1


@pytest.fixture
def quick(monkeypatch):
    """Leave the training out that is to show overfitting, where another test has seen it."""
    curve = Curve("none", [1.0, 0.5], [1.0, 0.7], 0.5)
    monkeypatch.setattr(toy, "curves", lambda: [curve, curve])


@pytest.fixture(scope="module", params=[("pytorch", 0.3), ("tensorflow", 0.2)], ids=lambda param: param[0])
def pipeline(request):
    name, p = request.param
    return name, trace.trace(name), Pipeline(p)


def expected_stages(name, by_hand, training):
    """Return the values of each stage, as the document has them."""
    kept = mask((1000, 20), by_hand.p, site=0, step=200)
    after = by_hand.x * kept / (1 - by_hand.p) if training else by_hand.x
    linear, h, out = by_hand.stages(after)
    return [by_hand.x, after, linear, h, out] if name == "pytorch" else [by_hand.x, after, h, softmax(out)]


@pytest.mark.jit_only
@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_the_stages_of_the_pipelines(pipeline, mode):
    name, told, by_hand = pipeline
    stages, expected = getattr(told, mode), expected_stages(name, by_hand, mode == "training")
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
def test_what_is_written_of_the_stages(pipeline):
    name, told, by_hand = pipeline
    values, row = expected_stages(name, by_hand, True), told.row
    rows = table(told, "Data flow")
    for place, cells in enumerate(rows):
        assert cells[-1] == numbers(values[place][row])
        assert cells[3] == (numbers(values[place - 1][row]) if place else "")
    assert rows[1][2] == "1000 x 20 -> 1000 x 20"
    dropped = 20_000 - mask((1000, 20), by_hand.p, site=0, step=200).sum()
    assert f"{dropped:,} of 20,000 values were set to 0" in section(told, "Data flow").blocks[1]
    shown = [cell == "0" for cell in rows[1][-1].strip("[]").split(", ")[:FIRST]]
    assert any(shown)
    assert not all(shown)


@pytest.mark.jit_only
def test_the_training_of_the_pipelines(pipeline):
    _, told, by_hand = pipeline
    rows = table(told, "Training, 5 epochs")
    assert [float(row[1]) for row in rows] == pytest.approx(by_hand.losses, abs=6e-5)
    assert [float(row[2]) for row in rows] == pytest.approx(by_hand.accuracies)
    (bars,) = [block for block in section(told, "Training").blocks if hasattr(block, "labels")]
    assert bars.values == pytest.approx(by_hand.losses, rel=1e-9)
    fall = by_hand.losses[0] - by_hand.losses[1]
    assert rows[1][3].startswith(f"loss decreases by {fall:.3f}, accuracy increases")
    assert rows[0][3] == f"starts at accuracy {by_hand.accuracies[0]:.2f} (guessing: 0.33)"


@pytest.mark.jit_only
def test_the_prediction_of_the_pipelines(pipeline):
    name, told, by_hand = pipeline
    row, values = told.row, expected_stages(name, by_hand, False)
    shares = softmax(by_hand.stages(by_hand.x)[-1])[row]
    for cells, expected in zip(table(told, "Prediction"), values, strict=True):
        assert cells[-1] == numbers(expected[row])
    said = section(told, "Prediction").blocks
    assert said[1] == f"dropout {by_hand.p}: in evaluation mode, 20,000 of 20,000 values pass unchanged"
    assert said[2].startswith(f"Class {shares.argmax()}, with probability {shares.max():.3f}. The true class is")


STEPS = (1.0, 0.5), (0.6, 0.7), (0.5, 0.6), (0.7, 0.65), (0.699, 0.65)


def test_observations_follow_the_numbers():
    history = nd.loop.History([{"loss": loss, "accuracy": accuracy} for loss, accuracy in STEPS])
    assert trace.chapters.observations(history, 0.25) == [
        "starts at accuracy 0.50 (guessing: 0.25)",
        "loss decreases by 0.400, accuracy increases by 20.0 points",
        "loss decreases by 0.100, accuracy decreases by 10.0 points, less than in the epoch before",
        "loss increases by 0.200, accuracy increases by 5.0 points",
        "loss decreases by 0.001, accuracy increases by 0.0 points: almost no change, training has converged",
    ]


# ---------------------------------------------------------------- dropout against none


def adam(array, gradient, memory, step):
    memory[0] = 0.9 * memory[0] + 0.1 * gradient
    memory[1] = 0.999 * memory[1] + 0.001 * gradient**2
    array -= 0.003 * (memory[0] / (1 - 0.9**step)) / (np.sqrt(memory[1] / (1 - 0.999**step)) + 1e-8)


def course(p, q):
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
def test_overfitting_with_dropout_and_without():
    found = overfitting.curves()
    for curve, rates in zip(found, ((0.0, 0.0), (0.4, 0.2)), strict=True):
        seen, unseen = course(*rates)
        np.testing.assert_allclose(curve.train_losses, seen, rtol=1e-4)
        np.testing.assert_allclose(curve.val_losses, unseen, rtol=1e-4)
    without, with_dropout = found
    assert without.unseen[-1] > 1.5 * min(without.unseen)
    assert with_dropout.accuracy > without.accuracy
    gaps = [curve.val_losses[-1] - curve.train_losses[-1] for curve in found]
    assert gaps[1] < 0.5 * gaps[0]
    assert with_dropout.unseen[-1] < without.unseen[-1]


# ---------------------------------------------------------------- SimpleNN


@pytest.fixture(scope="module")
def simple():
    return trace.trace("simplenn")


def simple_outputs(told, factor):
    (w0, b0), (w1, b1) = first_weights([10, 50, 1])
    return (np.maximum(told.training[0].values @ w0.T + b0, 0) * factor @ w1.T + b1)[:, 0]


@pytest.mark.jit_only
def test_the_batch_four_times(simple):
    assert simple.training[0].values.shape == (5, 10)
    assert abs(simple.training[0].values.mean()) < 0.5
    rows = np.array(section(simple, "The same batch four times").blocks[0].rows).astype(float)
    for column, step in ((1, 0), (2, 1)):
        kept = mask((5, 50), 0.3, site=1, step=step)
        np.testing.assert_allclose(rows[:, column], simple_outputs(simple, kept / 0.7), atol=6e-5)
    for column in (3, 4):
        np.testing.assert_allclose(rows[:, column], simple_outputs(simple, 1.0), atol=6e-5)
    first, second = (mask((5, 50), 0.3, site=1, step=step) for step in (0, 1))
    _, masks = [block for block in section(simple, "The same batch").blocks if hasattr(block, "rows")]
    assert [row[1] for row in masks.rows] == ["".join("01"[int(k)] for k in kept[0]) for kept in (first, second)]
    said = section(simple, "The same batch four times").blocks[-1]
    assert f"differ in {(first != second).sum()} of 250 elements" in said
    assert "5 of 5 outputs differ" in said
    assert "5 of 5 outputs are equal to the last bit" in said


@pytest.mark.jit_only
def test_the_stages_of_simplenn(simple):
    kept = mask((5, 50), 0.3, site=1, step=0)
    (w0, b0), _ = first_weights([10, 50, 1])
    sums = simple.training[0].values @ w0.T + b0
    h = np.maximum(sums, 0)
    expected = [simple.training[0].values, sums, h, h * kept / 0.7, simple_outputs(simple, kept / 0.7)[:, None]]
    for stage, values in zip(simple.training, expected, strict=True):
        np.testing.assert_allclose(stage.values, values, rtol=1e-9, atol=1e-12)


@pytest.mark.jit_only
def test_the_expectation_of_the_training_outputs(simple):
    """The standard error is that of a sum of independent terms w h (kept / 0.7 - 1)."""
    (w0, b0), (w1, _) = first_weights([10, 50, 1])
    spread = np.sqrt(((np.maximum(simple.training[0].values @ w0.T + b0, 0) * w1) ** 2).sum(1) * 0.3 / 0.7 / 10_000)
    rows = np.array(table(simple, "The expectation"), object)
    np.testing.assert_allclose(rows[:, 2].astype(float), spread, rtol=0.03, atol=6e-5)
    quiet = simple_outputs(simple, 1.0)
    np.testing.assert_allclose(rows[:, 3].astype(float), quiet, atol=6e-5)
    assert (np.abs(rows[:, 1].astype(float) - quiet) < 4 * spread).all()


@pytest.mark.jit_only
def test_two_ways_to_scale(simple):
    kept = mask((5, 50), 0.3, site=1, step=0)
    found = [float(row[-1]) for row in table(simple, "Two ways to scale")]
    expected = [simple_outputs(simple, factor)[0] for factor in (kept / 0.7, 1.0, kept, 0.7)]
    np.testing.assert_allclose(found, expected, atol=6e-5)


# ---------------------------------------------------------------- the toy


def toy_by_hand(masks, layers=toy_network.LAYERS, x=(1, 1)):
    """Return the values of all layers in plain Python, with masks that are multiplied by."""
    values, found = list(x), []
    for place, ((weight, bias), kept) in enumerate(zip(layers, masks, strict=True)):
        given = [value * int(digit) for value, digit in zip(values, kept, strict=True)]
        sums = [sum(w * v for w, v in zip(row, given, strict=True)) + b for row, b in zip(weight, bias, strict=True)]
        values = sums if place == len(layers) - 1 else [max(value, 0) for value in sums]
        found.append(values)
    return found


def formulas(told):
    return [
        f"{name} {text}"
        for part in told.sections
        if "with the mask" in part.title
        for block in part.blocks
        for name, text in block.rows
    ]


@pytest.mark.parametrize("masks", ["11;101;110;01", "11;111;111;11", "10;010;001;10", "11;000;000;00"])
def test_the_toy(masks, quick):
    told = trace.trace("toy", Choices(masks=masks))
    values = toy_by_hand(masks.split(";"))
    written = formulas(told)
    ends = [float(line.rpartition("= ")[2]) for line in written]
    assert ends == [value for layer in values for value in layer]
    for line in written:  # each formula is true
        left = re.sub(r"relu\(([^()]*)\)", r"max(\1, 0)", line.split(" = ", 1)[1]).replace("[0]", "0")
        assert len({float(eval(part)) for part in left.split(" = ")}) == 1, line
    assert sum(line.count("[0]") for line in written) == sum(
        text.count("0") * len(bias) for text, (_, bias) in zip(masks.split(";"), toy_network.LAYERS, strict=True)
    )
    assert section(told, "The final answer").blocks == [f"y = {number(values[-1][0])}"]


def test_the_first_formulas_of_the_toy(quick):
    written = formulas(trace.trace("toy"))
    assert written[3] == "h2[1] = relu(-1*4 + 1*[0] + 3*2 + 0) = relu(2) = 2"
    assert written[5] == "h2[3] = relu(-1*4 + 1*[0] + 0*2 + 1) = relu(-3) = 0"
    assert written[-1] == "y = 2*[0] + 3*9 + 1 = 28"


@toml
@pytest.mark.parametrize("p", [0.5, 0.2])
def test_all_masks_of_the_toy(p, tmp_path, quick):
    (tmp_path / "toy.toml").write_text(f"p = {p}\n")
    told = trace.trace("toy", Choices(network=str(tmp_path / "toy.toml"), every=True))
    aggregate, every = [block.rows for block in section(told, "All masks").blocks if hasattr(block, "rows")]
    mean, seen = 0.0, set()
    for digits in itertools.product("01", repeat=8):
        text = "".join(digits)
        groups = [text[:3], text[3:6], text[6:]]
        weight = p ** text.count("0") * (1 - p) ** text.count("1")
        answer = toy_by_hand(["11", *groups])[-1][0]
        mean += weight * answer
        seen.add((";".join(groups), f"{weight:.4g}", f"{answer:.4g}"))
    assert {tuple(row) for row in every} == seen
    scaled = [(np.array(w) * (1 if place == 0 else 1 - p), b) for place, (w, b) in enumerate(toy_network.LAYERS)]
    masks = ["11", "111", "111", "11"]
    answers = [mean, toy_by_hand(masks, scaled)[-1][0], toy_by_hand(masks)[-1][0]]
    assert [float(row[1]) for row in aggregate] == pytest.approx(answers, rel=1e-3)
    (bars,) = [block for block in section(told, "All masks").blocks if hasattr(block, "labels")]
    assert sum(bars.values) == pytest.approx(1)


@toml
def test_a_toy_of_ones_own(tmp_path, quick):
    (tmp_path / "own.toml").write_text(
        'x = [2, -1, 0.5]\np = 0.25\nmasks = ["111", "01"]\n'
        "[[layers]]\nweight = [[1, 0, 2], [0.5, -1, 1]]\nbias = [0, 1]\n"
        "[[layers]]\nweight = [[1, 2], [3, 4]]\nbias = [-1, 1]\n"
    )
    layers = [([[1, 0, 2], [0.5, -1, 1]], [0, 1]), ([[1, 2], [3, 4]], [-1, 1])]
    for masks in (None, "110;10"):
        told = trace.trace("toy", Choices(network=str(tmp_path / "own.toml"), masks=masks))
        values = toy_by_hand((masks or "111;01").split(";"), layers, (2, -1, 0.5))
        ends = [line.rpartition("= ")[2] for line in formulas(told)]
        assert ends == [number(value) for layer in values for value in layer]


@toml
def test_a_toy_with_too_many_masks(tmp_path, quick):
    layers = [([[1]] * 20, [0] * 20), ([[1] * 20], [0])]
    tables = [f"[[layers]]\nweight = {weight}\nbias = {bias}\n" for weight, bias in layers]
    (tmp_path / "large.toml").write_text("x = [1]\n" + "".join(tables))
    told = trace.trace("toy", Choices(network=str(tmp_path / "large.toml")))
    assert section(told, "All masks").blocks == ["20 hidden units have 2^20 masks, too many to enumerate here."]


# ---------------------------------------------------------------- a network of one's own

VARIANTS = {
    "dropout": {"dropout": (0.5, 0.3), "input_dropout": 0.2},
    "none": {"dropout": 0.0},
    "rates": {"dropout": ([0.5] * 6, 0.3), "input_dropout": [0.1, 0.9]},
    "subnetwork": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "subnetwork"},
    "gaussian": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "gaussian"},
    "dropconnect": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "dropconnect"},
    "concrete": {"dropout": (0.5, 0.3), "input_dropout": 0.2, "variant": "concrete"},
}


@pytest.mark.jit_only
@pytest.mark.parametrize("variant", [pytest.param(name, marks=pytest.mark.full) for name in VARIANTS] + ["dropout"])
def test_a_row_goes_the_networks_way(variant, rng):
    """The last stages are what the network's passes give, in both modes; and what each dropout did is said."""
    net = nd.MLP([2, 6, 5, 3], seed=7, dtype="float64", **VARIANTS[variant])
    x = rng.standard_normal((9, 2))
    net.scale_input(0.3, 2.0)
    net.step = 5
    told = documents.trace_row(net, x, 4, "x")
    offset = {} if variant == "subnetwork" else {"row_offset": 4}
    out = net.forward(x[4:5], training=True, **offset)
    np.testing.assert_allclose(told.training[-2].values, out, rtol=1e-12)
    np.testing.assert_allclose(told.training[-1].values, net.predictive(out), rtol=1e-12)
    np.testing.assert_allclose(told.evaluation[-2].values, net.forward(x[4:5]), rtol=1e-12)
    names = [stage.name for stage in told.training]
    assert names == [*(name for name, _ in net.stages()), "softmax"]
    assert bool(told.questions) == any(stage.kept is not None for stage in told.training)
    did = [stage for stage in told.training if stage.site is not None]
    shown = " ".join(trace.written(told).split())  # lines are broken
    assert all(stage.note.startswith(f"{stage.name}: ") and stage.note in shown for stage in did)
    assert "row 4 after" in trace.written(told)


# ---------------------------------------------------------------- the command


def ndrop(*arguments):
    return CliRunner().invoke(cli, ["trace", *map(str, arguments)])


def test_the_command_tells_the_whole_trace(tmp_path, quick):
    page = tmp_path / "toy.html"
    result = ndrop("toy", "--masks", "11;111;011;10", "--html", page)
    assert result.exit_code == 0, result.output
    for line in ("Dropout by hand: a toy example", "Weights and biases", "Key terms", "Question 3:", f"page   {page}"):
        assert line in result.stdout
    assert max(map(len, result.stdout.split("page  ")[0].splitlines())) <= 110
    assert page.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected a NAME of pytorch, tensorflow, simplenn, toy, or --model with --data"),
        (["torch"], "NAME: expected one of pytorch, tensorflow, simplenn, toy, got 'torch'"),
        (["pytorch", "--masks", "11"], "masks, network, all: only valid with the NAME toy"),
        (["toy", "--row", 3], "model, data, row: only valid without a NAME, got toy"),
        (["toy", "--data", ""], "model, data, row: only valid without a NAME, got toy"),
        (["toy", "--seed", 0], "seed: only valid with a NAME of pytorch, tensorflow, simplenn"),
        (["toy", "--network", ""], "Is a directory"),
        (["toy", "--html", ""], "expected a file name"),
        (["toy", "--masks", "11;101"], "masks: expected 4 groups with 2, 3, 3, 2 digits, got 2: 11;101"),
        (["toy", "--masks", "11;101;1x0;01"], "masks: expected 3 digits 0 or 1 in group 3, got '1x0'"),
        (["toy", "--network", "none.toml"], "none.toml: No such file or directory"),
        (["toy", "--html", "no/x.html"], "no/x.html: the folder no does not exist"),
        (["--model", "none.npz"], "model: requires --data"),
        (["--model", "none.npz", "--data", "pipeline"], "none.npz"),
        (["--model", "m.npz", "--data", "pipeline", "--row", 1000], "row: expected 0 to 999 for pipeline, got 1000"),
        (["--model", "m.npz", "--data", "pipeline", "--html", "m.npz"], "m.npz: this file is already used"),
    ],
)
def test_what_cannot_be_traced(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.MLP([20, 4, 3]).save("m.npz")
    result = ndrop(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@toml
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = [1", "not TOML"),
        ("y = 1", "expected x, p, masks and layers, got y"),
        ("x = [1, 2, 3]", "x: expected 2 numbers, got 3"),
        ('x = "ab"', "x: expected a list of numbers, got 'ab'"),
        ("p = 2", "p: dropout probability has to be between 0 and 1, but got 2"),
        ('masks = "11"', "masks: expected strings of 0 and 1"),
        ("layers = [1]", r"expected tables \[\[layers\]\] with weight and bias"),
        ("[[layers]]\nweight = [[1, 2]]", r"expected tables \[\[layers\]\] with weight and bias"),
        ("[[layers]]\nweight = [[1, 2], [3]]\nbias = [1]", "layer 1, weight: expected rows of numbers with equal"),
        ("[[layers]]\nweight = [[1, 2]]\nbias = [1, 2]", "layer 1: expected a bias for each of 1 units, got 2"),
        (
            "[[layers]]\nweight = [[1, 2]]\nbias = [1]\n[[layers]]\nweight = [[1, 2]]\nbias = [1]",
            "layer 2: expected weights for 1 inputs, got 2",
        ),
    ],
)
def test_a_file_that_is_no_toy(text, message, tmp_path):
    (tmp_path / "toy.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        toy_network.read_toy(tmp_path / "toy.toml")


@toml
@pytest.mark.jit_only
def test_numbers_that_are_too_large(tmp_path):
    (tmp_path / "toy.toml").write_text("x = [1e308, 1e308]")
    with pytest.raises(ValueError, match="layers: expected numbers with finite sums, got too large numbers"):
        trace.trace("toy", Choices(network=str(tmp_path / "toy.toml")))


def test_questions_where_nothing_is_left_of_a_sum():
    """A row of zeros, rates of 1 and rates of units have no share that could be shown."""
    for net, x in (
        (nd.MLP([2, 3, 2], input_dropout=0.5, dropout=0.0), np.zeros((1, 2))),
        (nd.MLP([2, 3, 2], input_dropout=1.0, dropout=0.0), np.ones((1, 2))),
        (nd.MLP([2, 3, 2], input_dropout=[0.1, 0.2], dropout=0.0), np.ones((1, 2))),
    ):
        questions = documents.trace_row(net, x, 0, "x").questions
        assert [question.evidence == "" for question in questions] == [False, False, True]


def test_the_share_that_is_kept_is_shown_over_many_masks():
    (shown,) = [
        q.evidence for q in documents.trace_row(nd.MLP([2, 3, 2], input_dropout=0.4), np.ones((1, 2)), 0, "x").questions
    ][2:]
    kept, again = map(float, re.search(r"^Over 10,000 masks, ([\d.]+) % .* that is ([\d.]+) %", shown).groups())
    assert kept == pytest.approx(60, abs=1)
    assert again == pytest.approx(100, abs=1.7)
    assert again == pytest.approx(kept / 0.6, abs=0.1)


def test_a_learnt_rate_that_is_1():
    net = nd.MLP([2, 3, 2], variant="concrete", dropout=0.2)
    net.load_state_dict({**net.state_dict(), "1.logit": [40.0]})
    out = net.forward(np.ones((1, 2)), training=True)
    told = documents.trace_row(net, np.ones((1, 2)), 0, "x")
    np.testing.assert_allclose(told.training[-2].values, out, rtol=1e-5, atol=1e-6)
