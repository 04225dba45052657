"""Metrics of random cases, a JSON object per line, against scikit-learn's. Prints "N cases agree"."""

import json
import math
import sys

try:
    import numpy as np
    from sklearn import metrics
except ImportError as error:
    print(error)
    sys.exit(77)


def close(what, ours, theirs):
    same = (math.isnan(theirs) if ours is None else abs(ours - theirs) <= 1e-12 * max(1, abs(theirs)))
    assert same, f"{what}: ours {ours}, scikit-learn's {theirs}"


def areas(c, truth, p, w):
    for k, (auc, ap) in enumerate(zip(c["aucs"], c["aps"])):
        yes = truth == k
        seen = yes[w > 0]
        close("auc", auc, metrics.roc_auc_score(yes, p[:, k], sample_weight=w)
              if 0 < seen.sum() < len(seen) else float("nan"))
        if seen.any():
            close("average precision", ap, metrics.average_precision_score(yes, p[:, k], sample_weight=w))
        else:
            assert ap == 0 or (ap is None and not (w > 0).any())


def classes(c):
    truth, predicted = np.array(c["truth"]), np.array(c["predicted"])
    p, w = np.array(c["p"]), np.array(c["w"])
    areas(c, truth, p, w)
    labels = np.arange(p.shape[1])
    close("log loss", c["log_loss"], metrics.log_loss(truth, p, labels=labels, sample_weight=w))
    seen = w > 0
    close("matthews", c["matthews"], metrics.matthews_corrcoef(truth, predicted, sample_weight=w))
    close("balanced accuracy", c["balanced_accuracy"],
          metrics.balanced_accuracy_score(truth[seen], predicted[seen], sample_weight=w[seen]))
    found = metrics.precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
    for name, value in zip(("precision", "recall", "f1"), found):
        close(name, c[name], value)


def numbers(c):
    truth, predicted, w = np.array(c["truth"]), np.array(c["predicted"]), np.array(c["w"])
    close("mse", c["mse"], metrics.mean_squared_error(truth, predicted, sample_weight=w))
    close("rmse", c["rmse"], metrics.mean_squared_error(truth, predicted, sample_weight=w, squared=False))
    close("mae", c["mae"], metrics.mean_absolute_error(truth, predicted, sample_weight=w))
    # From the first row on: scikit-learn's weighted mean of equal numbers is not that number.
    close("r2", c["r2"], metrics.r2_score(truth - truth[0], predicted - truth[0], sample_weight=w))
    close("median", c["median"], np.quantile(np.abs(truth - predicted), 0.5))


count = 0
for line in open(sys.argv[1]):
    case = json.loads(line)
    (classes if "p" in case else numbers)(case)
    count += 1
print(count, "cases agree")
