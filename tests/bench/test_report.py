"""Reports of results and failures."""

from bench_workers import FakeWorker, case_of
from numba_dropout_bench import report, rounds, worker_pool


def test_failed_contestants():
    def turn(name):
        if name == "b":
            raise worker_pool.Failed("MemoryError: no")
        return 1e-3

    good = FakeWorker(prepare={"roles": {"a": "own", "b": "peer"}, "failed": {"c": "ValueError: wrong"}}, turn=turn)
    bad = FakeWorker(prepare="the process ended with exit code -9: no output")
    bad.name = "jax"
    record = rounds.measure(case_of("dropout"), [good, bad], 3, lambda steps, what: None)
    assert [entry["name"] for entry in record["contestants"]] == ["a"]
    assert set(record["failed"]) == {"b", "c", "jax"}
    assert good.turns.count("b") == 1
    shown = "\n".join(report.table(record))
    for name, reason in (("b", "MemoryError: no"), ("c", "ValueError: wrong"), ("jax", "exit code -9")):
        assert any(line.startswith(f"  {name} ") and reason in line for line in shown.splitlines()), name
