"""PyTorch as a careful user writes it, with variants of which bench/run.py looks for the best.

foreach: the optimizer's multi-tensor loops. jit: a traced model. bytes: pictures kept as bytes and
turned into floats in each step. parts: many rows are predicted 1,000 at a time. last: pictures and
filters with their channels last.
"""
import re
import sys

import torch
from torch import nn

import peer

FOLDER = sys.argv[1]


def convolutional(job, parameters):
    """`parameters` None: PyTorch's own, for time alone."""
    layers, side, channels = [nn.Unflatten(1, (1, 28, 28))], 28, 1
    given = iter(parameters or [])

    def load(layer):
        if parameters:
            w, b = map(torch.from_numpy, next(given))
            if isinstance(layer, nn.Linear) and channels:  # chainrule's rows have channels last
                w = w.reshape(-1, side, side, channels).permute(0, 3, 1, 2).flatten(1)
            with torch.no_grad():
                layer.weight.copy_(w)
                layer.bias.copy_(b)
        return layer

    width = None
    for i, text in enumerate(job.layers):
        if text[0] == "c":
            filters, size, pad = map(int, re.fullmatch(r"c(\d+)x(\d+)(?:p(\d+))?", text).groups("0"))
            layers += [load(nn.Conv2d(channels, filters, size, padding=pad)), nn.ReLU()]
            channels, side = filters, side + 2 * pad - size + 1
        elif text[0] == "m":
            layers.append(nn.MaxPool2d(int(text[1:])))
            side //= int(text[1:])
        else:
            if width is None:
                layers.append(nn.Flatten())
                width = side * side * channels
            layers.append(load(nn.Linear(width, int(text))))
            width, channels = int(text), 0
            if i + 1 < len(job.layers):
                layers.append(nn.ReLU())
    model = nn.Sequential(*layers)
    return model.to(memory_format=torch.channels_last) if "last" in job.variants else model


def make_model(job, parameters):
    layers = []
    for i, (w, b) in enumerate(parameters):
        linear = nn.Linear(w.shape[1], w.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w))
            linear.bias.copy_(torch.from_numpy(b))
        layers.append(linear)
        last = i + 1 == len(parameters)
        if job.data == "xor":
            layers.append(nn.Sigmoid())
        elif not last:
            layers.append(nn.ReLU())
        if job.dropout and not last:
            layers.append(nn.Dropout(job.dropout))
    return nn.Sequential(*layers)


def predict(job, model, rows):
    model.eval()
    with torch.inference_mode():
        if job.task == "one":
            x = list(torch.from_numpy(rows.x[:peer.ONE_ROWS]).split(1))
            if "jit" in job.variants:
                model = torch.jit.freeze(torch.jit.trace(model, x[0]))
            return peer.timed(job, lambda i: model(x[i % peer.ONE_ROWS])[0, 0])
        x = torch.from_numpy(rows.x[:peer.TEST_ROWS])
        t = torch.from_numpy(rows.label[:peer.TEST_ROWS])
        parts = x.split(1000 if "parts" in job.variants else len(x))

        def all_rows(i):
            y = torch.cat([torch.softmax(model(part), 1) for part in parts])
            return (y.argmax(1) == t).float().mean().item()

        return peer.timed(job, all_rows)


def work(job, check):
    torch.set_num_threads(job.threads)
    rows = peer.Rows(FOLDER, job)
    if len(job.widths) <= len(job.layers):
        model = convolutional(job, peer.parameters(FOLDER) if check else None)
    else:
        start = peer.parameters(FOLDER) if check else peer.fresh_parameters(*job.widths)
        model = make_model(job, start)
    if job.task != "train":
        return predict(job, model, rows)
    foreach = "foreach" in job.variants
    optimizer = (torch.optim.Adam(model.parameters(), job.rate, foreach=foreach)
                 if job.optimizer == "adam" else
                 torch.optim.SGD(model.parameters(), job.rate, foreach=foreach))
    x_all, labels = torch.from_numpy(rows.x), torch.from_numpy(rows.label)
    is_xor = job.data == "xor"
    if is_xor:
        target = labels.float().reshape(-1, 1)
    elif "bytes" in job.variants:
        x_all = (x_all * 255).round().to(torch.uint8)
    criterion = nn.MSELoss() if is_xor else nn.CrossEntropyLoss()
    batches = torch.from_numpy(peer.batches(FOLDER, job, len(rows.x), check))
    run = torch.jit.trace(model, x_all[:job.batch].float()) if "jit" in job.variants else model

    def step(i):
        if is_xor:
            x, t = x_all, target
        else:
            x, t = x_all.index_select(0, batches[i]), labels.index_select(0, batches[i])
            if x.dtype == torch.uint8:
                x = x.float().mul_(1 / 255)
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(run(x), t)
        loss.backward()
        optimizer.step()
        return loss

    if check:
        return 0, [step(i) for i in range(job.steps)][-1].item()
    return peer.timed(job, step)


peer.serve(work, "PyTorch " + torch.__version__, convolutions=True)
