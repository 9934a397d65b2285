"""Cases: the work that is counted."""

from numba_dropout_bench import cases, sizes


def test_work():
    (case,) = [case for case in cases.of_group("train", sizes.TRAIN_SIZES, "float32") if case.size.startswith("20-")]
    weights = [20 * 10, 10 * 3]
    assert cases.step_operations(case.shape) == 2 * 32 * (2 * sum(weights) + weights[1])
    assert cases.dropped_elements(case.shape) == 32 * 10
