"""Uses most of the package, with types that mypy --strict accepts."""

from typing import Dict, Tuple

import chainrule as cr
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Cube(cr.Op):
    formula = "y = x^3"

    def forward(self, x: Floats) -> Floats:  # type: ignore[override]
        return x**3

    def backward(self, dy: Floats, x: Floats) -> Floats:  # type: ignore[override]
        return 3 * dy * x**2


def data(seed: int) -> Tuple[Floats, NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, 90)
    return random.normal(size=(90, 4)) + 2 * np.eye(4)[y], y


def record() -> float:
    x, y = data(0)
    rows = cr.input(x, name="rows")
    w = cr.param(np.zeros((4, 3)), name="w")
    loss: cr.Var = cr.softmax_cross_entropy(Cube()(rows @ w + 0.1), cr.class_input(y, 3))
    optimizer = cr.Adam([w], lr=0.1)
    for _ in range(5):
        loss.backward()
        optimizer.step()
    assert w.grad is not None and w.grad.shape == (4, 3)
    assert cr.gradcheck(loss)
    print(cr.explain(loss, at="w[0,0]"))
    return loss.item()


def train() -> Dict[str, float]:
    x, y = data(1)
    model = cr.Model("linear 8, relu, linear 3", l2=1e-4)

    def watch(row: Dict[str, float]) -> bool:
        return row["loss"] > 0.01

    history: cr.History = model.fit(x, y, epochs=10, lr=0.01, validation_split=0.2, callbacks=[watch])
    evaluation: cr.Evaluation = model.evaluate(x, y)
    print(history["loss"][-1], history.best_epoch, model.predict(x)[:3], model.weights["fc1.bias"].shape)
    return {"loss": float(evaluation["loss"]), "accuracy": float(evaluation["accuracy"])}


if __name__ == "__main__":
    print(record(), train())
