"""Whatever holds numbers, as numpy arrays."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Union

import numpy as np
from numpy.typing import NDArray

from . import _core

Array = NDArray[Any]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


def as_array(x: Any, what: str = "the array") -> Array:
    """Any array-like, buffer or DLPack object as an array, without a copy where memory allows."""
    if isinstance(x, np.ndarray):
        a = x
    elif hasattr(x, "toarray"):
        raise TypeError(f"{what} is sparse, expected a dense array; x.toarray() makes one")
    elif hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
        a = np.from_dlpack(x)
    else:
        try:
            a = np.asarray(x)
        except ValueError as error:
            raise ValueError(f"{what} cannot be made an array: {error}") from None
    if isinstance(a, np.ma.MaskedArray) and np.any(a.mask):
        raise ValueError(f"{what} has masked elements, expected numbers")
    return a


def as_floats(x: Any, what: str, dtype: Optional[type] = None) -> Array:
    """Floating point in memory order: float32 and float64 stay what they are unless `dtype` says
    otherwise, everything else becomes float64."""
    a = as_array(x, what)
    if a.dtype.kind == "c":
        raise TypeError(f"{what} has complex numbers, expected real ones (Complex data not supported)")
    if a.dtype.kind in "OSU":
        try:
            a = a.astype(np.float64)
        except TypeError as error:
            raise TypeError(f"{what} has elements that are no numbers: {error}") from None
        except ValueError as error:
            raise ValueError(f"{what} has elements that are no numbers: {error}") from None
    elif a.dtype.kind not in "fiub":
        raise TypeError(f"{what} has elements of type {a.dtype}, expected numbers")
    wanted = dtype or (a.dtype.type if a.dtype in (np.float32, np.float64) else np.float64)
    # Byte order and strides other than this machine's and C's are changed by a copy.
    return np.require(a, np.dtype(wanted), "C")


def as_tensors(named: Mapping[str, Any]) -> Dict[str, Array]:
    """Arrays of float32, float64 or int64 by name."""
    found = {}
    for name, value in named.items():
        a = as_array(value, f"'{name}'")
        found[str(name)] = np.require(a, np.int64, "C") if a.dtype.kind in "iub" else as_floats(a, f"'{name}'")
    return found


def check_finite(a: Array, what: str) -> None:
    if a.dtype.kind != "f" or (first := _core.first_not_finite(a)) < 0:
        return
    place = tuple(int(i) for i in np.unravel_index(first, a.shape))
    value = a[place]
    kind = "NaN" if np.isnan(value) else "infinity"
    where = "" if not place else f" at {list(place)}"
    raise ValueError(f"{what} has {kind}{where}, expected finite numbers")


Number = Union[int, float, np.floating[Any], np.integer[Any]]
