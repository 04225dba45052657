"""What numpy and PyTorch compute for the operations on axes: python3 numpy_cases.py FILE

Writes 500 cases of random shapes, one number or word after the other: the operation, its settings,
inputs, upstream gradient, the result by numpy, and the gradient of each input by PyTorch, all in
double. In front stands how many there are."""

import sys

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
except ImportError as e:
    print(e)
    sys.exit(77)

torch.set_num_threads(1)
rng = np.random.default_rng(7)
BATCH = 3
RANK = 6


def shape(most=4, least=0):
    """Feature axes, 150 elements or fewer."""
    while True:
        dims = rng.integers(1, 5, size=rng.integers(least, most + 1)).tolist()
        if np.prod(dims, dtype=int) <= 150:
            return dims


class Input:
    """An array; `rows`: with the batch in front."""

    def __init__(self, dims, rows=None, values=None, classes=0):
        self.dims, self.classes = list(dims), classes
        self.rows = bool(rng.integers(2)) if rows is None else rows
        full = ([BATCH] if self.rows else []) + self.dims
        self.values = rng.uniform(-2, 2, size=full) if values is None else values
        self.tensor = torch.from_numpy(self.values.copy())
        if not classes:
            self.tensor.requires_grad_()

    def both(self, rank=None, batched=None):
        """The array and the tensor with all feature axes and, for `batched`, a first axis."""
        rank = len(self.dims) if rank is None else rank
        batched = self.rows if batched is None else batched
        lead = [BATCH if self.rows else 1] if batched else []
        full = lead + [1] * (rank - len(self.dims)) + self.dims
        return self.values.reshape(full), self.tensor.reshape(full)


def stretched(count, most=4):
    """Inputs whose axes meet: some missing, some of length 1."""
    whole = shape(most)
    inputs = []
    for _ in range(count):
        dims = [d if rng.integers(3) else 1 for d in whole[rng.integers(len(whole) + 1) :]]
        inputs.append(Input(dims))
    rank = max(len(i.dims) for i in inputs)
    batched = any(i.rows for i in inputs)
    return inputs, [i.both(rank, batched) for i in inputs]


def axes_of(dims, least=1):
    """Some feature axes, some of them counted from the end."""
    n = len(dims)
    chosen = rng.permutation(n)[: rng.integers(least, n + 1)]
    return [int(a) - (n if rng.integers(2) else 0) for a in chosen]


def positive(axes, x):
    """Axes of the whole array."""
    return tuple(a % len(x.dims) + x.rows for a in axes)


def permute():
    x = Input(shape(RANK))
    axes = [int(a) - (len(x.dims) if rng.integers(2) else 0) for a in rng.permutation(len(x.dims))]
    order = ((0,) if x.rows else ()) + positive(axes, x)
    a, t = x.both()
    return {"axes": axes}, [x], np.transpose(a, order), t.permute(order)


def reduce(name):
    def case():
        x = Input(shape(RANK, 1))
        batch, keep = x.rows and bool(rng.integers(2)), bool(rng.integers(2))
        axes = axes_of(x.dims, 0 if batch else 1)
        over = ((0,) if batch else ()) + positive(axes, x)
        a, t = x.both()
        value = getattr(np, name)(a, axis=over, keepdims=keep)
        result = getattr(t, {"max": "amax", "min": "amin"}.get(name, name))(over, keepdim=keep)
        if batch and keep:
            value, result = value[0], result[0]
        return {"axes": axes, "batch": batch, "keep": keep}, [x], value, result

    return case


def slices():
    x = Input(shape(RANK, 1))
    axes = axes_of(x.dims)
    begin, end, step = [], [], []
    index = [slice(None)] * (len(x.dims) + x.rows)
    a, t = x.both()
    for axis, place in zip(axes, positive(axes, x)):
        n = a.shape[place]
        low, high = sorted(rng.choice(n + 1, 2, replace=False).tolist())
        by = int(rng.integers(1, 4))
        if rng.integers(2):
            low, high, by = high - 1, low - 1, -by
        begin.append(low), end.append(high), step.append(by)
        index[place] = slice(low, high if high >= 0 else None, by)
        t = t.index_select(place, torch.tensor(list(range(low, high, by))))
    return {"axes": axes, "begin": begin, "end": end, "step": step}, [x], a[tuple(index)], t


def pad():
    x = Input(shape(4))
    before, after = (rng.integers(0, 3, size=len(x.dims)).tolist() for _ in range(2))
    value = float(rng.integers(3))
    a, t = x.both()
    widths = [(0, 0)] * x.rows + list(zip(before, after))
    flat = [n for w in reversed(widths) for n in w]
    padded = np.pad(a, widths, constant_values=value) if widths else a
    settings = {"before": before, "after": after, "value": value}
    return settings, [x], padded, F.pad(t, flat, value=value) if widths else t * 1


def gather():
    x = Input(shape(4, 1))
    axis = int(rng.integers(len(x.dims)))
    classes = x.dims[axis]
    own = shape(2)
    i = Input(own, True, rng.integers(classes, size=[BATCH] + own), classes)
    named = axis - (len(x.dims) if rng.integers(2) else 0)
    rows = [(x.values[b], x.tensor[b]) if x.rows else (x.values, x.tensor) for b in range(BATCH)]
    values = [np.take(a, i.values[b], axis) for b, (a, _) in enumerate(rows)]
    results = []
    for b, (_, t) in enumerate(rows):
        chosen = t.index_select(axis, i.tensor[b].reshape(-1))
        results.append(chosen.reshape(t.shape[:axis] + i.tensor[b].shape + t.shape[axis + 1 :]))
    return {"axis": named}, [x, i], np.stack(values), torch.stack(results)


def take():
    x = Input(shape(5, 1))
    axis = int(rng.integers(-len(x.dims), len(x.dims)))
    (place,) = positive([axis], x)
    a, t = x.both()
    n = a.shape[place]
    places = rng.integers(-n, n, size=rng.integers(1, 6)).tolist()
    settings = {"places": places, "axis": axis}
    return settings, [x], np.take(a, places, place), t.index_select(place, torch.tensor(places) % n)


def where():
    inputs, ((c, _), (a, ta), (b, tb)) = stretched(3)
    c[...] = c > 0
    return {}, inputs, np.where(c != 0, a, b), torch.where(torch.from_numpy(c) != 0, ta, tb)


def binary(of_numpy, of_torch):
    def case():
        inputs, ((a, ta), (b, tb)) = stretched(2, RANK)
        return {}, inputs, of_numpy(a, b), of_torch(ta, tb)

    return case


def compare(of_numpy):
    def case():
        inputs, ((a, _), (b, _)) = stretched(2, RANK)
        a[...], b[...] = np.round(a), np.round(b)
        return {}, inputs, of_numpy(a, b).astype(float), None

    return case


def matmul():
    m, k, n = rng.integers(1, 5, size=3).tolist()
    whole = shape(RANK - 4)
    lead = [
        [d if rng.integers(3) else 1 for d in whole[rng.integers(len(whole) + 1) :]]
        for _ in range(2)
    ]
    vector = not rng.integers(4)
    a = Input([k] if vector else lead[0] + [m, k])
    b = Input(lead[1] + [k, n])
    rank, batched = max(len(a.dims) + vector, len(b.dims)), a.rows or b.rows
    if vector:  # a matrix of one row, without it in the end
        a.dims = [1, k]
    (x, tx), (y, ty) = a.both(rank, batched), b.both(rank, batched)
    value, result = np.matmul(x, y), torch.matmul(tx, ty)
    if vector:
        a.dims = [k]
        value, result = value[..., 0, :], result[..., 0, :]
    return {}, [a, b], value, result


def concat():
    dims, rows = shape(4, 1), bool(rng.integers(2))
    axis = int(rng.integers(-len(dims), len(dims)))
    inputs = []
    for _ in range(rng.integers(1, 4)):
        own = list(dims)
        own[axis] = int(rng.integers(1, 4))
        inputs.append(Input(own, rows))
    (place,) = positive([axis], inputs[0])
    arrays, tensors = zip(*(i.both() for i in inputs))
    return {"axis": axis}, inputs, np.concatenate(arrays, place), torch.cat(tensors, place)


def softmax(log):
    def case():
        x = Input(shape(5, 1))
        axis = int(rng.integers(-len(x.dims), len(x.dims)))
        (place,) = positive([axis], x)
        a, t = x.both()
        p = np.exp(a) / np.exp(a).sum(axis=place, keepdims=True)
        f = torch.log_softmax if log else torch.softmax
        return {"axis": axis}, [x], np.log(p) if log else p, f(t, place)

    return case


def expand():
    whole = shape(RANK)
    dims = [d if rng.integers(2) else 1 for d in whole[rng.integers(len(whole) + 1) :]]
    x = Input(dims)
    a, t = x.both(len(whole))
    full = ([BATCH] if x.rows else []) + whole
    return {"shape": whole}, [x], np.broadcast_to(a, full), t.expand(full)


def reshape():
    x = Input(shape(RANK))
    dims = rng.permutation(x.dims + [1] * int(rng.integers(0, RANK - len(x.dims) + 1)))
    dims = [int(d) for d in dims]
    full = ([BATCH] if x.rows else []) + dims
    return {"shape": dims}, [x], x.values.reshape(full), x.tensor.reshape(full)


def transpose():
    x = Input(shape(RANK, 2))
    a, t = x.both()
    return {}, [x], np.swapaxes(a, -1, -2), t.transpose(-1, -2)


def stop_gradient():
    x = Input(shape(3))
    return {}, [x], x.values, None


CASES = {
    "permute": permute,
    "sum_axes": reduce("sum"),
    "mean_axes": reduce("mean"),
    "max_axes": reduce("max"),
    "min_axes": reduce("min"),
    "slice": slices,
    "pad": pad,
    "gather": gather,
    "take": take,
    "where": where,
    "add": binary(np.add, torch.add),
    "subtract": binary(np.subtract, torch.sub),
    "multiply": binary(np.multiply, torch.mul),
    "divide": binary(np.divide, torch.div),
    "maximum": binary(np.maximum, torch.maximum),
    "minimum": binary(np.minimum, torch.minimum),
    "greater": compare(np.greater),
    "greater_equal": compare(np.greater_equal),
    "less": compare(np.less),
    "less_equal": compare(np.less_equal),
    "equal": compare(np.equal),
    "not_equal": compare(np.not_equal),
    "matmul": matmul,
    "concat": concat,
    "softmax": softmax(False),
    "log_softmax": softmax(True),
    "expand": expand,
    "reshape": reshape,
    "transpose": transpose,
    "stop_gradient": stop_gradient,
}


def words(name, settings, inputs, value, result):
    """One case."""
    upstream = rng.uniform(-1, 1, size=value.shape)
    if result is not None:
        assert result.shape == value.shape, name
        result.backward(torch.from_numpy(upstream))
    yield from (name, len(settings))
    for key, v in settings.items():
        kind = {bool: "switch", int: "index", float: "number", list: "list"}[type(v)]
        yield from (key, kind)
        if kind == "list":
            yield len(v)
        yield from v if kind == "list" else [int(v) if kind == "switch" else v]
    yield len(inputs)
    for i in inputs:
        kind = i.classes or ("rows" if i.rows else "param")
        yield from (kind, len(i.dims), *i.dims, i.values.size, *i.values.flat)
    yield from (value.ndim, *value.shape, value.size, *value.flat)
    yield from upstream.flat
    for i in inputs:
        if not i.classes:
            g = i.tensor.grad
            yield from (torch.zeros_like(i.tensor) if g is None else g).flatten().tolist()


with open(sys.argv[1], "w") as out:
    names = list(CASES)
    print(BATCH, 500, file=out)
    for k in range(500):
        name = names[k % len(names)]
        print(*(repr(float(w)) if isinstance(w, float) else w for w in words(name, *CASES[name]())), file=out)
print("500 cases")
