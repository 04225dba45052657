"""Errors that name the line of the caller."""

from __future__ import annotations

import sys

import numpy

_FOLDERS = (__file__.rpartition("/")[0], numpy.__file__.rpartition("/")[0], "<__array_function__")


def where() -> str:
    """The caller's line, outside this package and numpy: "(notebook.py:12)"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_FOLDERS):
        frame = frame.f_back
    return f"({frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno})"


def located(error: Exception) -> Exception:
    text = str(error)
    return type(error)(text.replace("(:0)", where()) if "(:0)" in text else f"{text} {where()}")
