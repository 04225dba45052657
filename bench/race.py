#!/usr/bin/env python3
"""Time to accuracy on MNIST: seconds from process start until the test set reaches 97, 98 and
98.5 %, with `chainrule train` and with PyTorch; both with chainrule's recipe, and PyTorch also with
the best one that was found for it.

Without MNIST (--data or CHAINRULE_MNIST) the digits that chainrule draws are used.
"""
import argparse
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

from programs import Recipe, best_torch, compare, data_folder
from run import ONE, ROOT, TORCH_TWO

ADAM = Recipe(optimizer="adam", schedule="cosine", batch=128)
# goal: what reaches it soonest with chainrule, and with PyTorch, for which larger batches pay.
RECIPES = {
    0.97: (replace(ADAM, hidden="64", lr=0.01, epochs=2),
           replace(ADAM, hidden="128", lr=0.012, batch=256, epochs=2)),
    0.98: (replace(ADAM, hidden="160", lr=0.006, epochs=4),
           replace(ADAM, hidden="256", lr=0.01, batch=256, epochs=4)),
    0.985: (replace(ADAM, hidden="512", dropout=0.3, lr=0.003, epochs=11),
            replace(ADAM, hidden="512", dropout=0.3, lr=0.005, batch=256, epochs=11)),
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
    parser.add_argument("--goals", default="97,98,98.5", help="per cent right")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    goals = [float(g) / 100 for g in args.goals.split(",")]
    if unknown := set(goals) - set(RECIPES):
        sys.exit(f"no recipe for {100 * min(unknown):g} %; there are some for "
                 + ", ".join(f"{100 * g:g}" for g in RECIPES))
    report = []
    with tempfile.TemporaryDirectory(prefix="chainrule-race-") as folder:
        data = data_folder(args.build, args.data, folder)
        columns = ("ours", "same", "best")
        print(f"{'goal':<7}{'chainrule':>20}{'PyTorch, same':>20}{'PyTorch, its best':>20}   seconds "
              "from process start (of training alone); n/m: seeds that got there")
        for goal in goals:
            recipe, theirs = RECIPES[goal]
            settings = [best_torch([ONE, *TORCH_TWO], r, data, folder) for r in (recipe, theirs)]
            outcomes = compare(args.build, recipe, data, range(1, args.seeds + 1), folder,
                               {"same": (recipe, settings[0]), "best": (theirs, settings[1])})
            entry = {"goal": goal, "recipe": vars(recipe), "torch_recipe": vars(theirs),
                     "torch_settings": [str(s) for s in settings]}
            line = f"{100 * goal:g} %".ljust(7)
            for name in columns:
                t = entry[name] = times(outcomes[name], goal)
                cell = f"{t['wall']:.1f} ({t['train']:.1f})" if t["wall"] else "–"
                line += f"{cell:>16}{t['reached']:>2}/{t['runs']}"
                if name != "ours" and t["wall"] and entry["ours"]["wall"]:
                    t["ratio"] = t["wall"] / entry["ours"]["wall"]
                    line += f" {t['ratio']:.1f}×"
            print(line, flush=True)
            report.append(entry)
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
