"""Data without a download."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from . import _core
from .arrays import Array, Float32

__all__ = ["digits"]

Part = Tuple[Float32, Array]


def digits(train: int = 60000, test: int = 10000, *, seed: int = 1, threads: int = 0) -> Tuple[Part, Part]:
    """Pictures of digits that look handwritten, drawn on demand, in MNIST's shape.

    Gives ((x, y), (x_test, y_test)): x [N, 784] from 0 to 1, row by row of 28 x 28 pixels, y [N].

    >>> (x, y), (x_test, y_test) = cr.digits(5000, 1000)
    >>> plt.imshow(x[0].reshape(28, 28))
    """
    parts = _core.digits(int(train), int(test), int(seed), int(threads))
    (x, y), (x_test, y_test) = parts
    return (x, y.astype(np.int64)), (x_test, y_test.astype(np.int64))
