"""`ndrop info`: versions and settings."""

import re

import numba
import numpy as np
from commands import ndrop

import numba_dropout as nd


def test_info():
    fields = dict(line.split(None, 1) for line in ndrop("info").stdout.splitlines())
    assert fields["numba"] == numba.__version__
    assert fields["numpy"] == np.__version__
    assert fields["numba-dropout"] == nd.__version__
    text = ndrop("info").stdout
    for name in ("instruction set", "threads", "threading layer", "cuda"):
        assert re.search(rf"^{name} +\S", text, re.MULTILINE), name
