"""What scikit-learn has moved between its versions, found by looking for it."""

from __future__ import annotations

import numbers
import warnings
from typing import Any, Optional, Tuple, Union

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from .arrays import Array

try:
    from sklearn.utils.validation import validate_data as _validate_data
except ImportError:  # a method of the estimator then
    _validate_data = None

HAS_TAGS = hasattr(BaseEstimator, "__sklearn_tags__")  # else _more_tags() says what an estimator can


def validated(estimator: Any, X: Any, *y: Any, reset: bool, **checks: Any) -> Union[Array, Tuple[Array, Array]]:
    """X, or X and y, as arrays that have been checked; `reset` notes the features, else they must be
    those of before."""
    if _validate_data is not None:
        found: Any = _validate_data(estimator, X, *y, reset=reset, **checks)
    elif hasattr(estimator, "_validate_data"):
        found = estimator._validate_data(X, *y, reset=reset, **checks)
    else:
        found = _checked(estimator, X, y, reset, checks)
    return found  # type: ignore[no-any-return]


def _checked(estimator: Any, X: Any, y: Tuple[Any, ...], reset: bool, checks: Any) -> Any:
    names = np.asarray(X.columns, dtype=object) if hasattr(X, "columns") else None
    multi_output, numeric = checks.pop("multi_output", False), checks.pop("y_numeric", False)
    rows = check_array(X, estimator=estimator, **checks)
    if reset:
        estimator.n_features_in_ = rows.shape[1]
        if names is not None and all(isinstance(n, str) for n in names):
            estimator.feature_names_in_ = names
    elif rows.shape[1] != estimator.n_features_in_:
        raise ValueError(f"X has {rows.shape[1]} features, but {type(estimator).__name__} is expecting "
                         f"{estimator.n_features_in_} features as input")
    elif names is not None and list(getattr(estimator, "feature_names_in_", names)) != list(names):
        raise ValueError("The feature names should match those that were passed during fit.")
    if not y:
        return rows
    if y[0] is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    targets = (check_array(y[0], ensure_2d=False, dtype=None, input_name="y", estimator=estimator) if multi_output
               else column_or_1d(y[0], warn=True))
    check_consistent_length(rows, targets)
    return rows, targets.astype(np.float64) if numeric and targets.dtype.kind == "O" else targets


def row_weights(given: Any, rows: int) -> Optional[Array]:
    """sample_weight as float64 [N], none of them negative."""
    if given is None:
        return None
    if isinstance(given, numbers.Number):
        return np.full(rows, given, np.float64)
    weights: Array = check_array(given, accept_sparse=False, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weights.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if weights.shape != (rows,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(rows,)}!")
    if (weights < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`")
    return weights


def iterations(found: Any, most: int) -> int:
    """Of scipy's L-BFGS-B, with a warning when it has not ended by itself."""
    if found.status != 0:
        warnings.warn(f"lbfgs failed to converge (status={found.status}):\n{found.message}.\n\nIncrease the number of "
                      "iterations (max_iter) or scale the data.", ConvergenceWarning, stacklevel=2)
    return min(int(found.nit), most)
