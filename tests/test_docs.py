"""What the documentation states: vectors, commands and links."""

import re
import subprocess
import sys
from pathlib import Path

import naive
import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import reference

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ROWS = [
    [cell.strip() for cell in line.strip("| \n").split("|")]
    for line in (ROOT / "docs" / "mask.md").read_text().partition("## Test vectors")[2].splitlines()
    if re.match(r"\| \d", line)
]


def rate(text):
    """Return a rate as the page writes it: a number, or sums of powers of two."""
    return sum(2.0 ** int(part[3:]) if part.startswith("2**") else float(part) for part in text.split(" + "))


@pytest.mark.parametrize("row", ROWS)
def test_mask_vectors(row):
    seed, stream, step, offset = map(int, row[:4])
    p, n = rate(row[4]), int(row[5])
    expected = np.unpackbits(np.frombuffer(bytes.fromhex(row[6]), np.uint8), bitorder="little")[:n].astype(bool)
    where = {"seed": seed, "stream": stream, "step": step, "offset": offset}
    assert [naive.kept(offset + i, p, seed, stream, step) for i in range(n)] == expected.tolist()
    assert np.array_equal(reference.sample_mask(n, p, **where), expected)
    assert np.array_equal(nd.sample_mask(n, p, **where), expected)
    assert nd.sample_mask(n, p, **where, packed=True).tobytes().hex() == row[6]


def test_there_are_vectors():
    assert len(ROWS) == 7


def test_known_answers_are_the_tested_ones():
    page = (ROOT / "docs" / "mask.md").read_text()
    for line in (ROOT / "tests" / "vectors" / "philox.txt").read_text().splitlines():
        if not line.startswith("#"):
            assert "| " + " | ".join(line.split("  ")) + " |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", page.read_text()):
        path = next(filter(None, target))
        assert path.startswith("http") or (page.parent / path).exists(), path


@pytest.mark.jit_only
def test_the_readmes_python_runs(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_docstrings_examples_are_true():
    import doctest

    from numba_dropout import mask_generator

    for module in (nd, mask_generator):
        result = doctest.testmod(module)
        assert result.attempted > 0
        assert result.failed == 0
