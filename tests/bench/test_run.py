"""Plans and runs: JSON, output and files of a small run."""

import itertools
import json
import math
import re

import numpy as np
import pytest
from click.testing import CliRunner
from numba_dropout_bench import rounds, run, worker_pool
from numba_dropout_cli.main import cli

from numba_dropout.arrays import devices

SMALL = ("--size", "2^10", "--size", "9x8x7", "--size", "20-100-3@32", "--rounds", "2")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Measure small cases of all groups but startup; return the output and the folder."""
    folder = tmp_path_factory.mktemp("bench")
    files = ("--json", str(folder / "bench.json"), "--plot", str(folder / "bench.png"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_pool, "missing", lambda name: "not installed" if name == "torch" else None)
        groups = ("kernels", "train", "memory")
        result = CliRunner().invoke(cli, ["bench", *groups, "--peers", "numpy,torch", *SMALL, *files])
    assert result.exit_code == 0, result.output
    return result.stdout, folder


@pytest.fixture
def record(small):
    def no_constant(name):
        raise AssertionError(f"{name} in JSON")

    return json.loads((small[1] / "bench.json").read_text(), parse_constant=no_constant)


@pytest.mark.jit_only
def test_plan_for_a_device(monkeypatch):
    monkeypatch.setattr(devices, "why_not", lambda number=0: None)
    plan = run.plan(device="auto", peers="torch,jax")
    assert (plan.device, plan.groups) == ("cuda:0", ("kernels", "train"))
    assert plan.taking_part() == ["torch"]
    assert {case.shape for case in plan.cases if case.kind == "dropout"} == {(2**20,), (2**28,)}


@pytest.mark.jit_only
@pytest.mark.full
def test_contents_of_json(record):
    assert {"format", "version", "date", "machine", "versions", "threads", "dtype", "rounds", "groups"} <= set(record)
    assert {"cpu", "cores", "caches", "instruction_set"} <= set(record["machine"])
    assert {"python", "numba-dropout", "numba", "numpy"} <= set(record["versions"])
    assert list(record["groups"]) == ["kernels", "train", "memory"]
    assert record["missing"] == {"torch": "not installed"}
    kinds = [case["kind"] for group in record["groups"].values() for case in group["cases"]]
    assert sorted(kinds) == sorted(
        [
            *(
                "dropout",
                "dropout_backward",
                "gaussian_dropout",
                "alpha_dropout",
                "mask",
                "packed_mask",
                "product_forward",
                "product_dinp",
                "product_dweight",
            ),
            *("activation_tanh", "activation_gelu", "activation_silu"),
            *("linear_relu_dropout", "step", "dropout_adds", "subnetwork_adds", "activation_adds"),
            *("step_shared", "memory"),
        ]
    )


@pytest.mark.jit_only
@pytest.mark.full
def test_seconds_of_each_round(record):
    for group in record["groups"].values():
        for case in group["cases"]:
            assert case["failed"] == {}
            assert any(entry["role"] == "own" for entry in case["contestants"])
            for entry in case["contestants"]:
                if "seconds" in entry:
                    assert len(entry["seconds"]) == 2
                    assert entry["median"] == pytest.approx(np.median(entry["seconds"]), rel=1e-4)
                    assert all(0 < value < 60 for value in entry["seconds"])


@pytest.mark.jit_only
@pytest.mark.full
def test_ratios_to_the_best(record):
    for case in record["groups"]["kernels"]["cases"]:
        by_name = {entry["name"]: entry for entry in case["contestants"]}
        for role, ratio, best in (("peer", "to_peer", case["best_peer"]), ("limit", "of_limit", case["limit"])):
            values = {name: entry["median"] for name, entry in by_name.items() if entry["role"] == role}
            assert best == min(values, key=values.get, default=None)
            if best:
                assert by_name[best][ratio]["median"] == pytest.approx(1)
                assert all(entry[ratio]["median"] > 0 for entry in by_name.values())


@pytest.mark.jit_only
@pytest.mark.full
def test_memory(record):
    (case,) = record["groups"]["memory"]["cases"]
    sizes = {entry["name"]: entry["bytes"] for entry in case["contestants"]}
    assert sizes["numba-dropout, all its buffers"] == 0
    assert sizes["numba-dropout, allocated in a step"] < case["elements"] // 8


@pytest.mark.jit_only
@pytest.mark.full
def test_pairs(record):
    cases = [case for case in record["groups"]["train"]["cases"] if case["unit"] == "percent"]
    assert len(cases) == 3
    for entry in itertools.chain.from_iterable(case["contestants"] for case in cases):
        assert len(entry["pairs"]) == 2 * rounds.PAIRS["own"]
        percent = [100 * (a / b - 1) for a, b in entry["pairs"]]
        assert entry["percent"] == pytest.approx(np.median(percent), rel=1e-2, abs=0.01)
        assert entry["interval"][0] <= entry["percent"] <= entry["interval"][1]


@pytest.mark.jit_only
@pytest.mark.full
def test_means(record):
    means = record["groups"]["kernels"]["means"]
    assert {"product x W^T", "all products"} <= set(means)
    assert all(value > 0 for value in means.values())
    assert record["groups"]["train"]["means"] == {}


@pytest.mark.jit_only
@pytest.mark.full
def test_output(small):
    shown = small[0]
    assert max(map(len, shown.splitlines())) <= 100
    assert not re.search(r"\b(nan|inf)\b", shown)
    for part in ("ns/element", "GFLOP/s", "ms/step", "of the copy", "of the peak", "95 % interval", "per value"):
        assert part in shown, part
    assert "not measured" in shown
    assert any(line.split() == ["torch", "not", "installed"] for line in shown.splitlines())
    assert "\r" not in shown


@pytest.mark.jit_only
@pytest.mark.full
def test_files(small):
    assert sorted(path.name for path in small[1].iterdir()) == ["bench.json", "bench.png"]
    picture = (small[1] / "bench.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert picture.rstrip(b"\n").endswith(b"IEND\xaeB`\x82")


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        run.write({"figure": math.nan}, tmp_path / "bench.json")
    assert list(tmp_path.iterdir()) == []


def test_format_of_json(tmp_path):
    record = {"seconds": [1.5, 2e-07], "nested": {"none": [], "names": ["1, 2"], "pairs": [[1, 2], [3, 4]]}}
    run.write(record, tmp_path / "bench.json")
    text = (tmp_path / "bench.json").read_text()
    assert json.loads(text) == record
    assert '"seconds": [1.5, 2e-07]' in text
