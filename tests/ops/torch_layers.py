"""nn.RNN and nn.MultiheadAttention of PyTorch in double: python3 torch_layers.py FILE

For each, one word or number after the other: how many arrays, then the name of each, the number of
its elements and these. x is the input, y the output, dy the upstream gradient; the weights lie as
chainrule has them, [I, O]; d in front of a name means the gradient."""

import sys

try:
    import torch
    from torch import nn
except ImportError as e:
    print(e)
    sys.exit(77)

torch.set_num_threads(1)
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


def write(out, arrays):
    print(len(arrays), file=out)
    for name, t in arrays.items():
        print(name, t.numel(), *(repr(v) for v in t.detach().reshape(-1).tolist()), file=out)


def run(layer, x, split):
    """`split` gives the parameters under our names, from themselves or from their gradients."""
    y = layer(x)
    dy = torch.randn(y.shape)
    y.backward(dy)
    arrays = {"x": x, "y": y, "dy": dy, "dx": x.grad}
    arrays.update(split({n: p for n, p in layer.module.named_parameters()}))
    own = split({n: p.grad for n, p in layer.module.named_parameters()})
    arrays.update({"d" + n: g for n, g in own.items()})
    return arrays


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.module = nn.RNN(3, 5, batch_first=True)

    def forward(self, x):
        return self.module(x)[0]

    @staticmethod
    def split(p):
        return {
            "weight_ih": p["weight_ih_l0"].T,
            "weight_hh": p["weight_hh_l0"].T,
            "bias_ih": p["bias_ih_l0"],
            "bias_hh": p["bias_hh_l0"],
        }


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.module = nn.MultiheadAttention(12, 3, batch_first=True)
        nn.init.normal_(self.module.in_proj_bias)
        nn.init.normal_(self.module.out_proj.bias)

    def forward(self, x):
        return self.module(x, x, x, need_weights=False)[0]

    @staticmethod
    def split(p):
        named = {"out.weight": p["out_proj.weight"].T, "out.bias": p["out_proj.bias"]}
        weights, biases = p["in_proj_weight"].chunk(3), p["in_proj_bias"].chunk(3)
        for name, w, b in zip("qkv", weights, biases):
            named[name + ".weight"], named[name + ".bias"] = w.T, b
        return named


with open(sys.argv[1], "w") as out:
    write(out, run(Recurrent(), torch.randn(4, 7, 3, requires_grad=True), Recurrent.split))
    write(out, run(Attention(), torch.randn(4, 6, 12, requires_grad=True), Attention.split))
print("2 layers")
