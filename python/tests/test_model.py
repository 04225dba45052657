"""Models: trained, applied, saved, explained."""

import copy
import pickle
import signal
import subprocess
import sys
import threading
import time

import chainrule as cr
import numpy as np
import pytest


def blobs(rows=300, classes=3, seed=0):
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, rows)
    return (random.normal(size=(rows, 4)) + 3 * np.eye(4)[y]).astype(np.float32), y


def trained(**options):
    x, y = blobs()
    model = cr.Model("linear 16, relu, linear 3", seed=1)
    return model, x, y, model.fit(x, y, **{"epochs": 8, "lr": 0.01, **options})


def test_learns_and_reports():
    model, x, y, history = trained(validation_split=0.2)
    assert history["accuracy"][-1] > 0.8 and len(history["val_loss"]) == 8
    assert history["epoch"] == list(range(1, 9)) and history.stopped == "finished"
    e = model.evaluate(x, y)
    assert e.accuracy > 0.85 and e["confusion"].sum() == 300 and e._repr_svg_().startswith("<svg")
    assert history._repr_svg_().startswith("<svg")
    assert np.mean(model.predict(x) == y) == pytest.approx(e.accuracy)
    assert np.allclose(model.predict_proba(x).sum(axis=1), 1, atol=1e-6)


def test_same_seed_same_bits_whatever_the_threads():
    a, b = (trained(threads=n)[0].weights for n in (1, 2))
    assert all(np.array_equal(a[k], b[k]) for k in a)


def test_labels_come_back_as_they_were():
    x, y = blobs()
    for labels in (np.array(["cat", "dog", "owl"]), np.array([10, 20, 40]), np.array([-1, 0, 1])):
        model = cr.Model("linear 3")
        model.fit(x, labels[y], epochs=20, lr=0.05)
        assert model.predict(x).dtype == labels.dtype and np.mean(model.predict(x) == labels[y]) > 0.8


def test_two_classes_numbers_and_several_numbers():
    x, y = blobs(classes=2)
    one = cr.Model("linear 1")
    one.fit(x, y == 1, epochs=20, lr=0.05)
    assert one.loss == "binary_cross_entropy_logits" and one.predict(x).dtype == bool
    assert one.predict_proba(x).shape == (300, 2)
    line = cr.Model("linear 1")
    line.fit(x, x[:, 0] * 2.0 + 1, epochs=60, lr=0.05)
    assert line.loss == "squared_error" and line.evaluate(x, x[:, 0] * 2.0 + 1).r2 > 0.99
    two = cr.Model("linear 2")
    two.fit(x, x[:, :2], epochs=5)
    assert line.predict(x).shape == (300,) and two.predict(x).shape == (300, 2)


@pytest.mark.filterwarnings("error")
def test_labels_keep_their_type_through_a_file(tmp_path):
    x, y = blobs(classes=2)
    for labels in (np.array([False, True]), np.array(["01", "02"]), np.array(["1", "2"]), np.array([1, 2]),
                   np.array([-1, 7], np.int16), np.array(["True", "False"]), np.array([0.5, 2.0])):
        model = cr.Model("linear 1", loss="binary_cross_entropy_logits")
        model.fit(x, labels[y], epochs=20, lr=0.05, progress=False)
        model.save(tmp_path / "m.safetensors")
        for other in (cr.load(tmp_path / "m.safetensors"), pickle.loads(pickle.dumps(model))):
            found = other.predict(x)
            assert found.dtype.kind == labels.dtype.kind and np.array_equal(found, model.predict(x))
            assert np.mean(found == labels[y]) > 0.8 and other.task == "classification"


def test_the_task_is_said_and_kept(tmp_path):
    x, y = blobs(classes=3)
    one_hot, several = np.eye(3)[y], (x[:, :2] > 0).astype(int)
    floats = (y == 1).astype(float)
    expected = [(one_hot, 3, "softmax_cross_entropy", "classification", "single 1"),
                (one_hot.astype(int), 3, "softmax_cross_entropy", "classification", None),
                (several, 2, "binary_cross_entropy_logits", "multilabel", None),
                (several == 1, 2, "binary_cross_entropy_logits", "multilabel", None),
                (floats, 1, "binary_cross_entropy_logits", "classification", "only 0.0 and 1.0"),
                ((y == 1).astype(object), 1, "binary_cross_entropy_logits", "classification", None),
                ((y == 1).astype(int).astype(object), 1, "binary_cross_entropy_logits", "classification", None),
                (np.round(50 + 10 * x[:, 0]).astype(int), 1, "squared_error", "regression", "whole numbers"),
                (x[:, 0] + 0.5, 1, "squared_error", "regression", None),
                (x[:, :2], 2, "squared_error", "regression", None)]
    for target, outputs, loss, task, warning in expected:
        model = cr.Model(f"linear {outputs}")
        if warning:
            with pytest.warns(UserWarning, match=warning):
                model.fit(x, target, epochs=1, progress=False)
        else:
            model.fit(x, target, epochs=1, progress=False)
        assert (model.loss, model.task) == (loss, task)
        model.save(tmp_path / "m.safetensors")
        assert cr.load(tmp_path / "m.safetensors").task == task
    assert model.evaluate(x, x[:, :2])["targets"][1]["name"] == "y2"


def test_several_labels(tmp_path):
    x, _ = blobs()
    y = x[:, :3] > 0
    model = cr.Model("linear 3")
    model.fit(x, y, epochs=60, lr=0.05, progress=False)
    assert model.predict(x).dtype == bool and np.mean(model.predict(x) == y) > 0.95
    e = model.evaluate(x, y)
    assert e["hamming_loss"] == pytest.approx(np.mean(model.predict(x) != y)) and e["auc"] > 0.99
    model.save(tmp_path / "m.safetensors")
    assert np.array_equal(cr.load(tmp_path / "m.safetensors").predict(x), model.predict(x))


def test_metrics_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="python3-sklearn is not installed")
    x, y = blobs(classes=2)
    model = cr.Model("linear 1")
    model.fit(x[:, 1:], y, epochs=2, progress=False)
    e, p = model.evaluate(x[:, 1:], y), model.predict_proba(x[:, 1:]).astype(float)
    found = model.predict(x[:, 1:])
    assert e["auc"] == pytest.approx(metrics.roc_auc_score(y, p[:, 1]), abs=1e-12)
    assert e["average_precision"] == pytest.approx(metrics.average_precision_score(y, p[:, 1]), abs=1e-12)
    assert e["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, found), abs=1e-12)
    assert e["matthews"] == pytest.approx(metrics.matthews_corrcoef(y, found), abs=1e-12)


def test_weights_of_classes_and_rows():
    x, y = blobs(classes=2)
    rare = (y == 0) | (np.arange(300) % 10 == 0)
    x, y = x[rare, 2:], y[rare]

    def recall(**options):
        model = cr.Model("linear 1", seed=1)
        model.fit(x, y, epochs=30, lr=0.05, progress=False, **options)
        return np.mean(model.predict(x)[y == 1])

    weights = {0: 1.0, 1: float(np.sum(y == 0) / np.sum(y == 1))}
    assert recall(class_weight="balanced") > recall() + 0.2
    by_row = np.vectorize(weights.get)(y)
    assert recall(class_weight=weights) == recall(sample_weight=by_row)
    with pytest.raises(cr.DataError, match="the class 7"):
        recall(class_weight={7: 1})
    with pytest.raises(cr.Error, match="balanced"):
        recall(class_weight="equal")


def test_pixels_mean_the_same_in_every_type():
    x = np.random.default_rng(0).integers(0, 256, (200, 16)).astype(np.uint8)
    y = x[:, 0] > 127
    model = cr.Model("linear 1")
    model.fit(x, y, epochs=5, lr=0.001, progress=False)
    for same in (x.astype(int), x.astype(float)):
        with pytest.warns(UserWarning, match="taken as the bytes of training"):
            assert np.array_equal(model.predict_proba(same), model.predict_proba(x))
    with pytest.warns(UserWarning, match="values from 0 to 1 are taken"):
        assert np.allclose(model.predict_proba(x / 255), model.predict_proba(x), atol=1e-5)
    with pytest.raises(cr.DataError, match="bytes from 0 to 255"):
        model.predict(x.astype(float) * 3)


def test_tables_of_named_columns(tmp_path):
    random = np.random.default_rng(0)
    colour, size = random.choice(["red", "blue", None], 200), random.normal(50, 9, 200)
    size[::9] = np.nan
    y = np.where((colour == "red") | (size > 60), "yes", "no")
    model = cr.Model("linear 8, relu, linear 1")
    with pytest.warns(UserWarning, match="missing cells are filled: 'size' 23"):
        model.fit({"size": size, "colour": colour}, y, epochs=60, lr=0.02, progress=False)
    assert [i["kind"] for i in model.schema["inputs"]] == ["number", "category"]
    assert model.schema["inputs"][1]["missing_category"]
    model.save(tmp_path / "m.safetensors")
    other = cr.load(tmp_path / "m.safetensors")
    rows = {"colour": ["red", None, "blue"], "size": [40, 45.5, None], "more": ["x", "y", "z"]}
    assert other.predict(rows).tolist() == ["yes", "no", "no"]
    assert np.array_equal(other.predict_proba(rows), model.predict_proba(rows))
    with pytest.warns(UserWarning, match="'colour': 1 of 1 cells hold categories that were not in training"):
        other.predict({"colour": ["green"], "size": [40]})
    with pytest.raises(cr.DataError, match="no column is called 'size'"):
        other.predict({"colour": ["red"]})
    pandas = pytest.importorskip("pandas", reason="python3-pandas is not installed")
    assert np.array_equal(other.predict(pandas.DataFrame(rows)), model.predict(rows))


def test_one_class_no_rows_and_a_loss_of_ones_own():
    x, _ = blobs()
    with pytest.raises(cr.DataError, match="0 in every row, there is nothing to learn"):
        cr.Model("linear 1").fit(x, np.zeros(len(x), int), progress=False)
    model = trained()[0]
    assert model.predict(np.empty((0, 4))).shape == (0,) and model.predict_proba(np.empty((0, 4))).shape == (0, 3)
    with pytest.raises(TypeError, match="loss is the name of one of"):
        cr.Model("linear 3", loss=lambda p, t: (p - t)**2)


def test_files_copies_and_pickles(tmp_path):
    model, x, y, _ = trained()
    model.save(tmp_path / "m.safetensors")
    for other in (cr.Model.load(tmp_path / "m.safetensors"), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(other.predict_proba(x), model.predict_proba(x))
        assert np.array_equal(other.predict(x), model.predict(x))


def test_the_optimizer_may_go_on():
    """Two runs of an epoch are one of two when nothing but the optimizer could make a difference."""
    x, y = blobs()
    options = dict(shuffle=False, optimizer="adam", lr=0.01)
    whole, parts, anew = (cr.Model("linear 6, tanh, linear 3", seed=1) for _ in range(3))
    whole.fit(x, y, epochs=3, **options)
    for _ in range(3):
        parts = pickle.loads(pickle.dumps(parts))
        parts.fit(x, y, epochs=1, resume_optimizer=True, **options)
        anew.fit(x, y, epochs=1, **options)
    for name, w in whole.weights.items():
        assert np.array_equal(parts.weights[name], w)
        assert not np.array_equal(anew.weights[name], w)


def test_schedule_from_a_function():
    asked = []
    _, _, _, history = trained(schedule=lambda epoch: asked.append(epoch) or 1 / (1 + epoch))
    assert asked == list(range(8)) and history["lr"] == pytest.approx([0.01 / (1 + e) for e in range(8)])
    with pytest.raises(ZeroDivisionError):
        trained(schedule=lambda epoch: 1 / epoch)


def test_objective_for_other_optimizers():
    optimize = pytest.importorskip("scipy.optimize", reason="python3-scipy is not installed")
    model, x, y, _ = trained(epochs=1)
    f = model.objective(x, y)
    loss, gradient = f(f.start)
    assert loss == pytest.approx(model.evaluate(x, y).loss, rel=1e-5)
    assert np.sort(gradient[gradient != 0]) == pytest.approx(np.sort(np.concatenate(
        [g.ravel() for g in model.gradients(x, y).values()])), abs=1e-12)
    assert optimize.check_grad(lambda w: f(w)[0], lambda w: f(w)[1], f.start) < 1e-5
    found = optimize.minimize(f, f.start, jac=True, method="L-BFGS-B")
    assert model.evaluate(x, y).loss == pytest.approx(loss, rel=1e-5) and found.fun < 0.5 * loss
    f.apply(found.x)
    assert model.evaluate(x, y).loss == pytest.approx(found.fun, rel=1e-3)


def test_digits():
    (x, y), (x_test, y_test) = cr.digits(200, 50)
    assert x.shape == (200, 784) and x.dtype == np.float32 and x.min() == 0 and 0.9 < x.max() <= 1
    assert set(y) == set(range(10)) and x_test.shape == (50, 784)
    assert np.array_equal(cr.digits(300, 0)[0][0][:200], x) and not np.array_equal(cr.digits(200, 0, seed=2)[0][0], x)


def test_callbacks():
    rows, steps = [], []

    class Steps:
        def on_step(self, step, epoch, loss, lr):
            steps.append(step)
            return step < 5

    trained(callbacks=[rows.append])
    _, _, _, history = trained(callbacks=[Steps()])
    assert len(rows) == 8 and rows[0]["epoch"] == 1
    assert steps == [1, 2, 3, 4, 5] and history.stopped == "interrupted" and history.steps == 5


@pytest.mark.parametrize("answer, epochs", [(False, 1), (np.bool_(False), 1), (np.float32(1) > 2, 1), (None, 8), (0, 8), (True, 8)])
def test_a_callback_that_says_no_ends_training(answer, epochs):
    assert len(trained(callbacks=[lambda row: answer])[3]["loss"]) == epochs


def test_a_callback_may_predict_but_not_train():
    x, y = blobs()
    model = cr.Model("linear 3")
    seen = []

    def look(row):
        seen.append(model.predict(x[:2]))
        with pytest.raises(cr.Error, match="callback"):
            model.fit(x, y)

    model.fit(x, y, epochs=2, callbacks=[look])
    assert len(seen) == 2


def test_interrupt_keeps_the_best():
    code = """
import chainrule as cr, numpy as np
x, y = np.random.default_rng(0).normal(size=(2000, 20)).astype("f4"), np.arange(2000) % 4
def say(row):
    if row["epoch"] == 2: print("ready", flush=True)
h = cr.Model("linear 64, relu, linear 4").fit(x, y, epochs=10**6, validation_split=0.2, callbacks=[say])
print(h.stopped, h.best_epoch > 0)
"""
    p = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "ready\n"
    p.send_signal(signal.SIGINT)
    out, _ = p.communicate(timeout=60)
    assert out == "interrupted True\n" and p.returncode == 0


def test_other_threads_run_while_training():
    x, y = blobs(3000)
    ticks, done = [], threading.Event()

    def count():
        while not done.is_set():
            ticks.append(1)
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    cr.Model("linear 200, relu, linear 200, relu, linear 3").fit(x, y, epochs=6)
    done.set()
    thread.join()
    assert len(ticks) > 20


def test_rows_are_not_copied():
    code = """
import resource, numpy as np, chainrule as cr
x = np.ones((1_000_000, 32), np.float32); y = np.arange(1_000_000) % 2
m = cr.Model("linear 2")
m.fit(x[:1000], y[:1000], epochs=1)
y = y.astype(np.int32)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
m.fit(x, y, steps=20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    print("KiB beside the array of 125,000:", grown)
    assert grown < 60_000  # targets and the order of rows; the features are 125,000


def test_progress_bar(capsys):
    trained(progress=True)
    shown = capsys.readouterr().err
    assert "epoch 8/8" in shown and "\r" in shown and shown.endswith("\n")
    trained()
    assert capsys.readouterr().err == ""


def test_gradients_compared():
    model, x, y, _ = trained()
    mine = model.gradients(x[:20], y[:20])
    assert model.compare(x[:20], y[:20], mine)
    mine["fc1.weight"] = mine["fc1.weight"] * 20
    found = model.compare(x[:20], y[:20], mine)
    assert not found and found.first == "fc1.weight" and "summed" in found.causes[0].kind
    assert "fc1.weight" in str(found) and "<table>" in found._repr_html_()


def test_gradients_agree_with_a_recorded_graph():
    model, x, y, _ = trained()
    w = {k: cr.param(v.astype(np.float64)) for k, v in model.weights.items()}
    h = cr.relu(cr.input(x, dtype=np.float64) @ w["fc1.weight"] + w["fc1.bias"])
    loss = cr.softmax_cross_entropy(h @ w["fc2.weight"] + w["fc2.bias"], cr.class_input(y, 3))
    loss.backward()
    for name, grad in model.gradients(x, y).items():
        assert np.allclose(grad, w[name].grad, atol=1e-12)


def test_explained():
    model, x, y, _ = trained()
    assert "fc1" in str(model.explain(x[:4], y[:4])) and model.explain(x[:4], y[:4])._repr_svg_()
    e = model.explain(x[:4], y[:4], at="fc1.weight[3,1]")
    assert e.gradient == pytest.approx(model.gradients(x[:4], y[:4])["fc1.weight"][1, 3])
    assert "<html" in model.page(x[:4], y[:4])


def test_doctor():
    x, y = blobs()
    before = cr.Model("linear 16, relu, linear 3")
    d = before.doctor(x, y, optimizer="sgd", lr=1e3, steps=50)
    assert "learning rate" in d.findings[0].cause and d.svg.startswith("<svg") and "<table>" in d._repr_html_()
    assert d.findings[0].cause in str(d)


def test_border():
    x, y = blobs()
    model = cr.Model("linear 8, tanh, linear 3")
    model.fit(x[:, :2].copy(), y, epochs=2)
    assert model.border(x[:, :2], y).startswith("<svg")


def test_weights_can_be_set():
    model = cr.Model("linear 2").build(3, classes=["a", "b"])
    model.set_weights({"fc1.weight": np.ones((3, 2)), "fc1.bias": [0, 5]})
    assert list(model.predict(np.ones((2, 3)))) == ["b", "b"]
    with pytest.raises(cr.Error, match="fc1.weight"):
        model.set_weights({"fc1.wieght": np.ones((3, 2))})


def test_gradients_of_a_recorded_value_compared():
    x, t = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]]), np.array([[1.0], [0.0], [2.0]])
    w = cr.param(np.array([[0.5], [-0.3]]), name="W1")
    loss = ((cr.input(x, dtype=np.float64) @ w - t) ** 2).mean()
    loss.backward()
    assert cr.compare(loss, mine={"dW1": w.grad})
    found = cr.compare(loss, mine={"W1": -w.grad})
    assert not found and found.causes[0].kind == "sign"
    with pytest.raises(ValueError, match="nothing"):
        cr.compare(loss, mine={"nothing": w.grad[:1]})


def test_doctor_says_whether_it_learnt():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(150, 2))
    x = np.concatenate([x, -x])  # no straight line through both halves
    radius = np.hypot(x[:, 0], x[:, 1])
    y = (radius > np.median(radius)).astype(int)
    found = cr.doctor(cr.Model("linear 1", seed=1), x, y, steps=200, batch=32, lr=0.01)
    assert not found.learned and found.answer.startswith("It did not learn")
    assert found.findings[0].cause == "no activation between layers"
    assert found.findings[0].fix[0][0] == "--model" and found.findings[0].tried[1] > 0.8
