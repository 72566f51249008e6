"""Exports torchvision's networks with random weights, and running statistics filled by two batches, in both of the exporter's ways: batch norms folded and
kept; beside each the outputs of one input, in float32. Debian's python3-torch 1.13 and python3-torchvision 0.14: python3 torchvision-networks.py FOLDER NAME …"""
import sys, warnings, torch, torchvision
warnings.filterwarnings("ignore")
folder, names = sys.argv[1], sys.argv[2:]
for name in names:
    torch.manual_seed(7)
    options = {"weights": None}
    if name == "googlenet": options.update(init_weights=False, aux_logits=False, transform_input=True)
    model = getattr(torchvision.models, name)(**options)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout): module.p = 0.0
        if isinstance(module, torch.nn.Linear) and not module.weight.any(): torch.nn.init.normal_(module.weight, std=0.02)
    model.train()
    with torch.no_grad():
        for _ in range(2): model(torch.randn(2, 3, 224, 224))
    model.eval()
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad(): y = model(x)
    x.numpy().tofile(f"{folder}/{name}.x.f32")
    y.numpy().tofile(f"{folder}/{name}.y.f32")
    for mode in ("folded", "kept"):
        # Keeping norms needs an export in training mode, which runs the network once: its averages must not move.
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d): module.momentum = 0.0
        training = torch.onnx.TrainingMode.EVAL if mode == "folded" else torch.onnx.TrainingMode.TRAINING
        try:
            torch.onnx.export(model, x, f"{folder}/{name}.{mode}.onnx", training=training, do_constant_folding=mode == "folded", opset_version=14,
                              input_names=["input"], output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
        except Exception as error:
            print(f"{name} {mode}: not exported: {str(error).splitlines()[0][:100]}", flush=True)
        model.eval()
