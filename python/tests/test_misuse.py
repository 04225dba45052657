"""What should not be done: a sentence, never a crash."""

import gc
import os
import subprocess
import sys
import threading

import chainrule as cr
import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3
NAN = X.copy()
NAN[3, 1] = np.nan
INF = X.copy()
INF[2, 2] = np.inf


def fitted():
    model = cr.Model("linear 3")
    model.fit(X, Y, epochs=1)
    return model


def rows_changed():
    x = cr.input(X)
    y = x.T
    x.value = X[:3]
    return y.value


CASES = [
    ("text", lambda: cr.Model("linaer 3"), ValueError, "linear"),
    ("no text", lambda: cr.Model(3), TypeError, "text"),
    ("loss", lambda: cr.Model("linear 3", loss="sqared_error"), ValueError, "squared_error"),
    ("one axis", lambda: fitted().fit(X[:, 0], Y), ValueError, "expected rows and features"),
    ("other width", lambda: fitted().predict(X[:, :3]), ValueError, "expects"),
    ("rows and targets", lambda: fitted().fit(X, Y[:5]), ValueError, "20 rows and 5 targets"),
    ("no rows", lambda: fitted().fit(X[:0], Y[:0]), ValueError, "no rows"),
    ("no targets", lambda: fitted().fit(X, None), ValueError, "y is None"),
    ("NaN", lambda: fitted().fit(NAN, Y), ValueError, "row 4"),
    ("infinite", lambda: fitted().fit(INF, Y), ValueError, "finite"),
    ("NaN to predict", lambda: fitted().predict(NAN), ValueError, "row 3, feature 1"),
    ("NaN target", lambda: cr.Model("linear 1").fit(X, NAN[:, 1]), ValueError, "y has NaN"),
    ("complex", lambda: fitted().predict(X * 1j), TypeError, "complex"),
    ("text as rows", lambda: fitted().predict([["a", "b", "c", "d"]]), ValueError, "no numbers"),
    ("objects", lambda: fitted().predict([[object()] * 4]), TypeError, "no numbers"),
    ("ragged", lambda: fitted().predict([[1, 2], [3]]), ValueError, "array|numbers"),
    ("unknown class", lambda: fitted().fit(X, Y + 5), ValueError, "the model knows 0, 1, 2"),
    ("outputs", lambda: cr.Model("linear 2").fit(X, Y), ValueError, "y has 3 classes, the model has 2 outputs"),
    ("before fit", lambda: cr.Model("linear 2").predict(X), ValueError, "fit it"),
    ("optimizer", lambda: fitted().fit(X, Y, optimizer="adm"), ValueError, "adam"),
    ("setting", lambda: fitted().fit(X, Y, epoch=3), ValueError, "epoch"),
    ("epochs", lambda: fitted().fit(X, Y, epochs=0), ValueError, "epochs"),
    ("half an epoch", lambda: fitted().fit(X, Y, epochs=0.5), ValueError, "whole"),
    ("batch", lambda: fitted().fit(X, Y, batch=-1), ValueError, "batch"),
    ("rate", lambda: fitted().fit(X, Y, lr=-1), ValueError, "lr"),
    ("weights", lambda: fitted().fit(X, Y, sample_weight=-np.ones(20)), ValueError, "weight"),
    ("seed", lambda: cr.Model("linear 2", seed=-1), ValueError, "seed"),
    ("callback", lambda: fitted().fit(X, Y, callbacks=[3]), TypeError, "callback"),
    ("no file", lambda: cr.Model.load("/nowhere/m.safetensors"), ValueError, "/nowhere"),
    ("pickle of torch", lambda: cr.load("net.pt", model="linear 3"), ValueError, "torch.load"),
    ("tensors without text", lambda: cr.load({"0.weight": X}), ValueError, "model="),
    ("tensors that do not fit", lambda: cr.load({"0.weight": X, "0.bias": X[0]}, model="linear 3"), ValueError, "fc1"),
    ("a module too many", lambda: cr.load({"0.weight": X, "1.weight": X}, model="linear 20"), ValueError, "2 modules"),
    ("NaN in a tensor", lambda: cr.load({"fc1.weight": NAN, "fc1.bias": np.ones(20)}, model="linear 20"), ValueError, "finite"),
    ("no ONNX", lambda: cr.load(__file__ + ".onnx"), ValueError, "test_misuse"),
    ("export as", lambda: fitted().export("m.tflite"), ValueError, "not as 'tflite'"),
    ("export where", lambda: fitted().export("/nowhere/m.c"), ValueError, "/nowhere"),
    ("export prefix", lambda: fitted().export("m.c", prefix="2 moons"), ValueError, "2 moons"),
    ("flags of C", lambda: fitted().export("m.onnx", probabilities=True), ValueError, "'c'"),
    ("8 bits of nothing", lambda: fitted().export("m.c", int8=X[:0]), ValueError, "no rows"),
    ("8 bits of NaN", lambda: fitted().export("m.c", int8=NAN), ValueError, "finite"),
    ("labels", lambda: cr.load({"fc1.weight": X, "fc1.bias": np.ones(20)}, model="linear 20", classes="abc"), ValueError, "has 20"),
    ("schedule", lambda: fitted().fit(X, Y, schedule=3), TypeError, "schedule"),
    ("schedule's answer", lambda: fitted().fit(X, Y, schedule=lambda e: "x"), ValueError, "float"),
    ("schedule below 0", lambda: fitted().fit(X, Y, schedule=lambda e: -1), ValueError, "at least 0"),
    ("other optimizer", lambda: fitted().fit(X, Y, optimizer="momentum", resume_optimizer=True), ValueError, "adam"),
    ("objective", lambda: fitted().objective(X, Y)(np.zeros(3)), ValueError, "3 numbers"),
    ("objective of nothing", lambda: fitted().objective(X[:0], Y[:0]), ValueError, "no rows"),
    ("apply NaN", lambda: fitted().objective(X, Y).apply(np.full(32, np.nan)), ValueError, "finite"),
    ("digits", lambda: cr.digits(-1), ValueError, "-1"),
    ("element", lambda: fitted().explain(X, Y, at="fc1.wieght[0,0]"), ValueError, "fc1.weight"),
    ("outside", lambda: fitted().explain(X, Y, at="fc1.weight[9,0]"), ValueError, "9"),
    ("array name", lambda: fitted().compare(X, Y, {"fc9.weight": X}), ValueError, "fc9"),
    ("diverges", lambda: cr.Model("linear 1").fit(1e18 * X, X[:, 0], optimizer="sgd", lr=1e18), cr.NumericError, "step"),
    ("input shape", lambda: setattr(cr.input(X), "value", X[:, :2]), ValueError, "was given shape"),
    ("param shape", lambda: setattr(cr.param(X), "value", X[:2]), ValueError, "was given shape"),
    ("result set", lambda: setattr(cr.input(X) * 2.0, "value", X), TypeError, "computed"),
    ("zero axis", lambda: cr.param(np.ones((2, 0))), ValueError, "length 0"),
    ("seven axes", lambda: cr.param(np.ones((1, 1, 1, 1, 1, 1, 1))), ValueError, "6"),
    ("number as input", lambda: cr.input(3.0), ValueError, "rows"),
    ("no value", lambda: (cr.input(shape=(2,)) * 2.0).value, ValueError, "no value yet"),
    ("two batches", lambda: cr.input(X) + cr.input(X[:3]), ValueError, r"\(20, 4\) and \(3, 4\)"),
    ("classes as numbers", lambda: cr.class_input(Y) + 1.0, ValueError, "class indices"),
    ("class too high", lambda: cr.class_input([0, 5], 3), ValueError, "class 5"),
    ("broadcast", lambda: cr.input(X) + cr.param(np.ones(3)), ValueError, "test_misuse.py"),
    ("truth", lambda: bool(cr.input(X)), ValueError, "ambiguous"),
    ("array that does not fit", lambda: cr.input(X) + np.ones((20, 3)), ValueError, r"\(20, 4\) and \(20, 3\)"),
    ("array of other rows", lambda: cr.input(X) * np.ones((5, 4)), ValueError, r"\(20, 4\) and \(5, 4\)"),
    ("a value for each row beside features", lambda: cr.input(X).sum(1) + cr.input(X), ValueError, r"\(20,\) and \(20, 4\)"),
    ("matrices", lambda: cr.input(X) @ np.ones((3, 2)), ValueError, r"\(20, 4\) and \(3, 2\)"),
    ("masked array", lambda: cr.input(X) * np.ma.masked_greater(X, 0), ValueError, "masked"),
    ("text beside a value", lambda: cr.input(X) + "a", ValueError, "no numbers"),
    ("NaN beside a value", lambda: cr.input(X) + NAN, ValueError, "NaN"),
    ("old reshape", lambda: cr.input(X).reshape(2, 2), ValueError, "rows are named too"),
    ("rows not known", lambda: cr.input(shape=(3,)).T, ValueError, "none yet"),
    ("other rows than recorded", lambda: rows_changed(), ValueError, "20 rows"),
    ("written to", lambda: (cr.input(X) * 2.0).__setitem__(0, 1.0), TypeError, "computed"),
    ("a value written into a parameter", lambda: cr.param(X).__setitem__(0, cr.param(1.0)), TypeError, "gradient"),
    ("as an array", lambda: np.asarray(cr.input(X)), TypeError, "value"),
    ("in place into an array", lambda: np.add(X, cr.input(X), out=X), TypeError, "out="),
    ("loss without rows", lambda: cr.half_squared_error(X @ cr.param(np.ones((4, 1), np.float32)), X[:, :1]), ValueError, "no rows"),
    ("mask as index", lambda: cr.input(X)[cr.input(X) > 0], TypeError, "np.where"),
    ("index out of bounds", lambda: cr.param(X)[20], IndexError, "out of bounds"),
    ("item", lambda: cr.input(X).item(), ValueError, "80 elements"),
    ("upstream", lambda: (cr.input(X) * 2.0).backward(X[:2]), ValueError, "upstream"),
    ("step before backward", lambda: cr.Adam([cr.param(1.0)]).step(), ValueError, "backward"),
    ("optimizer of inputs", lambda: cr.Adam([cr.input(X)]), TypeError, "parameters"),
    ("names twice", lambda: (cr.param(1.0, name="a") * cr.param(1.0, name="a")).value, ValueError, "twice"),
    ("gradcheck of nothing", lambda: cr.gradcheck(cr.relu), TypeError, "shape"),
    ("gradcheck of numbers", lambda: cr.gradcheck(lambda x: 3, (2, 2)), TypeError, "returned int"),
    ("formula", lambda: cr.explain("a + ", a=1), ValueError, "a \\+"),
    ("formula name", lambda: cr.explain("a + b", a=1), ValueError, "b"),
]


@pytest.mark.parametrize("call, kind, sentence", [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_sentence(call, kind, sentence):
    with pytest.raises(kind, match=sentence) as error:
        call()
    assert "Traceback" not in str(error.value) and "(:0)" not in str(error.value)


def test_memory_of_any_kind():
    expected = fitted().predict(X)
    model = fitted()
    frozen = X.copy()
    frozen.flags.writeable = False
    for rows in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], X[::-1][::-1], frozen, X.astype(">f4"), X.tolist(),
                 X.astype(np.float64), memoryview(X)):
        assert np.array_equal(model.predict(rows), expected)
        model.fit(rows, Y, epochs=1, lr=0.0)
    w = cr.param(frozen)
    w.value += 1  # a copy, hence writable


class Faulty(cr.Op):
    def __init__(self, forward=lambda x: x * 1.0, backward=lambda dy, x: dy):
        self._f, self._b = forward, backward

    def forward(self, x):
        return self._f(x)

    def backward(self, dy, x):
        return self._b(dy, x)


def fails(*_):
    raise KeyError("mine")


@pytest.mark.parametrize("op, kind", [
    (Faulty(forward=fails), KeyError), (Faulty(backward=fails), KeyError),
    (Faulty(forward=lambda x: x[:1]), ValueError), (Faulty(forward=lambda x: None), ValueError),
    (Faulty(forward=lambda x: "text"), ValueError), (Faulty(backward=lambda dy, x: dy.sum()), ValueError),
    (Faulty(backward=lambda dy, x: (dy, dy)), ValueError), (Faulty(backward=lambda dy, x: None), ValueError),
])
def test_faulty_operation(op, kind):
    x = cr.input(X)
    y = op(x).sum()
    with pytest.raises(kind):
        y.backward()
    with pytest.raises(kind):
        y.backward()  # and again
    with pytest.raises(kind):
        cr.gradcheck(op, (3, 2))
    z = (x * 2.0).sum()
    z.backward()
    assert np.all(x.grad == 2)


def test_operation_without_derivative():
    class Half(cr.Op):
        def forward(self, x):
            return x

    with pytest.raises(TypeError, match="backward"):
        Half()


def test_exception_in_a_callback_comes_out_and_the_model_lives():
    model = fitted()

    def fail(row):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        model.fit(X, Y, epochs=50, callbacks=[fail])
    assert model.predict(X).shape == (20,)


def test_an_operation_may_keep_its_arrays():
    kept = []
    op = Faulty(forward=lambda x: kept.append(x) or x * 1.0)
    y = op(cr.input(X)).sum()
    y.backward()
    del y
    gc.collect()
    assert np.array_equal(kept[0], X)
    with pytest.raises(ValueError, match="read-only"):
        kept[0][0] = 1


def test_nodes_outlive_their_graph():
    x = cr.input(X, name="x")
    h = cr.relu(x)
    loss = h.sum()
    loss.backward()
    del loss
    gc.collect()
    assert h.value.shape == (20, 4) and h.grad.shape == (20, 4)
    explanation = cr.explain(h.sum())
    del h, x
    gc.collect()
    assert explanation.svg


def test_two_threads_on_one_graph_and_one_model():
    w = cr.param(np.ones((200, 200)))
    loss = (cr.input(np.ones((200, 200))) @ w).mean()
    model, said = fitted(), []

    def work():
        for _ in range(30):
            try:
                loss.backward()
                model.fit(X, Y, epochs=3)
                model.predict(X)
            except cr.Error as error:
                said.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all("in use by another thread" in s for s in said)
    loss.backward()
    assert np.allclose(w.grad, 1 / 200)


def test_fork():
    code = """
import os, numpy as np, chainrule as cr
x, y = np.ones((50, 4), np.float32), np.arange(50) % 2
m = cr.Model("linear 2"); m.fit(x, y, epochs=1)
assert cr.gradcheck(cr.tanh, (3, 2))
pid = os.fork()
if pid == 0:
    m.fit(x, y, epochs=1); m.predict(x)
    w = cr.param(1.0); (w * w).backward(); assert w.grad == 2
    try: cr.gradcheck(cr.tanh, (3, 2))
    except cr.Error as e: assert "fork" in str(e); os._exit(7)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert out.stdout == "7\n", out.stderr
