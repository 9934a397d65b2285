"""Charts of results."""

from bench_workers import FakeWorker, case_of
from numba_dropout_bench import chart, report, rounds, run


def test_failed_cases(tmp_path):
    fake = FakeWorker(prepare="ImportError: no")
    records = [
        rounds.measure(case_of(kind, group), [fake], 2, lambda steps, what: None)
        for kind, group in (("dropout", "kernels"), ("product_forward", "kernels"), ("step", "train"))
    ]
    assert all("ImportError: no" in "\n".join(report.table(record)) for record in records)
    groups = {
        "kernels": {"cases": records[:2], "means": run.means(records)},
        "train": {"cases": records[2:], "means": {}},
    }
    record = {"version": "0", "machine": {"cpu": "none"}, "threads": 1, "dtype": "float32", "groups": groups}
    chart.draw(record, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").exists()
