"""Sizes of cases: parsing, and their text."""

from numba_dropout_bench import run, sizes


def test_parse():
    result = sizes.parse(["1048576", "2^20", "128x784x1024", "784-256-10", "20-10-3@32"], ["kernels", "train"])
    assert result["kernels"] == sizes.Sizes((2**20, 2**20), ((128, 784, 1024),))
    assert result["train"].networks == (sizes.Network((784, 256, 10), 128), sizes.Network((20, 10, 3), 32))


def test_defaults():
    result = sizes.parse(["2^10"], run.GROUPS)
    assert result["kernels"] == sizes.Sizes(elements=(1024,))
    assert result["train"] == sizes.TRAIN_SIZES
    assert sizes.parse([], run.GROUPS) == sizes.DEFAULTS


def test_text():
    assert [sizes.elements(n) for n in (8, 1000, 1024, 2**25)] == ["8", "1000", "2^10", "2^25"]
    assert str(sizes.Network((20, 10, 3), 32)) == "20-10-3@32"
