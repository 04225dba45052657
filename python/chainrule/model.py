"""Networks from one line of text, trained on arrays."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union, overload

import numpy as np

from . import _core
from .arrays import Array, Float32, as_floats, as_tensors, check_finite
from .objective import Objective
from .progress import Watch
from .targets import class_indices, labels_of, looks_like_classes, target_array
from .views import Comparison, Diagnosis, ElementExplanation, Evaluation, Explanation, History, Svg

__all__ = ["Model"]

Penalty = Union[float, Mapping[str, float]]
Path = Union[str, "os.PathLike[str]"]


def _penalty(given: Penalty) -> Dict[str, float]:
    if isinstance(given, Mapping):
        return {str(k): float(v) for k, v in given.items()}
    return {"*.weight": float(given)} if given else {}


class Model:
    """A network such as ``"linear 50, relu, dropout 0.2, linear 10"``.

    The size of the input is that of the first data that it meets. ``loss`` is what suits the data
    unless named: classes (integers, booleans or text) with softmax_cross_entropy, of two classes
    and one output with binary_cross_entropy_logits; numbers (floats) with squared_error. ``l1`` and
    ``l2`` are penalties λ Σ|w| and λ Σw² on the weights, or a dictionary from patterns such as
    "fc1.*" to λ. The same seed gives the same bits, whatever the number of threads.

    >>> model = cr.Model("linear 50, relu, linear 10")
    >>> history = model.fit(x, y, epochs=10)      # x [N, F], y [N]
    >>> model.predict(x_new)
    """

    def __init__(self, text: str, *, loss: Optional[str] = None, init: str = "", seed: int = 0,
                 l1: Penalty = 0.0, l2: Penalty = 0.0, label_smoothing: float = 0.0) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a model is described by text such as 'linear 50, relu, linear 10', "
                            f"not by {type(text).__name__}")
        _core.check_text(text)
        self._text = text
        self._loss = loss
        self._init = str(init)
        self.seed = _seed(seed)
        self._l1, self._l2 = _penalty(l1), _penalty(l2)
        self._label_smoothing = float(label_smoothing)
        self._raw: Any = None
        self._labels: Optional[Array] = None
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
        """The labels in the order of the outputs; None for numbers."""
        return self._labels

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

    def build(self, features: Union[int, Sequence[int]], *, classes: Optional[Sequence[Any]] = None,
              loss: Optional[str] = None) -> "Model":
        """Makes the parameters for rows of that shape, which ``fit`` does by itself."""
        dims = (features,) if isinstance(features, int) else tuple(int(d) for d in features)
        chosen = loss or self._loss or ("softmax_cross_entropy" if classes is not None else "squared_error")
        self._raw = self._make(dims, chosen)
        if classes is not None:
            self._labels = np.asarray(classes)
            self._raw.class_names = [str(c) for c in self._labels]
        return self

    def __repr__(self) -> str:
        if self._raw is None:
            return f"<chainrule.Model '{self.text}', input size not known yet>"
        return f"<chainrule.Model '{self.text}', {self.parameter_count:,} parameters, {self.loss}>"

    # Training and use.

    def fit(self, x: Any, y: Any, *, epochs: int = 5, batch: int = 128, optimizer: str = "adam",
            lr: Optional[float] = None, validation: Optional[Tuple[Any, Any]] = None,
            validation_split: float = 0.0, sample_weight: Any = None, steps: int = 0,
            seed: Optional[int] = None, threads: int = 0, shuffle: bool = True,
            replacement: bool = False, schedule: Union[str, Callable[[int], float]] = "",
            clip_value: float = 0.0, clip_norm: float = 0.0, patience: int = 0,
            min_delta: float = 0.0, monitor: str = "loss", resume_optimizer: bool = False,
            callbacks: Sequence[Any] = (), progress: Optional[bool] = None,
            **settings: float) -> History:
        """Trains on rows x [N, ...] and targets y: classes [N], or numbers [N] or [N, K].

        A second call goes on from the parameters of the first, and with ``resume_optimizer`` from
        what its optimizer remembers (velocities, means), too. Kept at the end: with validation data (a
        pair, or a part of the rows by ``validation_split``) the parameters of the epoch with the
        best validation loss (or accuracy: ``monitor``), else those of the last one; ``patience``
        epochs without improvement end the run early. Ctrl-C ends it after the running step, keeps
        the best, and returns what has happened so far.

        ``optimizer``: sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw or rprop; further
        keywords are its settings (``momentum=0.9``). ``schedule``: "cosine", "step:5:0.5",
        "warmup:500, cosine", ..., or a function that gives the factor on ``lr`` for an epoch, counted
        from 0. ``steps`` above 0 counts instead of ``epochs``.

        ``callbacks``: functions, called after each epoch with a dictionary of its numbers, or
        objects with any of on_start(steps, steps_per_epoch), on_step(step, epoch, loss, lr),
        on_epoch(row, best), on_end(history). One that returns False ends the run; one that raises
        ends it too, and fit() raises the same.

        float32 rows in memory order are read where they are, without a copy.
        """
        features = self._features(x)
        if validation is not None and validation_split:
            raise _core.Error("validation data and validation_split were given, expected one of the two")
        weights = None if sample_weight is None else as_floats(sample_weight, "sample_weight", np.float32)
        if features.shape[0] == 0:
            raise _core.DataError("there are no rows to train on")
        target = self._learn_targets(features, y)
        held: Any = None
        if validation is not None:
            if not isinstance(validation, (tuple, list)) or len(validation) != 2:
                raise TypeError("validation expects a pair (x, y)")
            held = self._data(self._features(validation[0]), self._targets(validation[1]), None)
        elif validation_split:
            classes = target[0] if target[1] else np.empty(0, np.int32)
            first, second = _core.split_rows(len(features), classes, float(validation_split), self.seed)
            if len(target[0]) != len(features) or (weights is not None and len(weights) != len(features)):
                raise _core.DataError(f"there are {len(features)} rows, {len(target[0])} targets")
            rest = None if weights is None else weights[second]
            held = self._data(features[second], (target[0][second], target[1]), rest)
            features, target = features[first], (target[0][first], target[1])
            weights = None if weights is None else weights[first]
        data = self._data(features, target, weights)
        watch = Watch(callbacks, progress)
        options = self._options(optimizer, lr, settings, epochs=epochs, steps=steps, batch=batch,
                                seed=self.seed if seed is None else _seed(seed), threads=threads,
                                shuffle=shuffle, replacement=replacement, schedule=schedule,
                                clip_value=clip_value, clip_norm=clip_norm, patience=patience,
                                min_delta=min_delta, monitor=monitor,
                                resume_optimizer=bool(resume_optimizer))
        history: Optional[History] = None
        try:
            history = History(_core.fit(self._raw, data, held, options, watch, bool(watch.step_calls)))
        finally:
            watch.end(history)
        return history

    def predict(self, x: Any, *, threads: int = 0) -> Array:
        """The label of each row [N], or for numbers [N] with one output and else [N, K]."""
        values, classes = self._built().predict(self._features(x), threads)
        if classes is not None:
            found: Array = classes if self._labels is None else self._labels[classes]
            return found
        numbers: Array = values[:, 0] if values.shape[1] == 1 else values
        return numbers

    def predict_proba(self, x: Any, *, threads: int = 0) -> Float32:
        """Probability of each class: [N, C]. Of a network for numbers, its outputs [N, K]."""
        values, classes = self._built().predict(self._features(x), threads)
        both: Float32 = values
        if classes is not None and values.shape[1] == 1:
            both = np.concatenate([1 - values, values], axis=1)
        return both

    def evaluate(self, x: Any, y: Any, *, sample_weight: Any = None, top_k: int = 5,
                 threads: int = 0) -> Evaluation:
        """Loss on these rows; of classes "accuracy", "top_k_accuracy" and "confusion" [C, C] (a row
        for each true class), of numbers "mse", "mae" and "r2"."""
        raw = self._built().evaluate(self._given(x, y, sample_weight), int(top_k), int(threads))
        svg = raw.pop("svg", None)
        result = Evaluation(raw)
        result.svg = None if svg is None else Svg(svg)
        return result

    # Looking inside.

    @overload
    def explain(self, x: Any, y: Any, at: None = None, *, training: bool = False) -> Explanation: ...
    @overload
    def explain(self, x: Any, y: Any, at: str, *, training: bool = False) -> ElementExplanation: ...

    def explain(self, x: Any, y: Any, at: Optional[str] = None, *,
                training: bool = False) -> Union[Explanation, ElementExplanation]:
        """The backward pass of the loss on these rows, node by node; with ``at`` one number of a
        gradient as the sum of what every row adds to it: "fc1.weight[3,0]" ([output, input], as in
        PyTorch), "relu1[5,2]" (row 5, unit 2), "x[0,7]"."""
        raw, data = self._built(), self._given(x, y)
        if at is not None:
            return ElementExplanation(raw.explain_number(data, str(at), bool(training)))
        return Explanation(raw.explain(data, bool(training)), self.text)

    def gradients(self, x: Any, y: Any, *, training: bool = False) -> Dict[str, Array]:
        """Gradient of the loss by each parameter, in double, of the shapes of ``weights``."""
        found: Dict[str, Array] = self._built().gradients(self._given(x, y), bool(training))
        return found

    def objective(self, x: Any, y: Any, *, sample_weight: Any = None, training: bool = False,
                  threads: int = 0) -> Objective:
        """The loss on these rows as a function of all parameters, for optimizers of other
        libraries, such as scipy's."""
        features = self._features(x)
        target = self._learn_targets(features, y)
        weights = None if sample_weight is None else as_floats(sample_weight, "sample_weight", np.float32)
        return Objective(self._raw, self._data(features, target, weights), training, threads)

    def compare(self, x: Any, y: Any, gradients: Mapping[str, Any], *, training: bool = True) -> Comparison:
        """Your gradients on these rows against ours, from the loss backwards: which differs first,
        and which mistake reproduces your numbers. Names as in ``weights``; a layer's name for the
        gradient of its output, "dropout1.mask" for the mask that you used. Shapes as in ``weights``
        ([I, O]); what lies as in PyTorch is understood too."""
        raw = self._built()
        given = {str(k): as_floats(v, f"'{k}'", np.float64) for k, v in gradients.items()}
        shapes = {k: w.shape for k, w in raw.weights().items()}
        for name in raw.transposed_in_files:
            if name in given and given[name].shape == shapes[name]:
                given[name] = np.ascontiguousarray(given[name].T)
        return Comparison(raw.compare(self._given(x, y), given, bool(training)))

    def doctor(self, x: Any, y: Any, *, validation: Optional[Tuple[Any, Any]] = None, steps: int = 300,
               batch: int = 128, optimizer: str = "adam", lr: Optional[float] = None, seed: Optional[int] = None,
               threads: int = 0, schedule: str = "", clip_value: float = 0.0, clip_norm: float = 0.0,
               **settings: float) -> Diagnosis:
        """Why does it not learn? A short run with what you would give to :meth:`fit`, watched; the
        parameters stay as they are."""
        features = self._features(x)
        data = self._data(features, self._learn_targets(features, y), None)
        held = None if validation is None else self._given(*validation)
        options = self._options(optimizer, lr, settings, epochs=1, steps=steps, batch=batch,
                                seed=self.seed if seed is None else _seed(seed), threads=threads,
                                shuffle=True, replacement=False, schedule=schedule,
                                clip_value=clip_value, clip_norm=clip_norm, patience=0, min_delta=0.0,
                                monitor="loss")
        return Diagnosis(_core.diagnose(self._raw, data, held, options))

    def border(self, x: Any, y: Any, title: str = "") -> Svg:
        """What a network of two inputs has learnt: the plane coloured by class, the rows as dots."""
        return Svg(self._built().border(self._given(x, y), title))

    def page(self, x: Any, y: Any) -> str:
        """A page of HTML about these rows: the graph with values, gradients and, for pictures,
        weights and input gradients as pictures."""
        return str(self._built().page(self._given(x, y)))

    # Files.

    def save(self, path: Path) -> None:
        """Writes one safetensors file, which the program and PyTorch read."""
        self._built().save(os.fspath(path))

    def export(self, path: Path, format: Optional[str] = None, *, prefix: str = "",
               probabilities: bool = False, int8: Any = None) -> Dict[str, Any]:
        """Writes the network for programs that do not know chainrule, and returns what is to be
        known about the file. The path's ending tells the format unless it is named.

        "c", one file of C99 that needs no library: PREFIX_predict() and, for classes,
        PREFIX_class(); ``prefix`` is the file's name unless given. ``probabilities``: predict gives
        them where the network gives logits. ``int8``, rows [N, ...] like those that it will see:
        the linear layers compute in 8-bit integers whose ranges come from these rows.

        "onnx": operator set 17, for ONNX Runtime and others.
        """
        raw, name = self._built(), os.fspath(path)
        to = format or os.path.splitext(name)[1][1:]
        if to == "onnx":
            if prefix or probabilities or int8 is not None:
                raise _core.Error("prefix, probabilities and int8 belong to the format 'c', not to 'onnx'")
            found: Dict[str, Any] = _core.export_onnx(raw, name)
        elif to == "c":
            rows = None if int8 is None else self._features(int8)
            found = _core.export_c(raw, name, str(prefix), bool(probabilities), rows)
        else:
            raise _core.Error(f"a model is exported as 'c' or 'onnx', not as '{to}'")
        return found

    @classmethod
    def load(cls, source: Union[Path, Mapping[str, Any]], *, model: str = "", loss: Optional[str] = None,
             classes: Optional[Sequence[Any]] = None) -> "Model":
        """Reads a network: a file that save() or the program wrote, an ONNX file, or tensors alone.

        An ONNX file must be a chain of layers, as PyTorch and others export it; what is no layer is
        refused with its name. Tensors alone are a safetensors file or a dictionary, such as
        PyTorch's ``state_dict()``; then ``model`` describes the network, "linear 50, relu, linear
        10", and the tensors are named as its parameters ("fc1.weight") or in the order of its
        layers ("0.weight", "2.weight").

        ``loss`` to train and evaluate with: the file's, or what suits the last layer, unless given.
        ``classes``: the labels in the order of the outputs; else those of the file, or 0, 1, ...
        """
        if isinstance(source, Mapping):
            if not model:
                raise _core.Error("tensors alone say nothing of the network between them; "
                                  "model='linear 50, relu, linear 10' does")
            raw = _core.from_tensors(as_tensors(source), model, loss or "")
        else:
            name = os.fspath(source)
            if name.endswith((".pt", ".pth")):
                raise _core.DataError(f"'{name}' is a pickle of PyTorch, which only PyTorch should open: "
                                      "give what torch.load() makes of it, and model=...")
            raw = _core.load(name, model, loss or "")
        return cls._of(raw, classes)

    @classmethod
    def _of(cls, raw: Any, classes: Optional[Sequence[Any]]) -> "Model":
        made = cls(raw.text, loss=raw.loss)
        made._raw = raw
        names: List[str] = list(raw.class_names)
        if classes is not None:
            if len(classes) != len(names):
                raise _core.Error(f"{len(classes)} classes were named, the network has {len(names)}" if names else
                                  "classes were named, the network gives numbers")
            made._labels = np.asarray(classes)
            raw.class_names = [str(c) for c in made._labels]
        elif names:
            # Labels that look like integers become integers.
            whole = all(n.lstrip("-").isdigit() for n in names)
            made._labels = np.array([int(n) for n in names] if whole else names)
        return made

    # Copies, and other processes.

    def __getstate__(self) -> Dict[str, Any]:
        state = dict(self.__dict__)
        raw = state.pop("_raw")
        if raw is not None:
            state["_saved"] = (raw.features, raw.loss, raw.weights(), list(raw.class_names), raw.optimizer)
        return state

    def __setstate__(self, state: Dict[str, Any]) -> None:
        state = dict(state)
        saved = state.pop("_saved", None)
        self.__dict__.update(state, _raw=None)
        if saved is not None:
            features, loss, weights, names, optimizer = saved
            self._raw = self._make(features, loss)
            self._raw.class_names = names
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
        a = as_floats(x, "x", np.float32)
        if a.ndim < 2:
            raise _core.ShapeError(f"x has shape {a.shape}, expected rows and features, as in (100, 4)")
        if self._raw is not None and a.shape[1:] != tuple(self._raw.features):
            wanted = tuple(self._raw.features)
            if int(np.prod(a.shape[1:])) != int(np.prod(wanted)):
                raise _core.ShapeError(f"a row of x has shape {a.shape[1:]}, the model expects {wanted}")
            a = a.reshape(a.shape[0], *wanted)
        return a

    def _learn_targets(self, features: Array, y: Any) -> Tuple[Array, bool]:
        """Targets, after choosing the loss and making the parameters if that was not done yet."""
        if self._raw is not None and not (self._labels is None and self._raw.class_target):
            return self._targets(y)
        a = target_array(y)
        as_classes = looks_like_classes(a, self._loss)
        dims = features.shape[1:]
        if self._raw is None:
            outputs = int(self._make(dims, "squared_error").outputs)
            labels = labels_of(a, outputs) if as_classes else None
            loss = self._loss
            if loss is None:
                last = self._text.rpartition(",")[2].split()[0]
                loss = ("squared_error" if not as_classes else
                        "categorical_cross_entropy" if last == "softmax" else
                        "softmax_cross_entropy" if outputs > 1 else
                        "binary_cross_entropy" if last == "sigmoid" else "binary_cross_entropy_logits")
            self._raw = self._make(dims, loss)
        else:
            labels = labels_of(a, int(self._raw.outputs))
        self._labels = labels
        return self._targets(a)

    def _targets(self, y: Any) -> Tuple[Array, bool]:
        """(int32 [N], True) or (float32 [N, K], False)."""
        a = target_array(y)
        if self._labels is None:
            if a.dtype.kind in "OSU" and a.dtype.kind != "O":
                raise _core.DataError("y holds text, the model learns numbers")
            numbers = as_floats(a, "y", np.float32)
            check_finite(numbers, "y")
            return (numbers.reshape(len(numbers), -1), False)
        return (class_indices(a, self._labels), True)

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
            names = [str(label) for label in self._labels]
        else:
            names = [f"y{i + 1}" for i in range(values.shape[1])]
        return _core.Data(features, values, names, is_class, weights)

    def _options(self, optimizer: str, lr: Optional[float], settings: Mapping[str, float],
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


def _seed(seed: int) -> int:
    if not isinstance(seed, (int, np.integer)) or seed < 0 or seed >= 1 << 64:
        raise _core.Error(f"the seed is {seed!r}, expected a whole number from 0 to 2^64 - 1")
    return int(seed)
