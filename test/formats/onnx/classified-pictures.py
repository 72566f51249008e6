"""Logits that PyTorch gives for two made pictures, prepared by Pillow as torchvision prepares them: writes test/data/imagenet/pictures.json.

    /usr/bin/python3 test/formats/onnx/classified-pictures.py

Channel c of pixel (x, y) is |(a x + b y + d) mod 510 - 255| with the (a, b, d) of `waves`. Made with PyTorch 1.13 and Pillow 9.4.
"""

import json
import struct
from pathlib import Path

import numpy
import torch
from PIL import Image
from torch.nn.functional import batch_norm, conv2d, pad, relu6

folder = Path(__file__).parents[2] / "data" / "imagenet"
waves = [(2, 1, 0), (1, 3, 100), (3, 2, 200)]
halved = {2, 4, 6, 12}


def read_tensors(path):
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    tensors = {}
    for name, entry in json.loads(content[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(content[8 + size + begin : 8 + size + end], "<f4").reshape(entry["shape"])
        tensors[name] = torch.tensor(values, dtype=torch.float64)
    return tensors


def network(tensors, x):
    def layer(x, name, stride, groups):
        weight = tensors[f"{name}.same.conv.weight"]
        if weight.shape[2] == 3:
            x = pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
        x = conv2d(x, weight, stride=stride, groups=groups)
        statistics = (tensors[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return relu6(batch_norm(x, *statistics, eps=1e-3))

    x = layer(x, "conv1", 2, 1)
    for i in range(1, 14):
        x = layer(x, f"conv_dw_{i}", 2 if i in halved else 1, x.shape[1])
        x = layer(x, f"conv_pw_{i}", 1, 1)
    x = x.mean((2, 3), keepdim=True)
    return conv2d(x, tensors["conv_preds.weight"], tensors["conv_preds.bias"]).flatten(1)


def made(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    channels = [abs((a * x + b * y + d) % 510 - 255) for a, b, d in waves]
    return Image.fromarray(numpy.stack(channels, 2).astype(numpy.uint8))


def prepared(image):
    width, height = image.size
    short = min(width, height)
    size = (int(256 * width / short), int(256 * height / short))
    image = image if image.size == size else image.resize(size, Image.BILINEAR)
    left, top = int(round((size[0] - 224) / 2)), int(round((size[1] - 224) / 2))
    pixels = numpy.asarray(image.crop((left, top, left + 224, top + 224)), dtype=numpy.float64)
    return torch.tensor(pixels / 127.5 - 1).permute(2, 0, 1)[None]


tensors = read_tensors(folder / "mobilenet_v1_025_224.safetensors")
labels = json.loads((folder / "labels.json").read_text())
pictures = []
for width, height in ((320, 256), (640, 450)):
    logits = network(tensors, prepared(made(width, height)))[0]
    best = int(logits.argmax())
    print(width, height, labels[best], float(torch.softmax(logits, 0)[best]))
    pictures.append({"width": width, "height": height, "label": labels[best], "logits": [round(float(v), 6) for v in logits]})
with (folder / "pictures.json").open("w") as file:
    json.dump({"waves": waves, "pictures": pictures}, file)
    file.write("\n")
