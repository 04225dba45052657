"""A graph that is built once and called as a function."""

from __future__ import annotations

import functools
import weakref
from typing import Any, Callable, Dict, List, TypeVar, cast

import numpy as np

from .arrays import Array, as_array, as_floats, check_finite
from .graph import Var, call
from .leaves import param
from .values import Leaf, checked_dims, class_array

__all__ = ["function"]

F = TypeVar("F", bound=Callable[..., Any])
_KEPT = 8  # graphs of one function that nobody uses at the moment


class _Result:
    """A value that a function has returned: it is made anew for the next call, when everybody has
    forgotten it, so that the graph below and its memory serve again."""

    def __init__(self, v: Var) -> None:
        self.program = v._own = v._program()
        self.slots = [(name, getattr(v, name)) for name in Var.__slots__ if name != "__weakref__"]
        self.living = weakref.ref(v)

    def again(self) -> Var:
        v = Var.__new__(Var)
        for name, value in self.slots:
            setattr(v, name, value)
        v._seen = self.program if self.program.run_before else None
        v._graded = self.program if self.program.graded_before else None
        self.living = weakref.ref(v)
        self.program.vars[self.program.number[v._serial]] = self.living
        return v


class _Recorded:
    """One graph: its leaves, in the order of the arguments, and what the function returned."""

    def __init__(self, leaves: List[Var], result: Any) -> None:
        self.leaves: List[Any] = [v._leaf for v in leaves]
        self.form = None if isinstance(result, Var) else type(result)
        self.results = [_Result(v) for v in ([result] if isinstance(result, Var) else result)]

    def is_free(self) -> bool:
        return all([r.living() is None for r in self.results])

    def again(self) -> Any:
        if self.form is None:
            return self.results[0].again()
        return self.form(r.again() for r in self.results)


class _Same:
    """An object that is equal to itself alone."""

    def __init__(self, a: Any) -> None:
        self.a = a

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.a is other.a

    def __hash__(self) -> int:
        return id(self.a)


class Function:
    """What :func:`function` makes. It may be called as the function itself."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self._f = f
        self._graphs: Dict[Any, List[_Recorded]] = {}
        functools.update_wrapper(self, f)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else _Bound(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        key: List[Any] = []
        values: List[Any] = []
        for a in args if not kwargs else (*args, *kwargs.values()):
            key.append(_described(a, values))
        whole = (tuple(key), tuple(kwargs))
        graphs = self._graphs.setdefault(whole, [])
        for i, recorded in enumerate(graphs):
            if recorded.is_free():
                for leaf, value in zip(recorded.leaves, values):
                    leaf.value = value
                if i:
                    graphs.insert(0, graphs.pop(i))
                return recorded.again()
        return self._record(graphs, args, kwargs, values)

    def _record(self, graphs: List[_Recorded], args: Any, kwargs: Dict[str, Any], values: List[Any]) -> Any:
        waiting = iter(values)
        leaves: List[Var] = []

        def given(a: Any) -> Any:
            if not _is_data(a):
                return a
            leaves.append(_leaf(next(waiting)))
            return leaves[-1]

        result = self._f(*[given(a) for a in args], **{k: given(a) for k, a in kwargs.items()})
        if not isinstance(result, Var) and not _are_vars(result):
            raise TypeError(f"{getattr(self._f, '__name__', 'the function')}() returned {type(result).__name__}, expected "
                            "a value of the graph, or a tuple or list of them")
        if not isinstance(result, Var):  # values of which none lies below another
            result = type(result)(call("reshape", v, shape=list(v._dims)) for v in result)
        graphs.insert(0, _Recorded(leaves, result))
        del graphs[_KEPT:]
        return result


class _Bound:
    """A method."""

    def __init__(self, function: Function, instance: Any) -> None:
        self._function, self._instance = function, instance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(self._instance, *args, **kwargs)


def _are_vars(result: Any) -> bool:
    return type(result) in (tuple, list) and len(result) > 0 and all(isinstance(v, Var) for v in result)


def _is_data(a: Any) -> bool:
    """Arrays and numbers with a point, which change from call to call; anything else is part of the
    function."""
    if isinstance(a, (bool, int, str, Var)) or a is None or callable(a):
        return False
    return isinstance(a, (float, np.ndarray, np.generic, list)) or hasattr(a, "__dlpack__") or hasattr(a, "__array__")


def _described(a: Any, values: List[Any]) -> Any:
    """What tells one graph from another; the value of data is added to `values`."""
    if isinstance(a, np.ndarray) and a.dtype == np.float64 and a.flags.c_contiguous and a.ndim:
        check_finite(a, "an argument")
        values.append(a)
        return a.shape
    if not _is_data(a):
        try:
            hash(a)
        except TypeError:
            return _Same(a)
        return (type(a), _Same(a) if isinstance(a, Var) else a)
    value = _data(a)
    values.append(value)
    return (value.dtype.char, value.shape)


def _data(a: Any) -> Array:
    given = as_array(a, "an argument")
    if given.ndim == 1 and given.dtype.kind in "iu":
        return class_array(given, int(given.max()) + 1 if given.size else 1, "an argument")
    value = as_floats(given, "an argument")
    check_finite(value, "an argument")
    return value


def _leaf(value: Array) -> Var:
    if value.ndim == 0:
        return param(value, trainable=False)
    kind = "class_input" if value.dtype == np.int32 else "input"
    v = Var(kind, checked_dims(value.shape[1:]), True)
    v._leaf = Leaf(value)
    v._dtype = None if kind == "class_input" else value.dtype
    v._classes = -1 if kind == "class_input" else 0  # says who uses them
    return v


def function(f: F) -> F:
    """Decorates a function of arrays so that its graph is recorded once, and run again with other
    arrays of the same shapes.

    >>> @cr.function
    ... def loss(x, t):
    ...     return ((np.tanh(x @ w1 + b1) @ w2 + b2 - t) ** 2).mean()
    >>> for x, t in batches:
    ...     l = loss(x, t)
    ...     l.backward()
    ...     optimizer.step()

    Arrays have rows in their first axis, one axis of whole numbers is class numbers, numbers with a
    point are parameters that are not trained; anything else is part of the function, which is
    recorded again when it, a shape or a type changes. Parameters that it reads are those of the
    moment; plain arrays and numbers that it reads from outside stay what they were when it was
    recorded. The result is a value of its own: while you keep it, another call records another
    graph.
    """
    return cast(F, Function(f))
