"""Operations of your own, in Python."""

from __future__ import annotations

import abc
from typing import Any, Callable, Sequence, Tuple

from . import _core
from .graph import Var, call, constant

__all__ = ["Op", "custom_op"]


class Op(abc.ABC):
    """An operation of your own. Without ``backward`` there is none.

    >>> class Softsign(cr.Op):
    ...     formula = "y = x / (1 + |x|)"
    ...     def forward(self, x):
    ...         return x / (1 + np.abs(x))
    ...     def backward(self, dy, x):
    ...         return dy / (1 + np.abs(x)) ** 2
    >>> softsign = Softsign()
    >>> assert cr.gradcheck(softsign, (4, 7))

    Arrays come with their rows ([B, ...] for what depends on an input), in float32 or float64, are
    read-only, and may be kept. ``backward`` returns one gradient for each input, of its shape.
    """

    #: Shown in explanations; by default the class's name.
    name: str = ""
    #: Names of the inputs in the formulas.
    inputs: Sequence[str] = ()
    #: "y = ..."
    formula: str = ""
    #: "dx = dy * ...", one for each input.
    derivatives: Sequence[str] = ()

    @abc.abstractmethod
    def forward(self, *inputs: Any) -> Any:
        """The value, [B, *shape] or [*shape]."""

    @abc.abstractmethod
    def backward(self, dy: Any, *inputs: Any) -> Any:
        """The gradient of each input, given that of the value."""

    def shape(self, *shapes: Tuple[int, ...]) -> Tuple[int, ...]:
        """Axes of one row of the value, from those of the inputs; by default those of the first."""
        return shapes[0]

    def __call__(self, *inputs: Any) -> Var:
        vars = [i if isinstance(i, Var) else constant(i) for i in inputs]
        if not vars:
            raise TypeError("an operation has at least one input")
        name = (self.name or type(self).__name__).lower()
        names = list(self.inputs) or (["x"] if len(vars) == 1 else [f"x{i + 1}" for i in range(len(vars))])
        if len(names) != len(vars):
            raise TypeError(f"{name} was given {len(vars)} inputs, expected {len(names)}")
        derivatives = list(self.derivatives) or [f"d{n} = {name}_backward(dy, {', '.join(names)})" for n in names]
        if len(derivatives) != len(vars):
            raise TypeError(f"{name} names {len(derivatives)} derivatives, expected {len(vars)}")
        formula = self.formula or f"y = {name}({', '.join(names)})"
        return call(_core.custom_op(self, name, names, formula, derivatives), *vars)


class _FunctionOp(Op):
    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], name: str) -> None:
        self._forward, self._backward = forward, backward
        self.name = name

    def forward(self, *inputs: Any) -> Any:
        return self._forward(*inputs)

    def backward(self, dy: Any, *inputs: Any) -> Any:
        return self._backward(dy, *inputs)


def custom_op(forward: Callable[..., Any], backward: Callable[..., Any], name: str = "") -> Op:
    """An operation from two functions: ``forward(*inputs)`` gives a value of the first input's
    shape, ``backward(dy, *inputs)`` the gradient of each input.

    >>> cube = cr.custom_op(lambda x: x ** 3, lambda dy, x: 3 * dy * x ** 2, "cube")
    """
    if not callable(forward) or not callable(backward):
        raise TypeError("custom_op() expects two functions, forward and backward")
    return _FunctionOp(forward, backward, name or getattr(forward, "__name__", "custom").strip("<>"))
