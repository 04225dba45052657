#!/usr/bin/env python3
"""Time to accuracy on MNIST: seconds from process start until the test set reaches 97, 98 and
98.5 %, with `chainrule train` and with PyTorch; the same recipe, and the best one for each goal.

Needs MNIST (--data or CHAINRULE_MNIST); without it the digits that chainrule draws are used.
"""
import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import median

from programs import Recipe, best_torch, compare, data_folder
from run import ONE, ROOT, TORCH_TWO

SAME = Recipe(hidden="512", optimizer="adam", lr=0.001, batch=128, epochs=12)
BEST = {
    0.97: Recipe(hidden="128", optimizer="adam", lr=0.004, schedule="cosine", batch=128, epochs=2),
    0.98: Recipe(hidden="256", optimizer="adam", lr=0.003, schedule="cosine", batch=128, epochs=4),
    0.985: Recipe(hidden="1024", dropout=0.3, optimizer="adam", lr=0.002, schedule="cosine",
                  batch=128, epochs=12),
}


def times(outcomes, goal):
    found = [o.time_to(goal) for o in outcomes]
    reached = [f for f in found if f]
    return {"reached": len(reached), "runs": len(found),
            "wall": median(f[0] for f in reached) if reached else None,
            "train": median(f[1] for f in reached) if reached else None}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--data", default=os.environ.get("CHAINRULE_MNIST", ""))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    report = []
    with tempfile.TemporaryDirectory(prefix="chainrule-race-") as folder:
        data = data_folder(args.build, args.data, folder)
        print(f"{'goal':<7}{'recipe':<10}{'chainrule':>18}{'PyTorch':>18}{'ratio':>8}   in brackets: "
              "training alone; n/m: seeds that got there")
        for title, recipe, goals in [("the same", SAME, list(BEST))] + [
                ("best", r, [g]) for g, r in BEST.items()]:
            setting = best_torch([ONE, *TORCH_TWO], recipe, data, folder)
            outcomes = compare(args.build, recipe, data, setting, range(1, args.seeds + 1), folder)
            for goal in goals:
                entry = {"goal": goal, "title": title, "recipe": asdict(recipe),
                         "torch_setting": str(setting)}
                line = f"{100 * goal:g} %".ljust(7) + f"{title:<10}"
                for name, runs in outcomes.items():
                    t = entry[name] = times(runs, goal)
                    cell = f"{t['wall']:.1f} ({t['train']:.1f}) s" if t["wall"] else "–"
                    line += f"{cell:>14}{t['reached']:>2}/{t['runs']}"
                if entry["ours"]["wall"] and entry["torch"]["wall"]:
                    entry["ratio"] = entry["torch"]["wall"] / entry["ours"]["wall"]
                    line += f"{entry['ratio']:>7.1f}×"
                print(line, flush=True)
                report.append(entry)
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
