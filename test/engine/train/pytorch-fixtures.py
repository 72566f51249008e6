"""Writes pytorch-fixtures.json: what PyTorch (1.13.1, float64) computes for jobs that the engine's tests repeat.

Run by hand: /usr/bin/python3 test/engine/train/pytorch-fixtures.py
Numbers that look random are fractional parts of multiples of the golden ratio, as `spread` in test/engine/graph/check-gradient.ts makes them.
"""
import json
import os

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def spread(count, low, high, seed):
    return [low + (((i + 1 + seed * 7919) * 0.6180339887498949) % 1) * (high - low) for i in range(count)]


def tensor(shape, low, high, seed):
    n = 1
    for s in shape:
        n *= s
    return torch.tensor(spread(n, low, high, seed)).reshape(shape)


def optimisers():
    c = torch.tensor([1.0, 0.1, 2.0, 0.5, 5.0])
    made = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1, eps=1e-10),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-8),
        "adam": lambda p: torch.optim.Adam(p, lr=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1),
        "l2": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.3),
    }
    out = {}
    for name, make in made.items():
        w = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0, 0.5, -0.25]))
        opt = make([w])
        path = []
        for _ in range(12):
            opt.zero_grad()
            (0.5 * c * w * w).sum().backward()
            opt.step()
            path.append(w.detach().tolist())
        out[name] = path
    return out


def schedules():
    def path(make, lr, steps, **kw):
        p = torch.nn.Parameter(torch.zeros(1))
        opt = torch.optim.SGD([p], lr=lr)
        s = make(opt)
        rates = []
        for _ in range(steps):
            rates.append(opt.param_groups[0]["lr"])
            opt.step()
            s.step()
        return rates

    L = torch.optim.lr_scheduler
    plateau = []
    p = torch.nn.Parameter(torch.zeros(1))
    opt = torch.optim.SGD([p], lr=1.0)
    s = L.ReduceLROnPlateau(opt, factor=0.5, patience=1, threshold=0)
    losses = [5, 4, 4.5, 4.2, 3, 3.5, 3.2, 3.1, 3.05, 3.2, 2, 2.5]
    for loss in losses:
        s.step(loss)
        plateau.append(opt.param_groups[0]["lr"])
    return {
        "step": path(lambda o: L.StepLR(o, 3, 0.1), 0.1, 10),
        "exponential": path(lambda o: L.ExponentialLR(o, 0.9), 0.1, 10),
        "cosine": path(lambda o: L.CosineAnnealingLR(o, 20, 0.01), 0.1, 20),
        "one_cycle": path(lambda o: L.OneCycleLR(o, 0.1, total_steps=20, cycle_momentum=False, final_div_factor=1e4 / 25), 0.1, 20),
        "losses": losses,
        "reduce_on_plateau": plateau,
    }


def conv_weight(shape, seed):
    """[groups, kh, kw, cin/groups, cout/groups] as the engine keeps it, and [cout, cin/groups, kh, kw] as PyTorch does."""
    g, kh, kw, ci, co = shape
    own = tensor(shape, -0.4, 0.4, seed)
    return own, own.permute(0, 4, 3, 1, 2).reshape(g * co, ci, kh, kw).clone().requires_grad_(True)


def own_conv(w, groups):
    cout, ci, kh, kw = w.shape
    return w.reshape(groups, cout // groups, ci, kh, kw).permute(0, 3, 4, 2, 1)


def train(params, forward, x, y, steps, opt):
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        loss = F.cross_entropy(forward(x, True), y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return losses


def perceptron(position):
    x, y = tensor([12, 5], -2, 2, 1), torch.arange(12) % 3
    w0, b0 = tensor([5, 7], -0.6, 0.6, 2).requires_grad_(True), torch.zeros(7, requires_grad=True)
    gamma, beta = torch.ones(7, requires_grad=True), torch.zeros(7, requires_grad=True)
    w1, b1 = tensor([7, 3], -0.6, 0.6, 3).requires_grad_(True), torch.zeros(3, requires_grad=True)
    mean, var = torch.zeros(7), torch.ones(7)

    def forward(x, training):
        z = x @ w0 + b0
        norm = lambda t: F.batch_norm(t, mean, var, gamma, beta, training, 0.1, 1e-5)
        h = torch.tanh(norm(z)) if position == "before" else norm(torch.tanh(z))
        return h @ w1 + b1

    params = [w0, b0, gamma, beta, w1, b1]
    # The bias before a normalisation has gradient 0 but for rounding, which Adam would make steps of: momentum for that one.
    adam, momentum = torch.optim.Adam(params, lr=0.02), torch.optim.SGD(params, lr=0.1, momentum=0.9)
    losses = train(params, forward, x, y, 8, momentum if position == "before" else adam)
    names = ["hidden.0.weight", "hidden.0.bias", "hidden.0.norm.gamma", "hidden.0.norm.beta", "output.weight", "output.bias"]
    tensors = {n: p.detach().reshape(-1).tolist() for n, p in zip(names, params)}
    tensors["hidden.0.norm.runningMean"] = mean.tolist()
    tensors["hidden.0.norm.runningVariance"] = var.tolist()
    probabilities = F.softmax(forward(x, False), 1).detach().reshape(-1).tolist()
    return {"losses": losses, "tensors": tensors, "probabilities": probabilities}


def convolutional():
    x, y = tensor([6, 8, 8, 2], -2, 2, 11), torch.arange(6) % 3
    own0, w0 = conv_weight([1, 3, 3, 2, 4], 12)
    own1, w1 = conv_weight([2, 3, 3, 2, 3], 13)
    own2, w2 = conv_weight([1, 3, 3, 6, 6], 14)
    b0, b1, b2 = (torch.zeros(n, requires_grad=True) for n in (4, 6, 6))
    gamma, beta = torch.ones(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    mean, var = torch.zeros(4), torch.ones(4)
    w3, b3 = tensor([24, 5], -0.4, 0.4, 15).requires_grad_(True), torch.zeros(5, requires_grad=True)
    w4, b4 = tensor([5, 3], -0.4, 0.4, 16).requires_grad_(True), torch.zeros(3, requires_grad=True)

    def forward(x, training):
        t = x.permute(0, 3, 1, 2)
        t = F.relu(F.batch_norm(F.conv2d(t, w0, b0, padding=1), mean, var, gamma, beta, training, 0.1, 1e-5))
        t = F.gelu(F.conv2d(t, w1, b1, stride=1, padding=2, dilation=2, groups=2))
        t = F.max_pool2d(t, 2)
        t = t + torch.sigmoid(F.conv2d(t, w2, b2, padding=1))
        t = F.avg_pool2d(t, 2)
        t = t.permute(0, 2, 3, 1).reshape(x.shape[0], -1)
        return F.silu(t @ w3 + b3) @ w4 + b4

    params = [w0, b0, gamma, beta, w1, b1, w2, b2, w3, b3, w4, b4]
    losses = train(params, forward, x, y, 6, torch.optim.SGD(params, lr=0.05, momentum=0.9))
    flat = lambda t: t.detach().reshape(-1).tolist()
    tensors = {
        "layers.0.weight": flat(own_conv(w0, 1)),
        "layers.0.bias": flat(b0),
        "layers.0.norm.gamma": flat(gamma),
        "layers.0.norm.beta": flat(beta),
        "layers.0.norm.runningMean": flat(mean),
        "layers.0.norm.runningVariance": flat(var),
        "layers.1.weight": flat(own_conv(w1, 2)),
        "layers.1.bias": flat(b1),
        "layers.3.layers.0.weight": flat(own_conv(w2, 1)),
        "layers.3.layers.0.bias": flat(b2),
        "layers.5.weight": flat(w3),
        "layers.5.bias": flat(b3),
        "output.weight": flat(w4),
        "output.bias": flat(b4),
    }
    return {"losses": losses, "tensors": tensors, "probabilities": flat(F.softmax(forward(x, False), 1))}


def losses():
    x = tensor([6, 3], -2, 2, 21)
    t = tensor([6, 3], -2, 2, 22)
    p = tensor([6, 3], 0, 1, 23)
    counts = torch.floor(tensor([6, 3], 0, 5, 24))
    labels = torch.arange(6) % 3
    return {
        "mean_squared_error": F.mse_loss(x, t).item(),
        "mean_absolute_error": F.l1_loss(x, t).item(),
        "huber": F.huber_loss(x, t, delta=0.7).item(),
        "cross_entropy": F.cross_entropy(x, labels).item(),
        "cross_entropy_smoothed": F.cross_entropy(x, labels, label_smoothing=0.1).item(),
        "binary_cross_entropy": F.binary_cross_entropy_with_logits(x, p).item(),
        "poisson_nll": F.poisson_nll_loss(x, counts).item(),
        "gaussian_nll": F.gaussian_nll_loss(x, t, torch.exp(p)).item(),
    }


here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "pytorch-fixtures.json"), "w") as file:
    made = {
        "torch": torch.__version__,
        "optimisers": optimisers(),
        "schedules": schedules(),
        "perceptronBefore": perceptron("before"),
        "perceptronAfter": perceptron("after"),
        "convolutional": convolutional(),
        "losses": losses(),
    }
    json.dump(made, file)
