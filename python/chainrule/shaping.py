"""Axes and elements in another order, as numpy has them."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from . import _core, graph
from .arrays import Array
from .broadcasting import array_constant, array_rows, as_var, is_number, text, unbatched, whole
from .reductions import axes_of
from .values import checked_dims
from .where import where

_MOST_ELEMENTS = 1 << 26  # whose order is worked out as an array of numbers


def reshape(x: Any, *shape: Any) -> "graph.Var":
    """The same elements in the same order with other axes, as numpy's: one may be -1. Rows stay
    rows when the first axis is their number, or -1, and a row keeps its elements."""
    v = as_var(x)
    dims = [int(d) for d in (shape[0] if len(shape) == 1 and not is_number(shape[0]) else shape)]
    if v._batched and dims:
        row = math.prod(v._dims)
        rest = dims[1:]
        if rest.count(-1) == 1 and dims[0] != -1 and row % max(1, -math.prod(rest)) == 0:
            rest[rest.index(-1)] = row // max(1, -math.prod(rest))
        if dims[0] in (-1, v.shape[0]) and math.prod(rest) == row and -1 not in rest:
            return graph.call("reshape", v, shape=rest)
    v = unbatched(v)
    size = math.prod(v._dims)
    known = math.prod(d for d in dims if d != -1)
    if dims.count(-1) > 1 or (-1 in dims and (known <= 0 or size % known)) or (-1 not in dims and known != size):
        raise _core.ShapeError(f"[reshape] an array of shape {text(as_var(x).shape)} cannot become "
                               f"{text(tuple(dims))}; the rows are named too, -1 for any number {where()}")
    return graph.call("reshape", v, shape=list(checked_dims(tuple(size // known if d == -1 else d for d in dims))))


def ravel(x: Any) -> "graph.Var":
    """All elements in one axis, the rows with them."""
    return reshape(whole(x), -1)


def transpose(x: Any, axes: Optional[Sequence[int]] = None) -> "graph.Var":
    """The axes in another order, backwards by default, as numpy's; the rows stay rows where they
    stay in front."""
    v = as_var(x)
    order = list(range(v.ndim))[::-1] if axes is None else [int(a) for a in axes]
    if sorted(a % v.ndim if -v.ndim <= a < v.ndim else -1 for a in order) != list(range(v.ndim)):
        raise _core.ShapeError(f"[transpose] axes {tuple(order)} of shape {text(v.shape)}, expected each once {where()}")
    order = [a % v.ndim for a in order]
    if order == list(range(v.ndim)):
        return v
    if v._batched and order[0] == 0:
        return graph.call("permute", v, axes=[a - 1 for a in order[1:]])
    return graph.call("permute", unbatched(v), axes=order)


def swapaxes(x: Any, axis1: int, axis2: int) -> "graph.Var":
    """Two axes in each other's place."""
    v = as_var(x)
    a, b = axes_of("swapaxes", v, axis1)[0], axes_of("swapaxes", v, axis2)[0]
    order = list(range(v.ndim))
    order[a], order[b] = b, a
    return transpose(v, order)


def moveaxis(x: Any, source: Any, destination: Any) -> "graph.Var":
    """Axes moved to other places, the others in order."""
    v = as_var(x)
    moved = np.moveaxis(np.empty(tuple(range(v.ndim)) or (0,)), source, destination)  # lengths say which is which
    return transpose(v, moved.shape)


def squeeze(x: Any, axis: Any = None) -> "graph.Var":
    """Without axes of length 1, or without those named."""
    v = as_var(x)
    shape = v.shape
    if axis is None:
        axes = tuple(a for a, d in enumerate(shape) if d == 1 and not (v._batched and a == 0))
    else:
        axes = axes_of("squeeze", v, axis)
    for a in axes:
        if shape[a] != 1:
            raise _core.ShapeError(f"[squeeze] axis {a} of shape {text(shape)} is not of length 1 {where()}")
    if axis is None and v._batched and shape[0] == 1:
        axes = (0, *axes)
    if v._batched and 0 not in axes:
        return graph.call("reshape", v, shape=[d for a, d in enumerate(v._dims) if a + 1 not in axes])
    return graph.call("reshape", unbatched(v), shape=[int(d or 0) for a, d in enumerate(shape) if a not in axes])


def expand_dims(x: Any, axis: Any) -> "graph.Var":
    """Axes of length 1 more, at these places of the result."""
    v = as_var(x)
    axes = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    rank = v.ndim + len(axes)
    places = {int(a) % rank for a in axes if -rank <= int(a) < rank}
    if len(places) < len(axes):
        raise _core.ShapeError(f"[expand_dims] axes {tuple(axes)} of a result of {rank} axes {where()}")
    front = v._batched and 0 not in places
    v = v if front else unbatched(v)
    lengths = iter(v._dims)
    dims = [1 if a in places else next(lengths) for a in range(int(front), rank)]
    return graph.call("reshape", v, shape=list(checked_dims(tuple(dims))))


def broadcast_to(x: Any, shape: Any) -> "graph.Var":
    """Repeated along missing axes and those of length 1, to this shape."""
    v = as_var(x)
    dims = [int(d) for d in ([shape] if is_number(shape) else shape)]
    if v._batched and len(dims) == v.ndim and dims[0] == v.shape[0]:
        return graph.call("expand", v, shape=dims[1:])
    return graph.call("expand", unbatched(v), shape=dims)


def concatenate(xs: Sequence[Any], axis: Optional[int] = 0) -> "graph.Var":
    """Side by side along an axis, as numpy's; along any but the first rows stay rows."""
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    vars = [as_var(x) for x in xs]
    if not vars:
        raise ValueError("concatenate() needs at least one array")
    place = axes_of("concatenate", vars[0], axis)[0]
    if any(v.ndim != vars[0].ndim for v in vars):
        raise _core.ShapeError(f"[concatenate] shapes {' and '.join(text(v.shape) for v in vars)} have not as many "
                               f"axes {where()}")
    if all(v._batched for v in vars) and place > 0:
        return graph.call("concat", *vars, axis=place - 1)
    if any(v._batched for v in vars) and place > 0:
        rows = next(v.shape[0] for v in vars if v._batched)
        if all(v._batched or (v._kind == "constant" and rows in (None, v._dims[0])) for v in vars):
            vars = [v if v._batched else array_rows(v.value) for v in vars]
            return graph.call("concat", *vars, axis=place - 1)
    return graph.call("concat", *[unbatched(v) for v in vars], axis=place)


def stack(xs: Sequence[Any], axis: int = 0) -> "graph.Var":
    """Side by side along a new axis."""
    return concatenate([expand_dims(x, axis) for x in xs], axis)


def rearranged(function: Callable[..., Any], args: Sequence[Any], kwargs: Dict[str, Any]) -> Any:
    """What a function of numpy does that only moves, repeats or leaves out elements, or puts zeros
    beside them: it is shown the numbers of the elements, from 1, and what comes back says which
    element goes where. Rows stay rows where each row of the result is made of its own alone."""
    vars: List[graph.Var] = []

    def collect(a: Any) -> None:
        if isinstance(a, graph.Var):
            if not any(a is v for v in vars):
                vars.append(a)
        elif isinstance(a, (list, tuple)):
            for item in a:
                collect(item)

    for a in (*args, *kwargs.values()):
        collect(a)
    if len(vars) == 1 and vars[0]._batched:
        kept = _row_by_row(function, args, kwargs, vars[0])
        if kept is not None:
            return kept
    vars_whole = [unbatched(v) for v in vars]
    numbers, start = [], 1
    for v in vars_whole:
        size = math.prod(v._dims)
        numbers.append(np.arange(start, start + size).reshape(v._dims))
        start += size
    if start > _MOST_ELEMENTS:
        raise _core.ShapeError(f"{start - 1} elements are too many to be put in another order here {where()}")
    flat = [graph.call("reshape", v, shape=[math.prod(v._dims)]) for v in vars_whole]
    found = _applied(function, args, kwargs, vars, numbers)
    return _built(found, flat, lambda places: places)


def _applied(function: Callable[..., Any], args: Sequence[Any], kwargs: Dict[str, Any], vars: Sequence["graph.Var"],
             numbers: Sequence[Array]) -> Any:
    def shown(a: Any) -> Any:
        for v, n in zip(vars, numbers):
            if a is v:
                return n
        return type(a)(shown(i) for i in a) if isinstance(a, (list, tuple)) else a

    return function(*[shown(a) for a in args], **{k: shown(a) for k, a in kwargs.items()})


def _built(found: Any, flat: List["graph.Var"], places: Callable[[Array], Array]) -> Any:
    if isinstance(found, (list, tuple)):
        return type(found)(_built(f, flat, places) for f in found)
    index = places(np.asarray(found))
    if index.size == 0:
        raise _core.ShapeError(f"nothing is left, expected at least one element {where()}")
    source = flat
    if (index == 0).any():
        zero = array_constant(np.zeros(1))
        source = [graph.call("pad", flat[0], before=[1], after=[0], value=0.0), *flat[1:]] if flat else [zero]
    else:
        index = index - 1
    joined = source[0] if len(source) == 1 else graph.call("concat", *source, axis=0)
    taken = graph.call("take", joined, places=[int(i) for i in index.ravel()], axis=0)
    return graph.call("reshape", taken, shape=list(checked_dims(index.shape)))


def _row_by_row(function: Callable[..., Any], args: Sequence[Any], kwargs: Dict[str, Any],
                v: "graph.Var") -> Any:
    """None unless, for this number of rows and for one more, row r of each result has elements of
    row r alone, the same in each."""
    rows, row = v.shape[0] or 64, math.prod(v._dims)
    if rows * row > _MOST_ELEMENTS:
        return None
    results = []
    for n in (rows, rows + 1):
        try:
            found = _applied(function, args, kwargs, [v], [np.arange(1, n * row + 1).reshape((n, *v._dims))])
        except (ValueError, IndexError, TypeError):
            return None
        for f in found if isinstance(found, (list, tuple)) else [found]:
            f = np.asarray(f)
            if f.ndim == 0 or f.shape[0] != n or f.size == 0:
                return None
            own = np.where(f[:1] > 0, f[:1] + (np.arange(n) * row).reshape((n,) + (1,) * (f.ndim - 1)), 0)
            if f[0].max() > row or not np.array_equal(own, f):
                return None
        results.append(found)
    flat = [graph.call("reshape", v, shape=[row])]
    return _built(results[0], flat, lambda places: np.asarray(places[0]))
