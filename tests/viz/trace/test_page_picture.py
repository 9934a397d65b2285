"""The interactive picture of a page in a browser: masks, values and keys."""

import json
import re
from pathlib import Path

import naive
import numpy as np
import pytest
from browser import needs_browser, run

import numba_dropout as nd
from numba_dropout.viz import trace
from numba_dropout.viz.trace import Choices, toy_network
from numba_dropout.viz.trace.examples import trace_row
from numba_dropout.viz.trace.page import computed_activations
from numba_dropout.viz.trace.report import number

pytestmark = [pytest.mark.jit_only, needs_browser]

VECTORS = Path(__file__).parents[2] / "support" / "philox_vectors.txt"


def test_masks(toy, tmp_path):
    """Masks are those of the contract: vectors of Philox, ties, elements beyond 2**32, and rates from 0 to 1."""
    vectors = [
        [[int(word, 16) for word in part.split()] for part in re.split(r"\s{2,}", line.strip())]
        for line in VECTORS.read_text().splitlines()
        if not line.startswith("#")
    ]
    rates = [0.0, 2**-33, 3 * 2**-33, 1e-6, 0.1, 0.3, 0.5, 1 - 2**-33, 1.0]
    offsets = [0, 1, 8, 2**32 - 3, 2**35 + 1, 2**53 - 9]
    seed, stream, step = 2**63 + 5, 2**24 - 1, 2**32 - 1
    script = f"""
    result.words = {json.dumps(vectors)}.map(([counter, key]) => philox(counter, key));
    result.limits = {json.dumps(rates)}.map(threshold);
    result.masks = {json.dumps(rates)}.map((p) => {json.dumps(offsets)}.map((offset) =>
        sampleMask(8, p, [{seed & 0xFFFFFFFF}, {seed >> 32}], {stream}, {step}, offset)));
    const ties = [];
    for (let i = 0; i < 300000 && ties.length < 3; i++) if (number16(i, 1, 2, [3, 0]) === 32768) ties.push(i);
    result.ties = ties.map((i) => [i, isKept(i, threshold(0.5 + 2**-17 + 2**-18), 1, 2, [3, 0])]);
    """
    result = run(toy, tmp_path, script)
    assert result["words"] == [output for _, _, output in vectors]
    assert result["limits"] == [round(p * 2**32) for p in rates]
    for p, masks in zip(rates, result["masks"], strict=True):
        for offset, mask in zip(offsets, masks, strict=True):
            assert mask == [naive.kept(offset + i, p, seed, stream, step) for i in range(8)], (p, offset)
    assert len(result["ties"]) == 3
    for i, kept in result["ties"]:
        assert kept == naive.kept(i, 0.5 + 2**-17 + 2**-18, 3, 1, 2)


def test_values(pytorch, tmp_path):
    """Picture and table have the values of Python: first, at other steps and rates, and in evaluation mode."""
    traced, page = pytorch
    script = """
    const look = () => ({
      ...current(), status: status.textContent,
      labels: units.map((column) => column.map((unit) => unit.getAttribute("aria-label"))),
      dropped: document.querySelectorAll(".unit.dropped").length,
      table: [...document.querySelectorAll("#values tr")].map((row) => row.textContent),
    });
    const next = document.getElementById("next"), slider = document.getElementById("rate-0");
    result.first = look();
    next.click(); next.click();
    result.third = look();
    document.getElementById("back").click();
    slider.value = 0.85;
    slider.dispatchEvent(new Event("input"));
    result.rate = slider.parentNode.querySelector("output").textContent;
    result.slid = look();
    document.querySelector("input[value=evaluation]").click();
    result.evaluation = look();
    result.gone = document.querySelectorAll(".edge.gone").length;
    """
    result = run(page, tmp_path, script)
    net, row, step = traced.net, traced.row, traced.net.step
    weights = net.weights()
    for name, p, at in (("first", 0.3, step), ("third", 0.3, step + 2), ("slid", 0.85, step + 1), ("evaluation", 0, 0)):
        x = traced.evaluation[0].values[row]
        kept = nd.sample_mask(20, p, seed=0, step=at, offset=20 * row)
        inp = nd.dropout(x, p, mask=kept)
        hidden = nd.relu(nd.linear(inp, weights["0.weight"], weights["0.bias"]))
        out = nd.linear(hidden, weights["1.weight"], weights["1.bias"])
        values, seen = [inp, hidden, out], result[name]
        for expected, actual in zip(values, seen["columns"], strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(seen["answer"], net.predictive(out[None])[0], rtol=1e-12)
        if p:
            assert seen["masks"][0] == kept.tolist()
        shown = [
            f"input {i + 1}: {number(v) if k else 'dropped'}" for i, (v, k) in enumerate(zip(inp, kept, strict=True))
        ]
        shown += [f"hidden 1 {i + 1}: {number(v)}" for i, v in enumerate(hidden)]
        shown += [f"output {i + 1}: {number(v)}" for i, v in enumerate(out)]
        assert [label for column in seen["labels"] for label in column] == shown
        assert seen["dropped"] == 20 - kept.sum()
        assert seen["table"] == [text.replace(": ", "") for text in shown]
        answers = ", ".join(map(number, net.predictive(out[None])[0]))
        mode = f"Training, step {at}: {20 - kept.sum()} of 20 units dropped" if p else "Evaluation: nothing is dropped"
        assert seen["status"] == f"{mode}; probabilities {answers}"
    assert result["rate"] == "0.85"
    assert result["gone"] == 0


def test_activations(rng, tmp_path):
    """The page computes each activation, here in one hidden layer each."""
    names = computed_activations()
    assert {"relu", "gelu", "tanh"} <= set(names)
    net = nd.MLP([4, *[6] * len(names), 2], activation=names, dropout=0.3, seed=0, dtype="float64")
    x = 3 * rng.standard_normal((3, 4))
    traced = trace_row(net, x, 1, "a test")
    result = run(trace.page(traced), tmp_path, "Object.assign(result, current());")
    stages = [stage for stage in traced.training if stage.name.split()[0] in ("input", "dropout", "linear")]
    assert result["columns"][0] == traced.training[0].values[0].tolist()
    np.testing.assert_allclose(result["columns"][-1], stages[-1].values[0], rtol=1e-10, atol=1e-14)


def test_toy(toy, tmp_path):
    """Clicks and keys drop and restore units, the next mask is that of the generator, and the formulas change."""
    script = """
    const look = () => ({masks: state.fixedMasks.map((mask) => [...mask]), status: status.textContent,
        formulas: [...document.querySelectorAll("#formulas li")].map((item) => item.textContent)});
    const press = (unit, key) => unit.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    result.first = look();
    units[1][1].dispatchEvent(new MouseEvent("click", {bubbles: true}));
    result.clicked = look();
    units[0][0].focus();
    press(units[0][0], "ArrowRight");
    result.focused = document.activeElement.getAttribute("aria-label");
    press(units[1][0], "ArrowDown"); press(units[1][1], "ArrowDown");
    press(units[1][2], "Enter");
    result.hint = hint.textContent;
    result.pressed = units[1][2].getAttribute("aria-pressed");
    result.stops = document.querySelectorAll(".unit[tabindex='0']").length;
    result.keyed = look();
    const slider = document.querySelector("#rates input");
    slider.value = 0.3;
    slider.dispatchEvent(new Event("input"));
    document.getElementById("next").click();
    result.next = look();
    document.getElementById("next").click();
    result.after = look();
    slider.value = 0.6;
    slider.dispatchEvent(new Event("input"));
    result.slid = look();
    const back = document.getElementById("back");
    back.click(); back.click();
    result.back = look();
    result.ends = [back.disabled, document.getElementById("next").disabled];
    slider.value = 0.5;
    slider.dispatchEvent(new Event("input"));
    document.querySelector("input[value=evaluation]").click();
    result.evaluation = status.textContent;
    press(units[1][2], "Enter");
    result.again = status.textContent;
    """
    result = run(toy, tmp_path, script)
    for name, masks in (("first", "11;101;110;01"), ("clicked", "11;111;110;01"), ("keyed", "11;110;110;01")):
        check_toy(result[name], masks)
    assert result["focused"].startswith("hidden 1 1: ")
    assert result["hint"] == "hidden 1 3: dropped"
    assert result["pressed"] == "true"
    assert result["stops"] == 1
    for name, step in (("next", 0), ("after", 1)):
        drawn = [nd.sample_mask(n, 0.3, seed=0, stream=site, step=step) for site, n in ((1, 3), (2, 3), (3, 2))]
        check_toy(result[name], ";".join(["11", *("".join("01"[int(k)] for k in mask) for mask in drawn)]), step)
    drawn = [nd.sample_mask(n, 0.6, seed=0, stream=site, step=1) for site, n in ((1, 3), (2, 3), (3, 2))]
    check_toy(result["slid"], ";".join(["11", *("".join("01"[int(k)] for k in mask) for mask in drawn)]), 1)
    check_toy(result["back"], "11;110;110;01")  # as set by hand
    assert result["ends"] == [True, False]
    traced = trace.trace("toy")
    (scaled,) = [
        row[1] for part in traced.sections if part.title == "All masks together" for row in part.blocks[1].rows[1:2]
    ]
    assert float(result["evaluation"].rpartition(" ")[2]) == float(scaled)
    assert result["evaluation"].startswith(
        "Evaluation: nothing is dropped, values of hidden units are multiplied by 0.50"
    )
    assert result["again"].startswith("Training: ")


def check_toy(result, masks, step=None):
    traced = trace.trace("toy", Choices(masks=masks))
    assert ["".join("01"[keep] for keep in mask) for mask in result["masks"]] == masks.split(";")
    formulas = [
        f"{name} {text}"
        for part in traced.sections
        if "with the mask" in part.title
        for block in part.blocks
        for name, text in block.rows
    ]
    assert result["formulas"] == formulas
    dropped = masks.count("0")
    at = "" if step is None else f", step {step}"
    assert result["status"] == f"Training{at}: {dropped} of 10 units dropped; output {formulas[-1].rpartition('= ')[2]}"


def test_hover(toy, tmp_path):
    script = """
    const over = (element) => { element.dispatchEvent(new PointerEvent("pointerenter")); return hint.textContent; };
    result.unit = over(units[1][0]);
    result.title = units[1][0].querySelector("title").textContent;
    result.edge = over(edges[1].find(({from, to}) => from === 2 && to === 0).line);
    """
    result = run(toy, tmp_path, script)
    weight = f"weight from hidden 1 3 to hidden 2 1: {toy_network.LAYERS[1][0][0][2]}"
    assert result == {"unit": "hidden 1 1: 4", "title": "hidden 1 1: 4", "edge": weight}


def test_networks(tmp_path):
    """Networks have several sites, float32, a seed of 64 bits, more units than are drawn, and rates of units."""
    x = np.random.default_rng(4).standard_normal((9, 3))
    for choices in ({"dropout": (0.5, 0.3)}, {"variant": "subnetwork"}, {"dropout": (np.linspace(0, 0.9, 70), 0.0)}):
        net = nd.MLP([3, 70, 5, 2], **{"dropout": 0.4, "input_dropout": 0.2, "seed": 2**63 + 11, **choices})
        net.step = 3
        net.scale_input([1, 2, 3], 2)
        traced = trace.examples.trace_row(net, x, 6, "x")
        script = "Object.assign(result, current()); result.shown = units.map((column) => column.length);"
        result = run(trace.page(traced), tmp_path, script)
        offset = {} if net.variant == "subnetwork" else {"row_offset": 6}
        out = net.forward(x[6:7], training=True, **offset)
        np.testing.assert_allclose(result["columns"][-1], out[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(result["answer"], net.predictive(out)[0], rtol=1e-4, atol=1e-5)
        for stage in traced.training:
            if stage.kept is not None:
                assert result["masks"][stage.site] == stage.kept[0].tolist()
        assert result["shown"] == [3, 50, 5, 2]


@pytest.mark.parametrize("outputs", [1, 3])
def test_binary_probabilities(outputs, tmp_path):
    """One output has the probabilities of 0 and 1, several have that of 1 each, and NaN stays NaN."""
    net = nd.MLP([3, 8, outputs], loss="bce", dropout=0.5, seed=3)
    x = np.random.default_rng(4).standard_normal((2, 3))
    traced = trace.examples.trace_row(net, x, 1, "x")
    result = run(trace.page(traced), tmp_path, "Object.assign(result, current()); result.status = status.textContent;")
    np.testing.assert_allclose(result["answer"], traced.training[-1].values[0], rtol=1e-5)
    assert result["status"].endswith(f"probabilities {', '.join(map(number, traced.training[-1].values[0]))}")
    net.load_state_dict({**net.state_dict(), "0.bias": np.full(8, np.nan)})
    with np.errstate(invalid="ignore"):
        page = trace.page(trace.examples.trace_row(net, x, 1, "x"))
    assert run(page, tmp_path, "result.status = status.textContent")["status"].count("nan") == max(outputs, 2)


def test_regression(tmp_path):
    net = nd.MLP([3, 8, 2], loss="mse", dropout=0.5, seed=3, dtype="float64")
    net.scale_target([10, -5], [0.5, 0.01])
    x = np.random.default_rng(4).standard_normal((2, 3))
    result = run(
        trace.page(trace.examples.trace_row(net, x, 1, "x")),
        tmp_path,
        "state.training = false; Object.assign(result, current());",
    )
    np.testing.assert_allclose(result["answer"], net.predict(x)[1], rtol=1e-12)


def test_gaussian_dropout(tmp_path):
    """A page without masks of 0 and 1 has no picture, but the tables and the quiz."""
    net = nd.MLP([3, 8, 2], variant="gaussian", dropout=0.5)
    page = trace.page(trace.examples.trace_row(net, np.ones((2, 3)), 1, "x"))
    assert run(page, tmp_path, "result.picture = document.getElementById('picture');") == {"picture": None}
    assert "gaussian dropout 0.5" in page
    assert "no picture because it does not compute the masks of variant gaussian" in page
    assert "are computed in the browser" not in page
