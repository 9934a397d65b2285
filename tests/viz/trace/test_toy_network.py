"""Toy networks from TOML files."""

import sys

import pytest

from numba_dropout.viz import trace
from numba_dropout.viz.trace import Choices, toy_network

toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="TOML needs Python 3.11")


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
def test_invalid_files(text, message, tmp_path):
    (tmp_path / "toy.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        toy_network.read_toy(tmp_path / "toy.toml")


@toml
@pytest.mark.jit_only
def test_overflow(tmp_path):
    (tmp_path / "toy.toml").write_text("x = [1e308, 1e308]")
    with pytest.raises(ValueError, match="layers: expected numbers with finite sums, got too large numbers"):
        trace.trace("toy", Choices(network=str(tmp_path / "toy.toml")))
