"""A whole training program with PyTorch, from MNIST's gzip files to a written model: the opponent
of `chainrule train`. Prints a line per epoch: its number, test accuracy, seconds of training."""
import argparse
import gzip
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("data", type=Path)
parser.add_argument("out")
parser.add_argument("--hidden", default="50")
parser.add_argument("--dropout", type=float, default=0)
parser.add_argument("--init", default="")
parser.add_argument("--optimizer", default="sgd")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--schedule", default="constant")
parser.add_argument("--batch", type=int, default=100)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()


def read(name, header):
    path = next(p for p in args.data.iterdir() if p.name.replace(".", "-").startswith(name))
    data = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
    return np.frombuffer(data, np.uint8, offset=header)


def part(name):
    x = torch.from_numpy(read(name + "-images", 16).reshape(-1, 784).astype(np.float32))
    return x.div_(255), torch.from_numpy(read(name + "-labels", 8).astype(np.int64))


torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)
x, t = part("train")
x_test, t_test = part("t10k")
widths = [784] + [int(w) for w in args.hidden.split(",")]
layers = []
for i, o in zip(widths, widths[1:]):
    layers += [nn.Linear(i, o), nn.ReLU()] + [nn.Dropout(args.dropout)] * (args.dropout > 0)
model = nn.Sequential(*layers, nn.Linear(widths[-1], 10))
for layer in model:
    if isinstance(layer, nn.Linear):
        if args.init.startswith("normal:"):
            nn.init.normal_(layer.weight, std=float(args.init[7:]))
        else:  # what chainrule chooses
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
rule = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[args.optimizer]
optimizer = rule(model.parameters(), args.lr, foreach=True)
steps = args.epochs * -(-len(x) // args.batch)
schedule = (torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
            if args.schedule == "cosine" else None)
criterion = nn.CrossEntropyLoss()
start = time.perf_counter()
for epoch in range(1, args.epochs + 1):
    model.train()
    for rows in torch.randperm(len(x)).split(args.batch):
        optimizer.zero_grad(set_to_none=True)
        criterion(model(x.index_select(0, rows)), t.index_select(0, rows)).backward()
        optimizer.step()
        if schedule:
            schedule.step()
    model.eval()
    with torch.inference_mode():
        right = sum((model(a).argmax(1) == b).sum().item()
                    for a, b in zip(x_test.split(1000), t_test.split(1000)))
    print(epoch, right / len(t_test), time.perf_counter() - start, flush=True)
torch.save(model.state_dict(), args.out)
