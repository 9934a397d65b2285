"""`ndrop bench`: its statistics, its sizes, what a small run writes, and how it tells what it could not measure."""

import io
import json
import math
import os
import re
import subprocess
import sys

import click
import numpy as np
import pytest
from click.testing import CliRunner
from numba.core import config
from numba_dropout_bench import cases, chart, estimators, medians, report, rounds, run, sizes, startup, worker_pool
from numba_dropout_bench.contestants import _allocations, _checks, _inputs
from numba_dropout_cli import bar
from numba_dropout_cli.main import cli

from numba_dropout.arrays import devices

SMALL = ("--size", "2^10", "--size", "9x8x7", "--size", "20-100-3@32", "--rounds", "2")


def refused(*arguments):
    """Run something that is refused, and return the one line that says why."""
    result = CliRunner().invoke(cli, ["bench", *arguments])
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    return line


# ---------------------------------------------------------------- statistics


def test_medians_and_spreads():
    assert medians.median([3.0, 1.0, 2.0]) == 2.0
    assert medians.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(100 * (4 - 2) / 3)
    assert medians.spread([7.0] * 4) == 0
    assert medians.geometric_mean([1.0, 4.0, 2.0]) == pytest.approx(2.0)


@pytest.mark.parametrize("values", [[], [math.nan], [math.nan, 1.0], [math.inf]])
def test_what_is_no_number_is_no_figure(values):
    assert medians.median(values) is None
    assert medians.interval(values) is None


def test_ratios_are_taken_round_by_round():
    drift = [1.0, 3.0, 2.0, 10.0, 0.5]
    ratios = medians.ratios([2 * d for d in drift], drift)
    assert ratios == [2.0] * 5
    record = rounds.aggregate(
        {"a": [2 * d for d in drift], "b": drift, "copy": [d / 4 for d in drift]},
        {"a": "own", "b": "peer", "copy": "limit"},
    )
    own = record["contestants"][0]
    assert own["to_peer"]["median"] == 2.0
    assert own["of_limit"]["median"] == 0.125
    assert (record["best_peer"], record["limit"]) == ("b", "copy")


@pytest.mark.parametrize("n", [5, 6, 11, 15, 60, 220, 2000])
def test_intervals_hold_the_median_as_often_as_they_promise(n):
    """The ranks are those of the binomial distribution, summed here with whole numbers."""
    found = medians.interval(list(range(n)))
    if n < 6:
        assert found is None
        return
    low, high = found
    assert low + high == n - 1

    def outside(k):  # the chance that fewer than k values are below the median, or above it, times 2**n
        return 2 * sum(math.comb(n, i) for i in range(k))

    assert outside(low + 1) * 20 <= 2**n < outside(low + 2) * 20


# ---------------------------------------------------------------- sizes


def test_sizes_go_to_the_groups_that_take_their_form():
    found = sizes.parse(["1048576", "2^20", "128x784x1024", "784-256-10", "20-10-3@32"], ["kernels", "train"])
    assert found["kernels"] == sizes.Sizes((2**20, 2**20), ((128, 784, 1024),))
    assert found["train"].networks == (sizes.Network((784, 256, 10), 128), sizes.Network((20, 10, 3), 32))


def test_a_group_without_a_size_of_its_form_keeps_its_own():
    found = sizes.parse(["2^10"], run.GROUPS)
    assert found["kernels"] == sizes.Sizes(elements=(1024,))
    assert found["train"] == sizes.TRAIN_SIZES
    assert sizes.parse([], run.GROUPS) == sizes.DEFAULTS


def test_sizes_are_written_as_they_are_read():
    assert [sizes.elements(n) for n in (8, 1000, 1024, 2**25)] == ["8", "1000", "2^10", "2^25"]
    assert str(sizes.Network((20, 10, 3), 32)) == "20-10-3@32"


@pytest.mark.parametrize(
    "size", ["", "0", "-1", "1.5", "2^99", "2^", "8x8", "8x0x8", "8x8x8x8", "20-", "20-1", "20-0-3", "20-3@0", "a", "²"]
)
def test_sizes_that_cannot_be(size):
    line = refused("--size", size)
    assert line.startswith("Error: size: expected ")
    assert repr(size) in line


@pytest.mark.parametrize(("group", "size"), [("kernels", "20-10-3"), ("train", "2^20"), ("startup", "8x8x8")])
def test_sizes_that_a_group_cannot_take(group, size):
    assert f"not valid for {group}" in refused(group, "--size", size)


def test_work_is_counted():
    (case,) = [case for case in cases.of_group("train", sizes.TRAIN_SIZES, "float32") if case.size.startswith("20-")]
    weights = [20 * 10, 10 * 3]
    assert cases.step_operations(case.shape) == 2 * 32 * (2 * sum(weights) + weights[1])
    assert cases.dropped_elements(case.shape) == 32 * 10


# ---------------------------------------------------------------- what is refused


def test_devices_that_are_not_there(monkeypatch):
    monkeypatch.setattr(devices, "why_not", lambda number=0: f"there is no number {number}")
    assert refused("--device", "cuda:3") == "Error: device cuda:3: there is no number 3"
    assert refused("--device", "tpu").startswith("Error: device: expected cpu, cuda, cuda:0, cuda:1, ... or auto, got")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("memory",), "memory: expected kernels or train on a CUDA device"),
        (("kernels", "--dtype", "float64"), "dtype: expected float32 on a CUDA device, got float64"),
    ],
)
def test_what_is_not_measured_on_a_device(monkeypatch, arguments, line):
    monkeypatch.setattr(devices, "why_not", lambda number=0: None)
    assert line in refused(*arguments, "--device", "cuda")


@pytest.mark.jit_only
def test_a_device_has_sizes_of_its_own(monkeypatch):
    monkeypatch.setattr(devices, "why_not", lambda number=0: None)
    plan = run.plan(device="auto", peers="torch,jax")
    assert (plan.device, plan.groups) == ("cuda:0", ("kernels", "train"))
    assert plan.taking_part() == ["torch"]
    assert {case.shape for case in plan.cases if case.kind == "dropout"} == {(2**20,), (2**28,)}


@pytest.mark.full  # `test_the_check_for_devices_goes_through_all_its_steps` measures the same
@pytest.mark.jit_only
def test_a_device_is_measured(tmp_path):
    """In Numba's simulator, whose figures mean nothing."""
    command = ["kernels", "--device", "cuda", "--size", "64", "--size", "3x4x8", "--rounds", "1", "--peers", "none"]
    file = tmp_path / "cuda.json"
    done = subprocess.run(
        [sys.executable, "-c", "from numba_dropout_cli.main import cli; cli()", "bench", *command, "--json", str(file)],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(file.read_text())
    assert record["device"] == "cuda:0"
    assert "simulator" in record["machine"]["cuda"]
    cases = record["groups"]["kernels"]["cases"]
    assert len(cases) == 10
    assert all(case["failed"] == {} for case in cases)
    assert all("numba-dropout" in [entry["name"] for entry in case["contestants"]] for case in cases)


def test_plain_python_is_not_measured(monkeypatch):
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    assert "NUMBA_DISABLE_JIT" in refused()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("kernel",), "is not one of"),
        (("--peers", "numpy,theano"), "'theano'"),
        (("--threads", "1000000"), "threads: expected"),
        (("--rounds", "0"), "--rounds"),
        (("--json", "no/such/folder.json"), "folder"),
        (("--plot", "plot.txt"), ".png"),
        (("--json", "same.png", "--plot", "same.png"), "already used"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_refusals(arguments, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert part in refused(*arguments)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- a small run


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Measure a little of everything but the start-up; return what was shown, and the folder."""
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
def test_the_json_says_what_was_measured_and_on_what(record):
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
            *("linear_relu_dropout", "step", "dropout_adds", "subnetwork_adds", "step_shared", "memory"),
        ]
    )


@pytest.mark.jit_only
def test_every_contestant_has_a_figure_of_every_round(record):
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
def test_ratios_and_shares_are_of_the_best(record):
    for case in record["groups"]["kernels"]["cases"]:
        by_name = {entry["name"]: entry for entry in case["contestants"]}
        for role, ratio, best in (("peer", "to_peer", case["best_peer"]), ("limit", "of_limit", case["limit"])):
            found = {name: entry["median"] for name, entry in by_name.items() if entry["role"] == role}
            assert best == min(found, key=found.get, default=None)
            if best:
                assert by_name[best][ratio]["median"] == pytest.approx(1)
                assert all(entry[ratio]["median"] > 0 for entry in by_name.values())


def test_a_process_keeps_a_core_busy_as_long_as_it_is_wanted():
    def children():
        return {int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == os.getpid()}

    if not os.path.isdir("/proc/self"):
        pytest.skip("this system does not list its processes")
    before = children()
    with worker_pool.busy_process():
        (busy,) = children() - before
    assert busy not in children()


def _parent(number):
    try:
        with open(f"/proc/{number}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


@pytest.mark.jit_only
def test_no_mask_is_kept(record):
    (case,) = record["groups"]["memory"]["cases"]
    own = {entry["name"]: entry["bytes"] for entry in case["contestants"]}
    assert own["numba-dropout, all its buffers"] == 0
    assert own["numba-dropout, allocated in a step"] < case["elements"] // 8


@pytest.mark.jit_only
def test_what_dropout_adds_is_taken_from_pairs(record):
    cases = [case for case in record["groups"]["train"]["cases"] if case["unit"] == "percent"]
    assert len(cases) == 2
    for case in cases:
        (own,) = case["contestants"]
        assert len(own["pairs"]) == 2 * rounds.PAIRS["own"]
        percent = [100 * (a / b - 1) for a, b in own["pairs"]]
        assert own["percent"] == pytest.approx(np.median(percent), rel=1e-2, abs=0.01)
        assert own["interval"][0] <= own["percent"] <= own["interval"][1]


@pytest.mark.jit_only
def test_means_are_over_shapes(record):
    means = record["groups"]["kernels"]["means"]
    assert {"product x W^T", "all products"} <= set(means)
    assert all(value > 0 for value in means.values())
    assert record["groups"]["train"]["means"] == {}


@pytest.mark.jit_only
def test_what_is_shown_is_narrow_and_says_who_is_missing(small):
    shown = small[0]
    assert max(map(len, shown.splitlines())) <= 100
    assert not re.search(r"\b(nan|inf)\b", shown)
    for part in ("ns/element", "GFLOP/s", "ms/step", "of the copy", "of the peak", "95 % interval", "per value"):
        assert part in shown, part
    assert "not measured" in shown
    assert any(line.split() == ["torch", "not", "installed"] for line in shown.splitlines())
    assert "\r" not in shown


@pytest.mark.jit_only
def test_the_files_are_whole_and_alone(small):
    assert sorted(path.name for path in small[1].iterdir()) == ["bench.json", "bench.png"]
    picture = (small[1] / "bench.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert picture.rstrip(b"\n").endswith(b"IEND\xaeB`\x82")


def test_a_run_that_fails_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "DISABLE_JIT", 0)
    monkeypatch.setattr(run, "measure", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    result = CliRunner().invoke(cli, ["bench", "--json", str(tmp_path / "bench.json")])
    assert result.exit_code == 130
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_is_no_json_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        run.write({"figure": math.nan}, tmp_path / "bench.json")
    assert list(tmp_path.iterdir()) == []


def test_lists_of_numbers_stand_on_one_line(tmp_path):
    record = {"seconds": [1.5, 2e-07], "nested": {"none": [], "names": ["1, 2"], "pairs": [[1, 2], [3, 4]]}}
    run.write(record, tmp_path / "bench.json")
    text = (tmp_path / "bench.json").read_text()
    assert json.loads(text) == record
    assert '"seconds": [1.5, 2e-07]' in text


# ---------------------------------------------------------------- those who fail


class Fake:
    """A worker whose answers are made up."""

    name = "own"

    def __init__(self, **predictive):
        self.predictive, self.turns = predictive, []

    def request(self, do, **arguments):
        if do == "turn":
            self.turns.append(arguments["name"])
        value = self.predictive.get(do)
        if isinstance(value, str):
            raise worker_pool.Failed(value)
        return value(**arguments) if callable(value) else value


def case_of(kind, group="kernels"):
    return next(case for case in cases.of_group(group, sizes.DEFAULTS[group], "float32") if case.kind == kind)


def test_who_fails_is_named_with_the_reason_and_the_others_go_on():
    def turn(name):
        if name == "b":
            raise worker_pool.Failed("MemoryError: no")
        return 1e-3

    good = Fake(prepare={"roles": {"a": "own", "b": "peer"}, "failed": {"c": "ValueError: wrong"}}, turn=turn)
    bad = Fake(prepare="the process ended with exit code -9: no output")
    bad.name = "jax"
    record = rounds.measure(case_of("dropout"), [good, bad], 3, lambda steps, what: None)
    assert [entry["name"] for entry in record["contestants"]] == ["a"]
    assert set(record["failed"]) == {"b", "c", "jax"}
    assert good.turns.count("b") == 1
    shown = "\n".join(report.table(record))
    for name, reason in (("b", "MemoryError: no"), ("c", "ValueError: wrong"), ("jax", "exit code -9")):
        assert any(line.startswith(f"  {name} ") and reason in line for line in shown.splitlines()), name


def test_turns_are_interleaved_in_changing_order():
    fake = Fake(prepare={"roles": dict.fromkeys("abc", "peer"), "failed": {}}, turn=lambda name: 1.0)
    rounds.measure(case_of("dropout"), [fake], 6, lambda steps, what: None)
    by_round = [fake.turns[i : i + 3] for i in range(0, 18, 3)]
    assert all(sorted(turns) == ["a", "b", "c"] for turns in by_round)
    assert {turns[0] for turns in by_round} == {"a", "b", "c"}


def test_a_case_that_nobody_could_do_is_shown_and_drawn(tmp_path):
    fake = Fake(prepare="ImportError: no")
    found = [
        rounds.measure(case_of(kind, group), [fake], 2, lambda steps, what: None)
        for kind, group in (("dropout", "kernels"), ("product_forward", "kernels"), ("step", "train"))
    ]
    assert all("ImportError: no" in "\n".join(report.table(record)) for record in found)
    groups = {
        "kernels": {"cases": found[:2], "means": run.means(found)},
        "train": {"cases": found[2:], "means": {}},
    }
    record = {"version": "0", "machine": {"cpu": "none"}, "threads": 1, "dtype": "float32", "groups": groups}
    chart.draw(record, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").exists()


@pytest.mark.jit_only
def test_a_worker_tells_what_it_cannot_import_and_how_it_ended():
    with (
        worker_pool.started(["nothing"], 1, "float32", "cpu") as (process,),
        pytest.raises(worker_pool.Failed, match="KeyError"),
    ):
        process.versions()
    with worker_pool.started(["numpy"], 1, "float32", "cpu") as (process,):
        assert "numpy" in process.versions()
        with pytest.raises(worker_pool.Failed, match="KeyError"):
            process.request("turn", name="nobody")
        process.process.kill()
        with pytest.raises(worker_pool.Failed, match=r"ended with exit code -?\d+: no output"):
            process.request("forget")


@pytest.mark.jit_only
def test_a_worker_ends_when_nobody_asks_any_more():
    command = [sys.executable, "-m", "numba_dropout_bench.worker_main", "numpy", "1", "float32", "cpu"]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=True, timeout=60)
    assert "numpy" in json.loads(done.stdout)["result"]


@pytest.mark.jit_only
def test_start_up(monkeypatch):
    monkeypatch.setattr(startup, "COMMANDS", {"ndrop --help": [*startup.NDROP, "--help"], "bad": ["false"]})
    done = []
    (case,) = startup.measure([], 2, lambda steps, what: done.append(steps))
    assert [entry["name"] for entry in case["contestants"]] == ["ndrop --help", "import numba"]
    assert case["failed"] == {"bad": "it failed"}
    assert sum(done) == 2
    assert "startup: whole processes" in report.table(case)


# ---------------------------------------------------------------- what is checked before it is timed


def test_wrong_dropout_is_not_timed():
    x = _inputs.positive(case_of("dropout"))[: 2**12]
    keep = np.random.default_rng(1).random(x.size) >= 0.3
    good = np.where(keep, x / np.float32(0.7), 0)
    _checks.dropped(good, x, 0.3)
    for wrong in (x, np.where(keep, x, 0), good[::-1], good[:-1], good.astype(np.float64), np.zeros_like(x)):
        with pytest.raises(ValueError, match=r"dropped|kept|shape"):
            _checks.dropped(wrong, x, 0.3)


def test_wrong_noise_is_not_timed(rng):
    x = _inputs.positive(case_of("dropout"))[: 2**14]
    z = rng.standard_normal(x.size)
    _checks.gaussian(x * (1 + (0.3 / 0.7) ** 0.5 * z), x, 0.3)
    for wrong in (x, x * (1 + z), x * z, np.full_like(x, np.nan)):
        with pytest.raises(ValueError, match="of the factors is"):
            _checks.gaussian(wrong, x, 0.3)


def test_wrong_alpha_dropout_is_not_timed(rng):
    x = _inputs.positive(case_of("dropout"))[: 2**14]
    keep = rng.random(x.size) >= 0.3
    good = np.where(keep, 0.8 * x + 0.3, -1)
    _checks.alpha(good, x, 0.3)
    for wrong in (x, np.where(keep, 0.8 * x[::-1] + 0.3, -1), np.where(rng.random(x.size) >= 0.4, x, -1)):
        with pytest.raises(ValueError, match=r"dropped|affine"):
            _checks.alpha(wrong, x, 0.3)


@pytest.mark.parametrize(("rows", "depth", "columns"), [(30, 20, 10), (128, 784, 1024)])
def test_wrong_products_are_not_timed(rows, depth, columns, rng):
    left, right = rng.random((rows, depth), np.float32) - 0.5, rng.random((depth, columns), np.float32) - 0.5
    product = left @ right
    _checks.product(product, left, right)
    largest = np.unravel_index(np.abs(product).argmax(), product.shape)
    one = product.copy()
    one[largest] = 0
    noise = 1 + 0.01 * rng.standard_normal(product.shape, np.float32)
    for wrong in (one, product * np.float32(0.99), product * noise, np.where(product == one, product, np.nan)):
        with pytest.raises(ValueError, match="off by"):
            _checks.product(wrong, left, right)


def test_wrong_layers_are_not_timed(rng):
    x, weight = rng.standard_normal((100, 20), np.float32), rng.standard_normal((50, 20), np.float32)
    out = np.maximum(x @ weight.T, 0) * (rng.random((100, 50)) < 0.5) * 2
    _checks.hidden(out, x, weight, 0.5)
    for wrong in (out / 2, np.maximum(x @ weight.T, 0)):
        with pytest.raises(ValueError, match=r"dropped|kept"):
            _checks.hidden(wrong, x, weight, 0.5)


def test_training_that_does_not_learn_is_not_timed(rng):
    losses = iter(np.linspace(3, 1, 1000))
    _checks.learns(lambda: next(losses))()
    with pytest.raises(ValueError, match="does not decrease"):
        _checks.learns(lambda: 2 + 0.1 * rng.standard_normal())()
    for loss, what in ((1.0, "does not decrease"), (math.nan, "is nan")):
        with pytest.raises(ValueError, match=what):
            _checks.learns(lambda loss=loss: loss, window=2)()


def test_inputs_begin_a_cache_line():
    for dtype in (np.float32, np.float64, np.bool_):
        array = _inputs.aligned((3, 5), dtype)
        assert array.ctypes.data % 64 == 0
        assert array.shape == (3, 5)
        assert not array.any()


def test_memory_is_counted_once():
    class Holder:
        def __init__(self):
            self.flat = np.zeros(100)
            self.views = {"all": self.flat.reshape(10, 10), "part": [self.flat[:5]], "self": self}

    assert _allocations.array_bytes(Holder()) == 800
    assert 80_000 <= _allocations.peak_bytes(lambda: np.ones(10_000).sum()) < 90_000


# ---------------------------------------------------------------- limits


@pytest.mark.jit_only
@pytest.mark.parametrize("name", ["plain_copy", "nontemporal_copy"])
@pytest.mark.parametrize("size", [0, 1, 15, 1000, 100_003])
def test_copies_copy_and_touch_nothing_else(name, size):
    from numba_dropout_bench import limits

    for start in (0, 1, 5):
        inp, out = np.arange(1, size + 1, dtype=np.float32), np.zeros(size + 40, np.float32)
        getattr(limits, name)(*limits.words(out[start : start + size], inp), 2)
        assert np.array_equal(out[start : start + size], inp)
        assert not out[:start].any()
        assert not out[start + size :].any()


@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_multiply_adds_are_done(dtype):
    from numba_dropout_bench import limits

    out = np.zeros(2, dtype)
    limits.multiply_adds(out, 3)
    chains = [3.0 + chain for chain in range(limits.CHAINS)]
    for _ in range(3):
        chains = [0.5 * value + 1 for value in chains]
    assert np.allclose(out, limits.lanes(out.dtype) * sum(chains))
    assert limits.operations(out, 3) == 2 * 2 * 3 * limits.CHAINS * limits.lanes(out.dtype)


# ---------------------------------------------------------------- the command


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_that_makes_room_for_lines(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    shown = bar.Bar(4)
    shown.update(0, "preparing")
    shown.update(1, "dropout")
    shown.echo(["a line"])
    shown.update(3, "")
    shown.clear()
    text = terminal.getvalue()
    assert "preparing" in text
    assert re.search(r"1/4 .*dropout", text)
    assert "\r\033[2Ka line\n" in text
    assert "4/4" in text
    assert text.endswith("\r\033[2K\033[?25h")


def test_a_pipe_gets_lines_alone(capsys):
    silent = bar.Bar(4)
    silent.update(1, "dropout")
    silent.echo(["a line"])
    silent.clear()
    assert tuple(capsys.readouterr()) == ("a line\n", "")


def test_groups_are_those_of_the_command():
    (argument,) = [p for p in cli.commands["bench"].params if isinstance(p, click.Argument)]
    assert tuple(argument.type.choices) == (*run.GROUPS, "estimators")
    rounds_option = next(p for p in cli.commands["bench"].params if p.name == "rounds")
    assert f"[default: {run.ROUNDS}; {estimators.SEEDS} seeds]" in rounds_option.help


# ---------------------------------------------------------------- estimators


@pytest.mark.jit_only
@pytest.mark.full
def test_estimators_are_measured_beside_scikit_learns(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    small = [estimators.Case("wine", (4,), 3), estimators.Case("diabetes", (4,), 3)]
    monkeypatch.setattr(estimators, "cases", lambda mnist: small)
    kept = tmp_path / "kept.json"
    done = CliRunner().invoke(cli, ["bench", "estimators", "--rounds", "2", "--threads", "1", "--json", str(kept)])
    assert done.exit_code == 0, done.output
    wine, diabetes = json.loads(kept.read_text())["cases"]
    assert (wine["network"], diabetes["network"]) == ("13-4-3", "10-4-1")
    assert (wine["score"], diabetes["score"]) == ("accuracy", "R2")
    for case in (wine, diabetes):
        assert all(len(case["scores"][name]) == 2 and len(case["seconds"][name]) == 10 for name in estimators.NAMES)
        assert f"{case['name']}, {case['network']}, 3 epochs" in done.output
    assert all(0 <= score <= 1 for name in estimators.NAMES for score in wine["scores"][name])
    row = estimators.table([wine])[-1].strip("| ").split(" | ")
    assert row[:4] == ["wine", "13-4-3", "3", "accuracy"]
    assert row[4].startswith(f"{np.mean(wine['scores']['numba-dropout']):.4f} ± ")


def test_what_is_measured_of_estimators():
    pytest.importorskip("sklearn")
    assert [case.name for case in estimators.cases(None)] == ["digits", "breast_cancer", "wine", "diabetes"]
    theirs, ours = (estimators._model(name, estimators.Case("wine", (7,), 5), 3, 5) for name in estimators.NAMES[::-1])
    for name in ("hidden_layer_sizes", "max_iter", "random_state", "batch_size", "alpha", "learning_rate_init"):
        assert ours.get_params()[name] == theirs.get_params()[name]


def test_parts_of_estimators_are_all_rows_once():
    pytest.importorskip("sklearn")
    case = estimators.Case("wine", (7,), 5)
    asked = [estimators._split(case, 3, part) for part in range(case.parts)]
    assert sorted(np.concatenate([test for _, test in asked])) == list(range(178))
    assert all(not set(train) & set(test) for train, test in asked)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kernels"], "estimators: expected alone"),
        (["--dtype", "float64"], "got --dtype"),
        (["--plot", "a.png"], "got --plot"),
        (["--mnist", "nowhere"], "nowhere"),
        (["--json", "nowhere/a.json"], "nowhere"),
    ],
)
def test_what_estimators_refuse(arguments, message):
    pytest.importorskip("sklearn")
    done = CliRunner().invoke(cli, ["bench", "estimators", *arguments])
    assert done.exit_code == 2
    assert message in done.output


def test_mnist_is_for_estimators():
    done = CliRunner().invoke(cli, ["bench", "kernels", "--mnist", "mnist"])
    assert done.exit_code == 2
    assert "--mnist: only valid with the group estimators" in done.output
