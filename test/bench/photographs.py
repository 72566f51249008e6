"""Side of PyTorch of photographs.mjs: the same network from the safetensors file, on the same photographs. Debian's python3-torch 1.13 and python3-pil.
    photographs.py FOLDER WEIGHTS EXPECTED EPOCHS THREADS
One JSON object: seconds to decode the files, to compute the frozen layers once and fit the head on what they give, and to do both in every epoch, as the usual loop does."""
import glob, json, os, struct, sys, time
import numpy, torch
from PIL import Image
from torch import nn

folder, weights_path, expected_path, epochs, threads = sys.argv[1:]
epochs, threads, batch = int(epochs), int(threads), 32
torch.set_num_threads(threads)
torch.manual_seed(1)


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, tensor in header.items():
        if name == "__metadata__": continue
        first, end = tensor["data_offsets"]
        tensors[name] = torch.from_numpy(numpy.frombuffer(data[first:end], dtype="<f4").copy()).reshape(tensor["shape"])
    return tensors


class Convolved(nn.Module):
    """Convolution with the padding of TensorFlow's "same", batch norm, ReLU6."""

    def __init__(self, tensors, name, stride, groups):
        super().__init__()
        weight = tensors[f"{name}.same.conv.weight"]
        self.kernel = weight.shape[2]
        self.stride = stride
        self.conv = nn.Conv2d(weight.shape[1] * groups, weight.shape[0], self.kernel, stride, 1 if self.kernel == 3 and stride == 1 else 0, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(weight.shape[0], eps=1e-3)
        self.conv.load_state_dict({"weight": weight})
        self.bn.load_state_dict({part: tensors[f"{name}.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")}, strict=False)

    def forward(self, x):
        if self.stride == 2: x = nn.functional.pad(x, (0, 1, 0, 1))
        return nn.functional.relu6(self.bn(self.conv(x)))


def create_trunk(tensors):
    layers = [Convolved(tensors, "conv1", 2, 1)]
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    for i, stride in enumerate(strides, 1):
        groups = tensors[f"conv_dw_{i}.same.conv.weight"].shape[0]
        layers += [Convolved(tensors, f"conv_dw_{i}", stride, groups), Convolved(tensors, f"conv_pw_{i}", 1, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()


tensors = read_safetensors(weights_path)
trunk = create_trunk(tensors)
for parameter in trunk.parameters(): parameter.requires_grad = False

# The network is the one that it should be.
expected = json.load(open(expected_path))
b, c, h, w = numpy.ogrid[0:4, 0:3, 0:224, 0:224]
x = numpy.sin(0.05 * (b + 1) * (w + 1) / (c + 1) + 0.7 * b) * numpy.cos(0.03 * (b + 1) * h + 0.5 * c)
with torch.no_grad():
    logits = trunk(torch.from_numpy(x.astype(numpy.float32))) @ tensors["conv_preds.weight"][:, :, 0, 0].T + tensors["conv_preds.bias"]
assert (logits - torch.tensor(expected["logits"])).abs().max() < 1e-3

began = time.perf_counter()
names = sorted(os.listdir(folder))
paths = sorted((path, label) for label, name in enumerate(names) for path in glob.glob(f"{folder}/{name}/*.jpg"))
pixels = numpy.empty((len(paths), 224, 224, 3), numpy.uint8)
for i, (path, _) in enumerate(paths):
    picture = Image.open(path).convert("RGB")
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    pixels[i] = numpy.asarray(picture.crop((left, top, left + 224, top + 224)))
images = torch.from_numpy(pixels)
labels = torch.tensor([label for _, label in paths])
decoded = time.perf_counter() - began


def inputs_of(rows): return images[rows].permute(0, 3, 1, 2).float() / 127.5 - 1


def fit(features_of):
    head = nn.Linear(256, len(names))
    adam = torch.optim.Adam(head.parameters(), lr=0.001)
    right = 0
    for epoch in range(epochs):
        right = 0
        for rows in torch.randperm(len(paths)).split(batch):
            with torch.no_grad(): features = features_of(rows)
            answers = head(features)
            loss = nn.functional.cross_entropy(answers, labels[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            right += (answers.argmax(1) == labels[rows]).sum().item()
    return right / len(paths)


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def once():
    with torch.no_grad(): features = torch.cat([trunk(inputs_of(rows)) for rows in torch.arange(len(paths)).split(batch)])
    return fit(lambda rows: features[rows])


trunk(inputs_of(torch.arange(min(batch, len(paths)))))  # the first call prepares more than itself
once_seconds, accuracy = timed(once)
every_seconds, _ = timed(lambda: fit(lambda rows: trunk(inputs_of(rows))))
print(json.dumps({"version": torch.__version__, "decodeSeconds": decoded, "onceSeconds": once_seconds, "everyEpochSeconds": every_seconds, "accuracy": accuracy}))
