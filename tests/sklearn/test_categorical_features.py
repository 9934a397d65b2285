"""Data frames with categories, dates and missing values, against scikit-learn's transformers."""

import copy
import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn 1.6 is not installed")

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from numba_dropout.sklearn import DropoutMLPClassifier, DropoutMLPRegressor
from numba_dropout.sklearn.frame_encoder import FrameEncoder, needs_encoding

pandas = pytest.importorskip("pandas", reason="pandas is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CITIES = ["Zug", "Bern", "Genf"]  # by their frequency in `frame`


@pytest.fixture
def frame(rng):
    """Return a frame with a column of each kind."""
    return pandas.DataFrame(
        {
            "age": np.where(np.arange(120) % 7 == 0, np.nan, rng.integers(20, 70, 120)),
            "city": rng.permutation(np.repeat(CITIES, [60, 40, 20])),
            "member": rng.permutation(np.repeat([True, False], [70, 50])),
            "size": rng.standard_normal(120),
            "grade": pandas.Categorical(rng.permutation(np.repeat([1, 2, 3], [50, 40, 30]))),
        }
    )


@pytest.fixture
def target(frame):
    """Return a class of each row."""
    return np.where(frame["city"] == "Bern", "yes", "no")


def classifier(**options):
    """Return a small classifier."""
    return DropoutMLPClassifier(8, **{"dropout": 0.1, "max_iter": 3, "random_state": 0, **options})


def regressor(**options):
    """Return a small regressor."""
    return DropoutMLPRegressor(8, **{"dropout": 0.1, "max_iter": 3, "random_state": 0, **options})


def last(x):
    """Return the last column."""
    return x[:, -1:]


def peer():
    """Return scikit-learn's transformers for the columns of `frame`, in the order of the encoder's features."""
    centered = StandardScaler(with_std=False)

    def levels(values, drop=None):
        return make_pipeline(OneHotEncoder(categories=[values], drop=drop, sparse_output=False), centered)

    return ColumnTransformer(
        [
            ("age", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age"]),
            ("missing", make_pipeline(SimpleImputer(add_indicator=True), FunctionTransformer(last), centered), ["age"]),
            ("city", levels(CITIES), ["city"]),
            ("member", levels([False, True], [True]), ["member"]),
            ("size", StandardScaler(), ["size"]),
            ("grade", levels([1, 2, 3]), ["grade"]),
        ]
    )


def test_features_match_scikit_learn(frame):
    encoder = FrameEncoder(frame)
    assert encoder.names == [
        "age",
        "age missing",
        "city=Zug",
        "city=Bern",
        "city=Genf",
        "member=False",
        "size",
        "grade=1",
        "grade=2",
        "grade=3",
    ]
    np.testing.assert_allclose(encoder.transform(frame), peer().fit_transform(frame), rtol=1e-6, atol=1e-7)


def test_predictions_match_a_pipeline(frame, target):
    x = peer().fit_transform(frame).astype(np.float32)
    expected = classifier().fit(x, target).predict_proba(x)
    found = classifier().fit(frame, target).predict_proba(frame)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_regressor_learns_from_categories(frame):
    y = np.where(frame["city"] == "Bern", 10.0, 0.0) + frame["size"]
    estimator = regressor(max_iter=200, learning_rate_init=0.02, dropout=0.0).fit(frame, y)
    assert estimator.score(frame, y) > 0.95
    assert cross_val_score(estimator, frame, y, cv=3).min() > 0.9


def test_polars_frames(frame, target):
    polars = pytest.importorskip("polars", reason="polars is not installed")
    other = polars.DataFrame(
        {
            "age": [None if value != value else value for value in frame["age"]],
            "city": polars.Series(frame["city"].tolist(), dtype=polars.Categorical),
            "member": frame["member"].tolist(),
            "size": frame["size"].to_numpy(),
            "grade": polars.Series(frame["grade"].astype(str).tolist(), dtype=polars.Enum(["1", "2", "3"])),
        }
    )
    expected = FrameEncoder(frame)
    encoder = FrameEncoder(other)
    assert encoder.names == expected.names
    assert np.array_equal(encoder.transform(other), expected.transform(frame))
    estimator = classifier().fit(other, target)
    assert np.array_equal(estimator.predict_proba(other), classifier().fit(frame, target).predict_proba(frame))
    theirs = StandardScaler().fit(other.select("size"))  # before 1.8 it does not know the names of new polars frames
    assert hasattr(estimator, "feature_names_in_") == hasattr(theirs, "feature_names_in_")
    assert list(getattr(estimator, "feature_names_in_", other.columns)) == other.columns
    assert not needs_encoding(other.select("member", "size"))
    assert needs_encoding(other.select("age"))
    assert needs_encoding(polars.DataFrame({"x": [1.0, float("nan")]}))


def test_raw_columns_are_counted_and_checked(frame, target):
    estimator = classifier().fit(frame, target)
    assert estimator.n_features_in_ == 5
    assert estimator.feature_names_in_.tolist() == list(frame.columns)
    assert estimator.coefs_[0].shape == (10, 8)
    assert len(estimator.network_.features) == 10
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(frame[list(frame.columns[::-1])])
    with (
        pytest.raises(ValueError, match="expected a data frame with the columns of fit, got ndarray"),
        pytest.warns(UserWarning, match="does not have valid feature names"),
    ):
        estimator.predict(np.zeros((2, 5)))


def test_dates_and_texts_of_numbers():
    """Texts of numbers are categories, and such columns are named in one warning."""
    days = pandas.date_range("2020-01-01", periods=60, freq="31h")
    frame = pandas.DataFrame({"day": days, "zone": days.tz_localize("UTC"), "text": [str(i % 9) for i in range(60)]})
    names = [f"{name}: {part}" for name in ("day", "zone") for part in ("days", "month", "weekday", "hour")]
    with pytest.warns(UserWarning, match="X: the texts of 'text' are all numbers, and are read as categories; convert"):
        encoder = FrameEncoder(frame)
    assert encoder.names == [*names, *(f"text={i}" for i in range(9))]
    assert FrameEncoder(frame.astype({"text": "category"})).names == encoder.names
    numbers = frame.astype({"text": float})
    assert FrameEncoder(numbers).names == [*names, "text"]
    np.testing.assert_array_equal(encoder.transform(numbers), encoder.transform(frame))  # 1.0 is "1"
    estimator = regressor().fit(numbers, np.arange(60.0))
    np.testing.assert_array_equal(estimator.predict(frame), estimator.predict(numbers))
    assert np.isfinite(estimator.predict(frame)).all()


def test_the_first_column_may_count_the_rows(rng):
    frame = pandas.DataFrame({"n": np.arange(30), "c": rng.choice(["a", "b"], 30)})
    assert FrameEncoder(frame).names[0] == "n"


def test_unknown_levels_and_missing_values_warn(frame, target):
    estimator = classifier().fit(frame, target)
    other = frame.head(4).copy()
    other.loc[0, "city"] = "Chur"
    other.loc[:1, "size"] = np.nan
    with pytest.warns(UserWarning, match="unlike in fit") as warned:
        assert np.isfinite(estimator.predict_proba(other)).all()
    messages = {str(warning.message) for warning in warned}
    assert messages == {
        "X: unknown levels in column 'city', unlike in fit, in 1 row(s)",
        "X: missing values in column 'size', unlike in fit, in 2 row(s)",
    }


def test_frames_of_numbers_are_not_encoded(frame, target):
    numbers = frame[["member", "size"]]
    assert not needs_encoding(numbers)
    assert not needs_encoding(numbers.to_numpy())
    estimator = classifier().fit(numbers, target)
    expected = classifier().fit(numbers.to_numpy(np.float64), target)
    assert np.array_equal(estimator.predict_proba(numbers), expected.predict_proba(numbers.to_numpy(np.float64)))
    assert needs_encoding(frame[["age"]])
    assert not needs_encoding(pandas.DataFrame({"x": pandas.arrays.SparseArray([0, 1, 0])}))


def test_arrays_with_missing_values(frame, target):
    numbers = frame[["age", "size"]]
    x = numbers.to_numpy()
    estimator = classifier().fit(x, target)
    assert np.array_equal(estimator.predict_proba(x), classifier().fit(numbers, target).predict_proba(numbers))
    assert (estimator.n_features_in_, estimator.network_.features) == (2, ["x0", "x0 missing", "x1"])
    assert np.isfinite(estimator.predict_proba(np.zeros((2, 2)))).all()
    for values, message in (([[np.inf, 0.0]], "contains infinity"), ([[0.0]], "X has 1 features, but")):
        with pytest.raises(ValueError, match=message):
            estimator.predict(np.array(values))
    with pytest.raises(ValueError, match="contains NaN"):
        classifier().fit(x[7:14, 1:], target[7:14]).predict(x[:3, :1])
    with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
        classifier().fit(np.where(x[:, 1:] > 0, np.inf, x[:, :1]), target)


def test_none_takes_numbers_only(frame, target):
    with pytest.raises(ValueError, match="could not convert string to float"):
        classifier(categorical_features=None).fit(frame, target)
    with pytest.raises(ValueError, match="contains NaN"):
        classifier(categorical_features=None).fit(frame[["age"]], target)
    with pytest.raises(ValueError, match="contains NaN"):
        classifier(categorical_features=None).fit(frame[["age"]].to_numpy(), target)
    with pytest.raises(ValueError, match=r"'categorical_features' parameter .* must be"):
        classifier(categorical_features="all").fit(frame, target)


def test_columns_that_are_no_data_are_refused(frame, target):
    named = frame.assign(name=[f"Mr {i}" for i in range(120)], note=[f"text {i}" for i in range(120)])
    named["code"] = [f"{i}.5" for i in range(120)]
    message = (
        r"X: expected numbers, .*; 'name' has a different text .*; 'note' has a .*; 'code' has texts that are all "
    )
    with pytest.raises(ValueError, match=message):
        classifier().fit(named, target)
    with pytest.raises(ValueError, match="expected columns that vary"):
        classifier().fit(pandas.DataFrame({"x": ["a"] * 120}), target)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["03/28/2023", "04/30/2023"], "'x' has dates in another form than ISO 8601"),
        (["1.234,5", "2,5"], "'x' has numbers with another decimal sign"),
        ([f"{i}.5" for i in range(119)] + ["n.k."], "expected a number at row 120, column 1 ('x'), got 'n.k.'"),
    ],
)
def test_refusals_name_no_options(target, cells, reason):
    """An estimator has no option such as decimal: the columns have to be changed."""
    x = pandas.DataFrame({"x": (cells * 120)[:120], "size": np.arange(120.0)})
    with pytest.raises(ValueError, match=r"^X: expected numbers, categories or dates") as error:
        classifier().fit(x, target)
    assert str(error.value).endswith(f"; {reason}; convert or drop the columns")
    assert classifier().fit(x.drop(columns="x"), target).n_features_in_ == 1


def test_cells_that_cannot_be_read_in_predict(frame, target):
    fitted = classifier().fit(frame, target)
    with pytest.raises(ValueError, match=r"^X: expected a number at row 1, column 1 \('age'\), got 'old'$"):
        fitted.predict(frame.assign(age=["old"] * 120))


def test_params_pickles_and_copies(frame, target):
    estimator = classifier(early_stopping=True).fit(frame, target)
    assert next(iter(estimator.get_params())) == "activation"
    assert estimator.get_params()["categorical_features"] == "auto"
    expected = estimator.predict_proba(frame)
    for other in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)):
        assert np.array_equal(other.predict_proba(frame), expected)
    fresh = clone(estimator)
    assert not hasattr(fresh, "feature_names_in_")
    assert np.array_equal(fresh.fit(frame, target).predict_proba(frame), expected)


def test_partial_fit_and_warm_start(frame, target):
    estimator = classifier(warm_start=True)
    estimator.partial_fit(frame.head(60), target[:60], classes=["no", "yes"])
    names = estimator.network_.features
    estimator.partial_fit(frame.tail(60), target[60:])
    estimator.fit(frame, target)
    assert estimator.network_.features == names
    assert estimator.set_params(warm_start=False).fit(frame[["size"]], target).n_features_in_ == 1
    assert estimator.coefs_[0].shape == (1, 8)
