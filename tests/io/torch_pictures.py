"""Networks of PyTorch that see pictures: python3 torch_pictures.py FOLDER

Writes them as ONNX (1.onnx ...) with pictures (1_x.npy) and what they give (1_y.npy)."""

import pathlib
import sys

try:
    import numpy as np
    import onnx  # torch.onnx needs it to find out what it wrote
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as e:
    print(e)
    sys.exit(77)

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(1)
torch.set_num_threads(1)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class Block(nn.Module):
    """Normalised before the activation, so that nothing is folded into the convolutions."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(out)
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.short = nn.Conv2d(channels, out, 1, stride, bias=False) if channels != out else nn.Identity()

    def forward(self, x):
        y = self.conv1(torch.relu(self.bn1(x)))
        return self.short(x) + self.conv2(F.silu(self.bn2(y)))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 12, 2), Block(12, 12, 1))
        self.head = nn.Sequential(nn.BatchNorm2d(12), nn.LeakyReLU(0.2), nn.AdaptiveAvgPool2d(1),
                                  nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 5))

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


class Mixed(nn.Module):
    """Groups, dilation, channels alone, uneven padding, pooling with padding, channels joined."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), groups=2)
        self.b = nn.Conv2d(6, 6, 3, padding=1, groups=6)
        self.c = nn.Conv2d(6, 3, 1)
        self.d = nn.Linear(9, 4)

    def forward(self, x):
        x = torch.clamp(self.a(x), -1, 1)
        y = torch.cat([self.b(x), self.c(x)], 1)
        y = F.avg_pool2d(F.max_pool2d(y, 3, 2, 1), 2, 1, 1, count_include_pad=False)
        y = F.avg_pool2d(y, (1, 2), padding=(0, 1)) * 0.5
        return self.d(y.mean((2, 3)))


def settle(model, shape):
    """Gives norms something to do: gains, offsets and running statistics of their own."""
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.bias, -1, 1)
    with torch.no_grad():
        for _ in range(3):
            model(2 * torch.randn(64, *shape) + 1)
    model.eval()


networks = [(LeNet(), (1, 28, 28)), (ResNet(), (3, 11, 9)), (Mixed(), (4, 9, 8))]
for number, (model, shape) in enumerate(networks, 1):
    settle(model, shape)
    x = torch.randn(17, *shape)
    with torch.no_grad():
        np.save(folder / f"{number}_x.npy", x.numpy())
        np.save(folder / f"{number}_y.npy", model(x).numpy())
    torch.onnx.export(
        model,
        torch.randn(2, *shape),
        str(folder / f"{number}.onnx"),
        opset_version=14,
        dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
        input_names=["x"],
        output_names=["y"],
    )
print(len(networks), "networks")
