"""A function for each operation of the library that has none in :mod:`chainrule.ops`.

Inputs come first, by position or under their names, then settings by name. Axes are those of one
row, from 0. Their types stand in registered.pyi, which is what :func:`stub` returns.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable, Iterator, List, Tuple

from . import _core, losses, ops
from .broadcasting import as_var
from .graph import Var, call

_Operation = Tuple[str, List[str], str, List[str], List[Tuple[str, str]], int]


def _operations() -> Iterator[_Operation]:
    for operation in _core.operations():
        if not hasattr(ops, operation[0]) and not hasattr(losses, operation[0]):
            yield operation


def _signature(operation: _Operation) -> inspect.Signature:
    name, inputs, _, _, settings, optional = operation
    word, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    needed = len(inputs) - optional
    every = [inspect.Parameter(name, word, annotation=Any, default=inspect.Parameter.empty if i < needed else None)
             for i, name in enumerate(inputs) if name != "..."]
    if inputs[-1] == "...":
        every = [inspect.Parameter("xs", inspect.Parameter.VAR_POSITIONAL, annotation=Any)]
    for setting, fallback in settings:
        default = inspect.Parameter.empty if not fallback else _value(fallback)
        every.append(inspect.Parameter(setting, keyword, annotation=Any, default=default))
    return inspect.Signature(every, return_annotation=Var)


def _value(written: str) -> Any:
    if written in ("true", "false"):
        return written == "true"
    if written.startswith("["):
        return ()
    return float(written) if set(written) & set(".e") else int(written)


def _function(operation: _Operation) -> Callable[..., Var]:
    name, inputs, forward, backward, settings, _ = operation
    signature = _signature(operation)
    types = {setting: type(_value(fallback)) if fallback else float for setting, fallback in settings}

    def function(*args: Any, **kwargs: Any) -> Var:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}(): {error}") from None
        given = dict(bound.arguments)
        xs = given.pop("xs") if inputs[-1] == "..." else [given.pop(i) for i in inputs if given.get(i) is not None]
        return call(name, *[as_var(x) for x in xs],
                    **{k: [int(i) for i in a] if types[k] is tuple else types[k](a) for k, a in given.items()})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{forward}\n\n{'; '.join(backward)}"
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def stub() -> str:
    """The text of registered.pyi."""
    lines = ['"""Written by chainrule.registered.stub()."""', "", "from typing import Any", "",
             "from .graph import Var", "", "__all__ = [", *[f'    "{o[0]}",' for o in _operations()], "]", ""]
    for operation in _operations():
        shown = str(_signature(operation).replace(return_annotation=inspect.Signature.empty))
        shown = shown.replace("typing.Any", "Any")
        lines.append(f"def {operation[0]}{shown} -> Var: ...")
    return "\n".join(lines) + "\n"


__all__ = []
for _operation in _operations():
    globals()[_operation[0]] = _function(_operation)
    __all__.append(_operation[0])
