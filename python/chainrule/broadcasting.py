"""What a value of the graph and an array beside it mean together: numpy's broadcasting.

The library keeps the rows of a batch apart from the other axes, so that a graph can run again with
other rows. Here the whole array counts, rows included. As long as rows meet rows, the result has
rows too; where they meet anything else, as in ``x.T @ x``, they become an axis like the others, and
the expression keeps their number.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _core, graph
from .arrays import Array, as_array, as_floats, check_finite
from .values import Leaf, checked_dims
from .where import where

Whole = Tuple[Optional[int], ...]
Operand = Union["graph.Var", float]


def is_number(x: Any) -> bool:
    return isinstance(x, (bool, int, float, np.number, np.bool_)) or (
        isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "fiub")


def operand(x: Any) -> Union["graph.Var", Array, float]:
    """A value of the graph, an array of floats, or a number."""
    if isinstance(x, graph.Var):
        return x
    if is_number(x):
        return float(x)
    given = as_array(x, "the array")
    numeric = given.dtype.kind in "fiub"
    a = as_floats(given, "the array", np.result_type(given.dtype, np.float32).type if numeric else None)
    check_finite(a, "the array")
    return a


def array_constant(a: Array) -> "graph.Var":
    """The array as it is now, the same for each row."""
    v = graph.Var("constant", checked_dims(a.shape), False)
    v._leaf = Leaf(np.array(a, np.float64, order="C"))
    v._dtype = a.dtype
    return v


def array_rows(a: Array) -> "graph.Var":
    """The array as it is now, its first axis the rows."""
    v = graph.Var("input", checked_dims(a.shape[1:]), True)
    v._leaf = Leaf(np.array(a, order="C"))
    v._dtype = a.dtype
    return v


def unbatched(v: "graph.Var") -> "graph.Var":
    """The same array, its rows an axis like the others."""
    if not v._batched:
        return v
    rows = v.shape[0]
    if rows is None:
        raise _core.ShapeError(f"this mixes the rows of '{v.name}', of which there are none yet; give its "
                               f"input a value first {where()}")
    return graph.call(_core.unbatch(rows), v)


def whole(x: Any) -> "graph.Var":
    """A Var without rows of anything that holds numbers."""
    v = operand(x)
    if isinstance(v, graph.Var):
        return unbatched(v)
    return array_constant(np.asarray(v))


def as_var(x: Any) -> "graph.Var":
    v = operand(x)
    return v if isinstance(v, graph.Var) else array_constant(np.asarray(v))


def text(shape: Whole) -> str:
    shown = ", ".join("B" if d is None else str(d) for d in shape)
    return f"({shown},)" if len(shape) == 1 else f"({shown})"


def broadcast_shape(name: str, shapes: Sequence[Whole]) -> Whole:
    """numpy's result of these shapes, where an unknown number of rows meets itself and 1."""
    result: List[Optional[int]] = []
    for axis in range(-max(map(len, shapes), default=0), 0):
        lengths = {s[axis] for s in shapes if len(s) >= -axis and s[axis] != 1}
        if len(lengths - {None}) > 1:
            given = " and ".join(text(s) for s in shapes)
            raise _core.ShapeError(f"[{name}] shapes {given} do not fit together {where()}")
        known = lengths - {None}
        result.append(known.pop() if known else None if lengths else 1)
    return tuple(result)


def _shape(x: Union["graph.Var", Array]) -> Whole:
    return tuple(x.shape)


def keeps_rows(x: Union["graph.Var", Array], rank: int, rows: Optional[int]) -> bool:
    """Can `x` stand beside batched operands of `rank` axes in all, which keep their rows?"""
    if isinstance(x, graph.Var) and x._batched:
        return x.ndim == rank
    shape = _shape(x)
    if len(shape) < rank or shape[0] == 1:
        return True
    return not isinstance(x, graph.Var) and rows in (None, shape[0])


def beside_rows(x: Union["graph.Var", Array], rank: int) -> "graph.Var":
    """`x` as the library takes it beside batched operands of `rank` axes in all."""
    if isinstance(x, graph.Var):
        if x._batched or x.ndim < rank:
            return x
        return graph.call("reshape", x, shape=list(x._dims[1:]))
    if x.ndim == rank:
        return array_constant(x[0]) if x.shape[0] == 1 else array_rows(x)
    return array_constant(x)


def aligned(name: str, xs: Sequence[Any]) -> List[Operand]:
    """Operands of an operation that works element by element, as the library takes them so that
    the result is numpy's. Raises ShapeError when their shapes do not fit."""
    given = [operand(x) for x in xs]
    if all(isinstance(x, float) for x in given):
        return [array_constant(np.asarray(x)) for x in given]
    arrays = [x for x in given if not isinstance(x, float)]
    if not any(isinstance(x, graph.Var) and x._classes for x in arrays):  # the library says it
        broadcast_shape(name, [_shape(x) for x in arrays])
    rank = max(len(_shape(x)) for x in arrays)
    batched = [x for x in arrays if isinstance(x, graph.Var) and x._batched]
    rows = next((x.shape[0] for x in batched if x.shape[0] is not None), None)
    if batched and all(keeps_rows(x, rank, rows) for x in arrays):
        return [x if isinstance(x, float) else beside_rows(x, rank) for x in given]
    return [x if isinstance(x, float) else whole(x) for x in given]


def elementwise(name: str, *xs: Any) -> "graph.Var":
    """An operation of several operands, element by element."""
    if len(xs) == 2 and _plainly_fit(*xs):
        return graph.call(name, *xs)
    return graph.call(name, *aligned(name, xs))


def _plainly_fit(a: Any, b: Any) -> bool:
    """A shortcut: do the library and numpy take these for the same without any doubt?"""
    if not isinstance(a, graph.Var):
        return type(a) is float and isinstance(b, graph.Var)
    if not isinstance(b, graph.Var):
        return type(b) is float
    if a._batched and b._batched:
        return a._dims == b._dims and a._rows_leaf is b._rows_leaf
    if a._batched == b._batched:
        return a._dims == b._dims
    rows, other = (a, b) if a._batched else (b, a)
    return other._dims == () or rows._dims[-len(other._dims):] == other._dims
