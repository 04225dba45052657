"""Convolutions and pooling of PyTorch in double: python3 torch_conv.py FILE

For each of 300 random configurations, one word or number after the other: the kind, its settings,
how many arrays, then the name of each, the number of its elements and these. Pictures lie channels
last, filters [KH, KW, I, O]; d in front of a name means the gradient."""

import random
import sys

try:
    import torch
    from torch.nn import functional as F
except ImportError as e:
    print(e)
    sys.exit(77)

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
random.seed(1)
CONFIGURATIONS = 300


def last(t):
    """Channels last."""
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


def pair(low, high):
    return [random.randint(low, high), random.randint(low, high)]


def convolution():
    groups = random.choice([1, 1, 1, 2, 3])
    channels = groups * random.randint(1, 4)
    filters = groups * random.randint(1, 4)
    if random.random() < 0.15:  # each channel alone
        groups = channels
        filters = channels * random.randint(1, 2)
    kernel, stride, dilation = pair(1, 4), pair(1, 3), pair(1, 3)
    pad = [random.randint(0, 3), random.randint(0, 3)]
    size = [max(1, (k - 1) * d + 1 - 2 * p) + random.randint(0, 6)
            for k, d, p in zip(kernel, dilation, pad)]
    x = torch.randn(random.randint(1, 4), channels, *size, requires_grad=True)
    w = torch.randn(filters, channels // groups, *kernel, requires_grad=True)
    b = torch.randn(filters, requires_grad=True)
    y = F.conv2d(x, w, b, stride, pad, dilation, groups)
    settings = [*stride, *pad, *dilation, groups]
    return "conv", settings, {"x": x, "w": w, "b": b}, y


def pooling():
    kind = random.choice(["max", "avg", "avg_inside"])
    size, stride = pair(1, 4), pair(1, 3)
    pad = [random.randint(0, s // 2) for s in size]
    picture = [max(1, s - 2 * p) + random.randint(0, 6) for s, p in zip(size, pad)]
    x = torch.randn(random.randint(1, 4), random.randint(1, 5), *picture, requires_grad=True)
    if kind == "max":
        y = F.max_pool2d(x, size, stride, pad)
    else:
        y = F.avg_pool2d(x, size, stride, pad, count_include_pad=kind == "avg")
    return kind, [*size, *stride, *pad], {"x": x}, y


def write(out, kind, settings, inputs, y):
    dy = torch.randn(y.shape)
    y.backward(dy)
    arrays = {"x": last(inputs["x"]), "y": last(y), "dy": last(dy), "dx": last(inputs["x"].grad)}
    if "w" in inputs:
        arrays["w"] = inputs["w"].permute(2, 3, 1, 0)
        arrays["dw"] = inputs["w"].grad.permute(2, 3, 1, 0)
        arrays["b"], arrays["db"] = inputs["b"], inputs["b"].grad
    print(kind, len(settings), *settings, len(arrays), file=out)
    for name, t in arrays.items():
        print(name, t.dim(), *t.shape, *(repr(v) for v in t.detach().reshape(-1).tolist()), file=out)


with open(sys.argv[1], "w") as out:
    for i in range(CONFIGURATIONS):
        write(out, *(pooling() if i % 3 == 2 else convolution()))
print(CONFIGURATIONS, "configurations")
