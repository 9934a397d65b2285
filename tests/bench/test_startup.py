"""Times of processes from start to end."""

import pytest
from numba_dropout_bench import report, startup


@pytest.mark.jit_only
def test_startup(monkeypatch):
    monkeypatch.setattr(startup, "COMMANDS", {"ndrop --help": [*startup.NDROP, "--help"], "bad": ["false"]})
    calls = []
    (case,) = startup.measure([], 2, lambda steps, what: calls.append(steps))
    assert [entry["name"] for entry in case["contestants"]] == ["ndrop --help", "import numba"]
    assert case["failed"] == {"bad": "it failed"}
    assert sum(calls) == 2
    assert "startup: whole processes" in report.table(case)
