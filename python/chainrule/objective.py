"""The loss as a function, for optimizers of other libraries."""

from __future__ import annotations

from typing import Any, Tuple

from . import _core
from .arrays import Float64, as_floats

import numpy as np

__all__ = ["Objective"]


class Objective:
    """The loss on fixed rows as a function of all parameters, in double.

    >>> f = model.objective(x, y)
    >>> found = scipy.optimize.minimize(f, f.start, jac=True, method="L-BFGS-B")
    >>> f.apply(found.x)

    The parameters lie in one array [P] as in memory: [I, O] and so on, with a few zeros between
    them. The model changes by :meth:`apply` alone.
    """

    def __init__(self, raw: Any, data: Any, training: bool, threads: int) -> None:
        self._data = data
        self._raw = _core.Objective(raw, data, bool(training), int(threads))
        self.start: Float64 = self._raw.start()

    def __call__(self, values: Any) -> Tuple[float, Float64]:
        """The loss, and its gradient [P], at other parameters [P]."""
        loss, gradient = self._raw(as_floats(values, "values", np.float64))
        return float(loss), gradient

    def apply(self, values: Any) -> None:
        """Gives the model these parameters, rounded to float32."""
        self._raw.apply(as_floats(values, "values", np.float64))
