#!/usr/bin/env python3
"""Step times of training by several ranks, measured and predicted.

    bench/scaling.py strong [--ranks 2,4] [--batch 512] [--model TEXT]      the same batch for all
    bench/scaling.py weak   [--ranks 2,4] [--batch 256] [--model TEXT]      the same batch for each
    bench/scaling.py link   [--rate 100] [--delay 20] [--batch 128]         two hosts, a slow link
    bench/scaling.py predict                                                8, 64 and 512 nodes

docs/scaling.md derives the model that predicts. Ranks are processes of this machine with one thread
each, and one rank alone has one thread, too. Runs of one and of several ranks take turns, --rounds
times, since other programs make a machine slower for a while; shown are the best and the median of
the rounds. --program names another build of chainrule.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

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
    words = ["train", options.data, "--limit", "2048", "--model", options.model]
    words += ["--batch", str(batch), "--steps", str(options.steps), "--threads", "1"]
    words += ["--optimizer", options.optimizer, "--lr", "0.01"]
    words += ["--json", "--quiet", "--out", options.out, "--overwrite"]
    if prefix is None:
        prefix = [os.path.join(ROOT, "scripts/mpirun.sh"), str(ranks)] if ranks > 1 else []
    run = subprocess.run(prefix + [options.program] + words, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr or run.stdout)
    return json.loads(run.stdout.strip().splitlines()[-1])


def copy_rate():
    """Bytes per second that one processor reads and writes when it copies 32 MB; the best of ten."""
    source, target = memoryview(bytearray(b"x" * (1 << 25))), memoryview(bytearray(1 << 25))
    best = float("inf")
    for _ in range(10):
        begin = time.perf_counter()
        target[:] = source
        best = min(best, time.perf_counter() - begin)
    return 2 * len(source) / best


def node_seconds(parameters, rate):
    """What an exchange between ranks of one machine takes: each of P reads P terms of 1 / P of the
    gradients, and writes as many sums."""
    return 2 * 4 * parameters / rate


def scaling(options, weak):
    ranks = [int(r) for r in options.ranks.split(",")]
    batch = {r: options.batch * (r if weak else 1) for r in ranks}
    # One rank with the whole batch, for the speed-up; with the rows of each, for the prediction.
    runs = [(1, options.batch)] + [(r, batch[r]) for r in ranks]
    runs += [(1, batch[r] // r) for r in ranks if batch[r] // r != options.batch]
    results = {run: [] for run in runs}
    for number in range(options.rounds):
        for run in results:
            results[run].append(train(options, *run))
        print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}: " + ", ".join(
            f"{r} x {b // r}: {results[r, b][-1]['step_ms']:.1f} ms" for r, b in results),
            file=sys.stderr, flush=True)

    def step(run, of=min):
        return of(r["step_ms"] for r in results[run])

    rate = copy_rate()
    print(f"copying reads and writes {rate / 1e9:.1f} GB/s")
    print("ranks  rows each  ms/step: best  median  predicted  waiting  KB given/step  "
          + ("efficiency" if weak else "speed-up") + ": best  median")
    one = (1, options.batch)
    for r, b in [one] + [(r, batch[r]) for r in ranks]:
        best = min(results[r, b], key=lambda result: result["step_ms"])
        expected = step((1, b // r))
        if r > 1:
            expected += 1e3 * node_seconds(best["parameters"], rate)
        median = step((r, b), statistics.median)
        print(f"{r:5}  {b // r:9}  {best['step_ms']:13.2f}  {median:6.2f}  {expected:9.2f}"
              f"  {best['wait_ms'] / best['step_ms']:7.0%}  {best['sent_bytes'] / 1e3:13,.0f}"
              f"  {step(one) / best['step_ms']:16.2f}  {step(one, statistics.median) / median:6.2f}")


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
    parser.add_argument("--ranks", default="2,4")
    parser.add_argument("--rounds", type=int, default=5)
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
