"""The settings of a run, as _core.fit() reads them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from . import _core


def fit_options(optimizer: str, lr: Optional[float], settings: Mapping[str, float],
                **rest: Any) -> Dict[str, Any]:
    if not isinstance(rest["schedule"], str) and not callable(rest["schedule"]):
        raise TypeError(f"schedule is a text such as 'cosine' or a function of the epoch, not "
                        f"{type(rest['schedule']).__name__}")
    if not isinstance(optimizer, str):
        raise TypeError(f"optimizer is the name of a rule such as 'adam', not {type(optimizer).__name__}")
    values: Dict[str, float] = {}
    for name, value in settings.items():
        if isinstance(value, (int, float, np.number)):
            values[name] = float(value)
        else:
            raise TypeError(f"fit() has no argument '{name}' of type {type(value).__name__}; settings of "
                            f"the optimizer are numbers")
    if lr is not None:
        values["lr"] = float(lr)
    whole: List[str] = ["epochs", "steps", "batch", "patience", "threads"]
    for name in whole:
        if isinstance(rest[name], float) and rest[name] != int(rest[name]):
            raise _core.Error(f"{name} is {rest[name]}, expected a whole number")
        rest[name] = int(rest[name])
    return {"optimizer": optimizer, "settings": values, **rest}


def whole_seed(seed: int) -> int:
    if not isinstance(seed, (int, np.integer)) or seed < 0 or seed >= 1 << 64:
        raise _core.Error(f"the seed is {seed!r}, expected a whole number from 0 to 2^64 - 1")
    return int(seed)
