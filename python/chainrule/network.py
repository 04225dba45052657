"""What every network is: its text, parameters and classes, and how arrays become its rows and targets."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar, Union

import numpy as np

from . import _core
from .arrays import Array, Float32, as_array, as_floats, check_finite
from .fitting import whole_seed
from .tables import cells_of
from .targets import (Goal, class_indices, goal_of, label_texts, label_type, labels_from, labels_of,
                      target_array, yes_or_no)

Penalty = Union[float, Mapping[str, float]]
_Self = TypeVar("_Self", bound="Network")


def _penalty(given: Penalty) -> Dict[str, float]:
    if isinstance(given, Mapping):
        return {str(k): float(v) for k, v in given.items()}
    return {"*.weight": float(given)} if given else {}


def _element(a: Array) -> str:
    return "byte" if a.dtype == np.uint8 else "whole" if a.dtype.kind in "iub" else "real"


def _input_of(features: Array, x: Any) -> Dict[str, Any]:
    """How rows come: their shape, the type of their elements, and the range that was trained on."""
    dims = [int(d) for d in features.shape[1:]]
    element = _element(as_array(x, "x")) if x is not None else "real"
    found: Dict[str, Any] = {"name": "picture" if len(dims) == 2 else "x",
                             "kind": "picture" if len(dims) == 2 else "number", "shape": dims, "element": element}
    if features.size and np.isfinite(features).all():
        found["least"], found["greatest"] = float(features.min()), float(features.max())
    return found


class Network:
    """A :class:`chainrule.Model` without what can be done with it."""

    def __init__(self, text: str, *, loss: Optional[str] = None, init: str = "", seed: int = 0,
                 l1: Penalty = 0.0, l2: Penalty = 0.0, label_smoothing: float = 0.0) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a model is described by text such as 'linear 50, relu, linear 10', "
                            f"not by {type(text).__name__}")
        _core.check_text(text)
        self._text = text
        self._loss = loss
        self._init = str(init)
        self.seed = whole_seed(seed)
        self._l1, self._l2 = _penalty(l1), _penalty(l2)
        self._label_smoothing = float(label_smoothing)
        self._raw: Any = None
        self._labels: Optional[Array] = None
        self._goal: Optional[Goal] = None
        self._inputs: Optional[List[Dict[str, Any]]] = None  # of the table that is being learnt
        if loss is not None and not isinstance(loss, str):
            raise TypeError(f"loss is the name of one of {', '.join(_core.loss_names())}; a loss of your own is "
                            "written with cr.param and operations, see the guide")
        if loss is not None and loss not in _core.loss_names():
            self._make((1,), loss)  # says what was probably meant

    # What it is.

    @property
    def text(self) -> str:
        """The description, in its usual form once the model has met data."""
        return self._text if self._raw is None else str(self._raw.text)

    @property
    def loss(self) -> Optional[str]:
        """Name of what is minimised; None before the first data when none was given."""
        return self._loss if self._raw is None else str(self._raw.loss)

    @property
    def classes(self) -> Optional[Array]:
        """The labels in the order of the outputs; None for numbers and for several labels at once."""
        return self._labels

    @property
    def task(self) -> Optional[str]:
        """"classification", "regression" or "multilabel", once known."""
        return None if self._raw is None else str(self.schema["task"])

    @property
    def schema(self) -> Dict[str, Any]:
        """What a raw row and an answer mean, as kept in the file."""
        found: Dict[str, Any] = json.loads(self._built().schema)
        return found

    @property
    def features(self) -> Optional[Tuple[int, ...]]:
        """Shape of one row, once known."""
        return None if self._raw is None else tuple(self._raw.features)

    @property
    def parameter_count(self) -> int:
        """Numbers that are learnt."""
        return int(self._built().parameters)

    @property
    def weights(self) -> Dict[str, Float32]:
        """A copy of every parameter by name: "fc1.weight" [I, O], "fc1.bias" [O], ..."""
        found: Dict[str, Float32] = self._built().weights()
        return found

    def set_weights(self, weights: Mapping[str, Any]) -> None:
        """Gives parameters other values; names and shapes as in ``weights``."""
        raw = self._built()
        for name, value in weights.items():
            raw.set_weight(str(name), as_floats(value, f"'{name}'", np.float32))

    def build(self: _Self, features: Union[int, Sequence[int]], *, classes: Optional[Sequence[Any]] = None,
              loss: Optional[str] = None) -> _Self:
        """Makes the parameters for rows of that shape, which ``fit`` does by itself."""
        dims = (features,) if isinstance(features, int) else tuple(int(d) for d in features)
        chosen = loss or self._loss or ("softmax_cross_entropy" if classes is not None else "squared_error")
        self._raw = self._make(dims, chosen)
        if classes is not None:
            self._describe(Goal("classification", np.asarray(classes)), [])
        return self

    def __repr__(self) -> str:
        if self._raw is None:
            return f"<chainrule.Model '{self.text}', input size not known yet>"
        return f"<chainrule.Model '{self.text}', {self.parameter_count:,} parameters, {self.loss}>"

    # Copies, and other processes.

    def __getstate__(self) -> Dict[str, Any]:
        state = dict(self.__dict__)
        raw = state.pop("_raw")
        if raw is not None:
            state["_saved"] = (raw.features, raw.loss, raw.weights(), raw.schema, raw.optimizer)
        return state

    def __setstate__(self, state: Dict[str, Any]) -> None:
        state = dict(state)
        saved = state.pop("_saved", None)
        self.__dict__.update(state, _raw=None)
        if saved is not None:
            features, loss, weights, schema, optimizer = saved
            self._raw = self._make(features, loss)
            self._raw.schema = schema
            self.set_weights(weights)
            self._raw.optimizer = optimizer

    # Details.

    def _make(self, dims: Tuple[int, ...], loss: str) -> Any:
        return _core.RawModel(self._text, list(dims), loss, self._init, self.seed, self._l1, self._l2,
                              self._label_smoothing)

    def _built(self) -> Any:
        if self._raw is None:
            raise _core.Error("the model has no parameters yet: fit it, load one, or call build(features)")
        return self._raw

    def _features(self, x: Any) -> Array:
        table = cells_of(x)
        if table is not None:
            if self._raw is None:
                schema, features = _core.learn_table(*table)
                self._inputs = json.loads(schema)["inputs"]
                return features  # type: ignore[no-any-return]
            rows: Array = _core.apply_table(self._raw, *table)
            return rows
        self._inputs = None
        given = as_array(x, "x")
        a = as_floats(given, "x", np.float32)
        if a.ndim < 2:
            raise _core.ShapeError(f"x has shape {a.shape}, expected rows and features, as in (100, 4)")
        if self._raw is None:
            return a
        wanted = tuple(self._raw.features)
        if a.shape[1:] != wanted:
            if int(np.prod(a.shape[1:])) != int(np.prod(wanted)):
                raise _core.ShapeError(f"a row of x has shape {a.shape[1:]}, the model expects {wanted}")
            a = a.reshape(a.shape[0], *wanted)
        found: Array = self._raw.prepare(a, _element(given))
        return found

    def _describe(self, goal: Goal, inputs: List[Dict[str, Any]], targets: Sequence[str] = ("",)) -> None:
        """Fixes what rows and answers of the network mean."""
        self._goal, self._labels = goal, goal.labels if goal.task == "classification" else None
        schema: Dict[str, Any] = {"inputs": inputs, "task": goal.task, "output": "values",
                                  "targets": [{"name": name} for name in targets]}
        if goal.labels is not None:
            texts = label_texts(goal.labels)
            schema["label_type"] = label_type(goal.labels)
            if goal.task == "classification":
                schema["labels"] = texts
            else:
                for target in schema["targets"]:
                    target["labels"] = texts
        self._raw.adopt(json.dumps(schema))

    def _remember(self) -> None:
        """What the file says of answers, in Python's types."""
        schema = self.schema
        texts = schema.get("labels") or (schema["targets"] or [{}])[0].get("labels")
        labels = None if texts is None else labels_from(texts, schema.get("label_type", "text"))
        self._goal = Goal(schema["task"], labels)
        self._labels = labels if schema["task"] == "classification" else None

    def _learn_targets(self, features: Array, y: Any, x: Any = None) -> Tuple[Array, bool]:
        """Targets, after choosing the loss and making the parameters if that was not done yet."""
        if self._raw is not None and not (self._labels is None and self._raw.class_target):
            return self._targets(y)
        a = target_array(y)
        dims = features.shape[1:]
        if self._raw is None:
            outputs = int(self._make(dims, "squared_error").outputs)
            goal = goal_of(a, self._loss, outputs)
            loss = self._loss
            if loss is None:
                last = self._text.rpartition(",")[2].split()[0]
                binary = "binary_cross_entropy" if last == "sigmoid" else "binary_cross_entropy_logits"
                loss = ("squared_error" if goal.task == "regression" else
                        binary if goal.task == "multilabel" or outputs == 1 else
                        "categorical_cross_entropy" if last == "softmax" else "softmax_cross_entropy")
            self._raw = self._make(dims, loss)
        else:
            goal = Goal("classification", labels_of(a, int(self._raw.outputs)))
        self._check_classes(goal)
        count = a.shape[1] if goal.task != "classification" and a.ndim == 2 else 1
        names = [f"y{i + 1}" for i in range(count)] if count > 1 else ["y"]
        self._describe(goal, [_input_of(features, x)] if self._inputs is None else self._inputs, names)
        return self._targets(a)

    def _check_classes(self, goal: Goal) -> None:
        if goal.task != "classification" or goal.labels is None:
            return
        classes, outputs = len(goal.labels), int(self._raw.outputs)
        if classes != outputs and not (outputs == 1 and classes <= 2):
            raise _core.DataError(f"y has {classes} classes, the model has {outputs} "
                                  f"output{'s' if outputs > 1 else ''}")

    def _targets(self, y: Any) -> Tuple[Array, bool]:
        """(int32 [N], True) or (float32 [N, K], False)."""
        a = target_array(y)
        if self._labels is not None:
            return (class_indices(a, self._labels), True)
        if self._goal is not None and self._goal.task == "multilabel":
            return (yes_or_no(a, int(self._raw.outputs)), False)
        if a.dtype.kind in "SU":
            raise _core.DataError("y holds text, the model learns numbers")
        numbers = as_floats(a, "y", np.float32)
        check_finite(numbers, "y")
        return (self._raw.scale_targets(numbers.reshape(len(numbers), -1)), False)

    def _given(self, x: Any, y: Any, weights: Any = None) -> Any:
        self._built()
        w = None if weights is None else as_floats(weights, "sample_weight", np.float32)
        return self._data(self._features(x), self._targets(y), w)

    def _data(self, features: Array, target: Tuple[Array, bool], weights: Optional[Array]) -> Any:
        values, is_class = target
        if len(values) != len(features):
            raise _core.DataError(f"there are {len(features)} rows and {len(values)} targets, "
                                  f"expected as many of both")
        if is_class:
            assert self._labels is not None
            names = label_texts(self._labels)
        else:
            names = [f"y{i + 1}" for i in range(values.shape[1])]
        return _core.Data(features, values, names, is_class, weights)
