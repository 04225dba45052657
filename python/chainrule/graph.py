"""The recorded graph: values that remember where they came from.

Every value is a :class:`Var`. Operators and the functions of :mod:`chainrule.ops` add operations;
shapes are checked at once, and an error names your line. Nothing is computed before somebody asks
for ``value``, ``grad`` or ``backward()``. Then everything below that value becomes one graph of the
C++ library, with all its memory planned, which is kept and runs again when an input has changed.
"""

from __future__ import annotations

import abc
import itertools
import sys
import weakref
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _core
from .arrays import Array, Number, as_array, as_floats, check_finite

__all__ = ["Var", "input", "class_input", "param", "constant", "Op", "custom_op"]

_serials = itertools.count()
_FOLDER = __file__.rpartition("/")[0]


def _where() -> str:
    """The caller's line, outside this package: "(notebook.py:12)"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_FOLDER):
        frame = frame.f_back
    return f"({frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno})"


def _located(error: Exception) -> Exception:
    text = str(error)
    return type(error)(text.replace("(:0)", _where()) if "(:0)" in text else f"{text} {_where()}")


class _Leaf:
    """The value of an input, a parameter or a constant; shared by the programs that read it."""

    __slots__ = ("value",)

    def __init__(self, value: Optional[Array]) -> None:
        self.value = value


class Contribution(NamedTuple):
    """One term of a gradient: what the operation `consumer` added by its input number `input`."""

    consumer: str
    input: int
    amount: Array


class Var:
    """A node of a graph: an input, a parameter, a constant, or the result of an operation.

    ``shape`` is numpy's; the first axis of what depends on an input counts the rows of the batch.
    Operators work as in numpy (``+ - * / ** @``, also with numbers and arrays).
    """

    __slots__ = ("_kind", "_name", "_dims", "_batched", "_classes", "_op", "_inputs", "_serial",
                 "_leaf", "_trainable", "_dtype", "_rows_from", "_own", "_seen", "_graded",
                 "__weakref__")
    __array_ufunc__ = None  # numpy leaves array @ var to us

    def __init__(self, kind: str, dims: Sequence[int], batched: bool, name: str = "") -> None:
        self._kind = kind
        self._name = name
        self._dims = tuple(int(d) for d in dims)
        self._batched = batched
        self._classes = 0
        self._op: Optional[_core.Op] = None
        self._inputs: Tuple[Var, ...] = ()
        self._serial = next(_serials)
        self._leaf: Optional[_Leaf] = None
        self._trainable = kind == "param"
        self._dtype: Optional[np.dtype[Any]] = None
        self._rows_from: Optional[Var] = self if batched else None
        self._own: Optional[_Program] = None
        self._seen: Optional[_Program] = None
        self._graded: Optional[_Program] = None

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
        rows: Optional[int] = None
        if self._rows_from is not None and self._rows_from._leaf is not None:
            value = self._rows_from._leaf.value
            rows = None if value is None else int(value.shape[0])
        return (rows, *self._dims)

    @property
    def ndim(self) -> int:
        return len(self._dims) + int(self._batched)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 when every array that it depends on is, else float64."""
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
                raise _core.Error(f"input '{self.name}' has no value yet; set x.value = rows {_where()}")
            return self._leaf.value
        program = self._seen
        if program is None or not program.is_fresh():
            program = self._program()
            program.run()
        return program.value(self)

    @value.setter
    def value(self, value: Any) -> None:
        if self._leaf is None:
            raise TypeError(f"'{self.name}' is computed by the operation {self.op}; only inputs and "
                            f"parameters can be given a value {_where()}")
        if self._kind == "class_input":
            self._leaf.value = _class_array(value, self._classes, self.name)
            return
        a = as_floats(value, f"'{self.name}'", self.dtype.type)
        check_finite(a, f"'{self.name}'")
        wanted = self._dims if not self._batched else (a.shape[0] if a.ndim else 0, *self._dims)
        if a.shape != wanted or (self._batched and a.shape[0] == 0):
            shown = self._dims if not self._batched else ("rows", *self._dims)
            expected = "(" + ", ".join(str(d) for d in shown) + ("," if len(shown) == 1 else "") + ")"
            raise _core.ShapeError(f"'{self.name}' was given shape {a.shape}, expected {expected} {_where()}")
        if self._kind == "param":
            a = _own_copy(a, self._leaf.value)
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
            given = as_floats(upstream, "the upstream gradient", self.dtype.type)
            if given.shape != self.shape:
                raise _core.ShapeError(f"the upstream gradient has shape {given.shape}, "
                                       f"'{self.name}' has {self.shape} {_where()}")
        program.backward(self, given)

    def item(self) -> float:
        """The only element as a Python number."""
        value = self.value
        if value.size != 1:
            raise _core.ShapeError(f"'{self.name}' has {value.size} elements, expected one {_where()}")
        return float(value.reshape(()))

    def __float__(self) -> float:
        return self.item()

    def __array__(self, dtype: Any = None) -> Array:
        return np.asarray(self.value, dtype)

    def __bool__(self) -> bool:
        raise TypeError("a Var is neither true nor false; compare its value, as in y.value > 0")

    def __iter__(self) -> Any:
        raise TypeError("a Var cannot be iterated over; iterate over its value")

    def _program(self) -> "_Program":
        if self._own is None:
            self._own = _Program(self, self.dtype)
        return self._own

    # Operators.

    def __add__(self, other: Any) -> "Var":
        return _call("add", self, other)

    def __radd__(self, other: Any) -> "Var":
        return _call("add", other, self)

    def __sub__(self, other: Any) -> "Var":
        return _call("subtract", self, other)

    def __rsub__(self, other: Any) -> "Var":
        return _call("subtract", other, self)

    def __mul__(self, other: Any) -> "Var":
        return _call("multiply", self, other)

    def __rmul__(self, other: Any) -> "Var":
        return _call("multiply", other, self)

    def __truediv__(self, other: Any) -> "Var":
        return _call("divide", self, other)

    def __rtruediv__(self, other: Any) -> "Var":
        return _call("divide", other, self)

    def __matmul__(self, other: Any) -> "Var":
        return _call("matmul", self, other)

    def __rmatmul__(self, other: Any) -> "Var":
        return _call("matmul", other, self)

    def __neg__(self) -> "Var":
        return _call("negate", self)

    def __abs__(self) -> "Var":
        return _call("abs", self)

    def __pow__(self, exponent: Number) -> "Var":
        if not isinstance(exponent, (int, float, np.number)):
            raise TypeError(f"x ** y expects a number as y, not {type(exponent).__name__} {_where()}")
        return _call("square", self) if exponent == 2 else _call("power", self, exponent=float(exponent))

    def __getitem__(self, key: Any) -> "Var":
        """``x[..., 2:5]``: elements of the last axis."""
        if isinstance(key, tuple) and len(key) == 2 and key[0] is Ellipsis:
            key = key[1]
            last = self._dims[-1] if self._dims else 1
            if isinstance(key, slice) and key.step in (None, 1):
                begin, end, _ = key.indices(last)
                return _call("slice", self, begin=begin, end=end)
        raise TypeError(f"a Var can be cut along its last axis only, as in x[..., 2:5] {_where()}")

    def sum(self) -> "Var":
        """Sum of all elements -> ()."""
        return _call("sum", self)

    def mean(self) -> "Var":
        """Mean of all elements -> ()."""
        return _call("mean", self)

    def reshape(self, *shape: int) -> "Var":
        """The elements of each row with other axes; the rows are not named: [B, 784] becomes
        [B, 28, 28] by ``x.reshape(28, 28)``."""
        return _call("reshape", self, shape=[int(d) for d in shape])

    @property
    def T(self) -> "Var":
        """The last two axes swapped: [..., M, N] -> [..., N, M]."""
        return _call("transpose", self)


class _Program:
    """Everything below one node as a graph of the library, with its memory."""

    def __init__(self, root: Var, dtype: np.dtype[Any]) -> None:
        order: Dict[int, Var] = {}
        waiting = [root]
        while waiting:
            v = waiting.pop()
            if v._serial not in order:
                order[v._serial] = v
                waiting.extend(v._inputs)
        vars = [order[s] for s in sorted(order)]  # creation is an order of computation
        self.dtype = dtype
        self.number = {v._serial: i for i, v in enumerate(vars)}
        self.vars = [weakref.ref(v) for v in vars]
        self.leaves = [(i, v._kind, v._leaf, v.name) for i, v in enumerate(vars)
                       if v._leaf is not None and v._kind != "constant"]
        self.states = [(i, v._leaf) for i, v in enumerate(vars)
                       if v._kind == "param" and not v._trainable and v._leaf is not None]
        self.stateful = any(v._op is not None and v._op.stateful for v in vars)
        self.pass_ = (False, 0, 0)
        self.ran: Optional[Tuple[bool, int, int]] = None
        self.rows = self._rows()
        make = _core.Program32 if dtype == np.float32 else _core.Program64
        try:
            self.core: Any = make(_node_list(vars, self.number), self.rows)
        except _core.Error as error:
            raise _located(error) from None

    def _rows(self) -> int:
        rows: Optional[int] = None
        first = ""
        for _, kind, leaf, name in self.leaves:
            if kind == "param":
                continue
            if leaf.value is None:
                raise _core.Error(f"input '{name}' has no value yet; set its value {_where()}")
            if rows is not None and len(leaf.value) != rows:
                raise _core.ShapeError(f"input '{first}' has {rows} rows, '{name}' has {len(leaf.value)} {_where()}")
            rows, first = len(leaf.value), name
        return 1 if rows is None else rows

    def set_pass(self, training: Optional[bool], seed: Optional[int], step: Optional[int]) -> None:
        t, s, n = self.pass_
        self.pass_ = (t if training is None else bool(training), s if seed is None else int(seed),
                      n if step is None else int(step))

    def copy_in(self) -> bool:
        """True when an input differs from what the tape holds."""
        rows = self._rows()
        changed = rows != self.rows
        if changed:
            self.rows = rows
            self.core.set_rows(rows)
        for i, kind, leaf, _ in self.leaves:
            if kind == "class_input":
                changed |= self.core.set_classes(i, leaf.value)
            else:
                value = leaf.value
                if value.dtype != self.dtype:
                    value = value.astype(self.dtype)
                changed |= self.core.set(i, value)
        return bool(changed)

    def is_fresh(self) -> bool:
        """Do the values belong to what the inputs hold now?"""
        try:
            fresh = not self.copy_in() and self.ran == self.pass_
        except _core.Error:
            return False
        if not fresh:
            self.ran = None
        return fresh

    def run(self) -> None:
        if not self.copy_in() and self.ran == self.pass_:
            return
        self.ran = None  # until it has succeeded
        self.core.forward(*self.pass_)
        self.ran = self.pass_
        for ref in self.vars:
            v = ref()
            if v is not None:
                v._seen = self

    def backward(self, v: Var, upstream: Optional[Array]) -> None:
        self.core.backward(self.number[v._serial], upstream)
        for ref in self.vars:
            reached = ref()
            if reached is not None:
                reached._graded = self
        if self.pass_[0] and self.stateful:
            self.core.update_state()
            for i, leaf in self.states:
                leaf.value = self.core.param(i)

    def value(self, v: Var) -> Array:
        found: Array = self.core.value(self.number[v._serial])
        return found

    def grad(self, v: Var) -> Optional[Array]:
        if v._kind in ("class_input", "constant"):
            return None
        found: Array = self.core.grad(self.number[v._serial])
        return found

    def contributions(self, v: Var) -> List[Tuple[str, int, Array]]:
        found: List[Tuple[str, int, Array]] = self.core.contributions(self.number[v._serial])
        return found

    def name(self, v: Var) -> str:
        return str(self.core.name(self.number[v._serial]))


def _node_list(vars: Sequence[Var], number: Dict[int, int]) -> List[Tuple[Any, ...]]:
    """Nodes as _core.Program* and _core.gradcheck read them."""
    nodes: List[Tuple[Any, ...]] = []
    for v in vars:
        if v._kind == "input":
            nodes.append(("input", v._name, v._dims))
        elif v._kind == "class_input":
            nodes.append(("class_input", v._name, v._classes, v._dims))
        elif v._kind == "param":
            nodes.append(("param", v._name, v._dims, v._trainable))
        elif v._kind == "constant":
            assert v._leaf is not None and v._leaf.value is not None
            nodes.append(("constant", v._leaf.value))
        else:
            nodes.append(("op", v._op, [number[i._serial] for i in v._inputs], v._name))
    return nodes


def _call(what: Union[str, "_core.Op"], *inputs: Any, **options: Any) -> Var:
    """Adds an operation: the only place where nodes come from."""
    vars: List[Optional[Var]] = []
    specs: List[Any] = []
    names: set[str] = set()
    if what in ("add", "subtract", "multiply", "divide", "maximum", "minimum"):
        inputs = tuple(float(i) if _is_number(i) else i for i in inputs)
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
    try:
        recorded = _core.record(what, specs, options)
    except _core.Error as error:
        raise _located(error) from None
    for kind, content, refs, dims, batched in recorded:
        v = Var(kind, dims, batched)
        if kind == "constant":
            v._leaf = _Leaf(content)
        else:
            v._op = content
            found = [vars[r] for r in refs]
            v._inputs = tuple(x for x in found if x is not None)
            kinds = [x._dtype for x in v._inputs if x._dtype is not None]
            v._dtype = np.result_type(*kinds) if kinds else None
            v._rows_from = next((x._rows_from for x in v._inputs if x._rows_from is not None), None)
        vars.append(v)
    result = vars[-1]
    assert result is not None
    return result


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float, np.number)) and not isinstance(x, bool) or (
        isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "fiu")


def _own_copy(a: Array, old: Optional[Array]) -> Array:
    """A parameter's array is never somebody else's, and may be written to."""
    if a is old and a.flags.writeable:
        return a
    return np.array(a, order="C", copy=True)


def _class_array(y: Any, classes: int, name: str) -> Array:
    a = as_array(y, f"'{name}'")
    if a.dtype.kind == "f" and a.size and np.isfinite(a).all() and (a == np.floor(a)).all():
        a = a.astype(np.int64)
    if a.dtype.kind not in "iub":
        raise TypeError(f"'{name}' has elements of type {a.dtype}, expected class numbers from 0 {_where()}")
    if a.ndim != 1 or a.size == 0:
        raise _core.ShapeError(f"'{name}' has shape {a.shape}, expected one class for each row {_where()}")
    low, high = int(a.min()), int(a.max())
    if low < 0 or high >= classes:
        raise _core.DataError(f"'{name}' has class {low if low < 0 else high}, expected 0 to "
                              f"{classes - 1} {_where()}")
    return np.require(a, np.dtype(np.int32), "C")


def input(value: Any = None, *, shape: Optional[Sequence[int]] = None, name: str = "",
          dtype: Any = None) -> Var:
    """Data: an array whose first axis counts the rows, or ``shape`` of one row, to be given a
    value later. The array is not copied where its memory allows; set ``x.value`` to other rows,
    of any number, to run the same graph again.

    >>> x = cr.input([[1.0, 2.0], [3.0, 4.0]])   # two rows of two features
    >>> x = cr.input(shape=(784,), name="x")     # x.value = batch comes later
    """
    if value is None:
        if shape is None:
            raise TypeError("input() expects an array, or the shape of one row")
        v = Var("input", shape, True, name)
        v._leaf = _Leaf(None)
        v._dtype = np.dtype(dtype or np.float64)
        if v._dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype is {v._dtype}, expected float32 or float64")
        return v
    a = as_floats(value, f"input '{name}'" if name else "the input", dtype)
    if a.ndim == 0:
        raise _core.ShapeError("an input has rows, this is a single number; use param() or constant() "
                               + _where())
    check_finite(a, f"input '{name}'" if name else "the input")
    if a.shape[0] == 0:
        raise _core.ShapeError(f"the input has no rows {_where()}")
    if shape is not None and tuple(shape) != a.shape[1:]:
        raise _core.ShapeError(f"a row of the input has shape {a.shape[1:]}, expected {tuple(shape)} {_where()}")
    v = Var("input", _checked_dims(a.shape[1:]), True, name)
    v._leaf = _Leaf(a)
    v._dtype = a.dtype
    return v


def class_input(value: Any = None, classes: Optional[int] = None, *, name: str = "") -> Var:
    """Class numbers, one for each row, from 0 to ``classes`` - 1 (by default the greatest that
    there is): the target of :func:`chainrule.softmax_cross_entropy`."""
    if classes is None:
        if value is None:
            raise TypeError("class_input() expects class numbers, or how many classes there are")
        a = as_array(value, "the classes")
        classes = int(a.max()) + 1 if a.size and a.dtype.kind in "iubf" and np.isfinite(a).all() else 1
    if classes < 1:
        raise _core.ShapeError(f"there are {classes} classes, expected at least 1 {_where()}")
    v = Var("class_input", (), True, name)
    v._classes = int(classes)
    v._leaf = _Leaf(None if value is None else _class_array(value, v._classes, name or "the classes"))
    return v


def param(value: Any, *, name: str = "", trainable: bool = True, dtype: Any = None) -> Var:
    """Numbers to be learnt: a copy of the array, of any shape up to four axes, without rows.

    >>> w = cr.param(np.random.randn(2, 3), name="w")
    """
    what = f"parameter '{name}'" if name else "the parameter"
    a = as_floats(value, what, dtype)
    check_finite(a, what)
    v = Var("param", _checked_dims(a.shape), False, name)
    v._leaf = _Leaf(_own_copy(a, None))
    v._trainable = trainable
    v._dtype = a.dtype
    return v


def constant(value: Any) -> Var:
    """Numbers that stay what they are, the same for each row."""
    a = as_floats(value, "the constant", np.float64)
    check_finite(a, "the constant")
    v = Var("constant", _checked_dims(a.shape), False)
    v._leaf = _Leaf(np.array(a))
    return v


def _checked_dims(dims: Tuple[int, ...]) -> Tuple[int, ...]:
    if len(dims) > 4:
        raise _core.ShapeError(f"{len(dims)} axes beside the rows are more than 4 {_where()}")
    if 0 in dims:
        raise _core.ShapeError(f"shape {dims} has an axis of length 0 {_where()}")
    return dims


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
        return _call(_core.custom_op(self, name, names, formula, derivatives), *vars)


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


def below(root: Var) -> Iterable[Var]:
    """Every node that `root` depends on, in the order of computation."""
    seen: Dict[int, Var] = {}
    waiting = [root]
    while waiting:
        v = waiting.pop()
        if v._serial not in seen:
            seen[v._serial] = v
            waiting.extend(v._inputs)
    return [seen[s] for s in sorted(seen)]
