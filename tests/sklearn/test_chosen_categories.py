"""`categorical_features` as a mask, indices, names and "from_dtype", beside HistGradientBoosting's."""

import numpy as np
import pytest
from estimators import classifier, regressor
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from numba_dropout.sklearn.frame_encoder import FrameEncoder

pandas = pytest.importorskip("pandas", reason="pandas is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def codes(rng):
    """Return an array (60, 3): a number, a category of codes, and a number with missing values."""
    gaps = np.where(np.arange(60) % 5 == 0, np.nan, rng.standard_normal(60))
    return np.column_stack([rng.standard_normal(60), rng.permutation(np.repeat([1, 2, 3], [30, 20, 10])), gaps])


@pytest.fixture
def frame(codes):
    """Return the same columns as a frame, with a column of texts."""
    frame = pandas.DataFrame(codes, columns=["size", "code", "gap"])
    return frame.assign(city=np.array(["Bern", "Genf", "Zug"])[codes[:, 1].astype(int) - 1])


@pytest.fixture
def target(codes):
    """Return a class of each row."""
    return np.where(codes[:, 1] == 2, "yes", "no")


def test_features_of_a_category_of_numbers(codes):
    encoder = FrameEncoder(codes, np.array([False, True, False]))
    assert encoder.names == ["x0", "x1=1", "x1=2", "x1=3", "x2", "x2 missing"]
    found = encoder.transform(codes)
    levels = OneHotEncoder(sparse_output=False).fit_transform(codes[:, 1:2])
    np.testing.assert_allclose(found[:, 1:4], StandardScaler(with_std=False).fit_transform(levels), atol=1e-7)
    np.testing.assert_allclose(found[:, :1], StandardScaler().fit_transform(codes[:, :1]), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("chosen", [[1], (1,), np.array([1]), [False, True, False], ["code"]])
def test_ways_to_choose(chosen, codes, frame, target):
    expected = classifier(categorical_features=[1]).fit(codes, target)
    estimator = classifier(categorical_features=chosen)
    x = frame[["size", "code", "gap"]] if chosen == ["code"] else codes
    assert np.array_equal(estimator.fit(x, target).predict_proba(x), expected.predict_proba(codes))
    assert estimator.n_features_in_ == 3
    assert np.array_equal(clone(estimator).fit(x, target).predict_proba(x), expected.predict_proba(codes))
    HistGradientBoostingClassifier(categorical_features=chosen, max_iter=1).fit(x, target)


def test_lists_and_arrays_of_texts(codes, frame, target):
    x = frame[["size", "city"]]
    expected = regressor(categorical_features=[1]).fit(x, codes[:, 0]).predict(x)
    for rows in (x.to_numpy(object), x.to_numpy(object).tolist()):
        estimator = regressor(categorical_features=[1]).fit(rows, codes[:, 0])
        assert np.array_equal(estimator.predict(rows), expected)
        assert estimator.network_.features == ["x0", "x1=Bern", "x1=Genf", "x1=Zug"]


def test_from_dtype(frame, codes, target):
    """Only a categorical dtype makes a category. Texts of other dtypes are refused, as by HistGradientBoosting."""
    typed = frame.astype({"city": "category"})
    estimator = classifier(categorical_features="from_dtype").fit(typed, target)
    auto = classifier().fit(typed, target)
    assert estimator.network_.features == auto.network_.features
    assert np.array_equal(estimator.predict_proba(typed), auto.predict_proba(typed))
    numbers = frame[["size", "code"]]
    assert classifier(categorical_features="from_dtype").fit(numbers, target).network_.features == ["size", "code"]
    assert classifier(categorical_features="from_dtype").fit(codes, target).network_.features[-1] == "x2 missing"
    for make in (classifier, HistGradientBoostingClassifier):
        with pytest.raises(ValueError, match="could not convert string to float"):
            make(categorical_features="from_dtype").fit(frame[["city", "size"]], target)


def test_truth_values_with_gaps_are_numbers(frame, target):
    truths = pandas.array(np.resize([True, False, None], len(frame)), dtype="boolean")
    frame = frame.assign(city=frame["city"].astype("category"), member=truths)
    fitted = FrameEncoder(frame, np.array([False, False, False, True, False]))
    assert fitted.names[-2:] == ["member", "member missing"]
    numbers = frame.assign(member=truths.to_numpy(float, na_value=np.nan))
    np.testing.assert_array_equal(fitted.transform(frame), fitted.transform(numbers))
    model = classifier(categorical_features="from_dtype", max_iter=2).fit(frame, target)
    theirs = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=2).fit(frame, target)
    assert model.predict(frame[:3]).shape == theirs.predict(frame[:3]).shape


def test_no_category_is_chosen(codes, target):
    for chosen in ([], [False, False, False], "auto", "from_dtype"):
        estimator = classifier(categorical_features=chosen)
        assert estimator.fit(codes, target).network_.features == ["x0", "x1", "x2", "x2 missing"]
    for chosen in ([], [False, False], "auto", "from_dtype"):
        assert classifier(categorical_features=chosen).fit(codes[:, :2], target).network_.features is None


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([3], r"categorical_features set as integer indices must be in \[0, n_features - 1\]"),
        ([-1], r"categorical_features set as integer indices must be in \[0, n_features - 1\]"),
        ([True, False], r"categorical_features set as a boolean mask must have shape \(n_features,\)"),
        (["code"], "categorical_features should be passed as an array of integers or as a boolean mask when the model"),
        ([0.5], "categorical_features must be an array-like of bool, int or str, got: float64"),
        (np.array(["a", 1], object), "categorical_features must be an array-like of bool, int or str, got: int, str"),
        ("code", "The 'categorical_features' parameter of .* must be"),
    ],
)
def test_refused_values(chosen, message, codes, target):
    for make in (classifier, HistGradientBoostingClassifier):
        with pytest.raises(ValueError, match=message):
            make(categorical_features=chosen).fit(codes, target)


def test_unknown_names(frame, target):
    for make in (classifier, HistGradientBoostingClassifier):
        with pytest.raises(ValueError, match=r"categorical_features has an? item .*'town'.* not a .*feature name"):
            make(categorical_features=["city", "town"]).fit(frame, target)


def test_refused_data(frame, codes, target):
    with pytest.raises(ValueError, match=r"not in categorical_features, got '\w+' in column 4 \('city'\)"):
        classifier(categorical_features=["code"]).fit(frame, target)
    days = frame.assign(city=pandas.Timestamp("2020-01-01"))
    with pytest.raises(ValueError, match=r"expected numbers in the columns that are not in categorical_features"):
        classifier(categorical_features=["code"]).fit(days, target)
    with pytest.raises(TypeError, match="Sparse data was passed"):
        classifier(categorical_features=[1]).fit(sparse.csr_matrix(codes), target)
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        classifier(categorical_features=[0]).fit(codes[:, 0], target)
    with pytest.raises(ValueError, match="contains infinity"):
        classifier(categorical_features=[1]).fit(np.where(codes > 1.5, np.inf, codes), target)
    estimator = classifier(categorical_features=[1]).fit(codes, target)
    with pytest.raises(ValueError, match="X has 2 features, but"):
        estimator.predict(codes[:, :2])
    with pytest.warns(UserWarning, match="unknown levels in column 'x1', unlike in fit, in 1 row"):
        estimator.predict([[0.0, 9.0, 0.0]])
