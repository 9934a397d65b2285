"""The tables of docs/behaviour.md: each call has the result of its row."""

import re
from pathlib import Path

import numpy as np
import pytest

import numba_dropout as nd

PAGE = Path(__file__).parents[1] / "docs" / "behaviour.md"
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in PAGE.read_text().splitlines()
    if re.match(r"\| .* \| .* \|$", line) and not line.startswith(("| case", "| ---"))
]


def names():
    """Return new values of the names in the calls."""
    x = np.array([np.nan, np.inf, -np.inf, -0.0, 1.0, 2.0])
    kept = np.array([True, False] * 3)
    layer = nd.layers.Dropout(0.5, masks=nd.MaskGenerator(seed=1))
    layer(x)
    return {
        **{"nd": nd, "np": np, "nan": np.nan, "inf": np.inf, "x": x, "y": x.copy(), "kept": kept, "dropped": ~kept},
        **{
            "at": {"seed": 1, "stream": 0, "step": 0},
            "wide": np.concatenate([x, x[:2]]),
            "square": np.ones((3, 3)),
            "layer": layer,
        },
    }


def test_number_of_rows():
    assert len(ROWS) == 48
    assert all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize(("call", "result"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_behaviour(call, result):
    call = call.strip("`")
    if not result.startswith("`"):
        kind, _, message = result.partition(": ")
        with pytest.raises({"TypeError": TypeError, "ValueError": ValueError}[kind], match=re.escape(message)):
            eval(call, names())
        return
    with np.errstate(invalid="ignore"):
        actual, expected = np.asarray(eval(call, names())), np.asarray(eval(result.strip("`"), names()))
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    assert actual.tobytes() == expected.tobytes()
