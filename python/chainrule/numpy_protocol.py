"""numpy's own functions on values of the graph: each records what it does, or is refused by name.

A function in neither table below raises TypeError, so that none loses a gradient without a word.
docs/numpy-functions.md lists them all.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from . import _core, graph
from .broadcasting import array_constant, as_var, elementwise, is_number, operand
from .where import where


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda x: graph.call(name, x)


def _binary(name: str) -> Callable[[Any, Any], Any]:
    return lambda a, b: elementwise(name, a, b)


def _question(name: str) -> Callable[[Any, Any], Any]:
    from .operators import compared
    return lambda a, b: compared(name, a, b)


def truth(x: Any) -> Any:
    """1 where x is not 0."""
    v = operand(x)
    if isinstance(v, graph.Var) and v._truth:
        return v
    return _question("not_equal")(v, 0.0) if isinstance(v, graph.Var) else (np.asarray(v) != 0).astype(np.float64)


def logical(name: str, a: Any, b: Any) -> Any:
    """`name` of two truth values, which is one; as for & and | both must be."""
    for x in (a, b):
        v = operand(x)
        if isinstance(v, graph.Var) and not v._truth or isinstance(v, np.ndarray) and np.asarray(x).dtype != bool:
            raise TypeError(f"& | ^ ~ are for truth values, as y > 0 gives them {where()}")
    return _logical(name, a, b)


def _logical(name: str, a: Any, b: Any) -> Any:
    v = elementwise(name, truth(a), truth(b))
    v._truth = True
    return v


def item(v: Any) -> Any:
    value = v.value
    if value.size != 1:
        raise _core.ShapeError(f"'{v.name}' has {value.size} elements, expected one {where()}")
    return value.reshape(()).item()


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    """numpy.clip: limits are numbers or arrays, None for none."""
    v = as_var(x)
    limits = (low is None or is_number(low)) and (high is None or is_number(high))
    if limits and low is not None and high is not None and float(low) <= float(high):
        return graph.call("clip", v, low=float(low), high=float(high))
    if low is not None:
        v = elementwise("maximum", v, low)
    return v if high is None else elementwise("minimum", v, high)


def where_(condition: Any, *branches: Any) -> Any:
    """numpy.where: of three operands, or the places where the only one is not 0."""
    if not branches:
        return np.nonzero(as_var(condition).value)
    a, b = branches
    return elementwise("where", condition, a, b)


def rint(x: Any) -> Any:
    """The nearest whole number, the even one of two; its derivative is 0."""
    v = as_var(x)
    low = graph.call("floor", v)
    above = elementwise("subtract", v, low)
    odd = low - 2.0 * graph.call("floor", low * 0.5)
    return where_(above < 0.5, low, where_(above > 0.5, low + 1.0, low + odd))


def _round(x: Any, decimals: int = 0) -> Any:
    scale = 10.0 ** abs(int(decimals))
    if decimals < 0:
        return rint(as_var(x) / scale) * scale
    return rint(as_var(x) * scale) / scale if decimals else rint(x)


def _logaddexp(a: Any, b: Any) -> Any:
    return elementwise("maximum", a, b) + graph.call("softplus", -abs(elementwise("subtract", a, b)))


def _heaviside(x: Any, middle: Any) -> Any:
    return where_(as_var(x) > 0, 1.0, where_(as_var(x) < 0, 0.0, middle))


def _sinh(x: Any) -> Any:
    return 0.5 * (graph.call("exp", x) - graph.call("exp", -as_var(x)))


def _cosh(x: Any) -> Any:
    return 0.5 * (graph.call("exp", x) + graph.call("exp", -as_var(x)))


def _power(x: Any, y: Any) -> Any:
    from .operators import power
    return power(x, y)


def _matmul(a: Any, b: Any) -> Any:
    from .products import matmul
    return matmul(a, b)


def _scaled(factor: float) -> Callable[[Any], Any]:
    return lambda x: elementwise("multiply", x, factor)


def _log_to(base: float) -> Callable[[Any], Any]:
    return lambda x: graph.call("log", x) / math.log(base)


def _ufuncs() -> Dict[Any, Callable[..., Any]]:
    same = {"exp": "exp", "log": "log", "sqrt": "sqrt", "square": "square", "tanh": "tanh", "sin": "sin", "cos": "cos",
            "negative": "negate", "absolute": "abs", "fabs": "abs", "sign": "sign", "floor": "floor", "ceil": "ceil",
            "reciprocal": "reciprocal"}
    two = {"add": "add", "subtract": "subtract", "multiply": "multiply", "divide": "divide", "maximum": "maximum",
           "minimum": "minimum"}
    asked = ["greater", "greater_equal", "less", "less_equal", "equal", "not_equal"]
    table: Dict[Any, Callable[..., Any]] = {getattr(np, n): _unary(op) for n, op in same.items()}
    table.update({getattr(np, n): _binary(op) for n, op in two.items()})
    table.update({getattr(np, n): _question(n) for n in asked})
    table.update({
        np.positive: as_var, np.power: _power, np.float_power: _power, np.matmul: _matmul, np.rint: rint,
        np.trunc: lambda x: graph.call("sign", x) * graph.call("floor", graph.call("abs", x)),
        np.tan: lambda x: graph.call("sin", x) / graph.call("cos", x), np.sinh: _sinh, np.cosh: _cosh,
        np.exp2: lambda x: graph.call("exp", _scaled(math.log(2))(x)), np.log2: _log_to(2), np.log10: _log_to(10),
        np.cbrt: lambda x: graph.call("sign", x) * graph.call("power", graph.call("abs", x), p=1 / 3),
        np.hypot: lambda a, b: graph.call("sqrt", _power(a, 2.0) + _power(b, 2.0)), np.logaddexp: _logaddexp,
        np.heaviside: _heaviside, np.deg2rad: _scaled(math.pi / 180), np.radians: _scaled(math.pi / 180),
        np.rad2deg: _scaled(180 / math.pi), np.degrees: _scaled(180 / math.pi),
        np.isnan: lambda x: _question("not_equal")(x, x),
        np.isinf: lambda x: _question("equal")(graph.call("abs", x), math.inf),
        np.isfinite: lambda x: _question("less")(graph.call("abs", x), math.inf),
        np.logical_and: lambda a, b: _logical("multiply", a, b), np.logical_or: lambda a, b: _logical("maximum", a, b),
        np.logical_xor: lambda a, b: _logical("not_equal", a, b), np.logical_not: lambda a: _logical("equal", a, 0.0)})
    return table


_tables: List[Dict[Any, Callable[..., Any]]] = []


def tables() -> Tuple[Dict[Any, Callable[..., Any]], Dict[Any, Callable[..., Any]]]:
    """ufuncs and functions, made when the first is called."""
    if not _tables:
        from .numpy_functions import functions
        _tables.extend([_ufuncs(), functions()])
    return _tables[0], _tables[1]


def _name(function: Any) -> str:
    module = str(getattr(function, "__module__", "") or "numpy").replace("numpy", "np", 1)
    return f"{module}.{getattr(function, '__name__', str(function))}"


def refused(what: str) -> TypeError:
    return TypeError(f"{what} of a chainrule.Var is not recorded: there is no gradient for it; use .value for numbers "
                     f"without one {where()}")


def call_ufunc(ufunc: Any, method: str, inputs: Sequence[Any], kwargs: Dict[str, Any]) -> Any:
    """Raises TypeError, naming it, for what has no operation."""
    name = f"np.{ufunc.__name__}"
    if kwargs.get("out") is not None:
        raise TypeError(f"{name} into an array would lose the gradient of a chainrule.Var; write a = a + v, not a += v, "
                        f"and leave out= away {where()}")
    rest = {k: a for k, a in kwargs.items() if k != "out" and a is not None and (k, a) not in (("casting", "same_kind"), ("where", True))}
    if method == "__call__" and not rest and (function := tables()[0].get(ufunc)) is not None:
        return function(*inputs)
    if method == "reduce" and ufunc in _REDUCED:
        reduction = dict(rest)
        axis = reduction.pop("axis", 0) if "axis" in kwargs else 0
        axis = kwargs.get("axis", 0)
        keepdims = bool(reduction.pop("keepdims", False))
        if not reduction:
            from . import reductions
            return reductions.reduced(_REDUCED[ufunc], inputs[0], axis, keepdims)
    if method == "accumulate" and ufunc is np.add and set(rest) <= {"axis"}:
        from . import reductions
        return reductions.cumsum(inputs[0], rest.get("axis", 0))
    if method == "outer" and not rest and (function := tables()[0].get(ufunc)) is not None:
        a, b = (as_var(x) for x in inputs)
        return function(a.reshape([int(d or -1) for d in a.shape] + [1] * b.ndim), b)
    raise refused(name if method == "__call__" else f"{name}.{method}")


_REDUCED = {np.add: "sum", np.maximum: "max", np.minimum: "min"}


def call_function(function: Any, args: Sequence[Any], kwargs: Dict[str, Any]) -> Any:
    """The same for numpy's functions."""
    name = _name(function)
    found = tables()[1].get(function)
    if found is None:
        raise refused(name)
    given = {k: a for k, a in kwargs.items()
             if not (k in ("out", "dtype") and a is None) and type(a).__name__ != "_NoValueType"}
    for k in ("out", "where", "initial", "dtype"):
        if k in given:
            raise TypeError(f"{name}({k}=) of a chainrule.Var is not recorded {where()}")
    try:
        return found(*args, **given)
    except TypeError as error:
        if "argument" in str(error) and "()" in str(error):
            raise TypeError(f"{name} of a chainrule.Var: {error} {where()}") from None
        raise


__all__ = ["array_constant", "call_function", "call_ufunc", "clip", "item", "logical", "refused", "rint", "tables",
           "truth", "where_"]
