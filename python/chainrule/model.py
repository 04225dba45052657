"""Networks from one line of text, trained on arrays."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union, overload

import numpy as np

from . import _core
from .arrays import Array, Float32, as_floats, as_tensors
from .fitting import fit_options, whole_seed
from .network import Network
from .objective import Objective
from .progress import Watch
from .targets import ClassWeight, Goal, class_weights
from .views import Comparison, Diagnosis, ElementExplanation, Evaluation, Explanation, History, Svg

__all__ = ["Model"]

Path = Union[str, "os.PathLike[str]"]


class Model(Network):
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

    # Training and use.

    def fit(self, x: Any, y: Any, *, epochs: int = 5, batch: int = 128, optimizer: str = "adam",
            lr: Optional[float] = None, validation: Optional[Tuple[Any, Any]] = None,
            validation_split: float = 0.0, sample_weight: Any = None, class_weight: ClassWeight = None,
            steps: int = 0,
            seed: Optional[int] = None, threads: int = 0, shuffle: bool = True,
            replacement: bool = False, schedule: Union[str, Callable[[int], float]] = "",
            clip_value: float = 0.0, clip_norm: float = 0.0, patience: int = 0,
            min_delta: float = 0.0, monitor: str = "loss", resume_optimizer: bool = False,
            callbacks: Sequence[Any] = (), progress: Optional[bool] = None,
            **settings: float) -> History:
        """Trains on rows x [N, ...] and targets y: classes [N], numbers [N] or [N, K], or several
        labels of 0 and 1 [N, K].

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

        ``sample_weight`` [N] says how much a row counts, ``class_weight`` how much those of a class:
        "balanced", or a dictionary from labels to weights; both are multiplied.

        float32 rows in memory order are read where they are, without a copy.
        """
        features = self._features(x)
        if validation is not None and validation_split:
            raise _core.Error("validation data and validation_split were given, expected one of the two")
        weights = None if sample_weight is None else as_floats(sample_weight, "sample_weight", np.float32)
        if features.shape[0] == 0:
            raise _core.DataError("there are no rows to train on")
        target = self._learn_targets(features, y, x)
        if class_weight is not None:
            weights = self._weigh_classes(class_weight, target, weights)
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
        options = fit_options(optimizer, lr, settings, epochs=epochs, steps=steps, batch=batch,
                              seed=self.seed if seed is None else whole_seed(seed), threads=threads,
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

    def _weigh_classes(self, given: ClassWeight, target: Tuple[Array, bool],
                       weights: Optional[Array]) -> Array:
        places, is_class = target
        if not is_class or self._labels is None:
            raise _core.Error("class_weight needs classes; here numbers are learnt")
        by_row = class_weights(given, places, self._labels)
        if weights is None:
            return by_row
        if len(weights) != len(by_row):
            raise _core.DataError(f"there are {len(by_row)} rows and {len(weights)} sample weights")
        found: Array = by_row * weights
        return found

    def predict(self, x: Any, *, threads: int = 0) -> Array:
        """The label of each row [N]; for numbers [N] with one output and else [N, K]; of several
        labels no and yes, as they came, [N, K]."""
        values, classes = self._built().predict(self._features(x), threads)
        if classes is not None:
            found: Array = classes if self._labels is None else self._labels[classes]
            return found
        if self._goal is not None and self._goal.task == "multilabel":
            yes = values > self._built().threshold
            labels: Array = yes.astype(np.int64) if self._goal.labels is None else self._goal.labels[yes.astype(int)]
            return labels
        numbers: Array = values[:, 0] if values.shape[1] == 1 else values
        return numbers

    def predict_proba(self, x: Any, *, threads: int = 0) -> Float32:
        """Probability of each class: [N, C]; of each of several labels [N, K]. Of a network for
        numbers, its outputs [N, K]."""
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
        target = self._learn_targets(features, y, x)
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
                w = given[name]
                given[name] = np.ascontiguousarray(w.transpose(-1, -2, *range(w.ndim - 2)))
        return Comparison(raw.compare(self._given(x, y), given, bool(training)))

    def doctor(self, x: Any, y: Any, *, validation: Optional[Tuple[Any, Any]] = None, steps: int = 300,
               batch: int = 128, optimizer: str = "adam", lr: Optional[float] = None, seed: Optional[int] = None,
               threads: int = 0, schedule: str = "", clip_value: float = 0.0, clip_norm: float = 0.0,
               **settings: float) -> Diagnosis:
        """Why does it not learn? A short run with what you would give to :meth:`fit`, watched; the
        parameters stay as they are."""
        features = self._features(x)
        data = self._data(features, self._learn_targets(features, y, x), None)
        held = None if validation is None else self._given(*validation)
        options = fit_options(optimizer, lr, settings, epochs=1, steps=steps, batch=batch,
                              seed=self.seed if seed is None else whole_seed(seed), threads=threads,
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
               probabilities: bool = False, int8: Any = None, features: bool = False) -> Dict[str, Any]:
        """Writes the network for programs that do not know chainrule, and returns what is to be
        known about the file. The path's ending tells the format unless it is named.

        "c", one file of C99 that needs no library: PREFIX_predict() and, for classes,
        PREFIX_class(); ``prefix`` is the file's name unless given. ``probabilities``: predict gives
        them where the network gives logits. ``int8``, rows [N, ...] like those that it will see:
        the linear layers compute in 8-bit integers whose ranges come from these rows.

        "onnx": operator set 17, for ONNX Runtime and others: raw rows in (columns by name, text where
        they are categories, bytes of pictures), answers out ("label" and "probabilities", or
        "prediction" in its unit). ``features``: the network alone.
        """
        raw, name = self._built(), os.fspath(path)
        to = format or os.path.splitext(name)[1][1:]
        if to == "onnx":
            if prefix or probabilities or int8 is not None:
                raise _core.Error("prefix, probabilities and int8 belong to the format 'c', not to 'onnx'")
            found: Dict[str, Any] = _core.export_onnx(raw, name, bool(features))
        elif to == "c":
            if features:
                raise _core.Error("features belongs to the format 'onnx', not to 'c'")
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
        made._remember()
        if classes is not None:
            count = max(int(raw.outputs), 2)
            if made._goal is None or made._goal.task != "classification":
                raise _core.Error("classes were named, the network gives numbers")
            if len(classes) != count:
                raise _core.Error(f"{len(classes)} classes were named, the network has {count}")
            made._describe(Goal("classification", np.asarray(classes)), made.schema["inputs"],
                           [t["name"] for t in made.schema["targets"]])
        return made
