"""Figures of README.md and docs/performance.md, from kept results."""

import json
import re
from pathlib import Path

import pytest
from numba_dropout_bench import cases, reproduced, rounds, run, sizes, write_readme

ROOT = Path(__file__).parents[2]

SPEEDS = {  # role, and seconds for 10^9 units of work
    "numba-dropout": ("own", 0.25),
    "copy": ("limit", 0.125),
    "numpy.matmul": ("peer", 2.0),
    "torch": ("peer", 16.0),
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Write three runs with invented figures; b.json is the newest."""
    monkeypatch.setattr(write_readme, "ROOT", tmp_path)
    for name, date, slower in (("a", "2026-01-02", 1), ("b", "2026-01-03", 2), ("c", "2026-01-01", 4)):
        groups = {group: [invented(case, slower) for case in cases_of(group)] for group in ("kernels", "train")}
        run.write(
            {
                "date": date,
                "machine": {"cpu": "a processor", "microarchitecture": "znver9"},
                "versions": {"numba-dropout": "0", "numpy": "2.0"},
                "threads": 2,
                "dtype": "float32",
                "rounds": 3,
                "groups": {group: {"cases": its, "means": run.means(its)} for group, its in groups.items()},
            },
            tmp_path / f"{name}.json",
        )
    (tmp_path / "other.json").write_text(json.dumps({"seconds": {}}))
    return tmp_path


def cases_of(group):
    return [case for case in cases.of_group(group, sizes.DEFAULTS[group], "float32") if case.unit != "percent"]


def invented(case, slower):
    seconds = {name: [slower * speed * case.work * 1e-9] * 3 for name, (_, speed) in SPEEDS.items()}
    summary = rounds.aggregate(seconds, {name: role for name, (role, _) in SPEEDS.items()})
    return {"group": case.group, "kind": case.kind, "title": case.title, "size": case.size} | {
        "unit": case.unit,
        "work": case.work,
        "failed": {},
        **summary,
    }


def test_newest(results):
    assert write_readme.newest(results).name == "b.json"


def test_section(results):
    text = write_readme.section(write_readme.newest(results))
    assert "Version 0. a processor (znver9 in LLVM), 2 threads, float32; medians of 3 rounds" in text
    assert "`b.json`" in text
    head, _, *rows = [line for line in text.splitlines() if line.startswith("|")][:5]
    assert head.count("|") == rows[0].count("|")
    assert [row.split("|")[1].strip() for row in rows] == ["2^16 elements", "2^20 elements", "2^25 elements"]
    assert [cell.strip() for cell in rows[0].split("|")[2:7]] == ["0.500", "50 %", "0.250", "4.00", "32.0"]
    assert "| product x W^T | 0.125 x |" in text
    assert len(re.findall(r"^\| [\d-]+@\d+ \|", text, re.MULTILINE)) == 3
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_summary(results):
    text = write_readme.summary(write_readme.newest(results))
    assert "Version 0. Medians of 3 rounds on a processor" in text
    assert "([all rounds](b.json))" in text
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    assert [row.split("|")[1].split(",")[0].strip() for row in rows] == ["dropout", *["training step"] * 3]
    assert [cell.strip() for cell in rows[0].split("|")[2:8]] == ["0.500", "4.00", "32.0", "-", "-", "-"]


def test_write_twice(results):
    section = write_readme.section(results / "a.json")
    first = write_readme.with_section(f"before\n{write_readme.BEGIN}\nold\n{write_readme.END}\nafter\n", section)
    assert write_readme.with_section(first, section) == first
    assert first.startswith("before\n")
    assert first.endswith("\nafter\n")
    assert "old" not in first


def test_page_without_marks():
    with pytest.raises(SystemExit, match="marks"):
        write_readme.with_section("# nothing", "")


@pytest.mark.parametrize(("name", "write"), [("README.md", "summary"), ("docs/performance.md", "section")])
def test_pages(name, write, monkeypatch):
    monkeypatch.setattr(write_readme, "ROOT", ROOT)  # the package may be installed elsewhere
    page = (ROOT / name).read_text()
    text = getattr(write_readme, write)(write_readme.newest(ROOT / "bench" / "results"))
    assert page == write_readme.with_section(page, text), "run `make figures`"


@pytest.mark.parametrize("script", [reproduced, write_readme])
def test_help_writes_nothing(script, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["script", "--help"])
    with pytest.raises(SystemExit) as raised:
        script.main()
    assert raised.value.code == 0
    assert "from the" in capsys.readouterr().out
