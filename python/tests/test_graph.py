"""The graph as one writes it: values, gradients, checks, explanations."""

import gc
import weakref

import chainrule as cr
import numpy as np
import pytest


def small():
    random = np.random.default_rng(0)
    x = cr.input(random.normal(size=(4, 2)), name="x")
    w = cr.param(random.normal(size=(2, 3)), name="w")
    b = cr.param(np.full(3, 0.1), name="b")
    return x, w, b, cr.tanh(x @ w + b)


def test_the_installed_package_is_tested():
    assert "site-packages" in cr.__file__


def test_values_and_gradients_by_hand():
    x, w, b, y = small()
    loss = (y ** 2).mean()
    loss.backward()
    h = np.tanh(x.value @ w.value + b.value)
    assert np.allclose(y.value, h, atol=1e-15)
    dz = 2 * h / h.size * (1 - h ** 2)
    assert np.allclose(w.grad, x.value.T @ dz, atol=1e-15)
    assert np.allclose(b.grad, dz.sum(0), atol=1e-15)
    assert np.allclose(x.grad, dz @ w.value.T, atol=1e-15)
    assert np.allclose(y.grad, 2 * h / h.size, atol=1e-15)
    assert sum(c.amount for c in w.contributions) == pytest.approx(w.grad)


def test_a_change_of_an_input_is_seen_also_in_place():
    x, w, b, y = small()
    before = y.value
    w.value[0, 0] += 1
    assert not np.array_equal(y.value, before)
    w.value -= 1e-3 * np.ones((2, 3))
    x.value = np.ones((7, 2))
    assert y.value.shape == y.shape == (7, 3)
    assert np.allclose(y.value, np.tanh(np.ones((7, 2)) @ w.value + b.value))


def test_operators_take_numbers_and_arrays_on_both_sides():
    x = cr.input([[1.0, 2.0]])
    cases = [(1 - x, [[0, -1]]), (x - 1, [[0, 1]]), (2 / x, [[2, 1]]), (np.array([3.0, 4.0]) * x, [[3, 8]]),
             (np.float64(2) * x, [[2, 4]]), (-x, [[-1, -2]]), (abs(-x), [[1, 2]]), (x ** 3, [[1, 8]]),
             (x[..., 1:], [[2]]), (x.reshape(2, 1), [[[1], [2]]]), (x.sum(), 3), (cr.concat(x, x), [[1, 2, 1, 2]])]
    for got, expected in cases:
        assert np.allclose(got.value, expected)


def test_precision_follows_the_arrays():
    x = np.ones((2, 2), np.float32)
    assert (cr.input(x) @ cr.param(x) * 2.0).value.dtype == np.float32
    assert (cr.input(x) @ cr.param(np.ones((2, 2)))).value.dtype == np.float64


def test_a_rows_array_is_used_where_it_is():
    x = np.ones((3, 2))
    assert cr.input(x).value is x
    w = cr.param(x)
    assert w.value is not x
    w.value = x
    w.value += 1
    assert np.array_equal(x, np.ones((3, 2)))


def test_the_loop_with_a_new_graph_each_time_frees_the_old_ones():
    w = cr.param(np.ones((2, 1)))
    seen = []
    for _ in range(5):
        loss = (cr.input(np.ones((3, 2))) @ w).mean()
        loss.backward()
        w.value -= 0.1 * w.grad
        seen.append(weakref.ref(loss))
    del loss
    gc.collect()
    assert sum(r() is not None for r in seen) == 0
    assert np.allclose(w.value, 0.5)
    assert np.allclose(w.grad, 1)  # outlives its loss


def test_every_operation_is_offered_and_right():
    unary = "negate abs exp square relu selu gelu gelu_tanh silu sigmoid tanh softplus softmax log_softmax flatten sum mean sum_batch mean_batch sum_features mean_features leaky_relu elu".split()
    for name in unary:
        assert cr.gradcheck(getattr(cr, name), (3, 4)), name
    positive = cr.Argument((3, 4), low=0.5, high=2.0)
    for f in (cr.log, cr.sqrt, lambda x: cr.power(x, 1.5)):
        assert cr.gradcheck(f, positive)
    for f in (cr.maximum, cr.minimum, lambda a, b: a / (b * b + 1)):
        assert cr.gradcheck(f, (3, 4), (3, 4))
    for name in "squared_error half_squared_error absolute_error huber".split():
        assert cr.gradcheck(getattr(cr, name), (3, 4), (3, 4)), name
    classes = cr.Argument((5,), classes=4)
    assert cr.gradcheck(cr.softmax_cross_entropy, (5, 4), classes)
    assert cr.gradcheck(cr.embedding, classes, cr.Argument((4, 2), is_param=True))
    row = cr.Argument((4,), is_param=True)
    assert cr.gradcheck(cr.layer_norm, (5, 4), row, row)
    assert cr.gradcheck(lambda x: cr.dropout(x, 0.3), (6, 4))
    assert cr.gradcheck(lambda x: cr.clip(x, -1, 1), (6, 4))


def test_custom_operation():
    class Softsign(cr.Op):
        formula = "y = x / (1 + |x|)"
        derivatives = ("dx = dy / (1 + |x|)^2",)

        def forward(self, x):
            return x / (1 + np.abs(x))

        def backward(self, dy, x):
            return dy / (1 + np.abs(x)) ** 2

    class Wrong(Softsign):
        def backward(self, dy, x):
            return dy / (1 + np.abs(x))

    assert cr.gradcheck(Softsign(), (4, 7))
    assert cr.gradcheck(lambda x, w: Softsign()(x @ w), (4, 3), cr.Argument((3, 2), is_param=True))
    report = cr.gradcheck(Wrong(), (4, 7))
    assert not report and "backward gives" in report.failure
    y = Softsign()(cr.input([[-1.0, 3.0]], name="x"))
    assert np.allclose(y.value, [[-0.5, 0.75]])
    assert "x / (1 + |x|)" in str(cr.explain(y.sum()))
    assert cr.gradcheck(cr.custom_op(lambda a, b: a * b, lambda dy, a, b: (dy * b, dy * a), "times"), (3, 2), (3, 2))


def test_gradcheck_of_a_loss():
    x, w, b, y = small()
    report = cr.gradcheck((y ** 2).mean())
    assert report and [e.name for e in report.inputs] == ["w", "b"] and report.max_error < 1e-8


def test_training_pass_is_fixed_by_seed_and_step():
    y = cr.dropout(cr.input(np.ones((50, 4))), 0.5)
    a = y.forward(training=True, seed=1, step=1)
    assert np.array_equal(a, y.forward(training=True, seed=1, step=1))
    assert not np.array_equal(a, y.forward(training=True, seed=1, step=2))
    assert np.array_equal(y.forward(), np.ones((50, 4)))


def test_batch_norm_moves_its_statistics():
    mean, var = cr.param(np.zeros(2), trainable=False), cr.param(np.ones(2), trainable=False)
    x = cr.input(np.array([[1.0, 5.0], [3.0, 9.0]]))
    y = cr.batch_norm(x, cr.param(np.ones(2)), cr.param(np.zeros(2)), mean, var)
    y.backward(training=True)
    assert np.allclose(mean.value, [0.2, 0.7])


def test_explanation_of_apples_and_oranges():
    e = cr.explain("(apple*n + orange*m) * tax", apple=100, n=2, orange=150, m=3, tax=1.1)
    assert {k: float(v) for k, v in e.gradients.items()} == pytest.approx(
        {"apple": 2.2, "n": 110, "orange": 3.3, "m": 165, "tax": 650})
    assert e.svg.startswith("<svg") and e._repr_svg_() and "<html" in e.html
    assert "715" in str(e)


def test_explanation_of_one_number():
    x, w, b, y = small()
    loss = (y ** 2).mean()
    e = cr.explain(loss, at="w[0,1]")
    loss.backward()
    assert e.gradient == pytest.approx(w.grad[0, 1]) and len(e.terms) == 4
    assert sum(t.amount for t in e.terms) == pytest.approx(e.gradient)
    assert "<table>" in e._repr_html_()


def test_errors_name_the_line():
    with pytest.raises(cr.ShapeError, match=r"3 columns.*2 rows \(test_graph.py:\d+\)"):
        cr.input(np.ones((1, 3))) @ cr.param(np.ones((2, 2)))
