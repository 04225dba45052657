"""The operations: what numpy has under the same names, and what networks need beside.

B counts rows, C classes, F features, I and O what goes into and comes out of a layer.
"""

from __future__ import annotations

import math
from typing import Any

from .graph import Var, call, constant

__all__ = [
    "negate", "abs", "exp", "log", "sqrt", "square", "relu", "selu", "gelu", "gelu_tanh",
    "silu", "sigmoid", "tanh", "softplus", "softmax", "log_softmax", "transpose", "flatten",
    "sum", "mean", "sum_batch", "mean_batch", "sum_features", "mean_features", "maximum",
    "minimum", "squared_error", "half_squared_error", "absolute_error", "hinge",
    "binary_cross_entropy", "binary_cross_entropy_logits", "categorical_cross_entropy",
    "leaky_relu", "elu", "power", "clip", "dropout", "matmul", "affine", "concat", "embedding",
    "weighted_mean", "layer_norm", "batch_norm", "l1_penalty", "l2_penalty", "huber",
    "softmax_cross_entropy",
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


def softmax(x: Any) -> Var:
    """e^x / Σ e^x over the last axis: [..., C] -> [..., C]."""
    return call("softmax", x)


def log_softmax(x: Any) -> Var:
    """Logarithm of softmax, without overflow: [..., C] -> [..., C]."""
    return call("log_softmax", x)


def transpose(x: Any) -> Var:
    """The last two axes swapped: [..., M, N] -> [..., N, M]."""
    return call("transpose", x)


def flatten(x: Any) -> Var:
    """One axis with all elements of a row: [B, 28, 28] -> [B, 784]."""
    v = x if isinstance(x, Var) else constant(x)
    return v.reshape(math.prod(v._dims))


def sum(x: Any) -> Var:
    """Sum of all elements: any shape -> []."""
    return call("sum", x)


def mean(x: Any) -> Var:
    """Mean of all elements: any shape -> []."""
    return call("mean", x)


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
    return call("maximum", a, b)


def minimum(a: Any, b: Any) -> Var:
    """The smaller of two, element by element; shapes as for +."""
    return call("minimum", a, b)


def leaky_relu(x: Any, slope: float = 0.01) -> Var:
    """x where it is positive, slope x elsewhere, any shape."""
    return call("leaky_relu", x, slope=float(slope))


def elu(x: Any, alpha: float = 1.0) -> Var:
    """x where it is positive, alpha (e^x - 1) elsewhere, any shape."""
    return call("elu", x, alpha=float(alpha))


def power(x: Any, exponent: float) -> Var:
    """x to a fixed power, any shape."""
    return call("power", x, p=float(exponent))


def clip(x: Any, low: float, high: float) -> Var:
    """x limited to [low, high], any shape; no gradient outside."""
    return call("clip", x, low=float(low), high=float(high))


def dropout(x: Any, rate: float) -> Var:
    """In a training pass each element is 0 with probability `rate`, the others are divided by
    1 - rate; otherwise x. Any shape."""
    return call("dropout", x, rate=float(rate))


def matmul(a: Any, b: Any) -> Var:
    """a @ b: [..., K], [K, N] -> [..., N]."""
    return call("matmul", a, b)


def affine(x: Any, w: Any, b: Any = None) -> Var:
    """x @ w + b in one operation: [..., I], [I, O], [O] -> [..., O]."""
    return call("affine", x, w) if b is None else call("affine", x, w, b)


def concat(*xs: Any) -> Var:
    """Side by side along the last axis: [B, 2], [B, 3] -> [B, 5]."""
    return call("concat", *xs)


def embedding(indices: Var, table: Any) -> Var:
    """Rows of a table: class_input [B], [C, F] -> [B, F]."""
    return call("embedding", indices, table)


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


def _loss(name: str, x: Any, target: Any, weights: Any, reduction: str, **options: Any) -> Var:
    inputs = (x, target) if weights is None else (x, target, weights)
    return call(name, *inputs, reduction=reduction, **options)


def squared_error(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """Mean over the features of (x - target)²: two equal shapes [B, ...].

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("squared_error", x, target, weights, reduction)


def half_squared_error(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """Half the sum over the features of (x - target)².

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("half_squared_error", x, target, weights, reduction)


def absolute_error(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """Mean over the features of |x - target|.

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("absolute_error", x, target, weights, reduction)


def hinge(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """Hinge loss of scores [B, C] or [B]; the target is a class, or -1 and 1.

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("hinge", x, target, weights, reduction)


def binary_cross_entropy(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """-(t log p + (1 - t) log(1 - p)) of probabilities p, mean over the features.

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("binary_cross_entropy", x, target, weights, reduction)


def binary_cross_entropy_logits(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """The same of sigmoid(x), computed from x without overflow.

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("binary_cross_entropy_logits", x, target, weights, reduction)


def categorical_cross_entropy(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean") -> Var:
    """-Σ t log p of probabilities [B, C]; the target is a class_input or [B, C].

    Then over the rows, weighted by `weights` [B]: "mean", "sum" or "none" ([B])."""
    return _loss("categorical_cross_entropy", x, target, weights, reduction)


def huber(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean",
          delta: float = 1.0) -> Var:
    """d²/2 for |d| <= delta and delta (|d| - delta/2) beyond, d = x - target, mean over the
    features; reduction as for squared_error()."""
    return _loss("huber", x, target, weights, reduction, delta=float(delta))


def softmax_cross_entropy(x: Any, target: Any, *, weights: Any = None, reduction: str = "mean",
                          label_smoothing: float = 0.0) -> Var:
    """-Σ t log softmax(x) of logits x [B, C], without overflow; the target is a class_input [B] or
    [B, C]; reduction as for squared_error()."""
    return _loss("softmax_cross_entropy", x, target, weights, reduction,
                 label_smoothing=float(label_smoothing))
