"""Rounds of measurements: ratios, and the order of turns."""

from bench_workers import FakeWorker, case_of
from numba_dropout_bench import medians, rounds


def test_ratios():
    drift = [1.0, 3.0, 2.0, 10.0, 0.5]
    ratios = medians.ratios([2 * d for d in drift], drift)
    assert ratios == [2.0] * 5
    record = rounds.aggregate(
        {"a": [2 * d for d in drift], "b": drift, "copy": [d / 4 for d in drift]},
        {"a": "own", "b": "peer", "copy": "limit"},
    )
    entry = record["contestants"][0]
    assert entry["to_peer"]["median"] == 2.0
    assert entry["of_limit"]["median"] == 0.125
    assert (record["best_peer"], record["limit"]) == ("b", "copy")


def test_order_of_turns():
    fake = FakeWorker(prepare={"roles": dict.fromkeys("abc", "peer"), "failed": {}}, turn=lambda name: 1.0)
    rounds.measure(case_of("dropout"), [fake], 6, lambda steps, what: None)
    by_round = [fake.turns[i : i + 3] for i in range(0, 18, 3)]
    assert all(sorted(turns) == ["a", "b", "c"] for turns in by_round)
    assert {turns[0] for turns in by_round} == {"a", "b", "c"}
