"""What lies below a value as one graph of the library, with its memory planned, kept and run again."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from . import _core
from .arrays import Array
from .where import located, where

if TYPE_CHECKING:
    from .graph import Var


def below(root: Var) -> List[Var]:
    """Every node that `root` depends on, in the order of creation, which is one of computation."""
    seen: Dict[int, Var] = {}
    waiting = [root]
    while waiting:
        v = waiting.pop()
        if v._serial not in seen:
            seen[v._serial] = v
            waiting.extend(v._inputs)
    return [seen[s] for s in sorted(seen)]


class Program:
    """Everything below one node as a graph of the library, with its memory."""

    def __init__(self, root: Var, dtype: np.dtype[Any]) -> None:
        vars = below(root)
        self.dtype = dtype
        self.number = {v._serial: i for i, v in enumerate(vars)}
        self.vars = [weakref.ref(v) for v in vars]
        self.leaves = [(i, v._kind, v._leaf, v.name) for i, v in enumerate(vars)
                       if v._leaf is not None and v._kind != "constant"]
        self.states = [(i, v._leaf) for i, v in enumerate(vars)
                       if v._kind == "param" and not v._trainable and v._leaf is not None]
        self.stateful = any(v._op is not None and v._op.stateful for v in vars)
        self.pass_ = (False, 0, 0)
        self.ran: Optional[Tuple[bool, int, int]] = None
        self.rows = self._rows()
        make = _core.Program32 if dtype == np.float32 else _core.Program64
        try:
            self.core: Any = make(node_list(vars, self.number), self.rows)
        except _core.Error as error:
            raise located(error) from None

    def _rows(self) -> int:
        rows: Optional[int] = None
        first = ""
        for _, kind, leaf, name in self.leaves:
            if kind == "param":
                continue
            if leaf.value is None:
                raise _core.Error(f"input '{name}' has no value yet; set its value {where()}")
            if rows is not None and len(leaf.value) != rows:
                raise _core.ShapeError(f"input '{first}' has {rows} rows, '{name}' has {len(leaf.value)} {where()}")
            rows, first = len(leaf.value), name
        return 1 if rows is None else rows

    def set_pass(self, training: Optional[bool], seed: Optional[int], step: Optional[int]) -> None:
        t, s, n = self.pass_
        self.pass_ = (t if training is None else bool(training), s if seed is None else int(seed),
                      n if step is None else int(step))

    def copy_in(self) -> bool:
        """True when an input differs from what the tape holds."""
        rows = self._rows()
        changed = rows != self.rows
        if changed:
            self.rows = rows
            self.core.set_rows(rows)
        for i, kind, leaf, _ in self.leaves:
            if kind == "class_input":
                changed |= self.core.set_classes(i, leaf.value)
            else:
                value = leaf.value
                assert value is not None  # says _rows()
                if value.dtype != self.dtype:
                    value = value.astype(self.dtype)
                changed |= self.core.set(i, value)
        return bool(changed)

    def is_fresh(self) -> bool:
        """Do the values belong to what the inputs hold now?"""
        try:
            fresh = not self.copy_in() and self.ran == self.pass_
        except _core.Error:
            return False
        if not fresh:
            self.ran = None
        return fresh

    def run(self) -> None:
        if not self.copy_in() and self.ran == self.pass_:
            return
        self.ran = None  # until it has succeeded
        self.core.forward(*self.pass_)
        self.ran = self.pass_
        for ref in self.vars:
            v = ref()
            if v is not None:
                v._seen = self

    def backward(self, v: Var, upstream: Optional[Array]) -> None:
        self.core.backward(self.number[v._serial], upstream)
        for ref in self.vars:
            reached = ref()
            if reached is not None:
                reached._graded = self
        if self.pass_[0] and self.stateful:
            self.core.update_state()
            for i, leaf in self.states:
                leaf.value = self.core.param(i)

    def value(self, v: Var) -> Array:
        found: Array = self.core.value(self.number[v._serial])
        return found.astype(bool) if v._truth else found

    def grad(self, v: Var) -> Optional[Array]:
        if v._kind in ("class_input", "constant"):
            return None
        found: Array = self.core.grad(self.number[v._serial])
        return found

    def contributions(self, v: Var) -> List[Tuple[str, int, Array]]:
        found: List[Tuple[str, int, Array]] = self.core.contributions(self.number[v._serial])
        return found

    def name(self, v: Var) -> str:
        return str(self.core.name(self.number[v._serial]))


def node_list(vars: Sequence[Var], number: Dict[int, int]) -> List[Tuple[Any, ...]]:
    """Nodes as _core.Program* and _core.gradcheck read them."""
    nodes: List[Tuple[Any, ...]] = []
    for v in vars:
        if v._kind == "input":
            nodes.append(("input", v._name, v._dims))
        elif v._kind == "class_input":
            nodes.append(("class_input", v._name, v._classes, v._dims))
        elif v._kind == "param":
            nodes.append(("param", v._name, v._dims, v._trainable))
        elif v._kind == "constant":
            assert v._leaf is not None and v._leaf.value is not None
            nodes.append(("constant", v._leaf.value))
        else:
            nodes.append(("op", v._op, [number[i._serial] for i in v._inputs], v._name))
    return nodes
