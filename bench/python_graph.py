#!/usr/bin/env python3
"""Times of small graphs in Python beside PyTorch's, in one run on one thread:
python3 bench/python_graph.py [--calls 2000] [--rounds 7]

Both work in double on the same arrays and take turns; a time is the least mean of a round, in
microseconds of the processor, which a busy machine changes least. A step is forward, backward and SGD. Exits with 1 when XOR's step is less
than 5 times as fast.
"""

import argparse
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
import torch

import chainrule as cr

torch.set_num_threads(1)


def network(sizes, seed=0):
    random = np.random.default_rng(seed)
    return [a for i, o in zip(sizes, sizes[1:]) for a in (random.normal(size=(i, o)) / np.sqrt(i), np.zeros(o))]


def contest(sizes, rows, classes):
    """{what: (ours, theirs)}: functions of one step on `rows` rows."""
    arrays = network(sizes)
    ours = [cr.param(a) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    random = np.random.default_rng(1)
    x = random.normal(size=(rows, sizes[0]))
    t = random.integers(0, sizes[-1], rows) if classes else random.normal(size=(rows, sizes[-1]))
    xt, tt = torch.tensor(x), torch.tensor(t)
    sgd, their_sgd = cr.SGD(ours, lr=0.01), torch.optim.SGD(theirs, lr=0.01)

    def net(x, p, tanh):
        for i in range(0, len(p) - 2, 2):
            x = tanh(x @ p[i] + p[i + 1])
        return x @ p[-2] + p[-1]

    def loss(x, t):
        y = net(x, ours, cr.tanh)
        return cr.softmax_cross_entropy(y, t) if classes else ((y - t) ** 2).mean()

    called = cr.function(loss)
    predict = cr.function(lambda x: net(x, ours, cr.tanh))

    def step():
        called(x, t).backward()
        sgd.step()

    def rebuilt():
        loss(cr.input(x), t).backward()
        sgd.step()

    def their_step():
        their_sgd.zero_grad()
        y = net(xt, theirs, torch.tanh)
        (torch.nn.functional.cross_entropy(y, tt) if classes else ((y - tt) ** 2).mean()).backward()
        their_sgd.step()

    def their_prediction():
        with torch.no_grad():
            return net(xt[:1], theirs, torch.tanh).numpy()

    return {"step": (step, their_step), "step, graph rebuilt": (rebuilt, their_step),
            "prediction of one row": (lambda: predict(x[:1]).value, their_prediction), "optimizer.step() alone": (sgd.step, their_sgd.step)}


def least(pair, calls, rounds):
    best = [np.inf, np.inf]
    for _ in range(rounds):
        for k, f in enumerate(pair):
            begin = time.process_time()
            for _ in range(calls):
                f()
            best[k] = min(best[k], (time.process_time() - begin) / calls * 1e6)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    print("| what | chainrule, µs | PyTorch, µs | ratio |\n|---|---|---|---|")
    failed = False
    for name, sizes, rows, classes, fewer in (("XOR, 2-3-1", (2, 3, 1), 4, False, 1), ("784-50-10, 64 rows", (784, 50, 10), 64, True, 10)):
        for what, pair in contest(sizes, rows, classes).items():
            for f in pair:
                f()
            ours, theirs = least(pair, max(1, options.calls // fewer), options.rounds)
            print(f"| {name}: {what} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.1f} |")
            failed |= what == "step" and rows == 4 and theirs / ours < 5
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
