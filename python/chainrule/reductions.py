"""Sums, means and extremes along axes, as numpy has them."""

from __future__ import annotations

import math
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _core, graph
from .broadcasting import as_var, elementwise, text, unbatched
from .where import where

Axis = Union[None, int, Sequence[int]]


def axes_of(name: str, v: "graph.Var", axis: Axis) -> Tuple[int, ...]:
    """The axes that are meant, counted from 0, the rows among them."""
    given = range(v.ndim) if axis is None else [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    found: List[int] = []
    for a in given:
        if not -v.ndim <= int(a) < v.ndim:
            raise _core.ShapeError(f"[{name}] axis {a} of shape {text(v.shape)}, which has {v.ndim} axes {where()}")
        found.append(int(a) % v.ndim)
    if len(set(found)) < len(found):
        raise _core.ShapeError(f"[{name}] axis {axis} names one axis twice {where()}")
    return tuple(sorted(found))


def reduced(name: str, x: Any, axis: Axis, keepdims: bool) -> "graph.Var":
    """`name` is sum, mean, max or min."""
    v = as_var(x)
    axes = axes_of(name, v, axis)
    if not axes:
        return v
    if len(axes) == v.ndim and not keepdims and name in ("sum", "mean"):
        return graph.call(name, v)
    batch = v._batched and axes[0] == 0
    features = [a - int(v._batched) for a in axes if not (batch and a == 0)]
    result = graph.call(name + "_axes", v, axes=features, batch=batch, keep=bool(keepdims))
    return graph.call("reshape", result, shape=[1, *result._dims]) if batch and keepdims else result


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> "graph.Var":
    """Sum over all axes or those named, as numpy's; axis 0 of what has rows is the rows."""
    return reduced("sum", x, axis, keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> "graph.Var":
    """Mean over all axes or those named, as numpy's."""
    return reduced("mean", x, axis, keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> "graph.Var":
    """The greatest over all axes or those named; the gradient goes to the first of the greatest."""
    return reduced("max", x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> "graph.Var":
    """The least over all axes or those named; the gradient goes to the first of the least."""
    return reduced("min", x, axis, keepdims)


def length(name: str, v: "graph.Var", axes: Sequence[int]) -> int:
    """How many elements meet in each result."""
    shape = v.shape
    count = 1
    for a in axes:
        d = shape[a]
        if d is None:
            raise _core.ShapeError(f"[{name}] '{v.name}' has no rows yet to be counted {where()}")
        count *= d
    return count


def var(x: Any, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> "graph.Var":
    """Mean square of what differs from the mean, divided by n - ddof instead of n."""
    v = as_var(x)
    difference = elementwise("subtract", v, mean(v, axis, True))
    result = mean(graph.call("square", difference), axis, keepdims)
    if ddof == 0:
        return result
    n = length("var", v, axes_of("var", v, axis))
    if n <= ddof:
        raise _core.ShapeError(f"[var] {n} elements are too few for ddof {ddof} {where()}")
    return elementwise("multiply", result, n / (n - ddof))


def std(x: Any, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> "graph.Var":
    """Square root of var()."""
    return graph.call("sqrt", var(x, axis, keepdims, ddof))


def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> "graph.Var":
    """Greatest minus least."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def average(x: Any, axis: Axis = None, weights: Any = None, keepdims: bool = False) -> "graph.Var":
    """Mean weighted by `weights`, of x's shape or, along one axis, of its length."""
    if weights is None:
        return mean(x, axis, keepdims)
    v, w = as_var(x), as_var(weights)
    if w.ndim != v.ndim:
        axes = axes_of("average", v, axis)
        if w.ndim != 1 or len(axes) != 1:
            raise _core.ShapeError(f"[average] weights of shape {text(w.shape)} for x of shape {text(v.shape)}, "
                                   f"expected the same, or one axis {where()}")
        w = unbatched(w).reshape([-1 if a == axes[0] else 1 for a in range(v.ndim)])
        total = sum(w, None, False)
        return sum(elementwise("multiply", v, w), axis, keepdims) / total
    return sum(elementwise("multiply", v, w), axis, keepdims) / sum(w, axis, keepdims)


def cumsum(x: Any, axis: Optional[int] = None) -> "graph.Var":
    """Sums of the first 1, 2, ... elements along an axis; of all elements in order without one."""
    v = as_var(x)
    if axis is None:
        v, axis = unbatched(v).reshape(-1), 0
    place = axes_of("cumsum", v, axis)[0]
    if v._batched and place == 0:
        v = unbatched(v)
    from_here_on = np.triu(np.ones((length("cumsum", v, [place]),) * 2))
    order = [a for a in range(v.ndim) if a != place] + [place]
    return (v.transpose(order) @ from_here_on).transpose([order.index(a) for a in range(v.ndim)])


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> "graph.Var":
    """numpy.linalg.norm: of a vector for every order above 0, of a matrix the Frobenius norm and the
    greatest sums of |x| (1, inf)."""
    v = as_var(x)
    axes = axes_of("norm", v, axis)
    if ord is None or (len(axes) == 2 and ord == "fro") or (len(axes) == 1 and ord == 2):
        return graph.call("sqrt", sum(graph.call("square", v), axis, keepdims))
    size = graph.call("abs", v)
    if len(axes) == 1 and isinstance(ord, (int, float)) and ord > 0:
        if ord == 1:
            return sum(size, axis, keepdims)
        if math.isinf(ord):
            return max(size, axis, keepdims)
        return graph.call("power", sum(graph.call("power", size, p=float(ord)), axis, keepdims), p=1.0 / float(ord))
    if len(axes) == 2 and ord in (1, math.inf):
        first, last = axes if axis is None else (axes_of("norm", v, a)[0] for a in axis)  # type: ignore[union-attr]
        summed, extreme = (first, last) if ord == 1 else (last, first)
        return max(sum(size, summed, True), extreme, True).reshape(
            [1 if a in axes else int(d or -1) for a, d in enumerate(v.shape) if keepdims or a not in axes])
    raise TypeError(f"np.linalg.norm of order {ord!r} over {len(axes)} axes has no gradient here {where()}")
