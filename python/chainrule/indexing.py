"""What ``x[...]`` of a value of the graph is: what numpy makes of it."""

from __future__ import annotations

import math
import operator
from typing import Any, List, Tuple, cast

import numpy as np

from . import _core, graph
from .broadcasting import text, unbatched
from .shaping import rearranged
from .values import Leaf
from .where import where


def getitem(v: "graph.Var", key: Any) -> "graph.Var":
    """Integers, slices, None, ``...``, and arrays of integers or truth values; of rows and classes
    also p[np.arange(n), classes] with a class_input."""
    if isinstance(key, tuple) and len(key) == 2 and isinstance(key[1], graph.Var) and key[1]._kind == "class_input":
        return _of_classes(v, *key)
    if _has_var(key):
        raise TypeError("an index that depends on the graph would change the shape of what follows; "
                        f"np.where(condition, x, 0) keeps it {where()}")
    keys = key if isinstance(key, tuple) else (key,)
    if all(k is None or k is Ellipsis or isinstance(k, (slice, int, np.integer)) and not isinstance(k, bool)
           for k in keys):
        return _basic(v, keys)
    if v._batched and v.ndim == 2 and (chosen := _one_of_each_row(v, keys)) is not None:
        return cast("graph.Var", chosen)
    if not isinstance(key, tuple) and v.ndim:
        return _of_first_axis(v, np.asarray(key))
    return cast("graph.Var", rearranged(operator.getitem, [v, key], {}))


def _has_var(key: Any) -> bool:
    return isinstance(key, graph.Var) or isinstance(key, (tuple, list)) and any(_has_var(k) for k in key)


def _basic(v: "graph.Var", keys: Tuple[Any, ...]) -> "graph.Var":
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if used > v.ndim or sum(k is Ellipsis for k in keys) > 1:
        raise IndexError(f"{used} indices for shape {text(v.shape)} {where()}")
    at = next((i for i, k in enumerate(keys) if k is Ellipsis), len(keys))
    full = [*keys[:at], *[slice(None)] * (v.ndim - used), *keys[at + 1:]]
    if v._batched and full[0] != slice(None):
        v = unbatched(v)
    axis = int(v._batched)  # of the result that is being made
    cuts: List[Tuple[int, int, int]] = []  # begin, end, step of each axis
    dims: List[int] = []
    for k in full[axis:]:
        if k is None:
            dims.append(1)
            continue
        length = v._dims[len(cuts)]
        if isinstance(k, slice):
            b, e, s = k.indices(length)
            count = len(range(b, e, s))
            if count == 0:
                raise _core.ShapeError(f"nothing is left of axis {len(cuts) + axis} of shape {text(v.shape)} {where()}")
            dims.append(count)
            e = b + count * s if s > 0 else max(b + count * s, -1)
            e = min(e, length)
        else:
            if not -length <= k < length:
                raise IndexError(f"index {k} is out of bounds for axis {len(cuts) + axis} of shape "
                                 f"{text(v.shape)} {where()}")
            b = int(k) % length
            e, s = b + 1, 1
        cuts.append((b, e, s))
    chosen = [i for i, c in enumerate(cuts) if c != (0, v._dims[i], 1)]
    if chosen:
        begin, end, step = ([cuts[i][k] for i in chosen] for k in range(3))
        v = graph.call("slice", v, axes=chosen, begin=begin, end=end, step=step)
    return v if list(v._dims) == dims else graph.call("reshape", v, shape=dims)


def _of_classes(v: "graph.Var", rows: Any, classes: "graph.Var") -> "graph.Var":
    if not v._batched or v.ndim != 2 or not np.array_equal(rows, np.arange(len(v))):
        raise TypeError(f"classes choose in each row of a value of shape (B, C), as p[np.arange(len(p)), t] {where()}")
    if classes._classes < 0:
        classes._classes = v._dims[0]
    return graph.call("gather", v, classes, axis=0)


def _one_of_each_row(v: "graph.Var", keys: Tuple[Any, ...]) -> Any:
    """p[np.arange(n), classes] -> [B]; None for anything else."""
    if len(keys) != 2 or isinstance(keys[0], slice) or isinstance(keys[1], slice):
        return None
    rows, places = np.asarray(keys[0]), np.asarray(keys[1])
    if rows.shape != (v.shape[0],) or places.shape != rows.shape or places.dtype.kind not in "iu":
        return None
    if not np.array_equal(rows, np.arange(len(rows))):
        return None
    width = v._dims[0]
    if places.min() < -width or places.max() >= width:
        raise IndexError(f"index {places.max()} is out of bounds for axis 1 of shape {text(v.shape)} {where()}")
    classes = graph.Var("class_input", (), True)
    classes._classes = width
    classes._leaf = Leaf(np.ascontiguousarray(places % width, np.int32))
    return graph.call("gather", v, classes, axis=0)


def _of_first_axis(v: "graph.Var", key: Any) -> "graph.Var":
    """v[array]: along the first axis, without a look at the others."""
    if key.dtype.kind not in "iub" or key.dtype.kind == "b" and key.ndim > 1:
        return cast("graph.Var", rearranged(operator.getitem, [v, key], {}))
    v = unbatched(v)
    places = np.arange(v._dims[0])[key]
    if places.size == 0:
        raise _core.ShapeError(f"nothing is left of shape {text(v.shape)} {where()}")
    taken = graph.call("take", v, places=[int(p) for p in places.ravel()], axis=0)
    return taken if places.ndim == 1 else graph.call("reshape", taken, shape=[*places.shape, *v._dims[1:]])


def setitem(v: "graph.Var", key: Any, value: Any) -> None:
    """``w[key] = value`` changes a parameter or an input in place; nothing else can be written to."""
    if isinstance(value, graph.Var) or _has_var(key):
        raise TypeError("what is written into an array would have no gradient; np.where(condition, a, b) and "
                        f"np.concatenate() make a new value {where()}")
    if v._leaf is None or v._leaf.value is None or v._kind == "constant":
        raise TypeError(f"'{v.name}' is computed and cannot be written to; np.where(condition, a, b) makes a new "
                        f"value {where()}")
    changed = np.array(v._leaf.value)
    changed[key] = value
    v.value = changed


def size(v: "graph.Var") -> int:
    """Number of elements, of all rows."""
    if v._batched and v.shape[0] is None:
        raise _core.ShapeError(f"'{v.name}' has no rows yet to be counted {where()}")
    return math.prod(int(d or 0) for d in v.shape)
