"""The operations that have arguments of their own kind here; those that the library has beside come
from :mod:`chainrule.registered`, numpy's from numpy itself.

B counts rows, C classes, F features, I and O what goes into and comes out of a layer. An ``axis``
counts all axes, the rows among them, as numpy does.
"""

from __future__ import annotations

import math
from typing import Any

from . import numpy_protocol, products, reductions, shaping
from .broadcasting import as_var, elementwise, operand, unbatched
from .graph import Var, call
from .losses import class_rows
from .operators import compared
from .operators import power as _power
from .reductions import Axis, axes_of

__all__ = [
    "negate", "abs", "exp", "log", "sqrt", "square", "relu", "selu", "gelu", "gelu_tanh",
    "silu", "sigmoid", "tanh", "softplus", "softmax", "log_softmax", "transpose", "flatten",
    "sum", "mean", "max", "min", "sum_batch", "mean_batch", "sum_features", "mean_features",
    "maximum", "minimum", "add", "subtract", "multiply", "divide", "greater", "greater_equal",
    "less", "less_equal", "equal", "not_equal", "where", "leaky_relu", "elu", "power", "clip",
    "dropout", "matmul", "affine", "concat", "reshape", "embedding", "weighted_mean",
    "layer_norm", "batch_norm", "l1_penalty", "l2_penalty", "pow",
]


def negate(x: Any) -> Var:
    """-x, any shape."""
    return call("negate", x)


def abs(x: Any) -> Var:
    """|x|, any shape; the derivative at 0 is 0."""
    return call("abs", x)


def exp(x: Any) -> Var:
    """e^x, any shape."""
    return call("exp", x)


def log(x: Any) -> Var:
    """Natural logarithm, any shape."""
    return call("log", x)


def sqrt(x: Any) -> Var:
    """Square root, any shape."""
    return call("sqrt", x)


def square(x: Any) -> Var:
    """x², any shape."""
    return call("square", x)


def relu(x: Any) -> Var:
    """max(x, 0), any shape."""
    return call("relu", x)


def selu(x: Any) -> Var:
    """Scaled exponential linear unit, any shape."""
    return call("selu", x)


def gelu(x: Any) -> Var:
    """x Φ(x), with the normal distribution Φ, any shape."""
    return call("gelu", x)


def gelu_tanh(x: Any) -> Var:
    """The approximation of gelu by tanh, any shape."""
    return call("gelu_tanh", x)


def silu(x: Any) -> Var:
    """x sigmoid(x), any shape."""
    return call("silu", x)


def sigmoid(x: Any) -> Var:
    """1 / (1 + e^-x), any shape."""
    return call("sigmoid", x)


def tanh(x: Any) -> Var:
    """Hyperbolic tangent, any shape."""
    return call("tanh", x)


def softplus(x: Any) -> Var:
    """log(1 + e^x), any shape."""
    return call("softplus", x)


def softmax(x: Any, axis: int = -1) -> Var:
    """e^x / Σ e^x over the last or another axis: [..., C] -> [..., C]."""
    return _along("softmax", x, axis)


def log_softmax(x: Any, axis: int = -1) -> Var:
    """Logarithm of softmax, without overflow: [..., C] -> [..., C]."""
    return _along("log_softmax", x, axis)


def _along(name: str, x: Any, axis: int) -> Var:
    v = as_var(x)
    place = axes_of(name, v, axis)[0]
    if v._batched and place == 0:
        v = unbatched(v)
    return call(name, v, axis=place - int(v._batched))


def transpose(x: Any, axes: Any = None) -> Var:
    """The axes in another order, backwards by default: [M, N] -> [N, M]."""
    return shaping.transpose(x, axes)


def flatten(x: Any) -> Var:
    """One axis with all elements of a row: [B, 28, 28] -> [B, 784]."""
    v = as_var(x)
    return call("reshape", v, shape=[math.prod(v._dims)])


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Var:
    """Sum over all axes or those named: any shape -> []."""
    return reductions.sum(x, axis, keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Var:
    """Mean over all axes or those named: any shape -> []."""
    return reductions.mean(x, axis, keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Var:
    """The greatest element over all axes or those named; the gradient goes to the first of them."""
    return reductions.max(x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Var:
    """The least element over all axes or those named; the gradient goes to the first of them."""
    return reductions.min(x, axis, keepdims)


def sum_batch(x: Any) -> Var:
    """Sum over the rows: [B, ...] -> [...]."""
    return call("sum_batch", x)


def mean_batch(x: Any) -> Var:
    """Mean over the rows: [B, ...] -> [...]."""
    return call("mean_batch", x)


def sum_features(x: Any) -> Var:
    """Sum over the features: [B, ...] -> [B]."""
    return call("sum_features", x)


def mean_features(x: Any) -> Var:
    """Mean over the features: [B, ...] -> [B]."""
    return call("mean_features", x)


def maximum(a: Any, b: Any) -> Var:
    """The greater of two, element by element; shapes as for +."""
    return elementwise("maximum", a, b)


def minimum(a: Any, b: Any) -> Var:
    """The smaller of two, element by element; shapes as for +."""
    return elementwise("minimum", a, b)


def add(a: Any, b: Any) -> Var:
    """a + b."""
    return elementwise("add", a, b)


def subtract(a: Any, b: Any) -> Var:
    """a - b."""
    return elementwise("subtract", a, b)


def multiply(a: Any, b: Any) -> Var:
    """a * b, element by element."""
    return elementwise("multiply", a, b)


def divide(a: Any, b: Any) -> Var:
    """a / b, element by element."""
    return elementwise("divide", a, b)


def greater(a: Any, b: Any) -> Var:
    """a > b, element by element: true or false, without gradient."""
    return compared("greater", a, b)


def greater_equal(a: Any, b: Any) -> Var:
    """a >= b, element by element."""
    return compared("greater_equal", a, b)


def less(a: Any, b: Any) -> Var:
    """a < b, element by element."""
    return compared("less", a, b)


def less_equal(a: Any, b: Any) -> Var:
    """a <= b, element by element."""
    return compared("less_equal", a, b)


def equal(a: Any, b: Any) -> Var:
    """a == b, element by element."""
    return compared("equal", a, b)


def not_equal(a: Any, b: Any) -> Var:
    """a != b, element by element."""
    return compared("not_equal", a, b)


def where(condition: Any, a: Any, b: Any) -> Var:
    """a where the condition is not 0, else b, element by element; shapes as for +."""
    return elementwise("where", condition, a, b)


def leaky_relu(x: Any, slope: float = 0.01) -> Var:
    """x where it is positive, slope x elsewhere, any shape."""
    return call("leaky_relu", x, slope=float(slope))


def elu(x: Any, alpha: float = 1.0) -> Var:
    """x where it is positive, alpha (e^x - 1) elsewhere, any shape."""
    return call("elu", x, alpha=float(alpha))


def power(x: Any, exponent: Any) -> Var:
    """x to a power, a number or an array; shapes as for +."""
    return _power(x, exponent)


pow = power


def clip(x: Any, low: Any = None, high: Any = None) -> Var:
    """x limited to [low, high], numbers or arrays, any shape; no gradient outside."""
    found: Var = numpy_protocol.clip(x, low, high)
    return found


def dropout(x: Any, rate: float) -> Var:
    """In a training pass each element is 0 with probability `rate`, the others are divided by
    1 - rate; otherwise x. Any shape."""
    return call("dropout", x, rate=float(rate))


def matmul(a: Any, b: Any) -> Var:
    """a @ b: [..., M, K], [..., K, N] -> [..., M, N]."""
    return products.matmul(a, b)


def affine(x: Any, w: Any, b: Any = None) -> Var:
    """x @ w + b in one operation: [..., I], [I, O], [O] -> [..., O]."""
    return call("affine", x, w) if b is None else call("affine", x, w, b)


def concat(*xs: Any, axis: int = -1) -> Var:
    """Side by side along the last or another axis: [B, 2], [B, 3] -> [B, 5]; a value for each row, [B],
    counts as [B, 1]."""
    return shaping.concatenate([v.reshape(-1, 1) if isinstance(v := operand(x), Var) and v._batched and v.ndim == 1
                                else v for x in xs], axis)


def reshape(x: Any, shape: Any) -> Var:
    """The same elements with other axes, the rows among them: reshape(x, (-1, 28, 28))."""
    return shaping.reshape(x, shape)


def embedding(indices: Any, table: Any) -> Var:
    """Rows of a table: class numbers [B], [C, F] -> [B, F]."""
    rows = as_var(table)
    return call("embedding", class_rows(indices, rows._dims[0] if rows._dims else 1), rows)


def weighted_mean(x: Any, w: Any) -> Var:
    """Σ x w / Σ w: two equal shapes, usually [B] -> []."""
    return call("weighted_mean", x, w)


def layer_norm(x: Any, gamma: Any, beta: Any, epsilon: float = 1e-5) -> Var:
    """The last axis standardised, then scaled and shifted: [..., F], [F], [F] -> [..., F]."""
    return call("layer_norm", x, gamma, beta, epsilon=float(epsilon))


def batch_norm(x: Any, gamma: Any, beta: Any, running_mean: Var, running_var: Var,
               momentum: float = 0.1, epsilon: float = 1e-5) -> Var:
    """Each feature standardised over the batch, then scaled and shifted: [B, ..., F] -> the same.
    The running statistics [F] are parameters with trainable=False; backward(training=True) moves
    them."""
    return call("batch_norm", x, gamma, beta, running_mean, running_var,
                 momentum=float(momentum), epsilon=float(epsilon))


def l1_penalty(w: Any, strength: float) -> Var:
    """strength Σ |w|: any shape -> []."""
    return call("l1_penalty", w, **{"lambda": float(strength)})


def l2_penalty(w: Any, strength: float) -> Var:
    """strength Σ w², without the factor 1/2: any shape -> []."""
    return call("l2_penalty", w, **{"lambda": float(strength)})
