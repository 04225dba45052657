"""Optimizers for parameters of a graph: the rules with which models are trained."""

from __future__ import annotations

from typing import Any, Iterable, List, Tuple

import numpy as np

from . import _core
from .graph import Var

__all__ = ["Optimizer", "SGD", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam", "AdamW", "Rprop"]


class Optimizer:
    """Steps against the gradients of parameters, of float32 or float64.

    >>> optimizer = cr.Adam([w, b], lr=0.01)
    >>> for x.value, t.value in batches:
    ...     loss.backward()
    ...     optimizer.step()

    Settings have the names that `chainrule train --help` lists, ``lr`` among them; ``lr`` may be
    changed between steps.
    """

    rule: str = ""

    def __init__(self, params: Iterable[Var], *, rule: str = "", **settings: float) -> None:
        self.params: List[Var] = list(params)
        name = rule or self.rule
        if not name:
            raise TypeError("Optimizer() expects the name of a rule, as in rule='adam'")
        values = {key: float(value) for key, value in settings.items()}
        for p in self.params:
            if not isinstance(p, Var) or p._kind != "param" or not p._trainable:
                raise TypeError("an optimizer works on trainable parameters, as cr.param() makes them")
        if not self.params:
            raise _core.Error("the optimizer was given no parameters")
        self._bind([_stepper(p)(name, values, p.value.size) for p in self.params])
        self.lr: float = self._steppers[0].lr

    def _bind(self, steppers: List[Any]) -> None:
        self._steppers = steppers
        self._leaves = [p._leaf for p in self.params]
        kinds = {p.dtype for p in self.params}
        self._used: Tuple[Any, int] = (None, 0)
        self._dtype: Any = kinds.pop() if len(kinds) == 1 else None

    def step(self) -> None:
        """One step with the gradients of the last ``backward()``."""
        program = self.params[0]._graded
        for p in self.params:
            if p._graded is None:
                raise _core.Error(f"parameter '{p.name}' has no gradient yet; call backward() first")
            if p._graded is not program:
                program = None
                break
        if program is not None and (program, program.backwards) == self._used:
            raise _core.Error("there was no backward() since zero_grad()")
        if program is not None and program.dtype is self._dtype:
            program.core.step(self._steppers, self._leaves, self.lr)
        else:
            self._step_apart()

    def _step_apart(self) -> None:
        """Of gradients that belong to several graphs, or to one of another type."""
        found = []
        for p in self.params:
            grad = p.grad
            if grad is None:
                raise _core.Error(f"parameter '{p.name}' has no gradient yet; call backward() first")
            if not np.isfinite(grad).all():
                raise _core.NumericError(f"the gradient of '{p.name}' is not finite; no parameter was changed")
            found.append(np.require(grad, p.dtype, "C"))
        for p, stepper, grad in zip(self.params, self._steppers, found):
            stepper.step(p.value, grad, self.lr)

    def zero_grad(self) -> None:
        """Lets :meth:`step` ask for another ``backward()``. Not needed otherwise: a gradient is that
        of the last one, not a sum."""
        program = self.params[0]._graded
        self._used = (program, 0 if program is None else program.backwards)

    def __getstate__(self) -> Any:
        return {"params": self.params, "lr": self.lr, "steppers": [s.state() for s in self._steppers]}

    def __setstate__(self, state: Any) -> None:
        self.params, self.lr = state["params"], state["lr"]
        self._bind([_stepper(p)(s, p.value.size) for p, s in zip(self.params, state["steppers"])])


def _stepper(p: Var) -> Any:
    return _core.Stepper32 if p.dtype == np.float32 else _core.Stepper64


class SGD(Optimizer):
    """w -= lr * dw."""

    rule = "sgd"


class Momentum(Optimizer):
    """Gradient descent with a velocity."""

    rule = "momentum"


class Nesterov(Optimizer):
    """Momentum that looks ahead."""

    rule = "nesterov"


class Adagrad(Optimizer):
    """A rate for each weight, which falls with the squares of its gradients."""

    rule = "adagrad"


class RMSprop(Optimizer):
    """The gradient divided by a running mean of its size."""

    rule = "rmsprop"


class Adam(Optimizer):
    """Momentum and a rate for each weight, both corrected for their start at zero."""

    rule = "adam"


class AdamW(Optimizer):
    """Adam whose weight decay acts on the weight itself."""

    rule = "adamw"


class Rprop(Optimizer):
    """Only signs count; each weight learns the length of its step. For full batches."""

    rule = "rprop"
