"""Explanations of formulas and of recorded graphs."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Union, overload

import numpy as np

from . import _core
from .arrays import as_floats
from .graph import Var
from .model import Model
from .program import Program
from .views import Comparison, Diagnosis, ElementExplanation, Explanation

__all__ = ["compare", "doctor", "explain"]


@overload
def explain(what: str, *, check: bool = True, **values: Any) -> Explanation: ...
@overload
def explain(what: Var, at: None = None, *, check: bool = True) -> Explanation: ...
@overload
def explain(what: Var, at: str, *, check: bool = True) -> ElementExplanation: ...


def explain(what: Union[str, Var], at: Optional[str] = None, *, check: bool = True,
            **values: Any) -> Union[Explanation, ElementExplanation]:
    """Takes a backward pass apart: upstream × local derivative = downstream, at every edge.

    Of a formula, with a number, vector or matrix for each of its names:

    >>> cr.explain("(apple*n + orange*m) * tax", apple=100, n=2, orange=150, m=3, tax=1.1)

    Of a recorded value, at the present inputs; with ``at`` one number of one gradient, such as
    "w[0,1]", as the sum of what every row adds to it. ``check`` compares the gradients of inputs
    with central differences.
    """
    if isinstance(what, str):
        if at is not None:
            raise TypeError("at= belongs to a recorded value, not to a formula")
        given = {name: as_floats(v, f"'{name}'", np.float64) for name, v in values.items()}
        return Explanation(_core.explain_formula(what, given), what)
    if not isinstance(what, Var):
        raise TypeError(f"explain() expects a formula or a Var, not {type(what).__name__}")
    if values:
        raise TypeError(f"values such as {next(iter(values))}= belong to a formula, not to a recorded value")
    program = _run(what)
    number = program.number[what._serial]
    if at is not None:
        return ElementExplanation(program.core.explain_element(number, str(at)))
    return Explanation(program.core.explain(number, bool(check)), what.name)


def _run(what: Var) -> Program:
    program = Program(what, np.dtype(np.float64))
    if what._seen is not None:
        program.pass_ = what._seen.pass_
    program.core.run(*program.pass_)
    return program


def compare(loss: Var, mine: Mapping[str, Any]) -> Comparison:
    """Your gradients of a recorded value against ours: which differs first, from the loss
    backwards, and which mistake reproduces your numbers.

    >>> w = cr.param(w0, name="W1")
    >>> cr.compare(((x @ w - t) ** 2).mean(), mine={"W1": dW1})

    Names are those of inputs and parameters, also with a d before them.
    """
    if not isinstance(loss, Var):
        raise TypeError(f"compare() expects a recorded value, not {type(loss).__name__}")
    given = {str(k): as_floats(v, f"'{k}'", np.float64) for k, v in mine.items()}
    program = _run(loss)
    return Comparison(program.core.compare(program.number[loss._serial], given))


def doctor(model: Model, x: Any, y: Any, **settings: Any) -> Diagnosis:
    """Why does it not learn? As :meth:`Model.doctor`: whether it learns at all, compared with plain
    answers, and what changes that."""
    return model.doctor(x, y, **settings)
