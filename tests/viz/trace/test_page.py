"""Pages in a browser: sections, numbers, quiz, curves and layout."""

import json
import re

import numpy as np
import pytest
from browser import needs_browser, run

import numba_dropout as nd
from numba_dropout.viz import trace
from numba_dropout.viz.trace.report import number, numbers

pytestmark = [pytest.mark.jit_only, needs_browser]


def test_sections(pytorch, tmp_path):
    """The page has all sections, in order and cell by cell, and the picture shows the values of the table."""
    traced, page = pytorch
    script = """
    const texts = (root, choice) => [...root.querySelectorAll(choice)].map((one) => one.textContent);
    result.sections = [...document.querySelectorAll("main > section")].map((part) => ({
        title: texts(part, "h2")[0], paragraphs: texts(part, ":scope > p"),
        rows: [...part.querySelectorAll(":scope > .scroll tbody tr")].map((row) => texts(row, "td")),
        bars: texts(part, ".bars span")}));
    result.quiz = [...document.querySelectorAll(".question")].map((one) => texts(one, "legend, label"));
    result.columns = current().columns;
    """
    result = run(page, tmp_path, script)
    shown = {part["title"]: part for part in result["sections"]}
    assert list(shown) == ["The network", *(part.title for part in traced.sections), "Quiz"]
    for part in traced.sections:
        tables = [block for block in part.blocks if hasattr(block, "rows")]
        assert shown[part.title]["rows"] == [list(row) for table in tables for row in table.rows]
        bars = [block for block in part.blocks if hasattr(block, "labels")]
        assert shown[part.title]["bars"] == [
            text
            for block in bars
            for pair in zip(block.labels, block.values, strict=True)
            for text in (pair[0], f"{pair[1]:.3f}")
        ]
        texts = [block for block in part.blocks if isinstance(block, str)] + [block.title for block in bars]
        assert sorted(shown[part.title]["paragraphs"]) == sorted(texts)
    for question, (text, *answers) in zip(traced.questions, result["quiz"], strict=True):
        assert text == question.text
        assert [answer.strip() for answer in answers] == list(question.answers)
    rows = shown[traced.sections[0].title]["rows"]
    assert [rows[1][-1], rows[3][-1], rows[4][-1]] == [numbers(column) for column in result["columns"]]


def test_numbers(toy, tmp_path):
    values = [
        0,
        -0.0,
        1,
        -3,
        0.125,
        0.375,
        -0.125,
        2.625,
        1.005,
        0.004,
        -0.0049,
        0.005,
        1e-9,
        3.14159,
        -12.999,
        1e6 + 0.5,
    ]
    rng = np.random.default_rng(1)
    values += [1e6, 123456.5, -2.5e9, 1e20, 1e-13, -0.3 + 0.1 + 0.2, 7 - 1e-14]
    values += rng.normal(0, 3, 200).tolist() + (rng.integers(-80, 80, 60) / 8).tolist()
    result = run(toy, tmp_path, f"result.texts = {json.dumps(values)}.map(written);")
    assert result["texts"] == [number(value) for value in values]


def test_curves(pytorch, tmp_path):
    """The page has four visible curves in two colours, with a point for each epoch."""
    script = """
    result.curves = [...document.querySelectorAll(".curves path:not(.axis)")].map((path) => {
        const {clipPath, position, stroke, visibility} = getComputedStyle(path);
        const points = path.getAttribute("d").split(" L").length;
        return [clipPath, position, visibility, stroke, points, path.getBBox().width];
    });
    """
    curves = run(pytorch[1], tmp_path, script)["curves"]
    assert [curve[:3] for curve in curves] == [["none", "static", "visible"]] * 4
    assert [curve[4:] for curve in curves] == [[60, pytest.approx(488, abs=1)]] * 4
    colours = [curve[3] for curve in curves]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert not {"none", "rgba(0, 0, 0, 0)"} & set(colours)


def test_quiz(pytorch, tmp_path):
    traced, page = pytorch
    script = """
    result.answers = [...document.querySelectorAll(".question")].map((question) =>
        [...question.querySelectorAll("input")].map((choice) => {
            choice.click();
            return question.querySelector(".reason").textContent;
        }));
    """
    result = run(page, tmp_path, script)
    assert len(result["answers"]) == 3
    for question, reasons in zip(traced.questions, result["answers"], strict=True):
        assert [text.startswith("Right.") for text in reasons] == [i == question.right for i in range(len(reasons))]
        assert all(question.reason in text and question.evidence in text for text in reasons)


@pytest.fixture(scope="module")
def deep():
    """Return a page of many layers, with a slider for each."""
    net = nd.MLP([2, *[3] * 12, 2], dropout=0.5, input_dropout=0.2)
    return trace.page(trace.examples.trace_row(net, np.ones((1, 2)), 0, "x"))


@pytest.mark.parametrize("width", [320, 768, 1600])
def test_width(pytorch, toy, deep, width, tmp_path):
    """Only wide tables and pictures scroll sideways."""
    frame = "<iframe style='border:0;width:%dpx;height:3000px' srcdoc=\"%s\"></iframe>"
    inners = [page.replace("&", "&amp;").replace('"', "&quot;") for page in (pytorch[1], toy, deep)]
    page = f"<html><head></head><body>{''.join(frame % (width, inner) for inner in inners)}</body></html>"
    script = """
    addEventListener("load", () => {
        const pages = [...document.querySelectorAll("iframe")].map((one) => one.contentDocument.documentElement);
        document.getElementById("result").textContent = JSON.stringify(
            {result: pages.map((page) => [page.scrollWidth, page.clientWidth]), complaints});
    });
    """
    for wide, window in run(page, tmp_path, script):
        assert width - 20 <= window <= width  # less a scroll bar
        assert wide == window


def test_no_external_links(pytorch, toy):
    for page in (pytorch[1], toy):
        links = re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)|import\s', page)
        assert [link for link in links if link[0] != "data:,"] == []
        assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_escaped_text(tmp_path):
    net = nd.MLP([2, 4, 2], dropout=0.5)
    page = trace.page(trace.examples.trace_row(net, np.ones((1, 2)), 0, "</script><script>alert(1)</script>"))
    assert "<script>alert" not in page
