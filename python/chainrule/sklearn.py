"""Estimators for scikit-learn: its own parameter names where they mean the same.

>>> from chainrule.sklearn import MLPClassifier
>>> make_pipeline(StandardScaler(), MLPClassifier((100,), random_state=0)).fit(X, y)

Differences from scikit-learn's: training is in float32 (with "lbfgs" in double); biases start at 0;
``solver`` may be "lbfgs" or any optimizer of the library; when the rate changes, the step that
momentum repeats changes with it; the validation scores of a regressor are negative losses;
``n_jobs`` is the number of threads, 1 unless given.
"""

from __future__ import annotations

import numbers
import warnings
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted

from . import _core
from .arrays import Array
from .course import Course
from .model import Model
from .sklearn_versions import HAS_TAGS, iterations, row_weights, validated

__all__ = ["MLPClassifier", "MLPRegressor"]

_ACTIVATIONS = {"identity": "", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}


class _BaseMLP(BaseEstimator):  # type: ignore[misc]
    def __init__(self, hidden_layer_sizes: Union[int, Sequence[int]] = (100,), activation: str = "relu", *,
                 solver: str = "adam", alpha: float = 0.0001, batch_size: Union[int, str] = "auto",
                 learning_rate: str = "constant", learning_rate_init: float = 0.001,
                 power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True, random_state: Any = None,
                 tol: float = 1e-4, verbose: bool = False, warm_start: bool = False,
                 momentum: float = 0.9, nesterovs_momentum: bool = True,
                 early_stopping: bool = False, validation_fraction: float = 0.1,
                 beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
                 n_iter_no_change: int = 10, max_fun: int = 15000, n_jobs: Optional[int] = None) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.n_jobs = n_jobs

    def _more_tags(self) -> Dict[str, Any]:
        return {"_xfail_checks": {"check_sample_weights_invariance":
                                  "it gives the rows in another order, so sums in float32 differ by rounding"}}

    def _hidden(self) -> List[int]:
        sizes = self.hidden_layer_sizes
        found = [sizes] if isinstance(sizes, numbers.Integral) else list(sizes)  # type: ignore[arg-type]
        if any(not isinstance(n, numbers.Integral) or n < 1 for n in found):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {found}.")
        return [int(n) for n in found]

    def _check_settings(self) -> None:
        def among(name: str, allowed: Sequence[str]) -> None:
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}, expected one of {', '.join(allowed)}")

        among("activation", list(_ACTIVATIONS))
        among("solver", ["lbfgs", *_core.optimizer_names()])
        among("learning_rate", ["constant", "invscaling", "adaptive"])
        for name in ("alpha", "tol", "power_t"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 or more")
        for name in ("max_iter", "n_iter_no_change", "max_fun"):
            if not getattr(self, name) >= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 1 or more")
        if not 0 < self.validation_fraction < 1:
            raise ValueError(f"validation_fraction is {self.validation_fraction}, expected above 0 and below 1")

    def _optimizer(self) -> Tuple[str, Dict[str, Any]]:
        if self.solver == "adam":
            return "adam", {"beta1": self.beta_1, "beta2": self.beta_2, "epsilon": self.epsilon}
        if self.solver != "sgd" or self.momentum == 0:
            return self.solver, {}
        return ("nesterov" if self.nesterovs_momentum else "momentum"), {"momentum": self.momentum}

    def _text(self, outputs: int) -> str:
        activation = _ACTIVATIONS[self.activation]
        layers = []
        for n in self._hidden():
            layers += [f"linear {n}"] + ([activation] if activation else [])
        return ", ".join(layers + [f"linear {outputs}"])

    def _train(self, X: Array, y: Array, outputs: int, loss: str, fresh: bool, incremental: bool,
               weights: Optional[Array] = None) -> None:
        """`y` is [N] of classes, or [N, K] of numbers; `weights` [N] or None."""
        self._check_settings()
        if weights is not None:
            # A row that weighs nothing is as if it were not there, in the sizes of batches, too.
            kept = weights != 0
            if not kept.any():
                raise ValueError("sample_weight is 0 for every row")
            X, y, weights = X[kept], y[kept], weights[kept].astype(np.float32)
        rows = X.shape[0]
        batch = min(200, rows) if self.batch_size == "auto" else int(self.batch_size)
        if batch < 1:
            raise ValueError(f"batch_size is {self.batch_size}, expected 1 or more")
        batch = rows if self.solver == "lbfgs" else min(batch, rows)
        random = check_random_state(self.random_state)
        if fresh:
            self._start(X, y, outputs, loss, batch, int(random.randint(2**31 - 1)))
        self.n_layers_ = len(self._hidden()) + 2
        self.n_outputs_ = outputs
        if self.solver == "lbfgs":
            self._minimize(X, y, weights)
        else:
            self._descend(X, y, weights, batch, int(random.randint(2**31 - 1)), incremental)

    def _start(self, X: Array, y: Array, outputs: int, loss: str, batch: int, seed: int) -> None:
        # scikit-learn adds alpha / 2 Σw² divided by the rows of a batch.
        self._model = Model(self._text(outputs), loss=loss, seed=seed, init="glorot_uniform",
                            l2=float(self.alpha) / 2 / batch)
        self._model.build(X.shape[1:], classes=self.classes_ if y.ndim == 1 else None)
        self._course = Course()
        self.n_iter_ = self.t_ = 0
        if self.solver == "lbfgs":
            return
        self.loss_curve_: List[float] = []
        self.validation_scores_: Optional[List[float]] = [] if self.early_stopping else None
        self.best_loss_: Optional[float] = None if self.early_stopping else np.inf

    def _minimize(self, X: Array, y: Array, weights: Optional[Array]) -> None:
        """L-BFGS on all rows at once, in double."""
        objective = self._model.objective(X, y, sample_weight=weights, threads=self._threads())
        found = minimize(objective, objective.start, method="L-BFGS-B", jac=True,
                         options={"maxfun": int(self.max_fun), "maxiter": int(self.max_iter),
                                  "iprint": 1 if self.verbose else -1, "gtol": float(self.tol)})
        objective.apply(found.x)
        self.n_iter_ = iterations(found, self.max_iter)
        self.loss_ = float(found.fun)

    def _descend(self, X: Array, y: Array, weights: Optional[Array], batch: int, seed: int,
                 incremental: bool) -> None:
        rule, settings = self._optimizer()
        stopping = self.early_stopping and not incremental
        course, epochs = self._course, 1 if incremental else int(self.max_iter)
        course.start(self, X.shape[0], anew=not incremental)
        history = self._model.fit(
            X, y, epochs=epochs, sample_weight=weights, batch=batch, optimizer=rule, lr=course.lr, seed=seed,
            shuffle=bool(self.shuffle), validation_split=float(self.validation_fraction) if stopping else 0.0,
            monitor="accuracy" if stopping and y.ndim == 1 else "loss",
            schedule=course.factor_of, resume_optimizer=incremental, threads=self._threads(),
            callbacks=[course] + ([self._say] if self.verbose else []), progress=False, **settings)
        self.loss_curve_ += history["loss"]
        self.loss_ = self.loss_curve_[-1]
        if self.validation_scores_ is not None and stopping:
            self.validation_scores_ += history.get("val_accuracy", [-v for v in history["val_loss"]])
            self.best_validation_score_ = max(self.validation_scores_)
        elif self.best_loss_ is not None:
            self.best_loss_ = min(self.best_loss_, min(history["loss"]))
        self.n_iter_ += len(history["loss"])
        self.t_ = course.t
        if history.stopped == "interrupted" and not course.enough:
            warnings.warn("Training interrupted by user.")
        elif not incremental and history.stopped == "finished" and not course.enough:
            warnings.warn(f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                          "optimization hasn't converged yet.", ConvergenceWarning)

    def _threads(self) -> int:
        return 1 if self.n_jobs is None else max(int(self.n_jobs), 0)

    def _is_stochastic(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
        return True

    @staticmethod
    def _say(row: Dict[str, float]) -> None:
        print(f"Iteration {int(row['epoch'])}, loss = {row['loss']:.8f}")

    @property
    def coefs_(self) -> List[Array]:
        """Weights [I, O] of each layer."""
        return [w for name, w in self._fitted().weights.items() if name.endswith(".weight")]

    @property
    def intercepts_(self) -> List[Array]:
        """Biases [O] of each layer."""
        return [w for name, w in self._fitted().weights.items() if name.endswith(".bias")]

    @property
    def model_(self) -> Model:
        """The network itself, to be explained, saved, compared."""
        return self._fitted()

    def _fitted(self) -> Model:
        if not hasattr(self, "_model"):
            raise AttributeError("the estimator has not been fitted")
        return self._model

    @staticmethod
    def _weights(sample_weight: Any, X: Array) -> Optional[Array]:
        return row_weights(sample_weight, X.shape[0])

    def _rows(self, X: Any) -> Array:
        check_is_fitted(self, "n_iter_")
        return _dense(validated(self, X, reset=False, accept_sparse=["csr", "csc"]))


def _dense(X: Any) -> Array:
    return np.require(X.toarray() if hasattr(X, "toarray") else X, np.float32, "C")


class MLPClassifier(ClassifierMixin, _BaseMLP):  # type: ignore[misc]
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
        return _dense(X), self._binarizer.transform(y)

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
        return {"multilabel": True, **_BaseMLP._more_tags(self)}

    if HAS_TAGS:
        def __sklearn_tags__(self) -> Any:
            tags = super().__sklearn_tags__()
            tags.classifier_tags.multi_label = tags.input_tags.sparse = True
            return tags


class MLPRegressor(RegressorMixin, _BaseMLP):  # type: ignore[misc]
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
        self._train(_dense(X), targets, targets.shape[1], "half_squared_error", fresh, incremental,
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
