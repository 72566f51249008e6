"""The bench's workloads in PyTorch. Reads lines `workload seconds`, answers each with a line {"samples": n, "seconds": s}; says {"version": v} first.

Adam, cross-entropy, random data; the batches are ready-made tensors, so that no gathering of rows is counted against PyTorch.
"""
import json
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
torch.manual_seed(1)


def mlp(*sizes, batch_norm=False):
    layers = []
    for index, (inputs, units) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(inputs, units))
        if index < len(sizes) - 2:
            if batch_norm:
                layers.append(nn.BatchNorm1d(units))
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Linear(128, 10),
    )


def mobilenet():
    """MobileNet v1 of width 0.25 (Howard et al. 2017), as published for 1000 classes."""
    def normed(conv, channels):
        return [conv, nn.BatchNorm2d(channels, eps=1e-3), nn.ReLU6()]

    layers = normed(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), 8)
    widths = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)] + 5 * [(128, 1)] + [(256, 2), (256, 1)]
    channels = 8
    for width, stride in widths:
        layers += normed(nn.Conv2d(channels, channels, 3, stride=stride, padding=1, groups=channels, bias=False), channels)
        layers += normed(nn.Conv2d(channels, width, 1, bias=False), width)
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


def resnet18():
    import torchvision
    return torchvision.models.resnet18(weights=None)


photographs = (3, 224, 224)
workloads = {
    "tiny-mlp": (lambda: mlp(4, 16, 3), (4,), 3, 16),
    "tabular-mlp": (lambda: mlp(13, 64, 32, 3), (13,), 3, 32),
    "bn-mlp": (lambda: mlp(30, 128, 64, 2, batch_norm=True), (30,), 2, 128),
    "mnist-mlp": (lambda: mlp(784, 256, 128, 10), (784,), 10, 128),
    "wide-mlp": (lambda: mlp(1024, 1024, 1024, 10), (1024,), 10, 256),
    "lenet": (lenet, (1, 28, 28), 10, 64),
    "mnist-cnn": (cnn, (1, 28, 28), 10, 64),
    "resnet-18": (resnet18, photographs, 1000, 16),
    "mobilenet": (mobilenet, photographs, 1000, 32),
}
ready = {}


def trainer(name):
    build, shape, classes, batch = workloads[name.removesuffix("-answers")]
    model, loss = build(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches = [(torch.randn(batch, *shape), torch.randint(classes, (batch,))) for _ in range(2 if shape == photographs else 8)]
    if name.endswith("-answers"):
        model.eval()

        def answer(index):
            x, y = batches[index % len(batches)]
            with torch.inference_mode():
                loss(model(x), y).item()

        answer(0)
        return answer, batch

    def step(index):
        x, y = batches[index % len(batches)]
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()

    for index in range(1 if shape == photographs else 3):
        step(index)
    return step, batch


print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    name, seconds = line.split()
    if name not in ready:
        ready[name] = trainer(name)
    step, batch = ready[name]
    steps, start, taken = 0, time.perf_counter(), 0.0
    while taken < float(seconds):
        step(steps)
        steps += 1
        taken = time.perf_counter() - start
    print(json.dumps({"samples": steps * batch, "seconds": taken}), flush=True)
