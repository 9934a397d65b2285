"""Conventions of scikit-learn's estimators: callbacks, tags, routing of metadata, printed forms and outputs."""

import pickle

import numpy as np
import pytest
import sklearn
from estimators import classifier, regressor, same
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

import numba_dropout as nd

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Log(nd.Callback):
    """Callback that keeps the epochs, and stops after the second."""

    def __init__(self):
        self.losses = []

    def on_epoch_end(self, record):
        self.losses.append(record["loss"])
        self.training.stop = len(self.losses) == 2


def test_callbacks(iris):
    log = Log()
    estimator = classifier(callbacks=[log], max_iter=9).fit(*iris)
    assert log.losses == estimator.loss_curve_
    assert estimator.n_iter_ == 2
    for copied in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        assert not hasattr(copied.callbacks[0], "training")
    with pytest.raises(TypeError, match="callbacks: expected Callback objects, got 1"):
        classifier(callbacks=[1]).fit(*iris)
    with pytest.raises(ValueError, match="The 'callbacks' parameter of DropoutMLPClassifier must be"):
        classifier(callbacks=log).fit(*iris)


def test_tags():
    for make in (classifier, regressor):
        assert get_tags(make()).input_tags.allow_nan
        assert not get_tags(make(categorical_features=None)).input_tags.allow_nan
        assert get_tags(make()).input_tags.sparse
    assert get_tags(classifier()).classifier_tags.multi_label
    assert get_tags(regressor()).target_tags.multi_output


def test_metadata_routing(iris):
    x, y = iris
    weights = np.where(y == 0, 3.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = make_pipeline(scaler, estimator).fit(x, y, sample_weight=weights)
        regressor().set_predict_request(return_std=True).set_partial_fit_request(sample_weight=True)
    assert same(model[-1], classifier().fit(model[0].transform(x), y, weights))


def test_repr_and_set_output(iris):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    x, y = iris
    assert " ".join(repr(classifier(dropout=0.1)).split()) == (
        "DropoutMLPClassifier(dropout=0.1, hidden_layer_sizes=8, max_iter=3, random_state=1)"
    )
    frame = pandas.DataFrame(x, columns=list("abcd"))
    columns = ColumnTransformer([("scaled", StandardScaler(), ["a", "b"])], verbose_feature_names_out=False)
    model = make_pipeline(columns, classifier()).set_output(transform="pandas").fit(frame, y)
    assert model[-1].feature_names_in_.tolist() == ["a", "b"]
    assert "DropoutMLPClassifier" in model._repr_html_()
