#!/usr/bin/env python3
"""Tables as people keep them: what `chainrule train FILE` reaches beside scikit-learn's pipeline.

    python3 bench/tables.py --program build/dev/cli/chainrule --data FOLDER [--seeds 10] [--only NAME]

FOLDER holds public tables by their usual file names; those that are not there are left out. The
program reads each file as it is, by one command. The pipeline (imputer, one-hot, scaler, MLP of the
same shape, optimizer, rate, batch and epochs) gets columns that this script has read for it. Both hold
back a fifth of the rows, another one for each seed. Prints a table in Markdown: means, standard error
of the difference, and whether ours is at most one below.
"""

import argparse
import csv
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import warnings

# file, target (as --target takes it), further flags, figure, epochs
SETS = [
    ("adult-train.csv", "-1", [], "accuracy", 20),
    ("bank-additional-full.csv", "y", [], "accuracy", 20),
    ("bostonHousing.txt", "-1", [], "r2", 100),
    ("car.data.txt", "-1", [], "accuracy", 60),
    ("energy.txt", "-1", [], "r2", 100),
    ("heart.c.arff", "num", [], "accuracy", 20),
    ("housing.csv", "median_house_value", [], "r2", 20),
    ("insurance.csv", "charges", [], "r2", 100),
    ("mushrooms.csv", "type", [], "accuracy", 20),
    ("pima-indians-diabetes.csv", "-1", [], "accuracy", 20),
    ("sonar.csv", "-1", [], "accuracy", 60),
    ("titanic_train.csv", "Survived", ["--ignore", "PassengerId"], "accuracy", 20),
]
MISSING = {"", "?", "NA", "NaN"}


def flags(target, more, epochs):
    return ["--target", target, *more, "--hidden", "32", "--optimizer", "adam", "--lr", "0.005", "--batch", "32",
            "--epochs", str(epochs), "--init", "glorot_uniform", "--test", "0.2", "--validation", "0"]


def ours(program, path, target, more, what, epochs, seed, folder):
    command = [program, "train", str(path), *flags(target, more, epochs), "--seed", str(seed), "--data-seed", str(seed),
               "--out", str(folder / "run"), "--overwrite", "--json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{path.name}: {done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])[f"test_{what}"]


def read(path):
    """Names and rows of cells."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".arff":
        names = [line.split()[1].strip("'\"") for line in text.splitlines() if line.lower().startswith("@attribute")]
        lines = text[text.lower().index("@data"):].splitlines()[1:]
        return names, [next(csv.reader([line])) for line in lines if line.strip() and not line.startswith("%")]
    if path.suffix == ".txt" and "," not in text:
        rows = [re.split(r"[ \t]+", line.strip()) for line in text.splitlines() if line.strip()]
    else:
        delimiter = ";" if text.count(";") > text.count(",") else ","
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    header = not any(is_number(cell) for cell in rows[0]) and any(is_number(cell) for cell in rows[1])
    header = header or path.name == "mushrooms.csv"
    names = rows[0] if header else [f"column{i + 1}" for i in range(len(rows[0]))]
    return names, rows[1:] if header else rows


def is_number(cell):
    try:
        float(cell)
        return True
    except ValueError:
        return False


def theirs(path, target, more, what, epochs, seeds):
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    names, rows = read(path)
    place = int(target) % len(names) if is_number(target) else names.index(target)
    left_out = {place} | {names.index(name) for name in more if name in names}
    columns = list(zip(*rows))
    numbers, texts, data = [], [], []
    for c, cells in enumerate(columns):
        if c in left_out:
            continue
        known = [cell for cell in cells if cell not in MISSING]
        if all(is_number(cell) for cell in known):
            numbers.append(len(data))
            data.append([float(cell) if cell not in MISSING else math.nan for cell in cells])
        elif len(set(known)) <= 100:
            texts.append(len(data))
            data.append(["missing" if cell in MISSING else cell for cell in cells])
    x = np.array(data, dtype=object).T
    classes = what == "accuracy"
    y = np.array(columns[place]) if classes else np.array(columns[place], dtype=float)
    found = []
    for seed in seeds:
        recipe = dict(hidden_layer_sizes=(32,), learning_rate_init=0.005, batch_size=32, max_iter=epochs, alpha=0,
                      n_iter_no_change=1000, random_state=seed)
        columns_of = make_column_transformer((make_pipeline(SimpleImputer(), StandardScaler()), numbers),
                                             (OneHotEncoder(handle_unknown="ignore", sparse=False), texts))
        parts = train_test_split(x, y, test_size=0.2, random_state=seed, stratify=y if classes else None)
        model = make_pipeline(columns_of, (MLPClassifier if classes else MLPRegressor)(**recipe))
        mean, scale = (0, 1) if classes else (parts[2].mean(), parts[2].std())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(parts[0], parts[2] if classes else (parts[2] - mean) / scale)
        found.append(model.score(parts[1], parts[3] if classes else (parts[3] - mean) / scale))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/dev/cli/chainrule")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only")
    options = parser.parse_args()
    seeds = range(1, options.seeds + 1)
    print("| file | figure | chainrule | scikit-learn | difference ± its standard error | |", flush=True)
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, target, more, what, epochs in SETS:
            path = options.data / name
            if not path.exists() or (options.only and options.only not in name):
                continue
            a = [ours(options.program, path, target, more, what, epochs, seed, pathlib.Path(folder)) for seed in seeds]
            b = theirs(path, target, more, what, epochs, seeds)
            error = math.sqrt((statistics.variance(a) + statistics.variance(b)) / len(seeds))
            difference = statistics.mean(a) - statistics.mean(b)
            verdict = "as good" if difference >= -error else "below"
            print(f"| `{name}` | {what} | {statistics.mean(a):.4f} | {statistics.mean(b):.4f} | "
                  f"{difference:+.4f} ± {error:.4f} | {verdict} |", flush=True)


if __name__ == "__main__":
    main()
