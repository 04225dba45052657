"""What is to be learnt: a class, a number, or several labels at once, decided once for a model."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Union

import numpy as np

from . import _core
from .arrays import Array, Float32, as_array, as_floats, check_finite

CLASS_LOSSES = ("softmax_cross_entropy", "categorical_cross_entropy", "hinge")

_TYPES = {"integer": np.int64, "real": np.float64}


@dataclass
class Goal:
    """The task, and what its classes are called: [C], or of several labels what no and yes are [2]."""

    task: str
    labels: Optional[Array] = None


def target_array(y: Any) -> Array:
    if y is None:
        raise _core.DataError("y is None, expected classes or numbers to learn")
    a = as_array(y, "y")
    if a.dtype.kind == "c":
        raise TypeError("y has complex numbers, expected classes or real numbers")
    if a.ndim == 0:
        raise _core.ShapeError("y is a single value, expected one for each row")
    if a.dtype.kind != "O":
        return a
    # pandas keeps text, and numbers that may be missing, as objects.
    values = a.ravel()
    for kind, dtype in ((str, str), ((bool, np.bool_), bool), ((int, np.integer), np.int64)):
        if all(isinstance(v, kind) for v in values):  # type: ignore[arg-type]
            return a.astype(dtype)
    return as_floats(a, "y", np.float64)


def goal_of(a: Array, loss: Optional[str], outputs: int) -> Goal:
    """What these targets ask of a network of so many outputs."""
    several = a.ndim == 2 and a.shape[1] > 1
    if loss is not None:
        if loss in CLASS_LOSSES or (loss.startswith("binary") and not several):
            return Goal("classification", labels_of(a, outputs))
        return Goal("multilabel", _yes_and_no(a)) if loss.startswith("binary") else Goal("regression")
    if a.dtype.kind == "f":
        check_finite(a, "y")
    if several:
        if a.dtype.kind in "SU" or not ((a == 0) | (a == 1)).all() or a.shape[1] != outputs:
            return Goal("regression")
        if ((a == 1).sum(axis=1) == 1).all():
            if a.dtype.kind == "f":
                _say("y has a single 1 in each row: learnt as one of several classes")
            return Goal("classification", np.arange(a.shape[1]))
        return Goal("multilabel", _yes_and_no(a))
    if a.dtype.kind in "bSU":
        return Goal("classification", labels_of(a, outputs))
    found = np.unique(a)
    if a.dtype.kind in "iu":
        if outputs > 1 or len(found) <= 2:
            return Goal("classification", labels_of(a, outputs))
        _say(f"y has {len(found)} different whole numbers and the network one output: learnt as numbers")
        return Goal("regression")
    if outputs > 1 and (found == np.floor(found)).all():
        return Goal("classification", labels_of(a, outputs))
    if outputs == 1 and len(found) == 2 and set(found.tolist()) == {0.0, 1.0}:
        _say("y has only 0.0 and 1.0: learnt as two classes")
        return Goal("classification", found)
    return Goal("regression")


def _say(what: str) -> None:
    warnings.warn(f"{what}; loss=... chooses another way", UserWarning, stacklevel=6)


def _yes_and_no(a: Array) -> Array:
    return np.array([False, True]) if a.dtype.kind == "b" else np.array([0, 1])


def labels_of(a: Array, outputs: int) -> Array:
    if a.ndim == 2 and a.shape[1] > 1:
        return np.arange(a.shape[1])
    if a.dtype.kind == "f":
        check_finite(a, "y")
    found: Array = np.unique(a)
    # Not every class needs to have a row.
    if a.dtype.kind in "iu" and 1 < outputs != len(found) and found[0] >= 0 and found[-1] < outputs:
        found = np.arange(outputs)
    if len(found) == 1 and outputs == 1:
        raise _core.DataError(f"y is {found[0]} in every row, there is nothing to learn; build(features, "
                              "classes=[...]) names the classes that other rows may have")
    return found


def label_texts(labels: Array) -> List[str]:
    """Labels as they are written in files: numbers in one way, so that they come back."""
    if labels.dtype.kind != "f":
        return [str(label) for label in labels.tolist()]
    return [text[:-2] if text.endswith(".0") else text for text in map(repr, labels.astype(float).tolist())]


def label_type(labels: Array) -> str:
    return {"b": "boolean", "i": "integer", "u": "integer", "f": "real"}.get(labels.dtype.kind, "text")


def labels_from(texts: List[str], kind: str) -> Array:
    """The inverse of the two above."""
    if kind == "boolean":
        return np.array([text == "True" for text in texts])
    return np.array(texts, dtype=_TYPES.get(kind))


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


def yes_or_no(a: Array, outputs: int) -> Float32:
    """Several labels: 0 and 1, float32 [N, K]."""
    rows: Float32 = as_floats(a, "y", np.float32)
    rows = rows.reshape(len(rows), -1)
    check_finite(rows, "y")
    if rows.shape[1] != outputs:
        raise _core.DataError(f"y has {rows.shape[1]} labels in each row, the network {outputs} outputs")
    return rows


ClassWeight = Union[None, str, Mapping[Any, float]]


def class_weights(given: ClassWeight, places: Array, labels: Array) -> Float32:
    """The weight of each row by its class; "balanced": rows / (classes * rows of the class)."""
    counts = np.bincount(places, minlength=len(labels)).astype(np.float64)
    if isinstance(given, str):
        if given != "balanced":
            raise _core.Error(f"class_weight is '{given}', expected 'balanced' or a weight for each class")
        by_class = np.divide(len(places), len(labels) * counts, out=np.zeros(len(labels)), where=counts > 0)
    elif isinstance(given, Mapping):
        by_class = np.ones(len(labels))
        known: Dict[Any, int] = {label: i for i, label in enumerate(labels.tolist())}
        for label, weight in given.items():
            if label not in known:
                raise _core.DataError(f"class_weight has the class {label!r}, the model knows "
                                      + ", ".join(map(str, labels[:10])))
            by_class[known[label]] = float(weight)
    else:
        raise TypeError(f"class_weight is 'balanced' or a dictionary, not {type(given).__name__}")
    found: Float32 = by_class[places].astype(np.float32)
    return found
