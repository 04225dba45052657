"""What operators and methods of a value of the graph do: what they do in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Optional, cast

import numpy as np

from . import copies, graph, indexing, numpy_protocol, products, reductions, shaping
from .arrays import Array
from .broadcasting import elementwise, is_number
from .where import where

if TYPE_CHECKING:
    from .graph import Var


def compared(name: str, a: Any, b: Any) -> "Var":
    """A question whose answer is true or false for each element; it has no gradient."""
    v = elementwise(name, a, b)
    v._truth = True
    return v


def power(x: Any, y: Any) -> "Var":
    """x to the power y; a number as exponent may be any, a base of an exponent that is none must be
    above 0 to have a gradient."""
    if is_number(y) and not is_number(x):
        return graph.call("square", x) if float(y) == 2 else graph.call("power", x, p=float(y))
    return elementwise("pow", x, y)


class Operators:
    """The part of Var that numpy's arrays have too."""

    __slots__ = ()
    __pandas_priority__ = 5000  # frames and series leave df * var to us
    __hash__ = object.__hash__

    def _var(self) -> "Var":
        return cast("Var", self)

    def __reduce__(self) -> Any:
        return copies.reduced(self._var())

    def __deepcopy__(self, memo: Any) -> "Var":
        return copies.copied(self._var(), memo)

    def __copy__(self) -> "Var":
        return self._var()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return numpy_protocol.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_protocol.call_function(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        raise TypeError(f"'{self._var().name}' as an array would lose its gradient; its .value is the array {where()}")

    # Arithmetic.

    def __add__(self, other: Any) -> "Var":
        return elementwise("add", self, other)

    def __radd__(self, other: Any) -> "Var":
        return elementwise("add", other, self)

    def __sub__(self, other: Any) -> "Var":
        return elementwise("subtract", self, other)

    def __rsub__(self, other: Any) -> "Var":
        return elementwise("subtract", other, self)

    def __mul__(self, other: Any) -> "Var":
        return elementwise("multiply", self, other)

    def __rmul__(self, other: Any) -> "Var":
        return elementwise("multiply", other, self)

    def __truediv__(self, other: Any) -> "Var":
        return elementwise("divide", self, other)

    def __rtruediv__(self, other: Any) -> "Var":
        return elementwise("divide", other, self)

    def __matmul__(self, other: Any) -> "Var":
        return products.matmul(self, other)

    def __rmatmul__(self, other: Any) -> "Var":
        return products.matmul(other, self)

    def __pow__(self, exponent: Any) -> "Var":
        return power(self, exponent)

    def __rpow__(self, base: Any) -> "Var":
        return power(base, self)

    def __neg__(self) -> "Var":
        return graph.call("negate", self)

    def __pos__(self) -> "Var":
        return self._var()

    def __abs__(self) -> "Var":
        return graph.call("abs", self)

    # Comparison.

    def __gt__(self, other: Any) -> "Var":
        return compared("greater", self, other)

    def __ge__(self, other: Any) -> "Var":
        return compared("greater_equal", self, other)

    def __lt__(self, other: Any) -> "Var":
        return compared("less", self, other)

    def __le__(self, other: Any) -> "Var":
        return compared("less_equal", self, other)

    def __eq__(self, other: Any) -> "Var":  # type: ignore[override]
        return compared("equal", self, other)

    def __ne__(self, other: Any) -> "Var":  # type: ignore[override]
        return compared("not_equal", self, other)

    def __and__(self, other: Any) -> "Var":
        return cast("Var", numpy_protocol.logical("multiply", self, other))

    __rand__ = __and__

    def __or__(self, other: Any) -> "Var":
        return cast("Var", numpy_protocol.logical("maximum", self, other))

    __ror__ = __or__

    def __xor__(self, other: Any) -> "Var":
        return cast("Var", numpy_protocol.logical("not_equal", self, other))

    __rxor__ = __xor__

    def __invert__(self) -> "Var":
        return cast("Var", numpy_protocol.logical("equal", self, False))

    # In place: a parameter or an input changes, anything else is given a new value.

    def __iadd__(self, other: Any) -> "Var":
        return self._in_place(np.add, other)

    def __isub__(self, other: Any) -> "Var":
        return self._in_place(np.subtract, other)

    def __imul__(self, other: Any) -> "Var":
        return self._in_place(np.multiply, other)

    def __itruediv__(self, other: Any) -> "Var":
        return self._in_place(np.divide, other)

    def _in_place(self, ufunc: Any, other: Any) -> "Var":
        v = self._var()
        if v._leaf is None or v._leaf.value is None or v._kind not in ("param", "input"):
            return cast("Var", ufunc(v, other))
        if isinstance(other, graph.Var):
            raise TypeError(f"'{v.name}' is changed in place, which has no gradient; use the other's .value, or write "
                            f"v = v + ... for a new value {where()}")
        if v._kind == "param":
            ufunc(v._leaf.value, other, out=v._leaf.value, casting="same_kind")
        else:
            v.value = ufunc(v._leaf.value, other)
        return v

    # As a number, a text, a sequence.

    def item(self) -> float:
        """The only element as a Python number."""
        return cast(float, numpy_protocol.item(self._var()))

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        if self._var().ndim and indexing.size(self._var()) > 1:
            raise ValueError("the truth value of an array with more than one element is ambiguous; use np.any() or "
                             f"np.all() {where()}")
        return bool(self.item())

    def __round__(self, digits: Optional[int] = None) -> float:
        return round(float(self.item()), digits)

    def __format__(self, spec: str) -> str:
        v = self._var()
        return format(self.item(), spec) if spec and not v.ndim else format(v.value if spec else repr(v), spec)

    def __len__(self) -> int:
        v = self._var()
        if not v.ndim:
            raise TypeError("len() of a single number")
        if v.shape[0] is None:
            raise TypeError(f"'{v.name}' has no rows yet to be counted")
        return v.shape[0]

    def __iter__(self) -> Iterator["Var"]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, other: Any) -> bool:
        return bool(np.any(self._var().value == (other.value if isinstance(other, graph.Var) else other)))

    def __getitem__(self, key: Any) -> "Var":
        """As in numpy; see :mod:`chainrule.indexing`. Where all rows are kept, rows stay rows."""
        return indexing.getitem(self._var(), key)

    def __setitem__(self, key: Any, value: Any) -> None:
        indexing.setitem(self._var(), key, value)

    @property
    def size(self) -> int:
        """Number of elements, of all rows."""
        return indexing.size(self._var())

    @property
    def T(self) -> "Var":
        """The axes backwards, as numpy's."""
        return shaping.transpose(self)

    # Methods of numpy's arrays.

    def sum(self, axis: reductions.Axis = None, keepdims: bool = False) -> "Var":
        """Sum over all axes or those named; axis 0 of what has rows is the rows."""
        return reductions.sum(self, axis, keepdims)

    def mean(self, axis: reductions.Axis = None, keepdims: bool = False) -> "Var":
        """Mean over all axes or those named."""
        return reductions.mean(self, axis, keepdims)

    def max(self, axis: reductions.Axis = None, keepdims: bool = False) -> "Var":
        """The greatest over all axes or those named."""
        return reductions.max(self, axis, keepdims)

    def min(self, axis: reductions.Axis = None, keepdims: bool = False) -> "Var":
        """The least over all axes or those named."""
        return reductions.min(self, axis, keepdims)

    def var(self, axis: reductions.Axis = None, keepdims: bool = False, ddof: float = 0) -> "Var":
        """Variance over all axes or those named."""
        return reductions.var(self, axis, keepdims, ddof)

    def std(self, axis: reductions.Axis = None, keepdims: bool = False, ddof: float = 0) -> "Var":
        """Square root of the variance."""
        return reductions.std(self, axis, keepdims, ddof)

    def cumsum(self, axis: Optional[int] = None) -> "Var":
        """Sums of the first 1, 2, ... elements along an axis."""
        return reductions.cumsum(self, axis)

    def argmax(self, axis: Optional[int] = None) -> Any:
        """Where the greatest element is, as an array; it has no gradient."""
        return np.argmax(self._var().value, axis)

    def argmin(self, axis: Optional[int] = None) -> Any:
        """Where the least element is, as an array; it has no gradient."""
        return np.argmin(self._var().value, axis)

    def any(self, axis: Any = None) -> Any:
        return np.any(self._var().value, axis)

    def all(self, axis: Any = None) -> Any:
        return np.all(self._var().value, axis)

    def dot(self, other: Any) -> "Var":
        """numpy.dot."""
        return products.dot(self, other)

    def clip(self, low: Any = None, high: Any = None) -> "Var":
        """Limited to [low, high]; no gradient outside."""
        return cast("Var", numpy_protocol.clip(self, low, high))

    def reshape(self, *shape: Any) -> "Var":
        """The same elements with other axes, all of them named, the rows first: [B, 784] becomes
        [B, 28, 28] by ``x.reshape(-1, 28, 28)``."""
        return shaping.reshape(self, *shape)

    def ravel(self) -> "Var":
        """All elements in one axis."""
        return shaping.ravel(self)

    flatten = ravel

    def squeeze(self, axis: Any = None) -> "Var":
        """Without axes of length 1."""
        return shaping.squeeze(self, axis)

    def transpose(self, *axes: Any) -> "Var":
        """The axes in another order, backwards by default."""
        order = axes[0] if len(axes) == 1 and not is_number(axes[0]) else axes
        return shaping.transpose(self, order or None)

    def swapaxes(self, axis1: int, axis2: int) -> "Var":
        """Two axes in each other's place."""
        return shaping.swapaxes(self, axis1, axis2)

    def take(self, indices: Any, axis: Optional[int] = None) -> "Var":
        """Elements at the given places."""
        return cast("Var", np.take(cast(Any, self), indices, axis))

    def repeat(self, repeats: Any, axis: Optional[int] = None) -> "Var":
        """Each element several times."""
        return cast("Var", np.repeat(cast(Any, self), repeats, axis))

    def copy(self) -> "Var":
        """The value itself: what is recorded never changes."""
        return self._var()

    def tolist(self) -> Any:
        """The value as Python lists."""
        return self._var().value.tolist()
