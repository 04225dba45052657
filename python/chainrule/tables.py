"""Tables of named columns, such as pandas', as text cells: the one form in which columns are read."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple

import numpy as np

from . import _core

Cells = Tuple[List[str], List[List[str]]]


def cells_of(x: Any) -> Optional[Cells]:
    """Names and columns of a data frame, or of a dictionary of columns; None for anything else."""
    if isinstance(x, Mapping):
        columns = [(str(name), column) for name, column in x.items()]
    elif hasattr(x, "columns") and hasattr(x, "iloc"):
        columns = [(str(name), x.iloc[:, i]) for i, name in enumerate(x.columns)]
    else:
        return None
    cells = [[_text(v) for v in _values(column)] for _, column in columns]
    if len({len(column) for column in cells}) > 1:
        raise _core.ShapeError("the columns of x have different lengths")
    return [name for name, _ in columns], cells


def _values(column: Any) -> List[Any]:
    found: List[Any] = column.tolist() if hasattr(column, "tolist") else list(column)
    return found


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    return "" if text in ("<NA>", "NaT") else text
