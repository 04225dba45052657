"""Results that show themselves: as text when printed, as a picture or table in a notebook."""

from __future__ import annotations

import html
import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple


from .arrays import Array

__all__ = ["Explanation", "ElementExplanation", "Comparison", "Diagnosis", "Evaluation", "History", "Svg"]

_MOST_DRAWN = 60


class Svg(str):
    """A drawing: text of an SVG document, shown as a picture in a notebook."""

    def _repr_svg_(self) -> str:
        return str(self)


def _table(titles: List[str], rows: List[List[str]]) -> str:
    head = "".join(f"<th>{html.escape(t)}</th>" for t in titles)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in r) + "</tr>" for r in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Explanation:
    """A backward pass taken apart: each value, each local derivative, each term.

    ``print()`` shows it as text; a notebook shows the drawing, with values above the arrows and
    gradients below. ``svg``, ``html`` (a page with a slider) and ``data`` (the numbers) are there
    for programs.
    """

    def __init__(self, raw: Any, title: str) -> None:
        self._raw = raw
        self.title = title

    @property
    def nodes(self) -> List[Dict[str, Any]]:
        """Each node with its name, op, formula, shape, value, grad, grad_norm and, for inputs,
        `check`: the comparison with central differences ("ok", "differs", "kink")."""
        found: List[Dict[str, Any]] = self._raw.nodes()
        return found

    @property
    def gradients(self) -> Dict[str, Array]:
        """Gradients of inputs and parameters by name."""
        return {n["label"]: n["grad"].reshape(n["shape"]) for n in self.nodes
                if not n["op"] and n["grad"] is not None}

    @property
    def svg(self) -> Svg:
        return Svg(self._raw.svg(self.title))

    @property
    def html(self) -> str:
        """A whole page, to be written to a file and opened in a browser."""
        return str(self._raw.page(self.title))

    @property
    def data(self) -> Dict[str, Any]:
        found: Dict[str, Any] = json.loads(self._raw.json())
        return found

    def __str__(self) -> str:
        return str(self._raw.text())

    def __repr__(self) -> str:
        return f"<Explanation of {self.title!r}, {len(self.nodes)} nodes>"

    def _repr_svg_(self) -> Optional[str]:
        return self.svg if len(self.nodes) <= _MOST_DRAWN else None

    def _repr_html_(self) -> Optional[str]:
        return None if len(self.nodes) <= _MOST_DRAWN else f"<pre>{html.escape(str(self))}</pre>"


class Term(NamedTuple):
    """upstream × local = amount. `row` is the sample, -1 for a penalty."""

    row: int
    through: str
    local_name: str
    local: float
    upstream: float
    amount: float


class ElementExplanation:
    """One number of a gradient as the sum of what every sample adds to it, the largest first."""

    def __init__(self, raw: Any) -> None:
        self.name: str = raw.name
        self.value: float = raw.value
        self.gradient: float = raw.gradient
        self.sum: float = raw.sum
        self.difference: float = raw.difference
        self.terms: List[Term] = [Term(*t) for t in raw.terms]
        self.path: List[Tuple[str, str, str, float]] = list(raw.path)

    def _rows(self) -> List[List[str]]:
        return [[str(t.row) if t.row >= 0 else "", t.local_name, f"{t.local:.6g}",
                 f"d/d {t.through}", f"{t.upstream:.6g}", f"{t.amount:.6g}"] for t in self.terms[:12]]

    def __str__(self) -> str:
        lines = [f"{self.name} = {self.value:.6g}, gradient {self.gradient:.6g}"]
        for row, local_name, local, through, upstream, amount in self._rows():
            lines.append(f"  sample {row:>4}  {local_name:>12} {local:>12} × {through:>14} {upstream:>12} = {amount:>12}")
        rest = self.terms[12:]
        if rest:
            lines.append(f"  and {len(rest)} smaller ones, together {sum(t.amount for t in rest):.6g}")
        lines.append(f"sum {self.sum:.6g}, differs from the gradient by {abs(self.difference):.2g}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return (f"<p><b>{html.escape(self.name)}</b> = {self.value:.6g}, gradient {self.gradient:.6g}, "
                f"the sum of {len(self.terms)} terms</p>"
                + _table(["sample", "local derivative", "", "upstream", "", "amount"], self._rows()))


class Cause(NamedTuple):
    at: str
    kind: str
    advice: str


class Comparison:
    """Your gradients against ours: what differs first, and which mistake explains it."""

    def __init__(self, raw: Dict[str, Any]) -> None:
        self.equal: bool = raw["equal"]
        self.first: str = raw["first"]
        self.explained: bool = raw["explained"]
        self.causes: List[Cause] = [Cause(*c) for c in raw["causes"]]
        self.arrays: List[Dict[str, Any]] = raw["arrays"]
        #: How the arrays were understood, in sentences.
        self.conventions: List[str] = raw["conventions"]
        self.not_given: List[str] = raw["not_given"]
        self.unknown: List[str] = raw["unknown"]
        #: Of what no known mistake reproduces: what lies above it.
        self.between: str = raw["between"]

    def __bool__(self) -> bool:
        return self.equal

    def _rows(self) -> List[List[str]]:
        rows = []
        for a in self.arrays:
            verdict = "equal" if a["equal"] else ("differs first here" if a["name"] == self.first else "differs")
            rows.append([a["name"], verdict, f"{a['max_difference']:.3g}", f"{a['max_gradient']:.3g}", a["note"]])
        return rows

    def __str__(self) -> str:
        lines = [f"understood: {c}" for c in self.conventions] + ["from the loss backwards"]
        for name, verdict, difference, greatest, note in self._rows():
            lines.append(f"  {name:14} {verdict:20} greatest difference {difference}, greatest gradient {greatest}"
                         + (f"   {note}" if note else ""))
        lines += [f"{what}: {', '.join(names)}" for what, names in
                  (("not given", self.not_given), ("unknown", self.unknown)) if names]
        lines += [f"{c.at}: {c.kind}. {c.advice}" for c in self.causes]
        lines += [self.between] if self.between else []
        return "\n".join(lines if self.causes else lines + ["All gradients are equal but for rounding."])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{html.escape(c)}</p>" for c in self.conventions)
        causes = "".join(f"<li><b>{html.escape(c.at)}: {html.escape(c.kind)}.</b> {html.escape(c.advice)}</li>"
                         for c in self.causes)
        return (said + _table(["array", "verdict", "greatest difference", "greatest gradient", "note"], self._rows())
                + (f"<ul>{causes}</ul>" if causes else "<p>All gradients are equal but for rounding.</p>"))


class Finding(NamedTuple):
    cause: str
    severity: str
    at: str
    detail: str
    advice: str
    evidence: Dict[str, float]
    #: Flags of the program that make the change which was tried; empty when none was.
    fix: List[Tuple[str, str]] = []
    #: The score without and with it.
    tried: Optional[Tuple[float, float]] = None


class Diagnosis:
    """Why a run does not learn: findings, the most severe first, and the curve of learning rates."""

    def __init__(self, raw: Dict[str, Any]) -> None:
        self.learned: bool = raw["learned"]
        self.answer: str = raw["answer"]
        self.baseline: Dict[str, float] = raw["baseline"]
        self.findings: List[Finding] = [Finding(**f) for f in raw["findings"]]
        self.healthy: List[str] = list(raw["healthy"])
        self.rates: List[Tuple[float, float]] = list(raw["rates"])
        self.first_loss: float = raw["first_loss"]
        self.last_loss: float = raw["last_loss"]
        self.suggested_rate: Optional[float] = raw["suggested_rate"] or None
        self.advice: str = raw["advice"]
        self.svg = Svg(raw["svg"])

    def __str__(self) -> str:
        lines = [self.answer, f"loss {self.first_loss:.4g} -> {self.last_loss:.4g}"]
        for f in self.findings:
            lines.append(f"{f.severity}: {f.cause}" + (f" ({f.at})" if f.at else ""))
            lines += [f"  {f.detail}", f"  {'tried' if f.tried else 'try'}: {f.advice}"]
        if self.healthy:
            lines.append("in order: " + ", ".join(self.healthy))
        if self.suggested_rate:
            lines.append(f"suggested learning rate: {self.suggested_rate:.3g}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [[f.severity, f.cause, f.at, f.detail, f.advice] for f in self.findings]
        table = _table(["", "cause", "at", "evidence", "try"], rows) if rows else "<p>Nothing is wrong.</p>"
        return f"<p><b>{html.escape(self.answer)}</b></p><p>loss {self.first_loss:.4g} → {self.last_loss:.4g}</p>{table}{self.svg}"


class Evaluation(Dict[str, Any]):
    """Loss and accuracy, or mse, mae and r2, by name; a notebook shows the confusion matrix."""

    svg: Optional[Svg] = None

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the evaluation has no '{name}', it has {', '.join(self)}") from None

    def _repr_svg_(self) -> Optional[str]:
        return self.svg


class History(Dict[str, List[float]]):
    """One list for each column, a number for each epoch: "epoch", "step", "lr", "loss", "seconds",
    of classes "accuracy", with validation data "val_loss" and "val_accuracy".

    >>> plt.plot(history["epoch"], history["loss"])

    A notebook shows the curves by itself.
    """

    def __init__(self, raw: Dict[str, Any]) -> None:
        rows: List[Dict[str, float]] = raw["rows"]
        names = list(dict.fromkeys(name for row in rows for name in row))
        super().__init__({name: [row.get(name, float("nan")) for row in rows] for name in names})
        self.best_epoch: int = raw["best_epoch"]
        self.steps: int = raw["steps"]
        self.stopped: str = raw["stopped"]
        self.train_seconds: float = raw["train_seconds"]
        self.csv: str = raw["csv"]
        self.svg = Svg(raw["svg"])

    def __repr__(self) -> str:
        last = ", ".join(f"{k} {v[-1]:.4g}" for k, v in self.items()
                         if k in ("loss", "accuracy", "val_loss", "val_accuracy") and v)
        return f"<History of {len(self.get('epoch', []))} epochs ({self.stopped}), {last}>"

    def _repr_svg_(self) -> str:
        return self.svg
