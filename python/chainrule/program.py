"""What lies below a value as one graph of the library, with its memory planned, kept and run again."""

from __future__ import annotations

import itertools
import weakref
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from . import _core
from .arrays import Array
from .where import located

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


_serials = itertools.count(1)
_MOST_IDLE = 4
_LARGEST_CONSTANT = 64  # elements, to be part of a key
_idle: Dict[Any, Any] = {}  # graphs of the library that no program uses, by what they compute
_last_run = _last_graded = 0  # the program whose values, and gradients, were computed last


class Program:
    """Everything below one node as a graph of the library, with its memory."""

    def __init__(self, root: Var, dtype: np.dtype[Any]) -> None:
        vars = below(root)
        self.serial = next(_serials)
        self.dtype = dtype
        self.number = {v._serial: i for i, v in enumerate(vars)}
        self.vars = [weakref.ref(v) for v in vars]
        self.shared: List[weakref.ref[Var]] = []  # those that another program has computed too
        self.run_before = self.graded_before = False
        self.backwards = 0  # passes so far
        self.states = [(i, v._leaf) for i, v in enumerate(vars)
                       if v._kind == "param" and not v._trainable and v._leaf is not None]
        self.stateful = any(v._op is not None and v._op.stateful for v in vars)
        self.pass_ = (False, 0, 0)
        nodes = node_list(vars, self.number)
        self.key = _key(nodes, dtype)
        self.core: Any = None if self.key is None else _idle.pop(self.key, None)
        if self.core is not None:
            self.core.rebind([n[-1] for n in nodes if isinstance(n[-1], _core.Leaf)])
            return
        make = _core.Program32 if dtype == np.float32 else _core.Program64
        try:
            self.core = make(nodes)
        except _core.Error as error:
            raise located(error) from None

    def __del__(self, idle: Dict[Any, Any] = _idle) -> None:
        """A loop that records the same graph each time finds the memory of the one before."""
        if getattr(self, "core", None) is not None and self.key is not None:
            while len(idle) >= _MOST_IDLE:
                idle.pop(next(iter(idle)))
            idle[self.key] = self.core

    def set_pass(self, training: Optional[bool], seed: Optional[int], step: Optional[int]) -> None:
        if training is None and seed is None and step is None:
            return
        t, s, n = self.pass_
        self.pass_ = (t if training is None else bool(training), s if seed is None else int(seed),
                      n if step is None else int(step))

    def is_fresh(self) -> bool:
        """Do the values belong to what the inputs hold now?"""
        try:
            return bool(self.core.is_fresh(*self.pass_))
        except _core.Error:
            return False

    def run(self) -> None:
        """Computes the values, unless they are those of what the inputs hold now."""
        global _last_run
        try:
            self.core.run(*self.pass_)
        except _core.Error as error:
            raise located(error) from None
        if _last_run != self.serial:
            self._claim("_seen", self.run_before)
            self.run_before = True
            _last_run = self.serial

    def _claim(self, slot: str, before: bool) -> None:
        """Makes this the program in which its nodes find their values ("_seen") or gradients
        ("_graded"): all of them once, then those that others have claimed meanwhile."""
        for ref in self.shared if before else self.vars:
            v = ref()
            if v is None:
                continue
            other = getattr(v, slot)
            if not before and other is not None and other is not self:
                self.shared.append(ref)
                if all(known is not ref for known in other.shared):
                    other.shared.append(ref)
            setattr(v, slot, self)

    def backward(self, v: Var, upstream: Optional[Array]) -> None:
        global _last_graded
        self.core.backward(self.number[v._serial], upstream)
        self.backwards += 1
        if _last_graded != self.serial:
            self._claim("_graded", self.graded_before)
            self.graded_before = True
            _last_graded = self.serial
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
            nodes.append(("input", v._name, v._dims, v._leaf))
        elif v._kind == "class_input":
            nodes.append(("class_input", v._name, v._classes, v._dims, v._leaf))
        elif v._kind == "param":
            nodes.append(("param", v._name, v._dims, v._trainable, v._leaf))
        elif v._kind == "constant":
            assert v._leaf is not None and v._leaf.value is not None
            nodes.append(("constant", v._leaf.value))
        else:
            nodes.append(("op", v._op, [number[i._serial] for i in v._inputs], v._name))
    return nodes


def _key(nodes: Sequence[Tuple[Any, ...]], dtype: np.dtype[Any]) -> Any:
    """What the nodes compute, from leaves that are not part of it; None when that is not worth it."""
    key: List[Any] = [dtype.char]
    for node in nodes:
        if node[0] == "op":
            key.append((node[1], tuple(node[2]), node[3]))
        elif node[0] == "constant":
            if node[1].size > _LARGEST_CONSTANT:
                return None
            key.append((node[1].shape, node[1].tobytes()))
        else:
            key.append(node[:-1])
    return tuple(key)
