"""numpy as a textbook writes it: one class per layer, forward and backward."""
import sys

import numpy as np

import peer


class Affine:
    def __init__(self, weight, bias):
        self.w, self.b = weight.T.copy(), bias.copy()

    def forward(self, x, train):
        self.x = x
        return np.dot(x, self.w) + self.b

    def backward(self, dout):
        self.dw = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.w.T)


class Relu:
    def forward(self, x, train):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class Sigmoid:
    def forward(self, x, train):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out) * self.out


class Dropout:
    def __init__(self, ratio):
        self.ratio = ratio

    def forward(self, x, train):
        if not train:
            return x
        self.mask = (np.random.rand(*x.shape) > self.ratio) / np.float32(1 - self.ratio)
        return (x * self.mask).astype(np.float32)

    def backward(self, dout):
        return (dout * self.mask).astype(np.float32)


def softmax(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


class SoftmaxWithLoss:
    def forward(self, x, t):
        self.y, self.t = softmax(x), t
        return -np.sum(np.log(self.y[np.arange(len(t)), t] + 1e-7)) / len(t)

    def backward(self):
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dx / np.float32(len(self.t))


class SquaredError:
    def forward(self, x, t):
        self.difference = x - t.reshape(-1, 1).astype(np.float32)
        return np.mean(self.difference ** 2)

    def backward(self):
        return 2 * self.difference / np.float32(self.difference.size)


class Sgd:
    def __init__(self, rate):
        self.rate = rate

    def update(self, params, grads):
        for p, g in zip(params, grads):
            p -= self.rate * g


class Adam:
    def __init__(self, rate, beta1=0.9, beta2=0.999):
        self.rate, self.beta1, self.beta2, self.step, self.m = rate, beta1, beta2, 0, None

    def update(self, params, grads):
        if self.m is None:
            self.m = [np.zeros_like(p) for p in params]
            self.v = [np.zeros_like(p) for p in params]
        self.step += 1
        rate = self.rate * np.sqrt(1 - self.beta2**self.step) / (1 - self.beta1**self.step)
        for p, g, m, v in zip(params, grads, self.m, self.v):
            m += (1 - self.beta1) * (g - m)
            v += (1 - self.beta2) * (g**2 - v)
            p -= rate * m / (np.sqrt(v) + 1e-8)


class Network:
    def __init__(self, job, parameters):
        self.layers = []
        for i, (w, b) in enumerate(parameters):
            self.layers.append(Affine(w, b))
            last = i + 1 == len(parameters)
            if job.data == "xor":
                self.layers.append(Sigmoid())
            elif not last:
                self.layers.append(Relu())
            if job.dropout and not last:
                self.layers.append(Dropout(job.dropout))
        self.loss = SquaredError() if job.data == "xor" else SoftmaxWithLoss()
        self.affine = [layer for layer in self.layers if isinstance(layer, Affine)]
        self.params = [p for a in self.affine for p in (a.w, a.b)]

    def predict(self, x, train=False):
        for layer in self.layers:
            x = layer.forward(x, train)
        return x

    def gradients(self, x, t):
        loss = self.loss.forward(self.predict(x, True), t)
        dout = self.loss.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return loss, [g for a in self.affine for g in (a.dw, a.db)]


def work(job, check):
    folder = sys.argv[1]
    rows = peer.Rows(folder, job)
    network = Network(
        job, peer.parameters(folder) if check else peer.fresh_parameters(*job.widths))
    if job.task == "one":
        return peer.timed(job, lambda i: network.predict(rows.x[i % peer.ONE_ROWS][None])[0, 0])
    if job.task == "all":
        x, t = rows.x[:peer.TEST_ROWS], rows.label[:peer.TEST_ROWS]
        return peer.timed(
            job, lambda i: np.mean(np.argmax(softmax(network.predict(x)), axis=1) == t))
    optimizer = Adam(job.rate) if job.optimizer == "adam" else Sgd(job.rate)
    batches = peer.batches(folder, job, len(rows.x), check)

    def step(i):
        x, t = rows.x[batches[i]], rows.label[batches[i]]
        loss, grads = network.gradients(x, t)
        optimizer.update(network.params, grads)
        return loss

    if check:
        return 0, [step(i) for i in range(job.steps)][-1]
    return peer.timed(job, step)


peer.serve(work, "numpy " + np.__version__)
