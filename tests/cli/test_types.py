"""Types of parameters: lists of rates, and search spaces."""

import pytest
from numba_dropout_cli.types import LR_SPACE, RATE_LIST, RATE_SPACE, WIDTHS

from numba_dropout.experiments.search_space import Range


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("0.5", [0.5]),
        ("0,0.25", [0.0, 0.25]),
        ("0,0.1,...,0.9", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        ("0,0.01,0.2,0.3,...,0.5", [0.0, 0.01, 0.2, 0.3, 0.4, 0.5]),
        ("0.9,0.6, ... ,0", [0.9, 0.6, 0.3, 0.0]),
    ],
)
def test_rate_list(text, rates):
    assert RATE_LIST.convert(text, None, None) == rates


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (RATE_SPACE, "0,0.5", [0.0, 0.5]),
        (RATE_SPACE, "0,0.1,...,0.3", [0.0, 0.1, 0.2, 0.3]),
        (RATE_SPACE, "0..0.6", Range(0.0, 0.6)),
        (LR_SPACE, "1e-4..1e-1", Range(1e-4, 0.1, logarithmic=True)),
        (WIDTHS, "128; 256,256;none", [[128], [256, 256], []]),
    ],
)
def test_search_spaces(kind, text, value):
    assert kind.convert(text, None, None) == value
