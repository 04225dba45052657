"""What inputs, parameters and constants hold: checked, and owned where it is written to."""

from __future__ import annotations

from typing import Any, Optional, Tuple

import numpy as np

from . import _core
from .arrays import Array, as_array
from .where import where


Leaf = _core.Leaf  # what an input, a parameter or a constant holds; shared by the programs that read it


def own_copy(a: Array, old: Optional[Array]) -> Array:
    """A parameter's array is never somebody else's, and may be written to."""
    if a is old and a.flags.writeable:
        return a
    return np.array(a, order="C", copy=True)


def class_array(y: Any, classes: int, name: str) -> Array:
    a = as_array(y, f"'{name}'")
    if a.dtype.kind == "f" and a.size and np.isfinite(a).all() and (a == np.floor(a)).all():
        a = a.astype(np.int64)
    if a.dtype.kind not in "iub":
        raise TypeError(f"'{name}' has elements of type {a.dtype}, expected class numbers from 0 {where()}")
    if a.ndim != 1 or a.size == 0:
        raise _core.ShapeError(f"'{name}' has shape {a.shape}, expected one class for each row {where()}")
    low, high = int(a.min()), int(a.max())
    if low < 0 or high >= classes:
        raise _core.DataError(f"'{name}' has class {low if low < 0 else high}, expected 0 to "
                              f"{classes - 1} {where()}")
    return np.require(a, np.dtype(np.int32), "C")


def checked_dims(dims: Tuple[int, ...]) -> Tuple[int, ...]:
    if len(dims) > 6:
        raise _core.ShapeError(f"{len(dims)} axes beside the rows are more than 6 {where()}")
    if 0 in dims:
        raise _core.ShapeError(f"shape {dims} has an axis of length 0 {where()}")
    return dims
