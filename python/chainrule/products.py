"""Products of matrices, as numpy has them."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Sequence, Set, Tuple, Union, cast

import numpy as np

from . import _core, graph
from .arrays import Array
from .broadcasting import (array_constant, as_var, beside_rows, broadcast_shape, elementwise, keeps_rows, operand, text,
                           unbatched, whole)
from .where import where


def _reshaped(v: "graph.Var", dims: List[int]) -> "graph.Var":
    return graph.call("reshape", v, shape=dims)


def matmul(a: Any, b: Any) -> "graph.Var":
    """a @ b as numpy has it: the last axis of `a` meets the last but one of `b`, or its only one;
    axes in front are products side by side."""
    if isinstance(a, graph.Var) and isinstance(b, graph.Var) and a._batched and not b._batched and (
            len(a._dims) == 1 and len(b._dims) == 2 and a._dims[0] == b._dims[0]):
        return graph.call("matmul", a, b)  # what most networks are made of
    x, y = _factor(a), _factor(b)
    if not x.ndim or not y.ndim:
        raise _core.ShapeError(f"[matmul] a number is no matrix; numbers are multiplied by * {where()}")
    shapes = tuple(x.shape), tuple(y.shape)
    inner = shapes[1][-2 if y.ndim > 1 else -1]
    if shapes[0][-1] != inner and None not in (shapes[0][-1], inner):
        raise _core.ShapeError(f"[matmul] shapes {text(shapes[0])} and {text(shapes[1])}: the first factor has "
                               f"{shapes[0][-1]} columns, the second has {inner} rows {where()}")
    broadcast_shape("matmul", [s[:-2] for s in shapes])
    vector = y.ndim == 1
    if vector:
        y = _reshaped(unbatched(y), [*unbatched(y)._dims, 1]) if isinstance(y, graph.Var) else y[:, None]
    x, y = _aligned(x, y)
    product = graph.call("matmul", x, y)
    return _reshaped(product, list(product._dims[:-1])) if vector else product


def _factor(x: Any) -> Union["graph.Var", Array]:
    v = operand(x)
    return np.asarray(v) if isinstance(v, float) else v


def _aligned(x: Union["graph.Var", Array], y: Union["graph.Var", Array]) -> List["graph.Var"]:
    """Both without rows, unless each row has a product of its own."""
    rank = max(x.ndim, y.ndim)
    batched = [v for v in (x, y) if isinstance(v, graph.Var) and v._batched]
    rows = next((v.shape[0] for v in batched if v.shape[0] is not None), None)
    if batched and rank == 2:  # the rows of a are those of the product, the rows of b are summed over
        first = isinstance(x, graph.Var) and x._batched and x.ndim == 2
        second = isinstance(y, graph.Var) and y._batched
        if first and not second:
            return [x if isinstance(x, graph.Var) else array_constant(x), y if isinstance(y, graph.Var) else array_constant(y)]
    elif batched and all(keeps_rows(v, rank, rows) for v in (x, y)):
        return [beside_rows(v, rank) for v in (x, y)]
    return [whole(x), whole(y)]


def dot(a: Any, b: Any) -> "graph.Var":
    """numpy.dot: of numbers their product, of vectors and matrices a @ b, else the sum over the last
    axis of `a` and the last but one of `b`."""
    x, y = _factor(a), _factor(b)
    if not x.ndim or not y.ndim:
        return elementwise("multiply", a, b)
    if y.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([x.ndim - 1], [y.ndim - 2]))


def outer(a: Any, b: Any) -> "graph.Var":
    """The product of each element of `a` with each of `b`."""
    return elementwise("multiply", whole(a).reshape(-1, 1), whole(b).reshape(1, -1))


def inner(a: Any, b: Any) -> "graph.Var":
    """Sum over the last axes of both."""
    x, y = _factor(a), _factor(b)
    if not x.ndim or not y.ndim:
        return elementwise("multiply", a, b)
    return tensordot(a, b, ([x.ndim - 1], [y.ndim - 1]))


def vdot(a: Any, b: Any) -> "graph.Var":
    """Sum of the products of all elements."""
    return matmul(whole(a).reshape(-1), whole(b).reshape(-1))


def tensordot(a: Any, b: Any, axes: Any = 2) -> "graph.Var":
    """Sum over the given axes of `a` and `b`, or the last of `a` and the first of `b`."""
    x, y = _factor(a), _factor(b)
    if isinstance(axes, (int, np.integer)):
        axes = (list(range(x.ndim - int(axes), x.ndim)), list(range(int(axes))))
    first, second = ([p] if isinstance(p, (int, np.integer)) else list(p) for p in axes)
    if len(first) != len(second):
        raise _core.ShapeError(f"[tensordot] {len(first)} and {len(second)} axes, expected as many {where()}")
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    of_x = [next(letters) for _ in range(x.ndim)]
    of_y = [next(letters) for _ in range(y.ndim)]
    for i, j in zip(first, second):
        of_y[j] = of_x[i]
    kept = [c for c in of_x + of_y if (c in of_x) != (c in of_y)]
    return einsum(f"{''.join(of_x)},{''.join(of_y)}->{''.join(kept)}", a, b)


def einsum(subscripts: Any, *operands: Any) -> "graph.Var":
    """numpy.einsum with letters (no "..."): products summed over what the result does not name."""
    if not isinstance(subscripts, str):
        raise TypeError(f"np.einsum expects a text such as 'bi,ij->bj' {where()}")
    text_of, arrow, result = subscripts.replace(" ", "").partition("->")
    labels = text_of.split(",")
    if not arrow:
        result = "".join(sorted(c for c in set(text_of) - {","} if text_of.count(c) == 1))
    if not (text_of + result).replace(",", "").isalpha() or len(labels) != len(operands) or len(set(result)) < len(result):
        raise TypeError(f"np.einsum('{subscripts}') of {len(operands)} operands is not offered here: letters for each "
                        f"operand, each once in the result {where()}")
    terms = [_term(c, x) for c, x in zip(labels, operands)]
    lengths: Dict[str, int] = {}
    for c, v in terms:
        for letter, d in zip(c, v.shape):
            if d is not None and lengths.setdefault(letter, d) != d:
                raise _core.ShapeError(f"[einsum] '{letter}' is {lengths[letter]} and {d} in '{subscripts}' {where()}")
    if set(result) - set("".join(c for c, _ in terms)):
        raise TypeError(f"np.einsum('{subscripts}'): the result names what no operand has {where()}")
    rows = {c[0] for c, v in terms if v._batched}
    if rows and (rows != {result[:1]} or any(not v._batched and result[0] in c for c, v in terms)):
        terms = [(c, unbatched(v)) for c, v in terms]
    while len(terms) > 1:
        (a, x), (b, y) = terms[:2]
        needed = set(result).union(*(c for c, _ in terms[2:]))
        terms[:2] = [_contracted(a, x, b, y, needed)]
    labels_left, v = terms[0]
    gone = tuple(i for i, c in enumerate(labels_left) if c not in result)
    v = v.sum(gone) if gone else v
    left = [c for c in labels_left if c in result]
    return v.transpose([left.index(c) for c in result]) if left else v


def _term(labels: str, x: Any) -> Tuple[str, "graph.Var"]:
    v = as_var(x)
    if len(labels) != v.ndim:
        raise _core.ShapeError(f"[einsum] '{labels}' names {len(labels)} axes, shape {text(v.shape)} has {v.ndim} {where()}")
    for c in labels:
        if labels.count(c) > 1:  # a diagonal
            i, j = [k for k, letter in enumerate(labels) if letter == c][:2]
            rest = [k for k in range(v.ndim) if k not in (i, j)]
            cut = np.diagonal(cast(Any, v), axis1=i, axis2=j)
            return _term("".join(labels[k] for k in rest) + c, cut)
    return labels, v


def _contracted(a: str, x: "graph.Var", b: str, y: "graph.Var", needed: Set[str]) -> Tuple[str, "graph.Var"]:
    """Two operands as one product of matrices: what both have and the rest needs stays side by
    side, what both have otherwise is summed over."""
    for own, other in ((a, b), (b, a)):
        alone = [i for i, c in enumerate(own) if c not in other and c not in needed]
        if alone:
            cut = "".join(c for i, c in enumerate(own) if i not in alone)
            if own == a:
                a, x = cut, x.sum(tuple(alone))
            else:
                b, y = cut, y.sum(tuple(alone))
    side = [c for c in a if c in b and c in needed]
    summed = [c for c in a if c in b and c not in needed]
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    if x._batched and not y._batched:
        if side:
            x, y = unbatched(x), unbatched(y)
    elif y._batched and not x._batched:
        return _contracted(b, y, a, x, needed)
    size = {c: d for labels, v in ((a, x), (b, y)) for c, d in zip(labels, v.shape)}

    def lengths(labels: List[str]) -> List[int]:
        return [int(size[c] or 0) for c in labels]

    def matrix(labels: str, v: "graph.Var", first: List[str], last: List[str]) -> "graph.Var":
        v = v.transpose([labels.index(c) for c in side + first + last])
        fixed = [*lengths(side), math.prod(lengths(first)), math.prod(lengths(last))]
        if v._batched:
            fixed[0] = -1
            if not side:  # the rows are among `first`
                fixed = [-1, math.prod(lengths(first[1:])), math.prod(lengths(last))]
        return v.reshape(fixed)

    product = matmul(matrix(a, x, rows, summed), matrix(b, y, summed, columns))
    order = side + rows + columns
    shape = lengths(order)
    if product._batched:
        shape[0] = -1
    return "".join(order), product.reshape(shape)


def kron(a: Any, b: Any) -> "graph.Var":
    """Each element of `a` times all of `b`, side by side."""
    x, y = whole(a), whole(b)
    rank = max(x.ndim, y.ndim)
    first, second = ([1] * (rank - v.ndim) + list(v._dims) for v in (x, y))
    left = x.reshape([n for d in first for n in (d, 1)])
    right = y.reshape([n for d in second for n in (1, d)])
    return (left * right).reshape([m * n for m, n in zip(first, second)])


def multi_dot(arrays: Sequence[Any]) -> "graph.Var":
    """a @ b @ c, from the left."""
    product = arrays[0]
    for x in arrays[1:]:
        product = matmul(product, x)
    return as_var(product)


def matrix_power(a: Any, n: int) -> "graph.Var":
    """a @ a @ ... with n factors, n at least 1."""
    if not isinstance(n, (int, np.integer)) or n < 1:
        raise TypeError(f"np.linalg.matrix_power to the power {n!r} has no gradient here, expected at least 1 {where()}")
    return multi_dot([a] * int(n))
