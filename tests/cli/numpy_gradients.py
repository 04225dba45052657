"""Writes 20 batches and their gradients, computed by numpy in float32, for the models of a folder.

usage: numpy_gradients.py FOLDER  (holds NAME.safetensors; writes NAME-0.x.npy, .y.npy, .npz, ...)
"""
import json
import pathlib
import struct
import sys

import numpy as np


def read_model(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    layers = header.pop("__metadata__")["model"].split(", ")
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + o for o in entry["data_offsets"])
        tensors[name] = np.frombuffer(content[begin:end], np.float32).reshape(entry["shape"])
    return layers, tensors


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def gradients(layers, weights, x, y):
    """Mean softmax cross-entropy, or mean squared error for targets in columns."""
    caches, number = [], 0
    for layer in layers:
        kind = layer.split()[0]
        if kind == "linear":
            number += 1
            w, b = weights[f"fc{number}.weight"], weights[f"fc{number}.bias"]
            out = x @ w.T + b
            caches.append((kind, number, x))
        elif kind == "relu":
            out = np.maximum(x, 0)
            caches.append((kind, x, None))
        elif kind == "tanh":
            out = np.tanh(x)
            caches.append((kind, out, None))
        else:
            out = 1 / (1 + np.exp(-x))
            caches.append((kind, out, None))
        x = out
    if y.ndim == 1:
        d = softmax(x)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
    else:
        d = 2 * (x - y) / y.size
    result = {}
    for kind, a, b in reversed(caches):
        if kind == "linear":
            result[f"fc{a}.weight"], result[f"fc{a}.bias"] = d.T @ b, d.sum(axis=0)
            d = d @ weights[f"fc{a}.weight"]
        elif kind == "relu":
            d = d * (a > 0)
        elif kind == "tanh":
            d = d * (1 - a * a)
        else:
            d = d * a * (1 - a)
    return result


folder = pathlib.Path(sys.argv[1])
for path in sorted(folder.glob("*.safetensors")):
    layers, weights = read_model(path)
    weights = {k: v.astype(np.float32) for k, v in weights.items()}
    inputs = weights["fc1.weight"].shape[1]
    last = sum(layer.startswith("linear") for layer in layers)
    outputs = weights[f"fc{last}.bias"].shape[0]
    for i in range(5):
        random = np.random.default_rng(i)
        rows = [1, 7, 32, 100, 128][i]
        x = random.normal(size=(rows, inputs)).astype(np.float32)
        if outputs > 1:
            y = random.integers(0, outputs, rows)
        else:
            y = random.normal(size=(rows, 1)).astype(np.float32)
        g = gradients(layers, weights, x, y)
        assert all(v.dtype == np.float32 for v in g.values())
        stem = f"{folder}/{path.stem}-{i}"
        np.save(stem + ".x.npy", x)
        np.save(stem + ".y.npy", y)
        np.savez(stem + ".npz", **g)
