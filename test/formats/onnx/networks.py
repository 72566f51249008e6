"""Small networks as PyTorch exports them, before and after five steps of gradient descent on one batch: test/data/networks.
Debian's python3-torch (1.13) and python3-onnx (1.12): python3 test/formats/onnx/networks.py test/data/networks"""
import sys, warnings, onnx, torch
from torch import nn
import torch.nn.functional as F
warnings.filterwarnings("ignore")
folder = sys.argv[1]
rows, classes, rate = 6, 3, 0.05


class Plain(nn.Module):
    """Convolutions with norms, a shortcut, both poolings, a flatten between convolution and dense."""
    size = (3, 12, 10)
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False); self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, groups=2); self.bn2 = nn.BatchNorm2d(8)
        self.fc1 = nn.Linear(8 * 3 * 2, 7); self.fc2 = nn.Linear(7, classes)
    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(x + self.bn2(self.conv2(x)))
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)[:, :, :, :2]
        return self.fc2(torch.tanh(self.fc1(torch.flatten(x, 1))))


class Mobile(nn.Module):
    """Separable convolutions, hard-swish, squeeze and excite, a channel shuffle, a convolution as head."""
    size = (3, 11, 11)
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, bias=False); self.norm = nn.BatchNorm2d(8, eps=1e-3)
        self.deep = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False); self.deepnorm = nn.BatchNorm2d(8)
        self.squeeze = nn.Conv2d(8, 4, 1); self.excite = nn.Conv2d(4, 8, 1)
        self.wide = nn.Conv2d(8, 8, 1, dilation=1); self.head = nn.Conv2d(16, classes, 1)
    def forward(self, x):
        x = F.hardswish(self.norm(self.stem(x)))
        x = F.relu6(self.deepnorm(self.deep(x)))
        x = x * F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        n, c, h, w = x.shape
        x = x.view(-1, 2, 4, h, w).transpose(1, 2).reshape(-1, 8, h, w)
        x = torch.cat([x, F.silu(self.wide(x))], 1)
        return torch.flatten(F.adaptive_avg_pool2d(self.head(x), 1), 1)


class Former(nn.Module):
    """Patches, a class token, positions, attention, layer norms, GELU."""
    size = (3, 8, 8)
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, stride=4)
        self.token = nn.Parameter(torch.randn(1, 1, 8)); self.position = nn.Parameter(torch.randn(1, 5, 8) * 0.1)
        self.norm1 = nn.LayerNorm(8); self.qkv = nn.Linear(8, 24); self.out = nn.Linear(8, 8)
        self.norm2 = nn.LayerNorm(8); self.up = nn.Linear(8, 12); self.down = nn.Linear(12, 8); self.head = nn.Linear(8, classes)
    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        q, k, v = self.qkv(self.norm1(x)).reshape(-1, 5, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        a = torch.softmax(q @ k.transpose(-2, -1) * 0.5, -1) @ v
        x = x + self.out(a.transpose(1, 2).reshape(-1, 5, 8))
        x = x + self.down(F.gelu(self.up(self.norm2(x))))
        return self.head(x[:, 0])


def export(model, x, path):
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms: norm.momentum = 0.0  # the exporter runs the network once: its averages must not move
    torch.onnx.export(model, x, path, training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False, opset_version=16,
                      input_names=["input"], output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
    for norm in norms: norm.momentum = 0.1
    file = onnx.load(path)
    for node in file.graph.node:
        for attribute in node.attribute:
            if node.op_type == "BatchNormalization" and attribute.name == "momentum": attribute.f = 0.9
    onnx.save(file, path)


for build in (Plain, Mobile, Former):
    torch.manual_seed(5)
    model = build().train()
    name = build.__name__.lower()
    x = torch.randn(rows, *build.size)
    labels = torch.arange(rows) % classes
    export(model, x, f"{folder}/{name}.before.onnx")
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(5):
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimizer.step()
    export(model, x, f"{folder}/{name}.after.onnx")
    x.numpy().tofile(f"{folder}/{name}.input.f32")
