"""Graphs for copy and pickle: inputs and parameters with what they hold, operations by name."""

from __future__ import annotations

import copy
from typing import Any, Dict, List, Sequence, Tuple

from . import _core, graph
from .values import Leaf

_LEAF = ("_kind", "_name", "_dims", "_batched", "_classes", "_trainable", "_dtype")
_Recipe = Tuple[Any, Dict[str, Any], List[int], str, bool]


def _below(v: "graph.Var") -> List["graph.Var"]:
    from .program import below
    return below(v)


def _recipe(v: "graph.Var", number: Dict[int, int]) -> _Recipe:
    """An operation: its name, or what custom_op() was told; settings; inputs by number; name, and
    whether it is a truth value."""
    assert v._op is not None
    return v._op.custom or v._op.name, v._op.options, [number[i._serial] for i in v._inputs], v._name, v._truth


def _made(what: Any, options: Dict[str, Any], inputs: Sequence["graph.Var"], name: str, truth: bool) -> "graph.Var":
    v = graph.call(what if isinstance(what, str) else _core.custom_op(*what), *inputs, **options)
    v._name, v._truth = name, truth
    return v


def reduced(v: "graph.Var") -> Any:
    """What pickle keeps. Inputs and parameters are objects of their own, so that two values that
    are pickled together still share them."""
    if v._leaf is not None:
        return _leaf, (tuple(getattr(v, s) for s in _LEAF), v._leaf.value)
    vars = _below(v)
    number = {u._serial: i for i, u in enumerate(vars)}
    return _graph, ([u if u._leaf is not None else _recipe(u, number) for u in vars],)


def _leaf(slots: Tuple[Any, ...], value: Any) -> "graph.Var":
    v = graph.Var(slots[0], slots[2], slots[3], slots[1])
    for name, slot in zip(_LEAF, slots):
        setattr(v, name, slot)
    v._leaf = Leaf(value)
    return v


def _graph(nodes: Sequence[Any]) -> "graph.Var":
    made: List[graph.Var] = []
    for node in nodes:
        if isinstance(node, graph.Var):
            made.append(node)
        else:
            what, options, inputs, name, truth = node
            made.append(_made(what, options, [made[i] for i in inputs], name, truth))
    return made[-1]


def copied(v: "graph.Var", memo: Dict[int, Any]) -> "graph.Var":
    """A copy of everything below, with inputs and parameters of its own."""
    vars = _below(v)
    number = {u._serial: i for i, u in enumerate(vars)}
    made: List[graph.Var] = []
    for u in vars:
        known = memo.get(id(u))
        if known is None and u._leaf is not None:
            known = _leaf(tuple(getattr(u, s) for s in _LEAF), copy.deepcopy(u._leaf.value, memo))
        elif known is None:
            what, options, inputs, name, truth = _recipe(u, number)
            known = _made(what, options, [made[i] for i in inputs], name, truth)
        memo[id(u)] = known
        made.append(known)
    return made[-1]
