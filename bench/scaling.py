#!/usr/bin/env python3
"""Step times of training by several ranks, measured and predicted.

    bench/scaling.py strong [--ranks 1,2,4] [--batch 512] [--model TEXT]    the same batch for all
    bench/scaling.py weak   [--ranks 1,2,4] [--batch 256] [--model TEXT]    the same batch for each
    bench/scaling.py link   [--rate 100] [--delay 20] [--batch 128]         two hosts, a slow link
    bench/scaling.py predict                                                8, 64 and 512 nodes

docs/scaling.md derives the model that predicts. Ranks are processes of this machine with one thread
each; --program names another build of chainrule.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
EAGER = 65536  # bytes that Open MPI sends over TCP without asking first
FRAME = 1514 / 1448  # bytes on the wire for each that TCP carries


def predict(compute, parameters, ranks, rate, latency, overlap=0.0):
    """Seconds of a step: `compute` of one rank, `rate` in bytes per second, `latency` one way;
    `overlap` of the compute time passes while gradients travel."""
    if ranks == 1:
        return compute
    piece = 4 * parameters / ranks
    trips = 3 if piece > EAGER else 1  # a large message waits until the other side has said yes
    one_round = trips * latency + (ranks - 1) * piece * FRAME / rate
    return compute + max(0.0, 2 * one_round - overlap * compute)


def train(options, ranks, batch, prefix=None):
    words = ["train", options.data, "--model", options.model, "--batch", str(batch), "--threads", "1"]
    words += ["--steps", str(options.steps), "--optimizer", options.optimizer, "--lr", "0.01"]
    words += ["--json", "--quiet", "--out", options.out]
    if prefix is None:
        prefix = [os.path.join(ROOT, "scripts/mpirun.sh"), str(ranks)] if ranks > 1 else []
    run = subprocess.run(prefix + [options.program] + words, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr or run.stdout)
    return json.loads(run.stdout.strip().splitlines()[-1])


def scaling(options, weak):
    print("ranks  batch  ms/step  waiting  KB sent/step  " + ("efficiency" if weak else "speed-up"))
    first = None
    for ranks in [int(r) for r in options.ranks.split(",")]:
        batch = options.batch * (ranks if weak else 1)
        r = train(options, ranks, batch)
        first = first or r["step_ms"]
        print(f"{ranks:5}  {batch:5}  {r['step_ms']:7.2f}  {r['wait_ms'] / r['step_ms']:6.0%}"
              f"  {r['sent_bytes'] / 1e3:12,.0f}  {first / r['step_ms']:8.2f}", flush=True)


def link(options):
    alone = train(options, 1, options.batch // 2)
    prefix = [os.path.join(HERE, "slow_link.py"), "--rate", str(options.rate), "--delay",
              str(options.delay), "--"]
    two = train(options, 2, options.batch, prefix)
    expected = 1e3 * predict(alone["step_ms"] / 1e3, alone["parameters"], 2,
                             options.rate * 1e6 / 8, options.delay / 1e3)
    print(f"one rank, half of the batch  {alone['step_ms']:.2f} ms per step")
    print(f"two ranks, predicted         {expected:.1f} ms per step")
    print(f"two ranks, measured          {two['step_ms']:.1f} ms per step,"
          f" {two['step_ms'] / expected - 1:+.1%}")
    return abs(two["step_ms"] / expected - 1) < 0.2


def table():
    """The network of 5.8 million parameters at 32 rows a rank and more; see docs/scaling.md."""
    parameters, per_row = 5_820_416, 6 * 5_820_416  # operations forward and backward
    print("nodes  rows each   compute  10 Gbit/s   100 Gbit/s   (ms per step; efficiency)")
    for nodes in (8, 64, 512):
        for rows in (64, 512):
            compute = rows * per_row / 1e12
            cells = []
            for gbit, latency in ((10, 30e-6), (100, 2e-6)):
                # Each of the 2 (P - 1) messages of a round costs its sender a microsecond.
                step = predict(compute, parameters, nodes, gbit * 1e9 / 8, latency, 2 / 3)
                step += 2 * (nodes - 1) * 1e-6
                cells.append(f"{1e3 * step:7.1f} {compute / step:4.0%}")
            print(f"{nodes:5}  {rows:9}  {1e3 * compute:8.1f}  " + "  ".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["strong", "weak", "link", "predict"])
    parser.add_argument("--ranks", default="1,2,4")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--model")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--optimizer", default="sgd")
    parser.add_argument("--rate", type=float, default=100, help="Mbit/s")
    parser.add_argument("--delay", type=float, default=20, help="ms, one way")
    parser.add_argument("--out", default=os.path.join(tempfile.gettempdir(), "chainrule-scaling"))
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/cli/chainrule"))
    options = parser.parse_args()
    slow = options.what == "link"
    options.model = options.model or (
        "linear 50, relu, linear 10" if slow
        else "linear 2048, relu, linear 2048, relu, linear 10")
    options.batch = options.batch or {"strong": 512, "weak": 256}.get(options.what, 128)
    options.steps = options.steps or (60 if slow else 20)
    if options.what == "predict":
        table()
    elif slow:
        return 0 if link(options) else 1
    else:
        scaling(options, options.what == "weak")
    return 0


if __name__ == "__main__":
    sys.exit(main())
