"""When scikit-learn's networks lower the learning rate, and when they stop."""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np


class Course:
    """The course of training of one estimator, through all its calls of fit and partial_fit, by
    scikit-learn's rules. An epoch counts as wasted when it is not better than the best so far by
    `tol`; after more than `n_iter_no_change` of them in a row training ends, or with "adaptive" the
    rate is divided by 5, until it is 1e-6. With "invscaling" it is divided by (t + 1)^power_t after
    each epoch, t being the rows that were learnt from since the beginning."""

    def __init__(self) -> None:
        self.best = np.inf
        self.wasted = 0
        self.t = 0
        self.factor = 1.0  # on the rate

    def start(self, estimator: Any, rows: int, anew: bool) -> None:
        """`anew`: with a new optimizer, so at its first rate."""
        self.rule = estimator.learning_rate if estimator.solver == "sgd" else "constant"
        self.lr, self.power = float(estimator.learning_rate_init), float(estimator.power_t)
        self.tol, self.patience = float(estimator.tol), int(estimator.n_iter_no_change)
        self.rows = rows
        self.enough = False
        if anew:
            self.factor = 1.0

    def factor_of(self, epoch: int) -> float:
        return self.factor

    def __call__(self, row: Dict[str, float]) -> Optional[bool]:
        value = -row["val_accuracy"] if "val_accuracy" in row else row.get("val_loss", row["loss"])
        self.wasted = self.wasted + 1 if value > self.best - self.tol else 0
        self.best = min(self.best, value)
        self.t += self.rows
        if self.rule == "invscaling":
            self.factor = (self.t + 1.0) ** -self.power
        if self.wasted > self.patience:
            if self.rule == "adaptive" and self.lr * self.factor > 1e-6:
                self.factor /= 5
                self.wasted = 0
            else:
                self.enough = True
        return False if self.enough else None
