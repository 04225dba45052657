"""The gradient check of the library, for graphs and operations written in Python."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Sequence, Tuple, Union

import numpy as np

from . import _core
from .graph import Var
from .leaves import class_input, param
from .leaves import input as make_input
from .program import Program, below, node_list
from .where import located

__all__ = ["Argument", "Gradcheck", "gradcheck"]


class Argument(NamedTuple):
    """What a function is checked with: shape (rows first, unless `is_param`), or that many rows of
    class numbers; values are drawn from [low, high)."""

    shape: Tuple[int, ...]
    is_param: bool = False
    classes: int = 0
    low: float = -2.0
    high: float = 2.0


class CheckedInput(NamedTuple):
    """What was found for one input or parameter."""

    name: str
    shape: str
    checked: int
    resampled: int
    max_error: float
    mean_abs_error: float
    max_gradient: float


class Gradcheck:
    """The result: true when every gradient is right, else `failure` says what is wrong and where."""

    def __init__(self, report: Any) -> None:
        self.failure: str = report.failure
        self.max_error: float = report.max_error
        self.inputs: List[CheckedInput] = [CheckedInput(*e) for e in report.entries]

    def __bool__(self) -> bool:
        return not self.failure

    def __str__(self) -> str:
        lines = [f"{'input':12} {'shape':12} {'checked':>8} {'max error':>10} {'max |gradient|':>15}"]
        lines += [f"{e.name:12} {e.shape:12} {e.checked:8} {e.max_error:10.2e} {e.max_gradient:15.4g}"
                  for e in self.inputs]
        lines.append(f"wrong: {self.failure}" if self.failure else "every gradient is right")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Gradcheck {'failed: ' + self.failure if self.failure else f'ok, max error {self.max_error:.2e}'}>"


def gradcheck(function: Union[Var, Callable[..., Any]], *arguments: Union[Sequence[int], Argument],
              tolerance: float = 1e-6, training: bool = True, allow_zero: bool = False,
              seed: int = 1) -> Gradcheck:
    """Compares gradients with central differences in double.

    Of a function of values (an operation of yours, or any expression): one shape for each of its
    inputs, rows first, or an :class:`Argument`. Every element of every input is compared, for a
    random upstream gradient, and a dozen things beside that a backward pass must not do.

    >>> assert cr.gradcheck(lambda x, w: cr.tanh(x @ w), (4, 3), cr.Argument((3, 2), is_param=True))

    Of a value such as a loss: the gradients of all its parameters, where they are now.

    >>> assert cr.gradcheck(loss)
    """
    if isinstance(function, Var):
        if arguments:
            raise TypeError("gradcheck() of a value takes no shapes")
        options = _options(below(function), tolerance, training, allow_zero, seed)
        program = Program(function, np.dtype(np.float64))
        program.core.refresh()
        return Gradcheck(program.core.gradcheck(program.number[function._serial], options))
    if not callable(function):
        raise TypeError(f"gradcheck() expects a Var or a function, not {type(function).__name__}")
    if not arguments:
        raise TypeError("gradcheck() of a function expects a shape for each of its inputs")
    wanted = [a if isinstance(a, Argument) else Argument(tuple(a)) for a in arguments]
    leaves = [_placeholder(a) for a in wanted]
    result = function(*leaves)
    if not isinstance(result, Var):
        raise TypeError(f"the function returned {type(result).__name__}, expected a Var")
    vars = below(result)
    place = {leaf._serial: k for k, leaf in enumerate(leaves)}
    vars = [*(leaf for leaf in leaves if all(leaf is not v for v in vars)), *vars]
    number = {v._serial: i for i, v in enumerate(vars)}
    nodes = node_list(vars, number)
    options = _options(vars, tolerance, training, allow_zero, seed)
    specs: List[Tuple[Any, ...]] = [
        ("classes" if a.classes else "param" if a.is_param else "rows", [int(d) for d in a.shape], int(a.classes),
         float(a.low), float(a.high), []) for a in wanted]
    for i, v in enumerate(vars):
        if v._serial in place:
            nodes[i] = ("argument", place[v._serial])
        elif v._kind == "param":
            nodes[i] = ("constant", np.asarray(v.value, np.float64))
        elif v._kind == "input":  # rows that stay what they are
            nodes[i] = ("argument", len(specs))
            rows = np.asarray(v.value, np.float64)
            specs.append(("rows", list(rows.shape), 0, 0.0, 1.0, rows.ravel().tolist()))
        elif v._kind == "class_input":
            raise _core.Error("the function reads classes from outside; pass them as an argument")
    try:
        return Gradcheck(_core.gradcheck(nodes, number[result._serial], specs, options))
    except _core.Error as error:
        raise located(error) from None


def _options(vars: Sequence[Var], tolerance: float, training: bool, allow_zero: bool, seed: int) -> _core.GradcheckOptions:
    """The number of rows is fixed where an operation has made an axis of them."""
    fixed = any(i._batched and not v._batched and len(v._dims) > len(i._dims) and v._dims[1:] == i._dims
                for v in vars for i in v._inputs)
    return _core.GradcheckOptions(float(tolerance), bool(training), bool(allow_zero), fixed, int(seed))


def _placeholder(a: Argument) -> Var:
    if not a.is_param and (not a.shape or a.shape[0] < 1):
        raise _core.ShapeError(f"shape {tuple(a.shape)} has no rows")
    if a.classes:
        return class_input(np.zeros(a.shape, int), a.classes)
    return param(np.ones(a.shape)) if a.is_param else make_input(np.ones(a.shape))
