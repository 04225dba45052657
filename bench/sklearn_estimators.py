#!/usr/bin/env python3
"""Scores and times of scikit-learn's own networks and of ours, with the same parameters, on five sets
that scikit-learn brings along:  python3 bench/sklearn_estimators.py [--seeds 10] [--folds 3]

Cross-validated over the seeds; rows are standardised. A set is a tie or better when our mean is at
least scikit-learn's less one standard error of the difference. Exits with 1 otherwise, or when fit()
on the digits is less than three times as fast. All on one thread, alternating; times are of the processor, so that other programs do not count.
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


def score(make, x, y, folds, seconds):
    """Mean over the folds; the time of every fit() is added to `seconds`."""
    found = []
    for train, test in folds:
        scaler = StandardScaler().fit(x[train])
        begin = time.process_time()
        model = make().fit(scaler.transform(x[train]), y[train])
        seconds.append(time.process_time() - begin)
        found.append(model.score(scaler.transform(x[test]), y[test]))
    return float(np.mean(found))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--folds", type=int, default=3)
    arguments.add_argument("--sets", nargs="*", default=list(SETS))
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    good = True
    print(f"{'':14} {'scikit-learn':>20} {'chainrule':>20} {'difference':>18} {'fit, s':>16}")
    for name in given.sets:
        x, y = SETS[name](return_X_y=True)
        number = name == "diabetes"
        if number:
            y = (y - y.mean()) / y.std()
        kind = "MLPRegressor" if number else "MLPClassifier"
        scores, seconds = ([], []), ([], [])
        for seed in range(given.seeds):
            split = (KFold if number else StratifiedKFold)(given.folds, shuffle=True, random_state=seed)
            folds = list(split.split(x, y))
            for i, module in enumerate((neural_network, ours)):
                make = lambda: getattr(module, kind)(random_state=seed)
                scores[i].append(score(make, x, y, folds, seconds[i]))
        theirs, mine = map(np.array, scores)
        difference = mine - theirs
        error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
        fits = [float(np.median(s)) for s in seconds]
        good &= bool(difference.mean() >= -error)
        if name == "digits":
            good &= fits[0] >= 3 * fits[1]
        print(f"{name:14} {theirs.mean():12.4f} ± {theirs.std():.4f} {mine.mean():12.4f} ± {mine.std():.4f} "
              f"{difference.mean():+9.4f} ± {error:.4f} {fits[0]:7.3f} {fits[1]:7.3f}  {fits[0] / fits[1]:.1f}x",
              flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
