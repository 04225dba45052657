"""Gradients and optimizers against PyTorch, in double."""

import chainrule as cr
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="python3-torch is not installed")

ACTIVATIONS = [("relu", torch.relu), ("tanh", torch.tanh), ("sigmoid", torch.sigmoid),
               ("softplus", torch.nn.functional.softplus), ("gelu", torch.nn.functional.gelu),
               ("silu", torch.nn.functional.silu), ("elu", torch.nn.functional.elu),
               ("selu", torch.selu), ("leaky_relu", torch.nn.functional.leaky_relu)]


def network(seed):
    """One random network twice: parameters and loss here, parameters and a function there."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(1, 20))
    sizes = [int(n) for n in random.integers(1, 12, size=random.integers(2, 5))]
    classes = int(random.integers(2, 6))
    x, t = random.normal(size=(rows, sizes[0])), random.integers(0, classes, rows)
    target = random.normal(size=(rows, classes))
    kind = seed % 3
    ours, theirs, acts = [], [], []
    for i, o in zip(sizes, sizes[1:] + [classes]):
        for shape in ((i, o), (o,)):
            value = random.normal(size=shape) / np.sqrt(i)
            ours.append(cr.param(value))
            theirs.append(torch.tensor(value, requires_grad=True))
        acts.append(ACTIVATIONS[random.integers(len(ACTIVATIONS))])
    h = cr.input(x)
    for k, (name, _) in enumerate(acts):
        h = h @ ours[2 * k] + ours[2 * k + 1]
        if k + 1 < len(acts):
            h = getattr(cr, name)(h)
    loss = (cr.softmax_cross_entropy(h, cr.class_input(t, classes)) if kind == 0 else
            cr.squared_error(h, cr.input(target)) if kind == 1 else
            cr.binary_cross_entropy_logits(h, cr.input((target > 0).astype(float))))

    def forward():
        g = torch.tensor(x)
        for k, (_, f) in enumerate(acts):
            g = g @ theirs[2 * k] + theirs[2 * k + 1]
            if k + 1 < len(acts):
                g = f(g)
        F = torch.nn.functional
        return (F.cross_entropy(g, torch.tensor(t)) if kind == 0 else
                F.mse_loss(g, torch.tensor(target)) if kind == 1 else
                F.binary_cross_entropy_with_logits(g, torch.tensor((target > 0).astype(float))))

    return ours, loss, theirs, forward


def test_gradients_of_25_networks(record_property):
    worst = 0.0
    for seed in range(25):
        ours, loss, theirs, forward = network(seed)
        loss.backward()
        value = forward()
        value.backward()
        assert loss.item() == pytest.approx(value.item(), abs=1e-12)
        worst = max([worst] + [np.abs(p.grad - q.grad.numpy()).max() for p, q in zip(ours, theirs)])
    print("greatest difference of a gradient", worst)
    assert worst < 1e-9


O = torch.optim
OPTIMIZERS = {
    "sgd": (cr.SGD, dict(lr=0.1), lambda p: O.SGD(p, 0.1)),
    "momentum": (cr.Momentum, dict(lr=0.1, momentum=0.9), lambda p: O.SGD(p, 0.1, momentum=0.9)),
    "nesterov": (cr.Nesterov, dict(lr=0.1, momentum=0.9), lambda p: O.SGD(p, 0.1, momentum=0.9, nesterov=True)),
    "adagrad": (cr.Adagrad, dict(lr=0.1, lr_decay=0.01), lambda p: O.Adagrad(p, 0.1, lr_decay=0.01)),
    "rmsprop": (cr.RMSprop, dict(lr=0.01), lambda p: O.RMSprop(p, 0.01)),
    "rmsprop centered": (cr.RMSprop, dict(lr=0.01, momentum=0.5, centered=1),
                         lambda p: O.RMSprop(p, 0.01, momentum=0.5, centered=True)),
    "adam": (cr.Adam, dict(lr=0.01, weight_decay=0.01), lambda p: O.Adam(p, 0.01, weight_decay=0.01)),
    "adamw": (cr.AdamW, dict(lr=0.01), lambda p: O.AdamW(p, 0.01)),
    "rprop": (cr.Rprop, dict(lr=0.01), lambda p: O.Rprop(p, 0.01)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_after_10_steps(name):
    make, settings, make_theirs = OPTIMIZERS[name]
    ours, loss, theirs, forward = network(7)
    optimizer, other = make(ours, **settings), make_theirs(theirs)
    for _ in range(10):
        loss.backward()
        optimizer.step()
        other.zero_grad()
        forward().backward()
        other.step()
    worst = max(np.abs(p.value - q.detach().numpy()).max() for p, q in zip(ours, theirs))
    print(name, worst)
    assert worst < 1e-8


def test_tensors_are_arrays():
    x = torch.ones(3, 2)
    assert np.array_equal((cr.input(x) * 2.0).value, 2 * np.ones((3, 2)))
