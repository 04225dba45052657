"""numpy's functions and forms of indexing on values of the graph: what each gives here.

Each line of FORMS is code in np, x, w, v, p, q, c: x (4, 3) has rows, w (3, 2) is a parameter, v (3,) is
one, p (4, 3) has rows and positive numbers, q (3, 3) is a parameter, c (2, 4, 3) a plain array.
`outcome()` says "value and gradient", "value, no gradient" (of what has none) or "TypeError"; it
raises AssertionError for anything else. `page()` is docs/numpy-functions.md.
"""

import numpy as np

ARRAYS = {"x": (4, 3), "w": (3, 2), "v": (3,), "p": (4, 3), "q": (3, 3)}
ROWS = "xp"

UFUNCS = """
np.add(x, p) | np.subtract(x, p) | np.multiply(x, p) | np.divide(x, p) | np.true_divide(x, p) | np.negative(x)
np.positive(x) | np.power(p, 3) | np.power(p, x) | np.float_power(p, 1.5) | np.power(2, x) | np.square(x) | np.sqrt(p)
np.cbrt(x) | np.reciprocal(p) | np.exp(x) | np.exp2(x) | np.log(p) | np.log2(p) | np.log10(p) | np.sin(x) | np.cos(x)
np.tan(x) | np.sinh(x) | np.cosh(x) | np.tanh(x) | np.abs(x) | np.absolute(x) | np.fabs(x) | np.hypot(x, p)
np.logaddexp(x, p) | np.maximum(x, p) | np.minimum(x, 0.1) | np.sign(x) * x | np.floor(x) * x | np.ceil(x) * x
np.trunc(x) * x | np.rint(x) * x | np.deg2rad(x) | np.rad2deg(x) | np.radians(x) | np.degrees(x) | np.heaviside(x, 0.5) * x
np.matmul(x, w) | np.greater(x, p) * x | np.less(x, 0) * x | np.equal(x, p) * x | np.logical_and(x > 0, x < 1) * x
np.logical_or(x > 1, x < 0) * x | np.logical_not(x > 0) * x | np.isnan(x) * x | np.isfinite(x) * x | np.isinf(x) * x
np.add.reduce(x) | np.add.reduce(x, axis=1) | np.maximum.reduce(x, axis=1) | np.multiply.outer(v, v) | np.add.accumulate(x)
np.logical_xor(x > 0, p > 1) * x
""", "Element by element"

REDUCTIONS = """
np.sum(x) | np.sum(x, axis=0) | np.sum(x, 1) | np.sum(x, axis=(0, 1)) | np.sum(x, axis=1, keepdims=True)
np.sum(x, axis=0, keepdims=True) | np.sum(q, axis=-2) | np.mean(x) | np.mean(x, axis=0) | np.mean(x, axis=-1, keepdims=True)
np.max(x) | np.max(x, axis=1) | np.amax(x, axis=0, keepdims=True) | np.min(x, axis=1) | np.amin(x) | np.var(x)
np.var(x, axis=0) | np.var(x, axis=1, ddof=1) | np.std(x) | np.std(x, axis=1, keepdims=True) | np.ptp(x, axis=1)
np.average(x, axis=1) | np.average(x, axis=0, weights=np.array([1., 2, 3, 4])) | np.cumsum(x, axis=1) | np.cumsum(x)
np.cumsum(x, axis=0) | np.linalg.norm(x) | np.linalg.norm(x, axis=1) | np.linalg.norm(v, 1) | np.linalg.norm(v, np.inf)
np.linalg.norm(q, 'fro') | np.linalg.norm(v, 3) | np.trace(q) | np.diff(x) | np.diff(x, axis=0) | np.trapz(x, axis=1)
np.cov(q) | np.linalg.norm(q, 1)
""", "Sums and other reductions"

PRODUCTS = """
np.dot(x, w) | np.dot(v, v) | np.dot(x, v) | np.dot(c, w) | np.inner(x, p) | np.outer(v, v) | np.outer(x, v) | np.vdot(x, p)
np.tensordot(x, w, 1) | np.tensordot(x, p, axes=([0], [0])) | np.tensordot(x, p) | np.einsum('bi,ij->bj', x, w)
np.einsum('bi,bj->ij', x, p) | np.einsum('bi,bi->b', x, p) | np.einsum('bi->', x) | np.einsum('ii->i', q) | np.einsum('ii', q)
np.einsum('bi,ij,bj->b', x, q, p) | np.einsum('abi,bi->ab', c, x) | np.einsum('i,j', v, v) | np.kron(q, v) | np.cross(x, p)
np.linalg.multi_dot([x, q, w]) | np.linalg.matrix_power(q, 3) | x @ w | c @ w | x.T @ p | x.dot(w)
""", "Products"

SHAPES = """
np.reshape(x, (4, 1, 3)) | np.reshape(x, (2, 6)) | np.reshape(x, -1) | np.ravel(x) | np.transpose(x) | np.transpose(c * x, (1, 0, 2))
np.swapaxes(x, 0, 1) | np.moveaxis(c * x, 0, -1) | np.rollaxis(c * x, 2) | np.squeeze(x[:, :1]) | np.expand_dims(x, 1)
np.expand_dims(x, 0) | np.atleast_2d(v) | np.atleast_3d(x) | np.broadcast_to(v, (5, 3)) | np.concatenate([x, p])
np.concatenate([x, p], axis=1) | np.concatenate([x, np.ones((4, 2))], axis=1) | np.stack([x, p]) | np.stack([x, p], axis=1)
np.stack([v, v], axis=-1) | np.vstack([x, v]) | np.hstack([x, p]) | np.dstack([x, p]) | np.column_stack([x, p])
np.append(x, p, axis=0) | np.append(v, 1.0) | np.insert(v, 1, 5.0) | np.delete(x, 1, axis=1) | np.split(x, 3, axis=1)[1]
np.array_split(x, 3)[1] | np.hsplit(x, 3)[2] | np.vsplit(x, 2)[0] | np.tile(x, (1, 2)) | np.repeat(x, 2, axis=1)
np.repeat(x, 2, axis=0) | np.flip(x) | np.flip(x, axis=1) | np.fliplr(x) | np.flipud(x) | np.roll(x, 1) | np.roll(x, 1, axis=1)
np.rot90(x) | np.pad(x, 1) | np.pad(x, ((0, 0), (1, 2)), mode='edge') | np.diag(q) | np.diag(v) | np.diagflat(v)
np.diagonal(q) | np.tril(q) | np.triu(q, 1) | np.take(x, [2, 0], axis=1) | np.take(x, 5) | np.resize(v, (2, 4))
np.take_along_axis(x, np.array([[0], [1], [2], [1]]), axis=1) | np.compress([True, False, True], x, axis=1)
np.broadcast_arrays(x, v)[1] | np.meshgrid(v, v)[0] | np.block([[x, p]]) | x.T | x.ravel() | x.reshape(-1, 3, 1)
x.transpose(1, 0) | x.squeeze() | x.flatten() | x.swapaxes(0, 1) | x.repeat(2, 1) | np.copy(x) | np.array_split(v, 2)[0]
""", "Axes and places"

CHOICES = """
np.where(x > 0, x, p) | np.where(x > 0, x, 0.01 * x) | np.where(x.value > 0, x, 0) | np.clip(x, -0.5, 0.5) | np.clip(x, 0, None)
np.clip(x, v * 0 - 1, 0.9) | np.select([x > 1, x < 0], [x, 2 * x], p) | np.nan_to_num(x) | np.round(x, 1) * x | np.around(x) * x
np.fix(x) * x | np.extract(np.array([True, False, True]), v) | x.clip(-1, 1) | np.real(x)
""", "Choices"

INDICES = """
x[0] | x[-1] | x[1:3] | x[::2] | x[::-1] | x[:, 0] | x[:, -1] | x[:, 1:] | x[:, ::-1] | x[..., 0] | x[..., 1:2] | x[1, 2] | x[None]
x[:, None] | x[:, :, None] | x[...] | x[[0, 2]] | x[np.array([3, 3, 1])] | x[:, [0, 2]] | x[np.arange(4), [0, 1, 2, 0]]
x[[0, 1], [2, 0]] | x[np.array([True, False, True, True])] | x[np.array([[0, 1], [2, 3]])] | x[x.value > 0] | w[0, 1] | w[:, 1]
v[0] | v[-2:] | q[[0, 1]][:, [1, 2]] | q[np.ix_([0, 2], [1, 2])] | q[np.triu_indices(3)] | (c * x)[1] | (c * x)[:, 0] | (c * x)[..., 0]
(c * x)[1, :, 2] | x[1][0] | x[np.array(2)] | x[:, np.array(1)] | x[True]
""", "Indexing"

PLAIN = """
np.argmax(x, axis=1) | np.argmin(x) | np.argsort(x, axis=1) | np.count_nonzero(x) | np.any(x > 0) | np.all(x > 0)
np.allclose(x, p) | np.isclose(x, p) | np.array_equal(x, x) | np.nonzero(x)[0] | np.zeros_like(x) | np.ones_like(w) | np.shape(x)
np.ndim(x) | np.size(x) | np.flatnonzero(x) | np.full_like(x, 2.0) | np.array2string(v) | np.where(x > 0)[0]
""", "Answers that have no gradient"

REFUSED = """
np.arctan(x) | np.arcsin(x) | np.expm1(x) | np.log1p(x) | np.floor_divide(x, p) | np.remainder(x, p) | np.fmax(x, p) | np.median(x)
np.sort(x) | np.percentile(x, 50) | np.prod(x) | np.cumprod(x) | np.linalg.inv(q) | np.linalg.det(q) | np.linalg.svd(q)
np.linalg.eig(q) | np.linalg.solve(q, v) | np.convolve(v, v) | np.interp(v, [0, 1], [0, 1]) | np.unique(x) | np.histogram(x)
np.nansum(x) | np.nanmean(x) | np.fft.fft(v) | np.asarray(x) | np.array([v, v]) | np.sum(x, out=np.zeros(())) | np.sum(x, where=x > 0)
np.sum(x, dtype=np.float32) | np.add(x, p, out=np.zeros((4, 3))) | np.apply_along_axis(len, 0, x) | np.sin.at(x, [0]) | x[x > 0]
np.linalg.norm(q, 2) | np.save('a.npy', x) | np.copyto(np.zeros((4, 3)), x) | np.gradient(x) | np.bitwise_and(x, p)
np.einsum('...i->...', x) | np.multiply.reduce(x) | np.partition(v, 1) | np.corrcoef(x) | np.put(np.zeros(3), [0], v) | np.sinc(x)
""", "Refused"

GROUPS = [UFUNCS, REDUCTIONS, PRODUCTS, SHAPES, CHOICES, INDICES, PLAIN, REFUSED]


def forms(group):
    return [f.strip() for line in group[0].strip().splitlines() for f in line.split(" | ") if f.strip()]


def arrays(seed=0):
    """Elements at least 0.02 from where a form has a kink: 0, wholes, halves of tenths, each other."""
    random = np.random.default_rng(seed)
    tenths = random.permutation([k for k in range(-24, 25) if k % 5])
    found, used = {}, 0
    for name, shape in ARRAYS.items():
        n = int(np.prod(shape))
        found[name] = 0.1 * tenths[used:used + n].reshape(shape) + 0.02
        used = (used + n) % (len(tenths) - 12)
    found["p"] = abs(0.1 * random.permutation(np.arange(3, 15)).reshape(4, 3)) + 0.04
    return found


class Plain(np.ndarray):
    """An array with a `value`, so that x.value > 0 means the same of arrays."""

    @property
    def value(self):
        return np.asarray(self)


def evaluated(form, values, np_=np):
    c = np_.linspace(-1, 1, 24)
    return eval(form, {"np": np_, "len": len, "c": c.reshape(2, 4, 3), **values})


def numpy_value(form, given):
    return np.asarray(evaluated(form, {k: a.view(Plain) for k, a in given.items()}))


def numerical(form, given, upstream):
    """The derivative of sum(upstream * form) by each array: differences of sixth order, right to
    about 1e-12."""
    step, weights = 2e-3, {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    gradients = {}
    for name, a in given.items():
        g = np.zeros(a.shape)
        for i in np.ndindex(a.shape) if name in form else ():
            for k, weight in weights.items():
                for sign in (1, -1):
                    moved = {n: b.copy() for n, b in given.items()}
                    moved[name][i] += sign * k * step
                    value = numpy_value(form, moved).astype(float)
                    g[i] += sign * weight * np.sum(upstream * value) / step
        gradients[name] = g
    return gradients


def page():
    """docs/numpy-functions.md."""
    lines = [INTRODUCTION]
    for group in GROUPS:
        lines += [f"## {group[1]}", "", NOTES[group[1]], ""]
        lines += [f"- `{f}`" for f in forms(group)] + [""]
    return "\n".join(lines).rstrip() + "\n"


INTRODUCTION = f"""# numpy's functions on values of the graph

Written by `python/tests/numpy_table.py` from the {sum(len(forms(g)) for g in GROUPS)} forms that the tests run. A function
of numpy that is called with a value of the graph records what it does, gives a plain answer where
there is no gradient to lose, or raises `TypeError` with its name; it never gives an array that has lost
its gradient. Here x and p are inputs of shape (4, 3), p positive, w (3, 2), v (3,) and q (3, 3)
parameters, and c a plain array (2, 4, 3).

Each form gives numpy's value, and the gradient that differences of sixth order give, and PyTorch where it
has the function under the same name, to 1e-9. Where all rows are kept in their places, rows stay rows
([first page](python.md#quick-start)). Masks that depend on the graph, as `x > 0`, are recorded and used
with `np.where` or `*`; as an index they would change shapes and are refused.
"""

NOTES = {
    "Element by element": "Also the operators; a comparison gives true and false without gradient.",
    "Sums and other reductions": "The gradient of a greatest element goes to the first of the greatest.",
    "Products": "`np.einsum` takes letters, not `...`.",
    "Axes and places": "Whatever moves, repeats or leaves out elements, or puts zeros beside them.",
    "Choices": "No gradient goes to what was not chosen.",
    "Indexing": "Integers, slices, `None`, `...`, arrays of integers and of truth values.",
    "Answers that have no gradient": "Arrays and numbers of numpy, of the values as they are now.",
    "Refused": "`TypeError` with the name. `.value` is the array where no gradient is wanted.",
}

if __name__ == "__main__":
    print(page(), end="")
