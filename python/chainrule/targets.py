"""What is to be learnt, as classes or numbers."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from . import _core
from .arrays import Array, as_array, as_floats, check_finite

CLASS_LOSSES = ("softmax_cross_entropy", "categorical_cross_entropy", "hinge",
                "binary_cross_entropy", "binary_cross_entropy_logits")


def target_array(y: Any) -> Array:
    if y is None:
        raise _core.DataError("y is None, expected classes or numbers to learn")
    a = as_array(y, "y")
    if a.dtype.kind == "c":
        raise TypeError("y has complex numbers, expected classes or real numbers")
    if a.ndim == 0:
        raise _core.ShapeError("y is a single value, expected one for each row")
    if a.dtype.kind == "O":
        if all(isinstance(v, str) for v in a.ravel()):
            return a.astype(str)
        return as_floats(a, "y", np.float64)
    return a


def looks_like_classes(a: Array, loss: Optional[str]) -> bool:
    if loss is None:
        return a.dtype.kind in "iubSU" and (a.ndim == 1 or a.shape[1] == 1)
    if loss.startswith("binary"):
        return a.ndim == 1 or a.shape[1] == 1
    return loss in CLASS_LOSSES


def labels_of(a: Array, outputs: int) -> Array:
    if a.ndim == 2 and a.shape[1] > 1:
        return np.arange(a.shape[1])
    if a.dtype.kind == "f":
        check_finite(a, "y")
    found: Array = np.unique(a)
    # Not every class needs to have a row.
    if a.dtype.kind in "iu" and 1 < outputs != len(found) and found[0] >= 0 and found[-1] < outputs:
        found = np.arange(outputs)
    return found


def class_indices(a: Array, labels: Array) -> Array:
    """The place of each target among the labels: int32 [N]."""
    if a.ndim == 2 and a.shape[1] == len(labels) and a.shape[1] > 1:
        rows = as_floats(a, "y", np.float64)
        if not ((rows == 1).sum(axis=1) == 1).all() or not ((rows == 0).sum(axis=1) == rows.shape[1] - 1).all():
            raise _core.DataError("y has one column for each class, but not one 1 among 0s in each row")
        ones: Array = rows.argmax(axis=1).astype(np.int32)
        return ones
    if a.ndim == 2 and a.shape[1] == 1:
        a = a[:, 0]
    if a.ndim != 1:
        raise _core.ShapeError(f"y has shape {a.shape}, expected one class for each row")
    if a.dtype.kind == "f":
        check_finite(a, "y")
    order = np.argsort(labels)
    known = labels[order]
    try:
        place = np.clip(np.searchsorted(known, a), 0, len(known) - 1)
        strange = known[place] != a
    except TypeError:
        raise _core.DataError(f"y holds {a.dtype}, the model's classes are {labels.dtype}") from None
    if np.any(strange):
        unknown = a[np.argmax(strange)]
        shown = ", ".join(str(label) for label in labels[:10])
        raise _core.DataError(f"y has the class {unknown!r}, the model knows {shown}"
                              + (", ..." if len(labels) > 10 else ""))
    found: Array = order[place].astype(np.int32)
    return found
