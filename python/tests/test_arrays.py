"""Arrays beside values of the graph: numpy's broadcasting on the whole array, rows included."""

import chainrule as cr
import numpy as np
import pytest


def summed_to(a, shape):
    """The gradient of what was broadcast from `shape`."""
    a = a.sum(tuple(range(a.ndim - len(shape))))
    return a.sum(tuple(i for i, d in enumerate(shape) if d == 1 and a.shape[i] != 1), keepdims=True)


def leaf(a, kind):
    return a if kind == "array" else cr.input(a) if kind == "rows" else cr.param(a)


SHAPES = [((4, 3), (4, 3)), ((4, 3), (3,)), ((4, 3), (1, 3)), ((4, 3), (4, 1)), ((4, 1), (4, 3)), ((4, 1), (1, 3)),
          ((4,), (4,)), ((4,), (4, 4)), ((4, 3), (2, 4, 3)), ((1, 3), (5, 3)), ((4, 2, 3), (4, 1, 3)), ((4, 2, 3), (2, 1)),
          ((3, 3), (3,)), ((4,), (1,)), ((4, 3), (1,)), ((2, 4, 3), (4, 1))]
OPERATIONS = [("+", lambda a, b: a + b, lambda a, b: (1 + 0 * (a + b), 1 + 0 * (a + b))),
              ("-", lambda a, b: a - b, lambda a, b: (1 + 0 * (a + b), -1 + 0 * (a + b))),
              ("*", lambda a, b: a * b, lambda a, b: (b + 0 * a, a + 0 * b)),
              ("/", lambda a, b: a / b, lambda a, b: (1 / b + 0 * a, -a / b ** 2)),
              ("maximum", np.maximum, lambda a, b: ((a > b) + 0.0, (a <= b) + 0.0))]


@pytest.mark.parametrize("kinds", [("rows", "array"), ("rows", "param"), ("param", "array"), ("rows", "rows"), ("param", "param")],
                         ids=" and ".join)
@pytest.mark.parametrize("name, f, slopes", OPERATIONS, ids=[o[0] for o in OPERATIONS])
def test_broadcasting_is_numpys(kinds, name, f, slopes):
    random = np.random.default_rng(0)
    for first, second in SHAPES + [(b, a) for a, b in SHAPES]:
        if kinds == ("rows", "rows") and first[0] != second[0]:
            continue  # one batch has one number of rows
        a, b = random.normal(size=first), random.normal(size=second) + 3
        x, y = leaf(a, kinds[0]), leaf(b, kinds[1])
        for u, v, p, q in ((x, y, a, b), (y, x, b, a)):
            z, expected = f(u, v), f(p, q)
            assert z.shape == expected.shape and np.allclose(z.value, expected, atol=1e-14), (first, second)
            upstream = random.normal(size=expected.shape)
            z.backward(upstream)
            for value, array, slope in zip((u, v), (p, q), slopes(p, q)):
                if isinstance(value, cr.Var):
                    assert np.allclose(value.grad, summed_to(upstream * slope, array.shape), atol=1e-12), (first, second)


def test_a_plain_target_meets_its_own_row():
    random = np.random.default_rng(0)
    X, W = random.normal(size=(50, 3)), np.array([[2.0], [-1.0], [0.5]])
    T = X @ W
    for target in (T, T.tolist(), cr.input(T)):
        w = cr.param(np.zeros((3, 1)))
        loss = ((cr.input(X) @ w - target) ** 2).mean()
        for _ in range(300):
            loss.backward()
            w -= 0.1 * w.grad
        assert np.allclose(w.value, W, atol=1e-6)
    plain = ((X @ w - T) ** 2).mean()  # everything plain but w
    plain.backward()
    assert np.allclose(w.grad, 2 / 50 * X.T @ (X @ w.value - T), atol=1e-12)


def test_losses_take_plain_targets_and_weights():
    x = cr.input(np.random.default_rng(0).normal(size=(5, 3)))
    t, w = np.array([0, 2, 1, 1, 0]), np.array([1.0, 2, 0, 1, 1])
    for target in (t, t.tolist(), cr.class_input(t, 3), np.eye(3)[t]):
        assert cr.softmax_cross_entropy(x, target).item() == pytest.approx(
            cr.softmax_cross_entropy(x, cr.class_input(t)).item())
    T = np.ones((5, 3))
    expected = np.average(((x.value - T) ** 2).mean(1), weights=w)
    assert cr.squared_error(x, T, weights=w).item() == pytest.approx(expected)


def test_the_array_is_the_one_of_that_line():
    """What numpy has computed does not change when the array does."""
    a = np.ones((2, 2))
    x = cr.input(a.copy())
    y, z = x + a, x * a[0]
    a[:] = 7
    assert (y.value == 2).all() and (z.value == 1).all()


def test_matmul_is_numpys():
    random = np.random.default_rng(0)
    shapes = [((4, 3), (3, 2)), ((4, 3), (3,)), ((3,), (3, 2)), ((3,), (3,)), ((4, 5, 3), (3, 2)), ((4, 5, 3), (4, 3, 2)),
              ((5, 3), (4, 3, 2)), ((4, 5, 3), (1, 3, 2)), ((2, 4, 5, 3), (4, 3, 2)), ((4, 5, 3), (3,)), ((3, 4), (4, 2))]
    for first, second in shapes:
        a, b = random.normal(size=first), random.normal(size=second)
        for one, two in (("rows", "array"), ("array", "rows"), ("param", "array"), ("array", "param"), ("rows", "param"),
                         ("param", "rows"), ("rows", "rows")):
            if one == two and first[0] != second[0]:
                continue
            x, y = leaf(a, one), leaf(b, two)
            z = x @ y
            assert z.shape == (a @ b).shape and np.allclose(z.value, a @ b, atol=1e-12), (first, second, one, two)
            upstream = random.normal(size=z.shape)
            z.backward(upstream)
            for value, k in ((x, 0), (y, 1)):
                if isinstance(value, cr.Var):  # linear in each factor: the slope along one direction
                    direction = random.normal(size=value.shape)
                    moved = (direction @ b) if k == 0 else (a @ direction)
                    assert np.sum(value.grad * direction) == pytest.approx(np.sum(upstream * moved)), (first, second, one, two)


def test_rows_may_change_where_rows_met_rows():
    x, w = cr.input(np.ones((4, 3))), cr.param(np.ones((3, 2)))
    y = np.tanh((x * 2.0 + np.ones((1, 3))) @ w).sum(axis=1)
    x.value = np.zeros((7, 3))
    assert y.shape == (7,) and np.allclose(y.value, np.tanh(3.0 * 2) * 2, atol=0.1)


def test_other_libraries_arrays():
    x = cr.input(np.ones((2, 3)))
    assert ([1.0, 2.0, 3.0] * x).shape == (x + [[1], [2]]).shape == (2, 3)
    torch = pytest.importorskip("torch", reason="python3-torch is not installed")
    t = torch.arange(6.0, dtype=torch.double).reshape(2, 3)
    for y in (x * t, t * x, t + x, x - t, t.T @ x):
        assert isinstance(y, cr.Var)
    assert np.array_equal((t - x).value, t.numpy() - 1)
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame(t.numpy())
    assert np.array_equal((x * frame).value, t.numpy()) and isinstance(x - frame[0][:1], cr.Var)


def test_float32_meets_what_numpy_says():
    x = cr.input(np.ones((2, 3), np.float32))
    for other in (np.ones(3, np.float32), np.ones(3), np.ones(3, np.int64), np.ones(3, np.int8), np.ones(3, bool)):
        assert (x * other).dtype == (x.value * other).dtype
    assert (x * 2).dtype == (x * np.float64(2)).dtype == np.float32


def test_check_of_a_function_with_an_array_inside():
    T = np.random.default_rng(0).normal(size=(4, 3))
    assert cr.gradcheck(lambda x: ((x - T) ** 2).mean(), (4, 3))
    assert cr.gradcheck(lambda x: np.tanh(x).T @ x, (4, 3))
