"""The table of numpy's functions that are no ufuncs; see :mod:`chainrule.numpy_protocol`."""

from __future__ import annotations

from typing import Any, Callable, Dict, Sequence, cast

import numpy as np

from . import graph, products, reductions, shaping
from .arrays import Array
from .broadcasting import as_var, elementwise
from .numpy_protocol import _round, clip, where_

Functions = Dict[Any, Callable[..., Any]]

_REARRANGING = (
    "take", "repeat", "tile", "flip", "fliplr", "flipud", "roll", "rot90", "rollaxis", "diagonal", "diag", "diagflat",
    "tril", "triu", "compress", "delete", "take_along_axis", "resize", "extract", "split", "array_split", "hsplit",
    "vsplit", "dsplit", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "meshgrid")
_SIDE_BY_SIDE = ("vstack", "hstack", "dstack", "column_stack", "block", "append", "insert")
# Answers that have no gradient, as they jump or do not depend on the values at all.
_WITHOUT_GRADIENT = (
    "argmax", "argmin", "argsort", "argwhere", "nonzero", "flatnonzero", "count_nonzero", "any", "all", "allclose",
    "isclose", "array_equal", "array_equiv", "searchsorted", "digitize", "zeros_like", "ones_like", "empty_like",
    "full_like", "array_repr", "array_str", "array2string", "lexsort", "argpartition", "unravel_index")
_OF_SHAPE = ("shape", "ndim", "size")


def _values(x: Any) -> Any:
    if isinstance(x, graph.Var):
        return x.value
    return type(x)(_values(i) for i in x) if isinstance(x, (list, tuple)) else x


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(*_values(args), **{k: _values(a) for k, a in kwargs.items()})


def _moved(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: shaping.rearranged(function, args, kwargs)


def _all_vars(x: Any) -> Any:
    return type(x)(_all_vars(i) for i in x) if isinstance(x, (list, tuple)) and any(
        isinstance(i, (graph.Var, np.ndarray, list, tuple)) for i in x) else as_var(x)


def _joined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Arrays among the first argument are moved with the values of the graph."""
    def call(first: Any, *args: Any, **kwargs: Any) -> Any:
        return shaping.rearranged(function, [_all_vars(first), *args], kwargs)
    return call


def _append(x: Any, values: Any, axis: Any = None) -> Any:
    return shaping.concatenate([x, values], axis)


def _insert(x: Any, place: Any, values: Any, axis: Any = None) -> Any:
    return shaping.rearranged(np.insert, [as_var(x), place, as_var(values)], {"axis": axis})


def _pad(x: Any, width: Any, mode: Any = "constant", constant_values: Any = 0) -> Any:
    if callable(mode) or mode not in ("constant", "edge", "reflect", "symmetric", "wrap") or np.any(constant_values):
        raise TypeError("np.pad of a chainrule.Var is recorded for the modes constant (with 0), edge, reflect, symmetric "
                        "and wrap")
    return shaping.rearranged(np.pad, [as_var(x), width, mode], {})


def _trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return shaping.rearranged(np.diagonal, [as_var(x)], {"offset": offset, "axis1": axis1, "axis2": axis2}).sum(-1)


def _diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    v = as_var(x)
    for _ in range(n):
        place = reductions.axes_of("diff", v, axis)[0]
        before = (slice(None),) * place
        v = v[(*before, slice(1, None))] - v[(*before, slice(None, -1))]
    return v


def _trapz(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    v = as_var(y)
    before = (slice(None),) * reductions.axes_of("trapz", v, axis)[0]
    step: Any = dx if x is None else np.diff(x) if np.ndim(x) == 1 else np.diff(x, axis=axis)
    if np.ndim(step) == 1:
        step = np.reshape(step, [-1 if a == len(before) else 1 for a in range(v.ndim)])
    return (0.5 * step * (v[(*before, slice(1, None))] + v[(*before, slice(None, -1))])).sum(axis)


def _select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Any:
    result = default
    for condition, choice in reversed(list(zip(conditions, choices))):
        result = where_(condition, choice, result)
    return result


def _cross(a: Any, b: Any) -> Any:
    x, y = as_var(a), as_var(b)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise TypeError("np.cross of a chainrule.Var is recorded for vectors of length 3")
    i, j = [1, 2, 0], [2, 0, 1]
    return x[..., i] * y[..., j] - x[..., j] * y[..., i]


def _nan_to_num(x: Any, copy: bool = True, nan: float = 0.0) -> Any:
    v = as_var(x)
    return where_(v != v, float(nan), v)


def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None) -> Any:
    if y is not None:
        raise TypeError("np.cov of a chainrule.Var is recorded for one array")
    v = as_var(m)
    v = v if rowvar or v.ndim < 2 else v.T
    v = shaping.reshape(v, 1, -1) if v.ndim < 2 else v
    n = reductions.length("cov", v, [1])
    centred = v - v.mean(1, True)
    divisor = n - (ddof if ddof is not None else 0 if bias else 1)
    return shaping.squeeze(centred @ centred.T / divisor)


def _copy(x: Any, *_: Any, **__: Any) -> Any:
    return as_var(x)


def _around(x: Any, decimals: int = 0) -> Any:
    return _round(x, decimals)


def functions() -> Functions:
    """numpy's function to ours."""
    table: Functions = {getattr(np, n): _moved(getattr(np, n)) for n in _REARRANGING if hasattr(np, n)}
    table.update({getattr(np, n): _joined(getattr(np, n)) for n in _SIDE_BY_SIDE if hasattr(np, n)})
    table.update({getattr(np, n): _plain(getattr(np, n)) for n in _WITHOUT_GRADIENT if hasattr(np, n)})
    table.update({np.shape: lambda a: a.shape, np.ndim: lambda a: a.ndim, np.size: _size})
    r, s, p = reductions, shaping, products
    for names, ours in (
            ("sum", r.sum), ("mean", r.mean), ("max amax", r.max), ("min amin", r.min), ("var", r.var), ("std", r.std),
            ("ptp", r.ptp), ("average", r.average), ("cumsum", r.cumsum), ("reshape", _reshape), ("ravel", _ravel),
            ("transpose", s.transpose), ("swapaxes", s.swapaxes), ("moveaxis", s.moveaxis), ("squeeze", s.squeeze),
            ("expand_dims", s.expand_dims), ("broadcast_to", s.broadcast_to), ("concatenate", s.concatenate),
            ("stack", s.stack), ("append", _append), ("insert", _insert), ("pad", _pad), ("trace", _trace),
            ("diff", _diff), ("trapz trapezoid", _trapz), ("select", _select), ("cross", _cross),
            ("nan_to_num", _nan_to_num), ("cov", _cov), ("copy", _copy), ("round around round_", _around),
            ("clip", clip), ("where", where_), ("dot", p.dot), ("inner", p.inner), ("outer", p.outer), ("vdot", p.vdot),
            ("tensordot", p.tensordot), ("einsum", p.einsum), ("kron", p.kron), ("real", as_var), ("fix", _fix),
            ("linalg.norm", r.norm), ("linalg.multi_dot", p.multi_dot), ("linalg.matrix_power", p.matrix_power)):
        for name in names.split():
            home, _, short = name.rpartition(".")
            found: Any = getattr(getattr(np, home) if home else np, short, None)
            if found is not None:
                table[found] = cast(Callable[..., Any], ours)
    return table


def _size(x: Any, axis: Any = None) -> Any:
    return x.size if axis is None else x.shape[axis]


def _reshape(x: Any, newshape: Any = None, order: str = "C", shape: Any = None) -> Any:
    if order not in ("C", "K"):
        return shaping.rearranged(np.reshape, [as_var(x), newshape if shape is None else shape], {"order": order})
    return shaping.reshape(x, newshape if shape is None else shape)


def _ravel(x: Any, order: str = "C") -> Any:
    if order not in ("C", "K"):
        return shaping.rearranged(np.ravel, [as_var(x)], {"order": order})
    return shaping.ravel(x)


def _fix(x: Any) -> Any:
    return np.trunc(x)


