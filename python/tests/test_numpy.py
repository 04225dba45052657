"""numpy's functions record, or are refused by name; none loses a gradient."""

import os
import re
from pathlib import Path

import chainrule as cr
import numpy as np
import numpy_table as table
import pytest

RECORDED = [f for g in table.GROUPS[:6] for f in table.forms(g)]


def leaves(given):
    return {k: (cr.input if k in table.ROWS else cr.param)(a) for k, a in given.items()}


def gradients(form, given):
    values = leaves(given)
    y = table.evaluated(form, values)
    assert isinstance(y, cr.Var), f"{form} gives {type(y).__name__}"
    upstream = np.random.default_rng(1).normal(size=y.shape)
    y.backward(upstream)
    return y, upstream, {k: np.zeros(given[k].shape) if v.grad is None else v.grad for k, v in values.items()}


def torch_gradients(form, given, upstream):
    """None where PyTorch has no such function, or one that gives something else."""
    torch = pytest.importorskip("torch")
    values = {k: torch.tensor(a, requires_grad=True) for k, a in given.items()}
    shim = type("np", (), {"__getattr__": lambda self, n: getattr(torch, n), "linspace": lambda self, a, b, n: torch.linspace(a, b, n, dtype=torch.double)})()
    try:
        y = table.evaluated(form, values, shim)
        if not np.allclose(y.detach().numpy(), table.numpy_value(form, given), atol=1e-12):
            return None
        y.backward(torch.tensor(upstream))
    except (AttributeError, TypeError, RuntimeError, ValueError, IndexError):
        return None
    return {k: np.zeros(v.shape) if v.grad is None else v.grad.numpy() for k, v in values.items()}


@pytest.mark.parametrize("form", RECORDED)
def test_recorded(form):
    given = table.arrays()
    y, upstream, found = gradients(form, given)
    expected = table.numpy_value(form, given)
    assert y.shape == expected.shape
    assert np.allclose(y.value, expected, rtol=1e-12, atol=1e-12)
    for k, g in table.numerical(form, given, upstream).items():
        assert np.allclose(found[k], g, rtol=1e-9, atol=1e-9), k


@pytest.mark.parametrize("form", table.forms(table.PLAIN))
def test_plain_answer(form):
    given = table.arrays()
    found = table.evaluated(form, leaves(given))
    assert not isinstance(found, cr.Var)
    assert np.array_equal(found, evaluated_plain(form, given))


def evaluated_plain(form, given):
    return table.evaluated(form, {k: a.view(table.Plain) for k, a in given.items()})


@pytest.mark.parametrize("form", table.forms(table.REFUSED))
def test_refused(form):
    given = table.arrays()
    name = re.match(r"np\.[a-z0-9_.]+", form)
    with pytest.raises(TypeError) as error:
        table.evaluated(form, leaves(given))
    known = name and name.group() not in ("np.asarray", "np.array", "np.add", "np.copyto", "np.put")
    assert not known or name.group() in str(error.value), error.value


def test_gradients_are_pytorchs():
    compared = 0
    for form in RECORDED:
        given = table.arrays(3)
        _, upstream, found = gradients(form, given)
        theirs = torch_gradients(form, given, upstream)
        if theirs is None:
            continue
        compared += 1
        for k, g in theirs.items():
            assert np.allclose(found[k], g, rtol=1e-9, atol=1e-9), (form, k)
    print(compared, "of", len(RECORDED), "forms are PyTorch's too")
    assert compared > 80


def test_no_function_of_numpy_is_silent():
    """Called with a value alone, each of the 400 and more records, refuses by name, or gives what
    has no gradient."""
    from chainrule.numpy_functions import _OF_SHAPE, _WITHOUT_GRADIENT
    x, refused, recorded = cr.input(np.ones((2, 2))), 0, 0
    for home in (np, np.linalg, np.fft):
        for name in dir(home):
            f = getattr(home, name)
            if not isinstance(f, np.ufunc) and not hasattr(f, "_implementation"):
                continue  # not a function of arrays that others can take over
            try:
                y = f(x, x) if isinstance(f, np.ufunc) and f.nin == 2 else f(x)
            except (TypeError, ValueError) as error:
                refused += "chainrule.Var" in str(error)
                assert f.__name__ in str(error) or "argument" in str(error) or "Var" in str(error), (name, error)
                continue
            y = y[0] if isinstance(y, (list, tuple)) and len(y) else y
            recorded += isinstance(y, cr.Var)
            assert isinstance(y, cr.Var) or name in _WITHOUT_GRADIENT + _OF_SHAPE + ("where",), name
    assert refused > 100 and recorded > 90


def test_rows_stay_rows():
    x = cr.input(np.arange(12.0).reshape(4, 3))
    kept = {"x[:, 1:]": (3, 2), "x[:, None]": (3, 1, 3), "np.flip(x, 1)": (3, 3), "np.tile(x, (1, 2))": (3, 6),
            "x.reshape(-1, 3, 1)": (3, 3, 1), "x.reshape(len(x), 1, 3)": (3, 1, 3), "np.stack([x, x], 1)": (3, 2, 3), "x[:, [2, 0]]": (3, 2),
            "x.sum(1)": (3,), "x - x.mean(0)": (3, 3), "np.split(x, 3, 1)[0]": (3, 1), "np.repeat(x, 2, axis=1)": (3, 6)}
    names = {"np": np, "x": x}
    recorded = {form: eval(form, names) for form in kept}
    x.value = np.ones((3, 3)) * np.arange(3)
    for form, shape in kept.items():
        assert recorded[form].shape == shape
        assert np.array_equal(recorded[form].value, eval(form, names).value), form
    for form in ("x[0]", "x[:3]", "x.T", "np.repeat(x, 2, axis=0)", "x[[0, 1, 2]]", "np.roll(x, 1, 0)"):
        y = eval(form, names)
        x.value = np.ones((5, 3))
        with pytest.raises(cr.ShapeError, match="rows"):
            y.value
        x.value = np.ones((3, 3))


def test_comparisons_numbers_and_sequences():
    x, w = cr.input(np.array([[1.0, -2.0], [3.0, 4.0]])), cr.param(np.array(2.0), name="w")
    assert (x > 0).value.dtype == bool and (x > 0).dtype == bool and ((x > 0) & (x < 4)).value.tolist() == [[True, False], [True, False]]
    assert (~(x > 0)).value.tolist() == [[False, True], [False, False]] and ((x > 3) | (x < 0)).value.sum() == 2
    assert (x == x).all() and not (x != x).any() and w == 2 and w < 3 and not w > 3
    with pytest.raises(TypeError, match="truth values"):
        x & x
    assert f"{w:.3f}" == "2.000" and f"{w * 2:g}" == "4" and round(w * 1.2345, 2) == 2.47 and float(w) == 2 and int(w) == 2
    assert "Var" in f"{w}" and len(x) == 2 and [r.shape for r in x] == [(2,), (2,)] and x.size == 4
    total = 0
    for row in x:
        total = total + row[0] * row[1]
    total.backward()
    assert x.grad.tolist() == [[-2, 1], [4, 3]]
    assert (2 ** x).value.tolist() == [[2, 0.25], [8, 16]] and x.tolist() == x.value.tolist() and hash(x) != hash(w)
    assert x.argmax(1).tolist() == [0, 1] and sum(x[0]).item() == -1 and 3.0 in x and 7.0 not in x


def test_parameters_change_in_place():
    w = cr.param(np.ones((2, 2)), name="w")
    same, array = w, w.value
    y = (w * 2.0).sum()
    w -= 0.5 * np.ones((2, 2))
    w *= 2
    w /= 2
    w[0, 1] = 7.0
    assert same is w and w.value is not None and w.value.tolist() == [[0.5, 7], [0.5, 0.5]] and y.item() == 17
    assert array[0, 0] == 0.5 or array is not w.value
    h = w
    h = h * 2.0
    h += 1.0  # a computed value: a new one
    assert h is not w and w.value[0, 0] == 0.5 and h.value[0, 0] == 2
    with pytest.raises(TypeError, match="gradient"):
        w += w * 1.0


def test_import_star_shadows_nothing():
    import builtins
    names = {}
    exec("from chainrule import *", names)
    assert not [n for n in names if hasattr(builtins, n) and n != "__builtins__"]
    assert "relu" in names and "Adam" in names and "input" not in names
    assert not [n for n in dir(cr) if isinstance(getattr(cr, n), type(np))]


def test_page_is_written_from_the_table():
    path = Path(os.environ["CHAINRULE_SOURCE"]) / "docs/numpy-functions.md"
    assert path.read_text() == table.page(), "python3 python/tests/numpy_table.py > docs/numpy-functions.md"
