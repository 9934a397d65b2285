"""Cases: the work that is counted."""

from numba_dropout_bench import cases, sizes


def test_work():
    (case,) = [case for case in cases.of_group("train", sizes.TRAIN_SIZES, "float32") if case.size.startswith("20-")]
    weights = [20 * 10, 10 * 3]
    assert cases.step_operations(case.shape) == 2 * 32 * (2 * sum(weights) + weights[1])
    assert cases.dropped_elements(case.shape) == 32 * 10


def test_dropout_in_other_libraries():
    """Each model is measured with and without dropout, and the bytes that it keeps are counted."""
    found = cases.of_group("peers", sizes.PEER_SIZES, "float32")
    units = {case.kind: case.unit for case in found}
    assert [kind for kind, unit in units.items() if unit == "percent"] == [
        "torch_adds",
        "torch_autocast_adds",
        "torch_compiled_adds",
        "jax_adds",
        "torch_encoder_adds",
    ]
    assert units["torch_memory"] == "bytes"
    assert units["torch_dropout"] == "ns/element"
