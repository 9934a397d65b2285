"""Figures of docs/reproduce.md and docs/sklearn.md, from kept results."""

import json
from pathlib import Path

import pytest
from numba_dropout_bench import reproduced

ROOT = Path(__file__).parents[2]
DOCS, RESULTS = ROOT / "docs", ROOT / "docs" / "results"


@pytest.mark.parametrize("name", reproduced.PAGES)
def test_pages(name):
    page = (DOCS / name).read_text()
    assert reproduced.with_sections(name, page, RESULTS) == page


def test_results():
    for file in RESULTS.glob("*.json"):
        assert json.loads(file.read_text()).keys() >= {"command", "seed", "version", "machine"}, file.name


def test_plots(tmp_path):
    pytest.importorskip("matplotlib")
    reproduced.draw(tmp_path, RESULTS)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mnist-rates.png", "mnist-sizes.png", "mnist.png"]
    assert all((ROOT / "docs" / "images" / file.name).exists() for file in tmp_path.iterdir())


def test_other_results(tmp_path):
    for file in RESULTS.glob("*.json"):
        record = json.loads(file.read_text())
        if file.name == "uci-energy.json":
            record |= {"rmse_mean": 0.1234, "rmse_se": 0.0567}
        (tmp_path / file.name).write_text(json.dumps(record))
    page = DOCS / "reproduce.md"
    assert "| 0.123 ± 0.057 |" in reproduced.with_sections(page.name, page.read_text(), tmp_path)
    with pytest.raises(SystemExit, match="expected the marks of mnist"):
        reproduced.with_sections(page.name, "no marks", tmp_path)
