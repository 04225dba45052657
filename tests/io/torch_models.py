"""PyTorch's side of the tests on interchange: python3 torch_models.py FOLDER

Writes ten models as ONNX (1.onnx ...) with rows of inputs (1_x.npy) and what they give (1_y.npy);
two state_dicts as safetensors (named.safetensors, numbered.safetensors) with the same; and reads
ours.safetensors, a model of chainrule, for which it gives ours_y.npy of ours_x.npy."""

import json
import pathlib
import struct
import sys

try:
    import numpy as np
    import onnx  # torch.onnx needs it to find out what it wrote
    import torch
    from torch import nn
except ImportError as e:
    print(e)
    sys.exit(77)

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(1)
torch.set_num_threads(1)


def read_safetensors(path):
    """The whole format: a length, a JSON header, the values."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, t in header.items():
        assert t["dtype"] == "F32"
        begin, end = (8 + length + offset for offset in t["data_offsets"])
        values = np.frombuffer(data[begin:end], dtype="<f4").reshape(t["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


def write_safetensors(path, tensors):
    """A state_dict as safetensors' own library writes it: sorted names, nothing beside them."""
    names = {torch.float32: "F32", torch.int64: "I64"}
    header, parts, offset = {}, [], 0
    for name in sorted(tensors):
        t = tensors[name]
        part = t.detach().numpy().tobytes()
        header[name] = {
            "dtype": names[t.dtype],
            "shape": list(t.shape),
            "data_offsets": [offset, offset + len(part)],
        }
        parts.append(part)
        offset += len(part)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


class View(nn.Module):
    def forward(self, x):
        return x.view(x.size(0), -1)


def sequence(*layers):
    return nn.Sequential(*layers)


models = [
    (sequence(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)), (1, 28, 28), 17),
    (sequence(nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 7), nn.ELU(0.7), nn.Linear(7, 3)), (6,), 17),
    (sequence(nn.Linear(6, 8), nn.SELU(), nn.Linear(8, 7), nn.Softplus(), nn.Linear(7, 1)), (6,), 14),
    (sequence(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 7), nn.GELU(approximate="tanh"), nn.Linear(7, 3)), (6,), 17),
    (sequence(nn.Linear(6, 8), nn.SiLU(), nn.GELU(), nn.SiLU(), nn.Linear(8, 1), nn.Sigmoid()), (6,), 17),
    (sequence(nn.Linear(6, 8, bias=False), nn.Tanh(), nn.Linear(8, 5, bias=False), nn.LogSoftmax(dim=1)), (6,), 17),
    (sequence(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)), (6,), 17),
    (sequence(nn.LayerNorm(6), nn.Linear(6, 8), nn.LayerNorm(8, eps=1e-3), nn.ReLU(), nn.Linear(8, 3)), (6,), 14),
    (sequence(nn.Linear(6, 8), nn.LayerNorm(8), nn.Sigmoid(), nn.Linear(8, 4), nn.Softmax(dim=-1)), (6,), 17),
    (sequence(View(), nn.Linear(12, 9), nn.Identity(), nn.GELU(), nn.BatchNorm1d(9, eps=1e-3, momentum=0.25), nn.Linear(9, 2)), (3, 4), 9),
]


def settle(model, shape):
    """Gives norms something to do: gains, offsets and running statistics of their own."""
    model.train()
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.LayerNorm)):
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.bias, -1, 1)
    with torch.no_grad():
        for _ in range(3):
            model(2 * torch.randn(64, *shape) + 1)
    model.eval()


def save_rows(name, model, shape):
    x = torch.randn(17, *shape)
    with torch.no_grad():
        np.save(folder / f"{name}_x.npy", x.numpy())
        np.save(folder / f"{name}_y.npy", model(x).numpy())


for number, (model, shape, opset) in enumerate(models, 1):
    settle(model, shape)
    save_rows(number, model, shape)
    torch.onnx.export(
        model,
        torch.randn(2, *shape),
        str(folder / f"{number}.onnx"),
        opset_version=opset,
        dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
        input_names=["x"],
        output_names=["y"],
    )


class Named(nn.Module):
    """'linear 9, batch_norm, tanh, linear 4', its parts named as chainrule names them."""

    def __init__(self):
        super().__init__()
        self.fc1, self.bn1, self.fc2 = nn.Linear(6, 9), nn.BatchNorm1d(9), nn.Linear(9, 4)

    def forward(self, x):
        return self.fc2(torch.tanh(self.bn1(self.fc1(x))))


named = Named()
settle(named, (6,))
save_rows("named", named, (6,))
write_safetensors(folder / "named.safetensors", named.state_dict())

layers = [nn.Linear(6, 5)] + [m for _ in range(5) for m in (nn.ReLU(), nn.Linear(5, 5))]
numbered = nn.Sequential(*layers)  # 0.weight, 2.weight, ... 10.weight
save_rows("numbered", numbered, (6,))
write_safetensors(folder / "numbered.safetensors", numbered.state_dict())

ours = Named().eval()
missing = ours.load_state_dict(read_safetensors(folder / "ours.safetensors"), strict=False)
assert not missing.unexpected_keys, missing
assert all(k.endswith("num_batches_tracked") for k in missing.missing_keys), missing
with torch.no_grad():
    np.save(folder / "ours_y.npy", ours(torch.from_numpy(np.load(folder / "ours_x.npy"))).numpy())
print(len(models), "models")
