"""The losses: one number for each row, then their mean, their sum, or all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from .arrays import as_array
from .broadcasting import array_rows, as_var, operand, text
from .graph import Var, call
from .values import Leaf, class_array
from .where import where

__all__ = ["squared_error", "half_squared_error", "absolute_error", "hinge", "binary_cross_entropy",
           "binary_cross_entropy_logits", "categorical_cross_entropy", "huber", "softmax_cross_entropy"]

_OF_CLASSES = ("hinge", "categorical_cross_entropy", "softmax_cross_entropy")  # whose target may be class numbers


def class_rows(given: Any, count: int) -> Var:
    """Class numbers, one for each row, as a class_input."""
    if isinstance(given, Var):
        if given._classes < 0:
            given._classes = count
        return given
    v = Var("class_input", (), True)
    v._classes = count
    v._leaf = Leaf(class_array(given, count, "the classes"))
    return v


def _beside(x: Var, given: Any, classes: bool) -> Any:
    """A target or weights: an array has a row for each row of `x`."""
    if isinstance(given, Var):
        return class_rows(given, x._dims[-1]) if x._dims else given
    if classes and x.ndim == 2 and (a := as_array(given, "the target")).ndim == 1 and a.dtype.kind in "iu":
        return class_rows(a, x._dims[0])
    v = operand(given)
    return array_rows(v) if isinstance(v, np.ndarray) and v.shape[0] == (x.shape[0] or v.shape[0]) else given


def _loss(name: str, x: Any, target: Any, weights: Any, reduction: str, **options: Any) -> Var:
    v = as_var(x)
    if not v._batched and v.ndim:
        raise _core.ShapeError(f"[{name}] has a value for each row of data, and {text(v.shape)} has no rows: an array "
                               f"in an expression is a constant, cr.input(array) has rows {where()}")
    inputs = [v, _beside(v, target, name in _OF_CLASSES)]
    if weights is not None:
        inputs.append(_beside(v, weights, False))
    return call(name, *inputs, reduction=reduction, **options)


def squared_error(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """Mean over the features of (x - target)²: two equal shapes [B, ...].

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("squared_error", x, target, weights, reduction)


def half_squared_error(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """Half the sum over the features of (x - target)².

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("half_squared_error", x, target, weights, reduction)


def absolute_error(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """Mean over the features of |x - target|.

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("absolute_error", x, target, weights, reduction)


def hinge(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """Hinge loss of scores [B, C] or [B]; the target is a class, or -1 and 1.

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("hinge", x, target, weights, reduction)


def binary_cross_entropy(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """-(t log p + (1 - t) log(1 - p)) of probabilities p, mean over the features.

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("binary_cross_entropy", x, target, weights, reduction)


def binary_cross_entropy_logits(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """The same of sigmoid(x), computed from x without overflow.

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("binary_cross_entropy_logits", x, target, weights, reduction)


def categorical_cross_entropy(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """-Σ t log p of probabilities [B, C]; the target is a class_input or [B, C].

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("categorical_cross_entropy", x, target, weights, reduction)


def huber(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean",
          delta: float = 1.0) -> Var:
    """d²/2 for |d| <= delta and delta (|d| - delta/2) beyond, d = x - target, mean over the
    features; reduction as for squared_error()."""
    return _loss("huber", x, target, weights, reduction, delta=float(delta))


def softmax_cross_entropy(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean",
                          label_smoothing: float = 0.0) -> Var:
    """-Σ t log softmax(x) of logits x [B, C], without overflow; the target is a class_input [B] or
    [B, C]; reduction as for squared_error()."""
    return _loss("softmax_cross_entropy", x, target, weights, reduction,
                 label_smoothing=float(label_smoothing))
