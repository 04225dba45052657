"""Networks to and from the files of other programs."""

import ctypes
import json
import shutil
import struct
import subprocess

import chainrule as cr
import numpy as np
import pytest


def trained():
    (x, y), _ = cr.digits(600, 0, seed=3)
    model = cr.Model("linear 24, relu, linear 10", seed=1)
    model.fit(x, y, epochs=12, lr=0.005, batch=32)
    return model, x, y


def write_safetensors(path, arrays, metadata=None):
    head, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, a in arrays.items():
        head[name] = {"dtype": {"f": "F32", "i": "I64"}[a.dtype.kind], "shape": a.shape,
                      "data_offsets": [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
    text = json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def compiled(path):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    library = path.with_suffix(".so")
    subprocess.run([compiler, "-std=c99", "-O1", "-shared", "-fPIC", path, "-lm", "-o", library], check=True)
    predict = ctypes.CDLL(str(library))[path.stem + "_predict"]
    floats = np.ctypeslib.ndpointer(np.float32, flags="C")
    predict.argtypes, predict.restype = [floats, floats], None

    def run(rows, outputs):
        found = np.empty((len(rows), outputs), np.float32)
        for row, out in zip(rows, found):
            predict(row, out)
        return found

    return run


def test_c_code(tmp_path):
    model, x, y = trained()
    said = model.export(tmp_path / "digits.c", probabilities=True)
    assert said["format"] == "c" and said["prefix"] == "digits" and said["flash"] > 4 * 784 * 24
    assert np.allclose(compiled(tmp_path / "digits.c")(x[:50], 10), model.predict_proba(x[:50]), atol=1e-5)

    small = model.export(tmp_path / "small.c", int8=x)
    assert small["flash"] < 0.3 * said["flash"]
    same = compiled(tmp_path / "small.c")(x, 10).argmax(axis=1) == model.predict(x)
    assert np.mean(same) > 0.97


def test_onnx_and_back(tmp_path):
    model, x, y = trained()
    said = model.export(tmp_path / "m.onnx")
    assert said["format"] == "onnx" and said["opset"] == 17
    back = cr.load(tmp_path / "m.onnx")
    assert np.array_equal(back.predict_proba(x), model.predict_proba(x))
    assert np.array_equal(back.predict(x), model.predict(x)) and back.predict(x).dtype.kind == "i"
    before = back.evaluate(x, y).loss
    back.fit(x, y, epochs=3)
    assert back.evaluate(x, y).loss < before


def test_tensors_alone(tmp_path):
    random = np.random.default_rng(0)
    w1, w2 = (random.normal(size=s).astype(np.float32) for s in ((8, 4), (3, 8)))
    b1, b2 = np.ones(8, np.float32), np.zeros(3, np.float32)
    arrays = {"0.weight": w1, "0.bias": b1, "2.weight": w2, "2.bias": b2}
    write_safetensors(tmp_path / "t.safetensors", arrays)
    x = random.normal(size=(10, 4)).astype(np.float32)
    logits = np.maximum(x @ w1.T + b1, 0) @ w2.T + b2
    text = "linear 8, relu, linear 3"
    for source in (tmp_path / "t.safetensors", arrays, {k: a.astype(np.float64) for k, a in arrays.items()}):
        model = cr.load(source, model=text, classes=["cat", "dog", "owl"])
        assert list(model.predict(x)) == [["cat", "dog", "owl"][c] for c in logits.argmax(axis=1)]
        assert np.allclose(model.predict_proba(x), np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), atol=1e-5)
    numbers = cr.load(arrays, model=text, loss="squared_error")
    assert np.allclose(numbers.predict(x), logits, atol=1e-5)
    norm = {"0.weight": np.full(4, 2.0), "0.bias": np.zeros(4), "0.running_mean": np.ones(4),
            "0.running_var": np.ones(4), "0.num_batches_tracked": np.array(7), "1.weight": w1[:1], "1.bias": b1[:1]}
    y = cr.load(norm, model="batch_norm, linear 1").predict(x)
    assert np.allclose(y, (2 * (x - 1)) @ w1[0] + 1, atol=1e-3)


def test_a_saved_model_with_another_loss(tmp_path):
    model, x, _ = trained()
    model.save(tmp_path / "m.safetensors")
    other = cr.load(tmp_path / "m.safetensors", loss="hinge")
    assert other.loss == "hinge" and np.array_equal(other.weights["fc1.weight"], model.weights["fc1.weight"])


def test_torch(tmp_path):
    torch = pytest.importorskip("torch", reason="python3-torch is not installed")
    net = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 1))
    x = np.random.default_rng(1).normal(size=(20, 5)).astype(np.float32)
    expected = net(torch.from_numpy(x)).detach().numpy()[:, 0]
    text = "linear 7, tanh, linear 1"
    assert np.allclose(cr.load(net.state_dict(), model=text).predict(x), expected, atol=1e-5)
    torch.onnx.export(net, torch.zeros(1, 5), str(tmp_path / "t.onnx"))
    assert np.allclose(cr.load(tmp_path / "t.onnx").predict(x), expected, atol=1e-5)
    model = cr.Model("linear 4, relu, linear 1")
    model.fit(x, expected, epochs=3)
    onnx = pytest.importorskip("onnx", reason="python3-onnx is not installed")
    model.export(tmp_path / "ours.onnx")
    onnx.checker.check_model(onnx.load(str(tmp_path / "ours.onnx")), full_check=True)
