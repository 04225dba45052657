"""What the estimators for scikit-learn share: settings, and how a network of the library learns by them."""

from __future__ import annotations

import numbers
import warnings
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from . import _core
from .arrays import Array
from .course import Course
from .model import Model
from .sklearn_versions import iterations, row_weights, validated

_ACTIVATIONS = {"identity": "", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}


class BaseMLP(BaseEstimator):  # type: ignore[misc]
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
        return dense(validated(self, X, reset=False, accept_sparse=["csr", "csc"]))


def dense(X: Any) -> Array:
    return np.require(X.toarray() if hasattr(X, "toarray") else X, np.float32, "C")
