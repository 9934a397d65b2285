"""The checks of scikit-learn for estimators."""

import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn 1.6 is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks

from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# scikit-learn excuses its stochastic MLP from these too: a row of weight 2 has one mask, a repeated row has two.
EXCUSED = {
    f"check_sample_weight_equivalence_on_{kind}_data": "repeated rows draw masks of their own"
    for kind in ("dense", "sparse")
}

CHECKS = parametrize_with_checks(
    [DropoutMLPClassifier(), DropoutMLPRegressor()], expected_failed_checks=lambda _: EXCUSED
).mark


@pytest.mark.jit_only
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)
def test_estimator_checks(estimator, check):
    check(estimator)
