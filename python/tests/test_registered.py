"""Every operation of the library is a function of its name."""

import builtins
from pathlib import Path

import chainrule as cr
import numpy as np
import pytest
from chainrule import _core, registered

NAMES = [name for name, *_ in _core.operations()]
X = (4, 3)
ROW = cr.Argument((3,), is_param=True)
CALLS = {
    "bias": (cr.bias, X, ROW), "prelu": (cr.prelu, X, ROW), "cos": (cr.cos, X), "sin": (cr.sin, X), "erf": (cr.erf, X),
    "mish": (cr.mish, X), "hard_swish": (cr.hard_swish, X), "hard_sigmoid": (lambda x: cr.hard_sigmoid(x, slope=0.3, offset=0.4), X),
    "reciprocal": (cr.reciprocal, cr.Argument(X, low=0.5)), "expand": (lambda x: cr.expand(x, shape=(2, 3)), X),
    "permute": (lambda x: cr.permute(x, axes=[1, 0]), (4, 2, 3)), "slice": (lambda x: cr.slice(x, axes=[0], begin=[0], end=[2], step=[1]), X),
    "take": (lambda x: cr.take(x, places=[2, 0, 2], axis=0), X), "pad": (lambda x: cr.pad(x, before=[1], after=[0], value=2), X),
    "sum_axes": (lambda x: cr.sum_axes(x, axes=(0,), keep=True), X), "mean_axes": (lambda x: cr.mean_axes(x, batch=True), X),
    "max_axes": (lambda x: cr.max_axes(x, axes=[-1]), X), "min_axes": (lambda x: cr.min_axes(x, axes=[-1]), X),
    "gather": (lambda x, i: cr.gather(x, i, axis=0), X, cr.Argument((4,), classes=3)),
    "conv2d": (lambda x, w: cr.conv2d(x, w), (2, 4, 5, 2), cr.Argument((3, 3, 2, 3), is_param=True)),
    "conv2d with a bias": (lambda x, w, b: cr.conv2d(x, w, b, stride=(2, 1)), (2, 4, 5, 2), cr.Argument((3, 3, 2, 3), is_param=True),
                           ROW),
    "max_pool2d": (lambda x: cr.max_pool2d(x, size=(2, 2), stride=(2, 2)), (2, 4, 4, 2)),
    "avg_pool2d": (lambda x: cr.avg_pool2d(x, size=(2, 2), stride=(2, 2)), (2, 4, 4, 2)),
    "multiclass_hinge": (cr.multiclass_hinge, X, cr.Argument((4,), classes=3)),
}


@pytest.mark.parametrize("name", NAMES)
def test_is_a_function(name):
    f = getattr(cr, name)
    assert callable(f) and f.__doc__ and (name in cr.__all__ or hasattr(builtins, name))


@pytest.mark.parametrize("name", CALLS)
def test_gradient(name):
    f, *arguments = CALLS[name]
    report = cr.gradcheck(f, *arguments)
    assert report, report


def test_settings_are_keywords():
    x = cr.input(np.ones(X))
    for call, error, sentence in ((lambda: cr.expand(x, shape=(2, 2)), cr.ShapeError, "expand"), (lambda: cr.expand(x, size=3), TypeError, "size"),
                                  (lambda: cr.hard_sigmoid(x, 1.0), TypeError, "too many"), (lambda: cr.sin(), TypeError, "x")):
        with pytest.raises(error, match=sentence):
            call()
    assert cr.sign(x=x).value.tolist() == np.ones(X).tolist()
    assert cr.stop_gradient(x).sum().item() == 12 and cr.ceil(x * 1.5).value[0, 0] == 2 and cr.floor(-0.5 * x).value[0, 0] == -1


def test_stub_is_complete():
    stub = Path(registered.__file__).with_suffix(".pyi").read_text()
    assert stub == registered.stub(), "write chainrule.registered.stub() to python/chainrule/registered.pyi"
