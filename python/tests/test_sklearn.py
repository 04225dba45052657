"""The estimators against scikit-learn's own checks."""

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="python3-sklearn is not installed")

from chainrule.sklearn import MLPClassifier, MLPRegressor
from sklearn import datasets, neural_network
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator


def names(estimator):
    return {getattr(c, "func", c).__name__ for _, c in check_estimator(estimator, generate_only=True)}


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_check_estimator(kind):
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[kind]()
    assert names(ours) == names(getattr(neural_network, kind)())
    assert "_xfail_checks" not in ours._get_tags() or not ours._get_tags()["_xfail_checks"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(ours)


@pytest.mark.parametrize("settings", [dict(solver="sgd", learning_rate_init=0.1), dict(early_stopping=True, learning_rate_init=0.03),
                                      dict(solver="rmsprop"), dict(activation="tanh", batch_size=50),
                                      dict(solver="sgd", learning_rate="adaptive", learning_rate_init=0.1)])
def test_settings(settings):
    x, y = datasets.load_iris(return_X_y=True)
    model = MLPClassifier((20,), max_iter=100, random_state=0, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert clone(model).fit(x, y).score(x, y) > 0.9


def test_several_labels_and_several_numbers():
    x, y = datasets.make_multilabel_classification(n_samples=300, n_classes=4, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((30,), max_iter=100, learning_rate_init=0.01, random_state=0).fit(x, y)
        assert model.predict(x).shape == (300, 4) and (model.predict(x) == y).mean() > 0.85
        numbers = MLPRegressor((30,), max_iter=300, random_state=0).fit(x / 10, x[:, :2] / 10)
    assert numbers.score(x / 10, x[:, :2] / 10) > 0.9
    assert [w.shape for w in model.coefs_] == [(20, 30), (30, 4)]


@pytest.mark.parametrize("settings, sentence", [(dict(solver="lbfgs"), "solver is 'lbfgs'"),
                                                (dict(alpha=-1), "alpha is -1"),
                                                (dict(hidden_layer_sizes=(0,)), "hidden_layer_sizes"),
                                                (dict(activation="rleu"), "activation is 'rleu'")])
def test_wrong_settings(settings, sentence):
    x, y = datasets.load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=sentence):
        MLPClassifier(**settings).fit(x, y)
