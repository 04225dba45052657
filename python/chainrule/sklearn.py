"""Estimators for scikit-learn: its own parameter names where they mean the same.

>>> from chainrule.sklearn import MLPClassifier
>>> make_pipeline(StandardScaler(), MLPClassifier((100,), random_state=0)).fit(X, y)

Differences from scikit-learn's: training is in float32 (with "lbfgs" in double); biases start at 0;
``solver`` may be "lbfgs" or any optimizer of the library; when the rate changes, the step that
momentum repeats changes with it; the validation scores of a regressor are negative losses;
``n_jobs`` is the number of threads, 1 unless given.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels

from .arrays import Array
from .mlp import BaseMLP, dense
from .sklearn_versions import HAS_TAGS, validated

__all__ = ["MLPClassifier", "MLPRegressor"]


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """A classifier: softmax over the classes, a single output for two of them, and for several
    labels at once one yes or no for each. See the module for what differs from scikit-learn's.

    ``class_weight``: how much the rows of a class count, "balanced" or a dictionary."""

    def __init__(self, hidden_layer_sizes: Union[int, Sequence[int]] = (100,), activation: str = "relu", *,
                 solver: str = "adam", alpha: float = 0.0001, batch_size: Union[int, str] = "auto",
                 learning_rate: str = "constant", learning_rate_init: float = 0.001,
                 power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True, random_state: Any = None,
                 tol: float = 1e-4, verbose: bool = False, warm_start: bool = False,
                 momentum: float = 0.9, nesterovs_momentum: bool = True,
                 early_stopping: bool = False, validation_fraction: float = 0.1,
                 beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
                 n_iter_no_change: int = 10, max_fun: int = 15000, n_jobs: Optional[int] = None,
                 class_weight: Any = None) -> None:
        super().__init__(
            hidden_layer_sizes, activation, solver=solver, alpha=alpha, batch_size=batch_size,
            learning_rate=learning_rate, learning_rate_init=learning_rate_init, power_t=power_t,
            max_iter=max_iter, shuffle=shuffle, random_state=random_state, tol=tol, verbose=verbose,
            warm_start=warm_start, momentum=momentum, nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping, validation_fraction=validation_fraction, beta_1=beta_1,
            beta_2=beta_2, epsilon=epsilon, n_iter_no_change=n_iter_no_change, max_fun=max_fun,
            n_jobs=n_jobs)
        self.class_weight = class_weight

    def _check(self, X: Any, y: Any, reset: bool, incremental: bool) -> Tuple[Array, Array]:
        X, y = validated(self, X, y, reset=reset, accept_sparse=["csr", "csc"], multi_output=True,
                         dtype=(np.float64, np.float32))
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._binarizer = LabelBinarizer().fit(y)
            if y.dtype == object:  # texts that are objects stay so
                self._binarizer.classes_ = self._binarizer.classes_.astype(object)
            self.classes_ = self._binarizer.classes_
        else:
            classes = unique_labels(y)
            if self.warm_start and set(classes) != set(self.classes_):
                raise ValueError("warm_start can only be used where `y` has the same classes as in the "
                                 f"previous call to fit. Previously got {self.classes_}, `y` has {classes}")
            if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
                raise ValueError(f"`y` has classes not in `self.classes_`. `self.classes_` has "
                                 f"{self.classes_}. 'y' has {classes}.")
        return dense(X), self._binarizer.transform(y)

    def _class_weights(self, y: Array, weights: Optional[Array]) -> Optional[Array]:
        """Of each row by its class, times its own; `y` [N] holds the numbers of classes."""
        if self.class_weight is None:
            return weights
        present = np.unique(y)
        by_class = np.zeros(len(self.classes_))
        by_class[present] = compute_class_weight(self.class_weight, classes=self.classes_[present],
                                                 y=self.classes_[y])
        found: Array = by_class[y] if weights is None else by_class[y] * weights
        return found

    def _learn(self, X: Array, y: Array, fresh: bool, incremental: bool,
               weights: Optional[Array] = None) -> None:
        self._multilabel = self._binarizer.y_type_.startswith("multilabel")
        outputs = y.shape[1]
        self.out_activation_ = "softmax" if outputs > 1 and not self._multilabel else "logistic"
        if self._multilabel:
            if self.class_weight is not None:
                raise ValueError("class_weight is for one class per row, not for several labels")
            self._train(X, y.astype(np.float32), outputs, "binary_cross_entropy_logits", fresh,
                        incremental, weights)
            return
        numbers = (y[:, 0] if outputs == 1 else y.argmax(axis=1)).astype(np.int64)
        loss = "binary_cross_entropy_logits" if outputs == 1 else "softmax_cross_entropy"
        self._train(X, self.classes_[numbers], outputs, loss, fresh, incremental, self._class_weights(numbers, weights))

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPClassifier":
        """X [N, F]; y [N] of classes, or [N, K] of 0 and 1; sample_weight [N]."""
        fresh = not (self.warm_start and hasattr(self, "_model"))
        rows, targets = self._check(X, y, fresh, False)
        self._learn(rows, targets, fresh, False, self._weights(sample_weight, rows))
        return self

    @available_if(lambda self: self._is_stochastic())  # type: ignore[misc]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> "MLPClassifier":
        """One epoch on these rows; `classes` are all that will ever come."""
        first = _check_partial_fit_first_call(self, classes)
        if first:
            self._binarizer = LabelBinarizer().fit(y if type_of_target(y).startswith("multilabel") else classes)
        fresh = not hasattr(self, "_model")
        rows, targets = self._check(X, y, fresh, True)
        self._learn(rows, targets, fresh, True, self._weights(sample_weight, rows))
        return self

    def predict(self, X: Any) -> Array:
        """The class of each row [N]; of several labels 0 and 1 [N, K]."""
        p = self.predict_proba(X)
        scores = p[:, 1] if self.n_outputs_ == 1 else p
        found: Array = self._binarizer.inverse_transform(scores)
        return found

    def predict_proba(self, X: Any) -> Array:
        """Probability of each class [N, C]."""
        rows = self._rows(X)
        p: Array = self._fitted().predict_proba(rows).astype(np.float64)
        return p

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithm of :meth:`predict_proba`."""
        found: Array = np.log(self.predict_proba(X))
        return found

    def _more_tags(self) -> Dict[str, Any]:
        return {"multilabel": True, **BaseMLP._more_tags(self)}

    if HAS_TAGS:
        def __sklearn_tags__(self) -> Any:
            tags = super().__sklearn_tags__()
            tags.classifier_tags.multi_label = tags.input_tags.sparse = True
            return tags


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """Numbers from numbers, by half the squared error. See the module for what differs from
    scikit-learn's."""

    out_activation_ = "identity"

    def _learn(self, X: Any, y: Any, fresh: bool, incremental: bool,
               sample_weight: Any = None) -> "MLPRegressor":
        X, y = validated(self, X, y, reset=fresh, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=True,
                         dtype=(np.float64, np.float32))
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = np.asarray(y, np.float32).reshape(len(y), -1)
        self._train(dense(X), targets, targets.shape[1], "half_squared_error", fresh, incremental,
                    self._weights(sample_weight, X))
        return self

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPRegressor":
        """X [N, F]; y [N] or [N, K]; sample_weight [N]."""
        fresh = not (self.warm_start and hasattr(self, "_model"))
        return self._learn(X, y, fresh, False, sample_weight)

    @available_if(lambda self: self._is_stochastic())  # type: ignore[misc]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPRegressor":
        """One epoch on these rows."""
        fresh = not hasattr(self, "_model")
        return self._learn(X, y, fresh, True, sample_weight)

    def predict(self, X: Any) -> Array:
        """[N], or [N, K] when several numbers were learnt."""
        rows = self._rows(X)
        found: Array = self._fitted().predict(rows).astype(np.float64)
        return found

    if HAS_TAGS:
        def __sklearn_tags__(self) -> Any:
            tags = super().__sklearn_tags__()
            tags.target_tags.multi_output = tags.input_tags.sparse = True
            return tags
