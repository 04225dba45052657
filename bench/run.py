#!/usr/bin/env python3
"""Compares chainrule with other libraries on this machine: see docs/performance.md.

Every competitor is a process that answers lines (peers/peer.h). Rounds are interleaved, one of each
competitor after the other, so that whatever else the machine does meets all of them; ratios are
formed from the rounds of the same run, with an interval from resampling rounds.
"""
import argparse
import json
import os
import platform
import random
import re
import select
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import plots
from programs import PYTHON, Recipe, best_torch, compare, data_folder

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Workload:
    row: int
    name: str
    widths: str
    batch: int = 1
    task: str = "train"
    optimizer: str = "sgd"
    rate: float = 0.1
    dropout: float = 0
    inputs: tuple = ("sparse", "dense")
    threads: tuple = (1, 2)
    goals: tuple = ()  # against PyTorch: (inputs, threads, ratio)

    def line(self, command, inputs, threads, steps):
        return (f"{command} {self.task} {self.widths} {self.batch} {self.optimizer} {self.rate} "
                f"{self.dropout} {inputs} {threads} {steps}")

    def operations(self):
        """Floating-point operations of a step when no zero is skipped."""
        products, width, side = [], 784, 28
        w = self.widths.split("-")
        if w[1].isdigit():
            width = int(w[0])
        for layer in w[1:]:
            if layer[0] == "c":
                filters, size, pad = map(int, re.fullmatch(r"c(\d+)x(\d+)(?:p(\d+))?", layer).groups("0"))
                channels = width // side ** 2
                side += 2 * pad - size + 1
                width = side ** 2 * filters
                products.append(2 * size ** 2 * channels * width)
            elif layer[0] == "m":
                width //= int(layer[1:]) ** 2
                side //= int(layer[1:])
            else:
                products.append(2 * width * int(layer))
                width = int(layer)
        rows = 10000 if self.task == "all" else self.batch
        return rows * (sum(products) if self.task != "train" else 3 * sum(products) - products[0])


W1, W2, W4 = "784-50-10", "784-512-512-10", "2048-2048-2048-10"
LENET, TWO = "784-c6x5p2-m2-c16x5-m2-120-84-10", "784-c24x5-m2-c32x3-m2-256-10"
WORKLOADS = [
    Workload(1, f"{W1}, batch 100, SGD", W1, 100,
             goals=(("sparse", 1, 4.0), ("dense", 1, 2.2), ("sparse", 2, 5.0))),
    Workload(2, f"{W2}, batch 128, SGD", W2, 128,
             goals=(("sparse", 1, 1.8), ("dense", 1, 1.35), ("sparse", 2, 2.2))),
    Workload(3, "2-3-1 XOR, batch 4, SGD", "2-3-1", 4, rate=0.5, inputs=("xor",), threads=(1,),
             goals=(("xor", 1, 500),)),
    Workload(4, f"{W4}, batch 256, SGD", W4, 256, rate=0.01,
             goals=(("sparse", 1, 1.05), ("sparse", 2, 1.25))),
    Workload(5, f"{W1}, predict one", W1, task="one", threads=(1,), goals=(("sparse", 1, 30),)),
    Workload(6, f"{W2}, batch 128, Adam", W2, 128, optimizer="adam", rate=0.001,
             dropout=0.2, inputs=("sparse",), goals=(("sparse", 1, 2.0), ("sparse", 2, 2.4))),
    Workload(7, f"{W2}, predict 10,000", W2, task="all", inputs=("sparse",),
             goals=(("sparse", 1, 1.5), ("sparse", 2, 1.5))),
    Workload(8, "LeNet-5, batch 128, SGD", LENET, 128, inputs=("sparse",), rate=0.01,
             goals=(("sparse", 1, 3.0), ("sparse", 2, 3.0))),
    Workload(9, "conv 24 and 32, batch 256, SGD", TWO, 256, inputs=("sparse",), rate=0.01,
             goals=(("sparse", 1, 2.0), ("sparse", 2, 2.0))),
]


class Skipped(Exception):
    """A competitor cannot run, and why."""


class Process:
    def __init__(self, command, env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMP", "GOMP", "OPENBL"))}
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True, env=clean | env)

    def ask(self, line, timeout=300):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            if not select.select([self.process.stdout], [], [], timeout)[0]:
                self.process.kill()
                raise Skipped(f"no answer in {timeout} s")
            answer = self.process.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if answer.startswith("error: "):
            raise Skipped(answer[7:])
        if not answer:
            self.errors.seek(0)
            raise Skipped((self.errors.read().strip().splitlines() or ["it ended"])[-1])
        return answer

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()


@dataclass(frozen=True)
class Setting:
    """How a competitor runs: environment of its process, threads that it is told, variants."""
    name: str
    env: tuple = ()
    threads: int = 1
    variants: tuple = ()

    def __str__(self):
        return " ".join((self.name,) + self.variants)


def blas(openmp, openblas, *more):
    return (("OMP_NUM_THREADS", str(openmp)), ("OPENBLAS_NUM_THREADS", str(openblas)),
            ("GOMP_SPINCOUNT", "0")) + more


OPENMP_BLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
ONE = Setting("1 thread", blas(1, 1))
BLAS_TWO = Setting("2 of OpenBLAS", blas(1, 2), 1)
TORCH_TWO = [BLAS_TWO, Setting("2 of OpenMP", blas(2, 1), 2),
             Setting("2 of both", blas(2, 2), 2)]
if os.path.isdir(OPENMP_BLAS):
    TORCH_TWO.append(Setting("2, OpenBLAS on OpenMP",
                             blas(2, 2, ("LD_LIBRARY_PATH", OPENMP_BLAS)), 2))


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    command: tuple
    two: tuple = ()  # settings with two threads
    package: str = ""
    slowest: tuple = ()  # rows that would take minutes
    one: Setting = ONE

    def variants(self, work):
        if self.name != "torch" or work.row == 3:
            return ()
        if "c" in work.widths:
            return ("last", "foreach", "jit", "bytes")
        return {"train": ("foreach", "jit", "bytes"), "one": ("jit",), "all": ("parts",)}[work.task]


def peers(build):
    def native(name):
        return (str(build / "bench" / f"bench_{name}"),)

    def script(name):
        return (PYTHON, str(ROOT / "bench" / "peers" / f"{name}_peer.py"))

    ours = Setting("1 thread"), (Setting("2 threads", threads=2),)
    return [
        Peer("ours", "chainrule", native("ours"), ours[1], one=ours[0]),
        Peer("torch", "PyTorch", script("torch"), tuple(TORCH_TWO), "python3-torch"),
        Peer("libtorch", "libtorch", native("libtorch"), tuple(TORCH_TWO), "libtorch-dev"),
        Peer("numpy", "numpy", script("numpy"), (BLAS_TWO,), "python3-numpy"),
        Peer("dlib", "dlib", native("dlib"), (BLAS_TWO,), "libdlib-dev"),
        Peer("fann", "FANN", native("fann"), (), "libfann-dev", slowest=(4, 7)),
    ]


class Race:
    """All processes, and the rounds between them."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.processes, self.versions, self.absent, self.settings = {}, {}, {}, {}
        self.peak = Process([str(options.build / "bench" / "bench_peak")], {})
        self.simd = self.peak.process.stdout.readline().strip()

    def meet(self, peers):
        """Learns who can run, and in which version."""
        for peer in peers:
            with suppress(Skipped):
                self.process(peer, ONE)

    def close(self):
        for p in [self.peak, *self.processes.values()]:
            p.close()

    def process(self, peer, setting):
        key = peer.name, setting.env
        if key not in self.processes:
            if peer.name in self.absent:
                raise Skipped(self.absent[peer.name])
            try:
                if not os.path.exists(peer.command[0]):
                    raise Skipped(f"not built; it needs {peer.package}")
                found = Process([*peer.command, self.folder], dict(setting.env))
                self.versions[peer.name] = found.ask("version")
            except Skipped as reason:
                self.absent[peer.name] = str(reason)
                raise
            self.processes[key] = found
        return self.processes[key]

    def round(self, peer, setting, work, inputs, steps):
        """Seconds per step, and the loss of the last."""
        line = work.line("round", inputs, setting.threads, steps)
        line = " ".join((line,) + setting.variants)
        seconds, loss = map(float, self.process(peer, setting).ask(line).split())
        return seconds / steps, loss

    def steps(self, peer, setting, work, inputs, seconds):
        """As many as take about `seconds`."""
        steps = 1
        while True:
            each, _ = self.round(peer, setting, work, inputs, steps)
            if each * steps > seconds / 6 or each > seconds:
                return max(1, min(round(seconds / max(each, 1e-9)), 1_000_000))
            steps = min(steps * 8, round(seconds / max(each, 1e-9)) + 1)

    def trial(self, peer, setting, work, inputs):
        seconds = self.options.seconds / 3
        steps = self.steps(peer, setting, work, inputs, seconds)
        return min(self.round(peer, setting, work, inputs, steps)[0] for _ in range(3))

    def best_setting(self, peer, work, inputs, threads):
        """Looks for the fastest way to run: each variant alone is added if it helps on one thread,
        then each way to use two. Found once for all kinds of inputs."""
        key = peer.name, work.row, threads
        if key not in self.settings:
            self.settings[key] = self.search(peer, work, inputs, threads)
        return self.settings[key]

    def search(self, peer, work, inputs, threads):
        if threads == 1:
            best, least = peer.one, None
            for v in peer.variants(work):
                least = least or self.trial(peer, best, work, inputs)
                other = replace(best, variants=best.variants + (v,))
                seconds = self.trial(peer, other, work, inputs)
                if seconds < least:
                    best, least = other, seconds
            return best
        one = self.best_setting(peer, work, inputs, 1)
        if peer.name == "ours" or not peer.two:
            return peer.two[0] if peer.two else one
        choices = [one] + [replace(s, variants=one.variants) for s in peer.two]
        return min(choices, key=lambda s: self.trial(peer, s, work, inputs))

    def peaks(self, threads):
        """Measured now: operations per second, the best of three."""
        return 1e9 * max(float(self.peak.ask(f"fma {threads}")) for _ in range(3))

    def compare(self, work, inputs, threads, chosen):
        """Interleaved rounds of one workload; a dictionary for the JSON file."""
        result = {"row": work.row, "workload": work.name, "widths": work.widths,
                  "batch": work.batch, "inputs": inputs, "threads": threads,
                  "operations": work.operations(), "peers": {}, "peak": []}
        ready = []
        for peer in chosen:
            try:
                if work.row in peer.slowest:
                    raise Skipped("it would take minutes")
                setting = self.best_setting(peer, work, inputs, threads)
                steps = self.steps(peer, setting, work, inputs, self.options.seconds)
                ready.append((peer, setting, steps))
                result["peers"][peer.name] = {"setting": str(setting), "steps": steps, "times": []}
            except Skipped as reason:
                result["peers"][peer.name] = {"skipped": str(reason)}
        for i in range(self.options.rounds):
            result["peak"].append(self.peaks(threads))
            for peer, setting, steps in ready if i % 2 == 0 else reversed(ready):
                time.sleep(0.03)  # threads of the one before go to sleep
                try:
                    seconds, loss = self.round(peer, setting, work, inputs, steps)
                except Skipped as reason:
                    result["peers"][peer.name] = {"skipped": str(reason)}
                    continue
                entry = result["peers"][peer.name]
                if "times" in entry:
                    entry["times"].append(seconds)
                    entry["loss"] = loss
        summarise(result, work)
        return result


def summarise(result, work):
    ours = result["peers"].get("ours", {}).get("times", [])
    for name, entry in result["peers"].items():
        times = entry.get("times")
        if not times:
            continue
        entry["median"], entry["min"] = median(times), min(times)
        entry["spread"] = (max(times) - min(times)) / entry["median"]
        if ours and name != "ours" and len(times) == len(ours):
            entry["ratio"] = median(times) / median(ours)
            entry["interval"] = interval(times, ours)
    if ours:
        work_rate = [result["operations"] / t / p for t, p in zip(ours, result["peak"])]
        result["peak_fraction"] = {
            "best": result["operations"] / min(ours) / max(result["peak"]),
            "median": median(work_rate)}
    for inputs, threads, goal in work.goals:
        if (inputs, threads) == (result["inputs"], result["threads"]):
            result["goal"] = goal


def interval(theirs, ours, samples=2000):
    """95 % interval of the ratio of medians, from rounds drawn with replacement."""
    generator = random.Random(1)
    ratios = []
    for _ in range(samples):
        chosen = generator.choices(range(len(ours)), k=len(ours))
        ratios.append(median(theirs[i] for i in chosen) / median(ours[i] for i in chosen))
    ratios.sort()
    return [ratios[samples // 40], ratios[-samples // 40]]


def check(race, work, inputs, chosen):
    """Loss after 100 steps from the same parameters with the same batches. The rate is small:
    at 0.1 rounding sooner or later switches a ReLU, and runs part in the fourth digit; where each
    weight meets hundreds of pixels, already at 0.01."""
    small = 0.001 if "c" in work.widths else 0.01
    work = replace(work, dropout=0, rate=work.rate if inputs == "xor" else small)
    result = {"row": work.row, "inputs": inputs, "steps": 100, "losses": {}}
    for peer in chosen:
        if peer.name in ("ours", "torch", "numpy"):
            try:
                answer = race.process(peer, peer.one).ask(work.line("check", inputs, 1, 100))
                result["losses"][peer.name] = float(answer.split()[1])
            except Skipped:
                pass
    ours = result["losses"]["ours"]
    result["difference"] = max(abs(loss / ours - 1) for loss in result["losses"].values())
    result["equal"] = result["difference"] < 1e-4
    return result


def sweeps(race, chosen):
    """Time of a step against the width of the hidden layers, and against the batch."""
    by_name = {p.name: p for p in chosen if p.name in ("ours", "torch", "numpy")}
    base = WORKLOADS[1]

    def points(works):
        found = {name: [] for name in by_name}
        for x, work in works:
            result = race.compare(work, "sparse", 1, by_name.values())
            for name, entry in result["peers"].items():
                if "median" in entry:
                    found[name].append([x, entry["median"]])
        return found

    return {
        "width": {"title": "Step time against width", "axis": "width of both hidden layers",
                  "about": "784-width-width-10, batch 128, SGD, one thread",
                  "points": points((w, replace(base, widths=f"784-{w}-{w}-10"))
                                   for w in [2**i for i in range(3, 13)])},
        "batch": {"title": "Step time against batch", "axis": "rows in a batch",
                  "about": f"{W2}, SGD, one thread",
                  "points": points((b, replace(base, batch=b)) for b in [2**i for i in range(11)])},
    }


def cliff(race, chosen):
    """Step time per unit of layers of 127, 128 and 129 units; the rounds are interleaved."""
    ours, widths = chosen[0], (127, 128, 129)
    works = {w: replace(WORKLOADS[1], widths=f"784-{w}-{w}-10") for w in widths}
    steps = {w: race.steps(ours, ours.one, works[w], "dense", race.options.seconds) for w in widths}
    rounds = [{w: race.round(ours, ours.one, works[w], "dense", steps[w])[0] / w for w in widths}
              for _ in range(race.options.rounds)]
    each = {w: median(r[w] for r in rounds) for w in widths}
    return {"seconds_per_unit": each, "largest_ratio": max(each.values()) / min(each.values())}


def whole_program(options, folder, runs):
    """Row 10: ten epochs of row 1, from the gzip files to a written model."""
    data = data_folder(options.build, options.data, folder)
    recipe = Recipe(init="normal:0.01")
    setting = best_torch([ONE, *TORCH_TWO], recipe, data, folder)
    outcomes = compare(options.build, recipe, data, range(1, runs + 1), folder,
                       {"torch": (recipe, setting)})
    result = {"setting": str(setting)}
    for name, found in outcomes.items():
        result[name] = {"walls": [o.wall for o in found], "median": median(o.wall for o in found),
                        "memory": max(o.memory for o in found),
                        "accuracy": median(o.epochs[-1][1] for o in found)}
    return result


def machine(race):
    cpu = "unknown"
    try:
        with open("/proc/cpuinfo") as file:
            cpu = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    bandwidth = {t: max(float(race.peak.ask(f"memory {t}")) for _ in range(3)) for t in (1, 2)}
    return {"cpu": cpu, "processors": len(os.sched_getaffinity(0)), "system": platform.platform(),
            "instructions": race.simd, "load": os.getloadavg()[0],
            "fma_peak": {t: race.peaks(t) for t in (1, 2)},
            "memory_bandwidth": {t: 1e9 * b for t, b in bandwidth.items()}}


def duration(seconds):
    for unit, factor in (("s ", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            return f"{seconds * factor:.3g} {unit}"


class Table:
    """A line for each comparison: our time, PyTorch's with ratio and interval, others' ratios."""

    def __init__(self, chosen):
        self.others = [p for p in chosen if p.name not in ("ours", "torch")]
        self.colour = sys.stdout.isatty()
        self.print_line(f"  {'workload':<37}{'inputs':<7}{'threads':>7}{'chainrule':>11}"
                        f"{'PyTorch':>11}{'ratio':>8}{'95 %':>15}"
                        + "".join(f"{p.title:>9}" for p in self.others) + f"{'wanted':>10}", 1)

    def print_line(self, text, code=0):
        print(f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text, flush=True)

    def ratio(self, entry, width):
        text = f"{entry['ratio']:.3g}×" if "ratio" in entry else "–"
        good = entry.get("ratio", 1) >= 1
        return text.rjust(width) if good or not self.colour else \
            f"\x1b[31m{text:>{width}}\x1b[0m"

    def add(self, r):
        ours, torch = r["peers"].get("ours", {}), r["peers"].get("torch", {})
        line = f"{r['row']} {r['workload']:<37}{r['inputs']:<7}{r['threads']:>7}"
        line += "".join(f"{duration(e['median']) if 'median' in e else '–':>11}"
                        for e in (ours, torch))
        low, high = torch.get("interval", (0, 0))
        line += self.ratio(torch, 8) + (f"{f'{low:.3g} … {high:.3g}':>15}" if high else " " * 15)
        line += "".join(self.ratio(r["peers"].get(p.name, {}), 9) for p in self.others)
        if "goal" in r and "ratio" in torch:
            goal = f"{r['goal']:g}×"
            line += f"{goal:>8} {'✓' if torch['ratio'] >= r['goal'] else '✗'}"
        self.print_line(line)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--plots", type=Path, help="write SVG pictures to this folder")
    parser.add_argument("--data", help="folder with MNIST's four files; else CHAINRULE_MNIST; "
                                       "without both, digits that chainrule draws")
    parser.add_argument("--only", help="rows, as in 1,3,5")
    parser.add_argument("--peers", help="as in ours,torch")
    parser.add_argument("--quick", action="store_true",
                        help="fewer and shorter rounds, fewer checks, no sweeps")
    parser.add_argument("--rounds", type=int, help="of each comparison")
    parser.add_argument("--seconds", type=float, help="of each round")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 11)
    options.seconds = options.seconds or (0.1 if options.quick else 0.5)
    every = [1, 2, 3, 4, 5, 6, 7, 10] + [12] * (not options.quick)
    options.only = [int(n) for n in options.only.split(",")] if options.only else every
    options.data = options.data or os.environ.get("CHAINRULE_MNIST", "")
    return options


def print_machine(m):
    fma, memory = m["fma_peak"], m["memory_bandwidth"]
    print(f"{m['cpu']}, {m['processors']} processors, {m['instructions']}\nmeasured peak: "
          f"{fma[1] / 1e9:.0f} GFLOP/s on one thread, {fma[2] / 1e9:.0f} on two; memory: "
          f"{memory[1] / 1e9:.1f} and {memory[2] / 1e9:.1f} GB/s; load: {m['load']:.1f}\n")


def print_whole(w):
    ours, torch = w["ours"], w["torch"]
    print(f"\n10  whole program, 10 epochs of row 1: {duration(ours['median'])} and "
          f"{ours['memory'] / 1e6:.0f} MB ({ours['accuracy']:.4f} right); PyTorch "
          f"{duration(torch['median'])} and {torch['memory'] / 1e6:.0f} MB "
          f"({torch['accuracy']:.4f}): {torch['median'] / ours['median']:.1f}× the time, "
          f"{torch['memory'] / ours['memory']:.1f}× the memory")


def run_all(options, folder, chosen):
    race = Race(options, folder)
    report = {"machine": machine(race), "data": options.data or "digits", "rounds": options.rounds,
              "seconds": options.seconds, "rows": [], "checks": [], "sweeps": {}}
    print_machine(report["machine"])
    race.meet(chosen)
    table = Table(chosen)
    works = [w for w in WORKLOADS if w.row in options.only]
    for work in works:
        for inputs in work.inputs:
            for threads in work.threads:
                report["rows"].append(race.compare(work, inputs, threads, chosen))
                table.add(report["rows"][-1])
    print()
    for r in report["rows"]:
        if (r["row"] in (2, 4) and (r["inputs"], r["threads"]) == ("dense", 1)
                and "peak_fraction" in r):
            f = r["peak_fraction"]
            print(f"{r['row']}  dense, one thread: {f['best']:.2f} of the measured peak in the best "
                  f"round, {f['median']:.2f} in the median")
    for work in works:
        checked = work.row <= (3 if options.quick else 4) or "c" in work.widths
        for inputs in work.inputs if checked else ():
            result = check(race, work, inputs, chosen)
            report["checks"].append(result)
            losses = ", ".join(f"{k} {v:.7g}" for k, v in result["losses"].items())
            print(f"{work.row}  {inputs}, loss after 100 steps: {losses}: "
                  f"{'equal' if result['equal'] else 'NOT EQUAL'}")
    if 12 in options.only:
        report["cliff"] = cliff(race, chosen)
        each = report["cliff"]["seconds_per_unit"]
        print("12  " + ", ".join(f"{w} wide: {1e6 * t:.3f} µs per unit" for w, t in each.items()) +
              f"; largest ratio {report['cliff']['largest_ratio']:.3f}")
        report["sweeps"] = sweeps(race, chosen)
    race.close()
    if 10 in options.only and "torch" in race.versions:
        report["whole"] = whole_program(options, folder, 1 if options.quick else 3)
        print_whole(report["whole"])
    report["versions"], report["absent"] = race.versions, race.absent
    print()
    for peer in chosen:
        print(f"{peer.title}: {race.versions.get(peer.name) or race.absent.get(peer.name)}")
    return report


def main():
    options = parse_arguments()
    chosen = peers(options.build)
    if options.peers:
        names = options.peers.split(",")
        if unknown := set(names) - {p.name for p in chosen}:
            sys.exit(f"no such peer: {', '.join(unknown)}; there are "
                     + ", ".join(p.name for p in chosen))
        chosen = [p for p in chosen if p.name in names or p.name == "ours"]
    with tempfile.TemporaryDirectory(prefix="chainrule-bench-") as folder:
        rows = 20000 if options.quick else 60000
        subprocess.run([options.build / "bench" / "bench_ours", "write", folder, str(rows)] +
                       [options.data] * bool(options.data), check=True)
        report = run_all(options, folder, chosen)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    if options.plots:
        plots.write_all(report, {p.name: p.title for p in chosen}, options.plots)
    return 0 if all(c["equal"] for c in report["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())
