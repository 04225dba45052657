"""Where a graph begins: inputs and parameters."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from . import _core
from .arrays import as_array, as_floats, check_finite
from .graph import Var
from .values import Leaf, checked_dims, class_array, own_copy
from .where import where

__all__ = ["input", "class_input", "param"]


def input(value: Any = None, *, shape: Optional[Sequence[int]] = None, name: str = "",
          dtype: Any = None) -> Var:
    """Data: an array whose first axis counts the rows, or ``shape`` of one row, to be given a
    value later. The array is not copied where its memory allows; set ``x.value`` to other rows,
    of any number, to run the same graph again. A value of a graph is returned as it is.

    >>> x = cr.input([[1.0, 2.0], [3.0, 4.0]])   # two rows of two features
    >>> x = cr.input(shape=(784,), name="x")     # x.value = batch comes later
    """
    if isinstance(value, Var):
        return value.named(name) if name else value
    if value is None:
        if shape is None:
            raise TypeError("input() expects an array, or the shape of one row")
        v = Var("input", shape, True, name)
        v._leaf = Leaf(None)
        v._dtype = np.dtype(dtype or np.float64)
        if v._dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype is {v._dtype}, expected float32 or float64")
        return v
    a = as_floats(value, f"input '{name}'" if name else "the input", dtype)
    if a.ndim == 0:
        raise _core.ShapeError("an input has rows, this is a single number; use param() or constant() "
                               + where())
    check_finite(a, f"input '{name}'" if name else "the input")
    if a.shape[0] == 0:
        raise _core.ShapeError(f"the input has no rows {where()}")
    if shape is not None and tuple(shape) != a.shape[1:]:
        raise _core.ShapeError(f"a row of the input has shape {a.shape[1:]}, expected {tuple(shape)} {where()}")
    v = Var("input", checked_dims(a.shape[1:]), True, name)
    v._leaf = Leaf(a)
    v._dtype = a.dtype
    return v


def class_input(value: Any = None, classes: Optional[int] = None, *, name: str = "") -> Var:
    """Class numbers, one for each row, from 0 to ``classes`` - 1 (by default the greatest that
    there is): the target of :func:`chainrule.softmax_cross_entropy`."""
    if classes is None:
        if value is None:
            raise TypeError("class_input() expects class numbers, or how many classes there are")
        a = as_array(value, "the classes")
        classes = int(a.max()) + 1 if a.size and a.dtype.kind in "iubf" and np.isfinite(a).all() else 1
    if classes < 1:
        raise _core.ShapeError(f"there are {classes} classes, expected at least 1 {where()}")
    v = Var("class_input", (), True, name)
    v._classes = int(classes)
    v._leaf = Leaf(None if value is None else class_array(value, v._classes, name or "the classes"))
    return v


def param(value: Any, *, name: str = "", trainable: bool = True, dtype: Any = None) -> Var:
    """Numbers to be learnt: a copy of the array, of any shape up to six axes, without rows.

    >>> w = cr.param(np.random.randn(2, 3), name="w")
    """
    what = f"parameter '{name}'" if name else "the parameter"
    a = as_floats(value, what, dtype)
    check_finite(a, what)
    v = Var("param", checked_dims(a.shape), False, name)
    v._leaf = Leaf(own_copy(a, None))
    v._trainable = trainable
    v._dtype = a.dtype
    return v
