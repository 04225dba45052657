"""Neural networks trained by backpropagation, every gradient seen, checked and explained.

>>> import chainrule as cr
>>> x, w = cr.input([[1.0, 2.0]]), cr.param([[0.5], [-0.3]])
>>> loss = cr.tanh(x @ w).mean()
>>> loss.backward()
>>> w.grad

``cr.Model("linear 50, relu, linear 10")`` trains on arrays; ``cr.explain`` takes a backward pass
apart; ``cr.gradcheck`` proves one; ``chainrule.sklearn`` has estimators for scikit-learn.
"""

import builtins as _builtins
from typing import List as _List

from ._core import DataError, Error, NumericError, ShapeError, __version__
from .check import Argument, CheckedInput, Gradcheck, gradcheck
from .custom import Op, custom_op
from .data import digits
from .explaining import compare, doctor, explain
from .function import Function, function
from .graph import Contribution, Var, constant
from .leaves import class_input, input, param
from .losses import *
from .model import Model
from .objective import Objective
from .ops import *
from .registered import *
from .optim import SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSprop, Rprop
from .views import (Comparison, Diagnosis, ElementExplanation, Evaluation, Explanation, Finding,
                    History, Svg)
from . import losses as _losses, ops as _ops, registered as _registered

__all__ = [
    "Adagrad", "Adam", "AdamW", "Argument", "CheckedInput", "Comparison", "Contribution",
    "DataError", "Diagnosis", "ElementExplanation", "Error", "Evaluation", "Explanation", "Finding",
    "Function", "Gradcheck", "History", "Model", "Momentum", "Nesterov", "NumericError", "Objective", "Op",
    "Optimizer", "RMSprop", "Rprop", "SGD", "ShapeError", "Svg", "Var", "__version__",
    "class_input", "compare", "constant", "custom_op", "digits", "doctor", "explain", "function",
    "gradcheck", "input", "load", "param",
]
__all__ += _ops.__all__
__all__ += _losses.__all__
__all__ += _registered.__all__
_offered = list(__all__)
__all__[:] = [n for n in __all__ if not hasattr(_builtins, n)]  # `from chainrule import *` shadows nothing

load = Model.load


def __dir__() -> _List[str]:
    return sorted([*_offered, "__doc__"])
