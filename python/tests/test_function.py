"""Graphs that are built once and called as functions, recorded again and again, copied and kept."""

import copy
import gc
import pickle

import chainrule as cr
import numpy as np
import pytest

X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
T = np.array([[0.0], [1], [1], [0]])


def network():
    random = np.random.default_rng(0)
    return [cr.param(a, name=n) for n, a in (("w1", random.normal(size=(2, 3))), ("b1", np.zeros(3)),
                                               ("w2", random.normal(size=(3, 1))), ("b2", np.zeros(1)))]


def loss_of(params, x, t):
    w1, b1, w2, b2 = params
    return ((cr.sigmoid(np.tanh(x @ w1 + b1) @ w2 + b2) - t) ** 2).mean()


def trained(step, params, optimizer):
    for i in range(5):
        step(X * (1 + i), T)
        optimizer.step()
    return np.concatenate([p.value.ravel() for p in params])


def test_a_function_trains_as_the_graph_does():
    results = []
    for way in ("graph", "function", "rebuilt"):
        params = network()
        calls = []

        def f(x, t):
            calls.append(1)
            return loss_of(params, x, t)

        function = cr.function(f) if way == "function" else f
        x, t = cr.input(X), cr.input(T)
        fixed = loss_of(params, x, t)

        def step(a, b):
            if way == "graph":
                x.value, t.value = a, b
            loss = fixed if way == "graph" else function(cr.input(a), cr.input(b)) if way == "rebuilt" else function(a, b)
            loss.backward()

        results.append(trained(step, params, cr.Adam(params, lr=0.1)))
        assert way != "function" or len(calls) == 1
    assert np.array_equal(results[0], results[1]) and np.array_equal(results[0], results[2])


def test_results_are_values_of_their_own():
    w = cr.param(np.ones((2, 1)))
    f = cr.function(lambda x: (x @ w).sum())
    kept = [f(X * k) for k in range(4)]
    assert [k.item() for k in kept] == [0, 4, 8, 12]
    later = kept[1] * kept[2]
    del kept
    gc.collect()
    assert f(X * 5).item() == 20 and later.item() == 32  # what is still used below stays
    w.value = np.zeros((2, 1))
    assert f(X).item() == 0


def test_what_is_recorded_again():
    calls = []

    @cr.function
    def f(x, power, scale, t=None):
        """Raises x."""
        calls.append(1)
        y = x ** power * scale
        return y if t is None else (cr.softmax_cross_entropy(y, t), y)

    assert f.__name__ == "f" and f.__doc__ == "Raises x."
    assert f(X, 2, 0.5).value.tolist() == (X ** 2 * 0.5).tolist()
    assert f(X * 2, 2, 0.25).value.tolist() == (X ** 2).tolist() and len(calls) == 1  # other numbers
    assert f(X, 3, 0.5).value.tolist() == (X ** 3 * 0.5).tolist() and len(calls) == 2  # another exponent
    assert f(X[:2], 2, 0.5).shape == (2, 2) and len(calls) == 3
    assert f(X.astype(np.float32), 2, np.float32(0.5)).dtype == np.float32 and len(calls) == 4
    for classes in ([0, 1, 1, 0], np.array([1, 1, 1, 1])):
        loss, y = f(X, 2, 1.0, t=classes)
        p = np.exp(X ** 2) / np.exp(X ** 2).sum(1, keepdims=True)
        assert loss.item() == pytest.approx(-np.log(p[np.arange(4), classes]).mean())
        loss.backward()
        assert y.value.tolist() == (X ** 2).tolist()
        del loss, y
    assert len(calls) == 5
    with pytest.raises(cr.Error, match="2"):
        f(X, 2, 1.0, t=[0, 1, 2, 0])[0].item()
    with pytest.raises(ValueError, match="NaN"):
        f(np.full((4, 2), np.nan), 2, 0.5)
    with pytest.raises(TypeError, match="returned int"):
        cr.function(lambda x: 3)(X)


def test_methods():
    class Net:
        def __init__(self, k):
            self.w = cr.param(np.full((2, 1), float(k)))

        @cr.function
        def loss(self, x):
            return (x @ self.w).sum()

    one, two = Net(1), Net(2)
    assert [one.loss(X).item(), two.loss(X).item(), one.loss(X).item()] == [4, 8, 4]


def test_the_same_graph_again_finds_the_memory_of_the_one_before():
    w = cr.param(np.ones((2, 1)))
    for k in (1.0, 2.0, -0.0, 0.0):  # each with numbers of its own
        x = cr.input(X + k)
        y = (x @ w * k).sum()
        y.backward()
        assert np.allclose(w.grad, k * (X + k).sum(0)[:, None]) and y.item() == pytest.approx(k * (X + k).sum())
        assert np.signbit((w * k).value[0, 0]) == np.signbit(k)


def test_two_losses_of_one_parameter_take_turns():
    w = cr.param(np.array([1.0, 2.0]))
    h = w * 3.0
    one, two = (h * h).sum(), h.sum()
    for _ in range(3):
        one.backward()
        assert w.grad.tolist() == [18, 36] and h.grad.tolist() == [6, 12]
        two.backward()
        assert w.grad.tolist() == [3, 3] and h.grad.tolist() == [1, 1]
        w.value *= 1.0


def test_optimizer_of_gradients_from_several_graphs():
    a, b = cr.param(np.ones(2)), cr.param(np.ones(2, np.float32))
    optimizer = cr.SGD([a, b], lr=0.5)
    (a * 2.0).sum().backward()
    with pytest.raises(cr.Error, match="no gradient"):
        optimizer.step()
    (b * 3.0).sum().backward()
    optimizer.step()
    assert a.value.tolist() == [0, 0] and b.value.tolist() == [-0.5, -0.5] and b.value.dtype == np.float32
    (a * b).sum().backward()  # one graph in double
    optimizer.step()
    assert a.value.tolist() == [0.25, 0.25]
    optimizer.zero_grad()
    with pytest.raises(cr.Error, match="zero_grad"):
        optimizer.step()


def test_nothing_changes_when_a_gradient_is_not_finite():
    a, b = cr.param(np.ones(2)), cr.param(np.array([0.0, 1.0]), name="b")
    (a.sum() + np.sqrt(b).sum()).backward()
    with pytest.raises(cr.NumericError, match="'b'"):
        cr.SGD([a, b], lr=0.1).step()
    assert a.value.tolist() == [1, 1]


def test_copies():
    params = network()
    x = cr.input(X, name="x")
    loss = loss_of(params, x, T)
    loss.backward()
    other = copy.deepcopy(loss)
    assert other.item() == loss.item()
    params[0].value[:] = 0
    assert other.item() != loss.item()
    again, w1, seen = pickle.loads(pickle.dumps((loss, params[0], x > 0.5)))
    assert again.item() == loss.item() and w1.name == "w1" and seen.value.dtype == bool
    w1.value += 1.0
    assert again.item() != loss.item()  # they share it
    assert copy.copy(loss) is loss


def test_optimizers_are_kept_with_what_they_remember():
    params = network()
    loss = loss_of(params, cr.input(X), T)
    optimizer = cr.Adam(params, lr=0.1)
    for _ in range(3):
        loss.backward()
        optimizer.step()
    kept_loss, kept = pickle.loads(pickle.dumps((loss, optimizer)))
    for l, o in ((loss, optimizer), (kept_loss, kept)):
        for _ in range(3):
            l.backward()
            o.step()
    for p, q in zip(params, kept.params):
        assert np.array_equal(p.value, q.value)


class Cube(cr.Op):
    def forward(self, x):
        return x ** 3

    def backward(self, dy, x):
        return 3 * dy * x ** 2


def test_an_operation_of_ones_own_is_kept():
    w = cr.param(np.array([2.0]))
    y = pickle.loads(pickle.dumps(Cube()(w).sum()))
    assert y.item() == 8 and copy.deepcopy(Cube()(w)).value == 8


def test_an_input_of_a_value_is_the_value():
    x = cr.input(X)
    assert cr.input(x @ np.ones((2, 1)), name="h").name == "h" and cr.input(x) is x


def test_a_graph_is_freed_as_soon_as_nobody_needs_it():
    from chainrule import program
    w = cr.param(np.ones((2, 1)))
    gc.disable()
    try:
        for _ in range(3):
            ((cr.input(X) @ w - T) ** 2).mean().backward()
        assert program._idle  # the memory of the last but one
    finally:
        gc.enable()
