"""The recorded graph: values that remember where they came from.

Every value is a :class:`Var`. Operators and the functions of :mod:`chainrule.ops` add operations;
shapes are checked at once, and an error names your line. Nothing is computed before somebody asks
for ``value``, ``grad`` or ``backward()``. Then everything below that value becomes one graph of the
C++ library, with all its memory planned, which is kept and runs again when an input has changed.
"""

from __future__ import annotations

import itertools
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _core
from .arrays import Array, as_floats, check_finite
from .operators import Operators
from .program import Program
from .values import Leaf, checked_dims, class_array, own_copy
from .where import located, where

__all__ = ["Var", "call", "constant"]

_serials = itertools.count()


class Contribution(NamedTuple):
    """One term of a gradient: what the operation `consumer` added by its input number `input`."""

    consumer: str
    input: int
    amount: Array


class Var(Operators):
    """A node of a graph: an input, a parameter, a constant, or the result of an operation.

    ``shape`` is numpy's; the first axis of what depends on an input counts the rows of the batch.
    Operators, methods, indices and numpy's own functions do what they do in numpy, with numbers and
    arrays too.
    """

    __slots__ = ("_kind", "_name", "_dims", "_batched", "_classes", "_op", "_inputs", "_serial",
                 "_leaf", "_trainable", "_dtype", "_rows_from", "_own", "_seen", "_graded",
                 "_truth", "__weakref__")

    def __init__(self, kind: str, dims: Sequence[int], batched: bool, name: str = "") -> None:
        self._kind = kind
        self._name = name
        self._dims = tuple(int(d) for d in dims)
        self._batched = batched
        self._classes = 0
        self._op: Optional[_core.Op] = None
        self._inputs: Tuple[Var, ...] = ()
        self._serial = next(_serials)
        self._leaf: Optional[Leaf] = None
        self._trainable = kind == "param"
        self._dtype: Optional[np.dtype[Any]] = None
        self._rows_from: Optional[Leaf] = None  # of an operation: what says how many rows there are
        self._own: Optional[Program] = None
        self._seen: Optional[Program] = None
        self._graded: Optional[Program] = None
        self._truth = False

    # What it is.

    @property
    def name(self) -> str:
        """As given, or as the graph named it when it first ran."""
        if self._name or self._seen is None:
            return self._name or (self._op.name if self._op else self._kind)
        return self._seen.name(self)

    def named(self, name: str) -> "Var":
        """Gives the node a name for explanations and errors; returns the node."""
        self._name = str(name)
        return self

    @property
    def shape(self) -> Tuple[Optional[int], ...]:
        """As in numpy; None for rows that no input has yet."""
        if not self._batched:
            return self._dims
        leaf = self._rows_leaf
        rows = None if leaf is None or leaf.value is None else int(leaf.value.shape[0])
        return (rows, *self._dims)

    @property
    def _rows_leaf(self) -> Optional[Leaf]:
        return self._leaf if self._rows_from is None else self._rows_from

    @property
    def ndim(self) -> int:
        return len(self._dims) + int(self._batched)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 when every array that it depends on is, else float64; bool of a comparison."""
        return np.dtype(bool) if self._truth else self._computed_in

    @property
    def _computed_in(self) -> np.dtype[Any]:
        return self._dtype if self._dtype is not None else np.dtype(np.float64)

    @property
    def op(self) -> str:
        """Name of the operation; "" for inputs, parameters and constants."""
        return self._op.name if self._op else ""

    @property
    def formula(self) -> str:
        """How the operation computes its value, from its document: "y = max(x, 0)"."""
        return self._op.forward if self._op else ""

    @property
    def derivatives(self) -> Tuple[str, ...]:
        """How the operation computes the gradient of each input: ("dx = dy * (x > 0)",)."""
        return tuple(self._op.backward) if self._op else ()

    @property
    def inputs(self) -> Tuple["Var", ...]:
        """The nodes that the operation reads."""
        return self._inputs

    def __repr__(self) -> str:
        shape = ", ".join("B" if d is None else str(d) for d in self.shape)
        return f"<chainrule.Var {self.name!r} [{shape}] {self.dtype}>"

    # What it holds.

    @property
    def value(self) -> Array:
        """Its value now. Of an input or a parameter the array itself, so that
        ``w.value -= 0.1 * w.grad`` changes it; of an operation a new array, computed when
        something below it has changed."""
        if self._leaf is not None:
            if self._leaf.value is None:
                raise _core.Error(f"input '{self.name}' has no value yet; set x.value = rows {where()}")
            held: Array = self._leaf.value
            return held
        program = self._seen
        if program is None or not program.is_fresh():
            program = self._program()
            program.run()
        return program.value(self)

    @value.setter
    def value(self, value: Any) -> None:
        if self._leaf is None:
            raise TypeError(f"'{self.name}' is computed by the operation {self.op}; only inputs and "
                            f"parameters can be given a value {where()}")
        if self._kind == "class_input":
            self._leaf.value = class_array(value, self._classes, self.name)
            return
        a = as_floats(value, f"'{self.name}'", self.dtype.type)
        check_finite(a, f"'{self.name}'")
        wanted = self._dims if not self._batched else (a.shape[0] if a.ndim else 0, *self._dims)
        if a.shape != wanted or (self._batched and a.shape[0] == 0):
            shown = ["rows"] * self._batched + [str(d) for d in self._dims]
            expected = "(" + ", ".join(shown) + ("," if len(shown) == 1 else "") + ")"
            raise _core.ShapeError(f"'{self.name}' was given shape {a.shape}, expected {expected} {where()}")
        if self._kind == "param":
            a = own_copy(a, self._leaf.value)
        self._leaf.value = a

    @property
    def grad(self) -> Union[Array, Any]:
        """Gradient of the value on which ``backward()`` was last called by this one, of the shape
        of ``value``; None before. It is not added to that of an earlier call."""
        # Any, not Optional: who has called backward() need not assert that there is a gradient.
        return None if self._graded is None else self._graded.grad(self)

    @property
    def contributions(self) -> List[Contribution]:
        """The terms that the chain rule added up to ``grad``: one for each use of this value."""
        if self._graded is None:
            return []
        return [Contribution(*t) for t in self._graded.contributions(self)]

    def forward(self, *, training: bool = False, seed: int = 0, step: int = 0) -> Array:
        """Computes everything up to here and returns the value. With ``training`` dropout drops
        and batch_norm uses the batch; random numbers are fixed by ``seed`` and ``step``."""
        program = self._program()
        program.set_pass(training, seed, step)
        program.run()
        return program.value(self)

    def backward(self, upstream: Any = None, *, training: Optional[bool] = None,
                 seed: Optional[int] = None, step: Optional[int] = None) -> None:
        """Gradient of this value by every node below it, to be read as ``grad``. Of a value with
        several elements it is that of their sum, or weighted by ``upstream``, of the same shape.
        What is not given about the pass stays as in the last :meth:`forward`."""
        program = self._program()
        program.set_pass(training, seed, step)
        program.run()
        given = None
        if upstream is not None:
            given = as_floats(upstream, "the upstream gradient", self._computed_in.type)
            if given.shape != self.shape:
                raise _core.ShapeError(f"the upstream gradient has shape {given.shape}, "
                                       f"'{self.name}' has {self.shape} {where()}")
        program.backward(self, given)

    def _program(self) -> "Program":
        if self._own is None:
            self._own = Program(self, self._computed_in)
        return self._own


def call(what: Union[str, "_core.Op"], *inputs: Any, **options: Any) -> Var:
    """Adds an operation: the only place where nodes come from."""
    vars: List[Optional[Var]] = []
    specs: List[Any] = []
    names: set[str] = set()
    for i in inputs:
        if isinstance(i, float):
            vars.append(None)
            specs.append(i)
            continue
        v = i if isinstance(i, Var) else constant(i)
        name = "" if v._name in names else v._name
        names.add(name)
        vars.append(v)
        if v._kind == "class_input":
            specs.append(("class_input", name, v._classes, v._dims))
        elif v._batched:
            specs.append(("input", name, v._dims))
        else:
            specs.append(("param", name, v._dims, v._kind != "param" or v._trainable))
    recorded = _recorded(what, specs, options)
    for kind, content, refs, dims, batched in recorded:
        v = Var(kind, dims, batched)
        if kind == "constant":
            v._leaf = Leaf(content)
        else:
            v._op = content
            found = [vars[r] for r in refs]
            v._inputs = tuple(x for x in found if x is not None)
            kinds = {x._dtype for x in v._inputs if x._dtype is not None}
            v._dtype = kinds.pop() if len(kinds) == 1 else np.result_type(*kinds) if kinds else None
            v._rows_from = next((x._rows_leaf for x in v._inputs if x._batched), None) if batched else None
        vars.append(v)
    result = vars[-1]
    assert result is not None
    return result


_known: Dict[Any, List[Any]] = {}  # what the library has answered, by what it was asked


def _recorded(what: Union[str, "_core.Op"], specs: List[Any], options: Dict[str, Any]) -> List[Any]:
    """The nodes of a call: an operation is stateless, so equal calls share it."""
    key = None
    if isinstance(what, str):
        key = (what, *[repr(s) if s == 0 else s for s in specs],  # 0.0 and -0.0 are two numbers
               *((k, tuple(v) if isinstance(v, list) else repr(v) if v == 0 else v) for k, v in options.items()))
        found = _known.get(key)
        if found is not None:
            return found
    try:
        found = _core.record(what, specs, options)
    except _core.Error as error:
        raise located(error) from None
    if key is not None and len(key) < 32:
        if len(_known) >= 1024:
            _known.clear()
        _known[key] = found
    return found


def constant(value: Any) -> Var:
    """Numbers that stay what they are, the same for each row."""
    a = as_floats(value, "the constant", np.float64)
    check_finite(a, "the constant")
    v = Var("constant", checked_dims(a.shape), False)
    v._leaf = Leaf(np.array(a))
    return v
