#!/usr/bin/env python3
"""Scores and times of scikit-learn's own networks and of ours, with the same parameters, on five sets
that scikit-learn brings along:  python3 bench/sklearn_estimators.py [--seeds 10] [--folds 3]

Cross-validated over the seeds; rows are standardised. A set is a tie or better when our mean is at
least scikit-learn's less one standard error of the difference. Exits with 1 otherwise, or when fit()
on the digits is less than three times as fast. All on one thread; the two take turns, fit by fit, and
times are medians by the clock on the wall. The processor's own time is shown beside them, since on a
machine that is busy with other programs only that can be trusted.
"""

import argparse
import os
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
from sklearn import datasets, neural_network
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from chainrule import sklearn as ours

SETS = {"digits": datasets.load_digits, "iris": datasets.load_iris, "wine": datasets.load_wine,
        "breast cancer": datasets.load_breast_cancer, "diabetes": datasets.load_diabetes}


def fit(model, x, y, times):
    """(seconds, seconds of the processor) of fit() are added to `times`."""
    begin = time.perf_counter(), time.process_time()
    model.fit(x, y)
    times.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    return model


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--folds", type=int, default=3)
    arguments.add_argument("--sets", nargs="*", default=list(SETS))
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    good = True
    print(f"{'':14} {'scikit-learn':>17} {'chainrule':>17} {'difference':>18} {'fit, s':>15} {'faster':>7}"
          f" {'(processor)':>12}")
    for name in given.sets:
        x, y = SETS[name](return_X_y=True)
        number = name == "diabetes"
        if number:
            y = (y - y.mean()) / y.std()
        kind = "MLPRegressor" if number else "MLPClassifier"
        scores, times = ([], []), ([], [])
        for seed in range(given.seeds):
            split = (KFold if number else StratifiedKFold)(given.folds, shuffle=True, random_state=seed)
            for turn, (train, test) in enumerate(split.split(x, y)):
                scaler = StandardScaler().fit(x[train])
                rows = scaler.transform(x[train])
                for i in (0, 1) if (seed + turn) % 2 == 0 else (1, 0):
                    model = getattr((neural_network, ours)[i], kind)(random_state=seed)
                    fit(model, rows, y[train], times[i])
                    scores[i].append(model.score(scaler.transform(x[test]), y[test]))
        theirs, mine = (np.reshape(s, (given.seeds, given.folds)).mean(axis=1) for s in scores)
        difference = mine - theirs
        error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
        wall, processor = (np.median(np.array(times)[:, :, i], axis=1) for i in (0, 1))
        good &= bool(difference.mean() >= -error)
        if name == "digits":
            good &= bool(wall[0] >= 3 * wall[1])
        print(f"{name:14} {theirs.mean():8.4f} ± {theirs.std():.4f} {mine.mean():8.4f} ± {mine.std():.4f} "
              f"{difference.mean():+9.4f} ± {error:.4f} {wall[0]:7.3f} {wall[1]:7.3f} {wall[0] / wall[1]:6.2f}x "
              f"{processor[0] / processor[1]:10.2f}x", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
