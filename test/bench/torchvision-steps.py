"""Five steps of SGD at the learning rate RATE of torchvision's networks with random weights on four random pictures of SIZE pixels, batch norms on the
mini-batch's statistics (NORMS "batch") or on running averages of four batches ("averages"), nothing dropped: the network before and after as ONNX, norms kept, and
after the same steps in float64.
python3 torchvision-steps.py FOLDER SIZE RATE NORMS NAME"""
import copy, sys, warnings
import torch, torchvision
warnings.filterwarnings("ignore")
folder, size, rate, norms, name = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5]
torch.manual_seed(7)
options = {"weights": None, "num_classes": 10}
if name == "googlenet": options.update(init_weights=False, aux_logits=False)
model = getattr(torchvision.models, name)(**options)
for module in model.modules():
    if isinstance(module, (torch.nn.Dropout, torchvision.ops.StochasticDepth)): module.p = 0.0
x, labels = torch.randn(4, 3, size, size), torch.tensor([0, 1, 2, 3])
x.numpy().tofile(f"{folder}/x.f32")

def export(path):
    other = copy.deepcopy(model)
    for module in other.modules():
        # The export runs the network once, and its averages must not move; the attribute is put right when it is read.
        if isinstance(module, torch.nn.BatchNorm2d): module.track_running_stats = True
    state = copy.deepcopy(other.state_dict())
    torch.onnx.export(other, x, path, training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False, opset_version=14, input_names=["input"],
                      output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}}, keep_initializers_as_inputs=False)
    import onnx
    from onnx import numpy_helper
    file = onnx.load(path)
    for tensor in file.graph.initializer:
        if tensor.name in state: tensor.CopyFrom(numpy_helper.from_array(state[tensor.name].numpy(), tensor.name))
    onnx.save(file, path)

model.train()
if norms == "averages":
    # As a trained network has them: of its own activations.
    with torch.no_grad():
        for _ in range(4): model(torch.randn(4, 3, size, size))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d): module.eval()
export(f"{folder}/before.onnx")
double = copy.deepcopy(model).double()
def train(model, x):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
train(model, x)
train(double, x.double())
export(f"{folder}/after.onnx")
model.load_state_dict(double.state_dict())
export(f"{folder}/exact.onnx")
