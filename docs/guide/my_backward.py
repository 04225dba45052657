"""A backward pass as one writes it in numpy, with one mistake of your choice.

usage: python3 my_backward.py MODEL.safetensors [MISTAKE]

Writes x.npy, y.npy and mine.npz for `chainrule compare`. MISTAKE is one of none, no_mask,
averaged_twice, step_first, softmax_of_input, diagonal, no_lambda, in_place, quotient.
"""
import json
import struct
import sys

import numpy as np


def read_model(path):
    """The layers, the lambda of L1, and the arrays of a model file."""
    content = open(path, "rb").read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    about = header.pop("__metadata__")
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        arrays[name] = np.frombuffer(content[begin:end], np.float32).reshape(entry["shape"])
    return about["model"], sum(json.loads(about["options"])["l1"].values()), arrays


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


mistake = sys.argv[2] if len(sys.argv) > 2 else "none"
text, l1, weights = read_model(sys.argv[1])
w1, b1 = weights["fc1.weight"].T, weights["fc1.bias"]
w2, b2 = weights["fc2.weight"].T, weights["fc2.bias"]

random = np.random.default_rng(1)
rows, classes = 64, len(b2)
x = random.normal(size=(rows, len(w1))).astype(np.float32)
y = random.integers(0, classes, rows)

# Forward.
z1 = x @ w1 + b1
h = np.maximum(z1, 0) if "relu" in text else 1 / (1 + np.exp(-z1))
z2 = h @ w2 + b2
p = softmax(z2)
one_hot = np.eye(classes, dtype=np.float32)[y]

# Backward.
if mistake == "softmax_of_input":
    dp = -one_hot / p / rows
    dz2 = z2 * (dp - (dp * z2).sum(axis=1, keepdims=True))
elif mistake == "diagonal":
    dp = -one_hot / p / rows
    dz2 = dp * p * (1 - p)
else:
    dz2 = (p - one_hot) / rows
dw2, db2 = h.T @ dz2, dz2.sum(axis=0)
if mistake == "step_first":
    w2 = w2 - 0.1 * dw2
dh = dz2 @ w2.T
nodes = {"relu1": dh} if mistake == "in_place" else {}
if mistake == "no_mask":
    dz1 = dh
elif mistake == "quotient":
    dz1 = dh * np.exp(-z1) / z1**2
elif mistake == "in_place":
    dz1 = dh
    dz1[z1 <= 0] = 0  # the same array under another name: dh is changed too
elif "relu" in text:
    dz1 = dh * (z1 > 0)
else:
    dz1 = dh * h * (1 - h)
dw1, db1 = x.T @ dz1, dz1.sum(axis=0)
if mistake == "averaged_twice":
    dw1, db1, dw2, db2 = (g / rows for g in (dw1, db1, dw2, db2))
if l1:
    rate = 1 if mistake == "no_lambda" else l1
    dw1, dw2 = dw1 + rate * np.sign(w1), dw2 + rate * np.sign(w2)

np.save("x.npy", x)
np.save("y.npy", y)
gradients = {"fc1.weight": dw1.T, "fc1.bias": db1, "fc2.weight": dw2.T, "fc2.bias": db2}
np.savez("mine.npz", **gradients, **nodes)
