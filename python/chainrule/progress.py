"""Who watches a run: callbacks, and a bar in a terminal or a notebook."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np


def in_notebook() -> bool:
    """Is this a notebook's kernel? Its standard output is no terminal, yet somebody looks."""
    shell = sys.modules.get("IPython")
    if shell is None:
        return False
    running = shell.get_ipython()
    return running is not None and running.__class__.__name__ == "ZMQInteractiveShell"


class Bar:
    """One line that is written again and again; in a notebook one output that changes."""

    WIDTH = 24

    def __init__(self, notebook: bool) -> None:
        self.notebook = notebook
        self.steps = self.per_epoch = 1
        self.begin = time.monotonic()
        self.row: Dict[str, float] = {}
        self.handle: Any = None
        self.length = 0

    def start(self, steps: int, per_epoch: int) -> None:
        self.steps, self.per_epoch = max(steps, 1), max(per_epoch, 1)
        self.begin = time.monotonic()

    def show(self, step: int, epoch: int, loss: float) -> None:
        done = min(step / self.steps, 1.0)
        seconds = time.monotonic() - self.begin
        epochs = -(-self.steps // self.per_epoch)
        text = f"epoch {epoch}/{epochs}  loss {loss:.4g}"
        text += "".join(f"  {k} {self.row[k]:.4g}" for k in ("accuracy", "val_loss", "val_accuracy")
                        if k in self.row)
        text += f"  {seconds:.0f} s" + (f", {seconds / done - seconds:.0f} s left" if 0.02 < done < 1 else "")
        if self.notebook:
            self._show_html(done, text)
            return
        full = int(done * self.WIDTH)
        line = f"[{'=' * full}{'.' * (self.WIDTH - full)}] {text}"
        sys.stderr.write("\r" + line + " " * (self.length - len(line)))
        sys.stderr.flush()
        self.length = len(line)

    def _show_html(self, done: float, text: str) -> None:
        from IPython.display import HTML, display

        shown = HTML(f'<progress value="{done:.4f}" max="1" style="width:16em"></progress> '
                     f'<code>{text}</code>')
        if self.handle is None:
            self.handle = display(shown, display_id=True)
        else:
            self.handle.update(shown)

    def end(self) -> None:
        if not self.notebook and self.length:
            sys.stderr.write("\n")
            sys.stderr.flush()


def _says_no(answer: Any) -> bool:
    """False of Python or of numpy; None and numbers say nothing."""
    return isinstance(answer, (bool, np.bool_)) and not answer


class Watch:
    """What _core.fit() talks to."""

    def __init__(self, callbacks: Sequence[Any], progress: Optional[bool]) -> None:
        self.callbacks = list(callbacks)
        for c in self.callbacks:
            if not callable(c) and not any(hasattr(c, n) for n in ("on_start", "on_step", "on_epoch", "on_end")):
                raise TypeError(f"a callback is a function, or has on_start, on_step, on_epoch or on_end; "
                                f"{type(c).__name__} is neither")
        self.step_calls: List[Callable[..., Any]] = [c.on_step for c in self.callbacks if hasattr(c, "on_step")]
        notebook = in_notebook()
        shown = progress if progress is not None else notebook or sys.stderr.isatty()
        self.bar = Bar(notebook) if shown else None
        self.last = (0, 1, float("nan"))

    def _all(self, name: str, *arguments: Any) -> Optional[bool]:
        enough = False
        for c in self.callbacks:
            f = getattr(c, name, None)
            enough |= f is not None and _says_no(f(*arguments))
        return False if enough else None

    def on_start(self, steps: int, per_epoch: int) -> Optional[bool]:
        if self.bar:
            self.bar.start(steps, per_epoch)
        return self._all("on_start", steps, per_epoch)

    def on_step(self, step: int, epoch: int, loss: float, lr: float) -> Optional[bool]:
        answers = [f(step, epoch, loss, lr) for f in self.step_calls]
        return False if any(_says_no(a) for a in answers) else None

    def on_tick(self, step: int, epoch: int, loss: float, lr: float) -> None:
        self.last = (step, epoch, loss)
        if self.bar:
            self.bar.show(step, epoch, loss)

    def on_epoch(self, row: Dict[str, float], best: bool) -> Optional[bool]:
        if self.bar:
            self.bar.row = row
            if self.last[0] or row["step"] >= self.bar.steps:
                self.bar.show(int(row["step"]), int(row["epoch"]), row["loss"])
        answers = []
        for c in self.callbacks:
            if hasattr(c, "on_epoch"):
                answers.append(c.on_epoch(dict(row), best))
            elif callable(c):
                answers.append(c(dict(row)))
        return False if any(_says_no(a) for a in answers) else None

    def end(self, history: Any) -> None:
        if self.bar:
            self.bar.end()
        if history is not None:
            self._all("on_end", history)
