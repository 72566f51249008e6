// The networks of the bench: torchvision's ResNet-18 with random weights, as large as its initialisation makes them, and the published MobileNet v1 of width 0.25.
import { readFileSync } from "node:fs";

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

/** A tensor of torchvision's model before it is trained. */
const untrained = (name, shape) => {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const deviation = Math.sqrt(2 / (shape.length === 4 ? shape[0] * shape[2] * shape[3] : (shape[1] ?? 1)));
  if (/bn\d?\.weight|downsample\.1\.weight|running_var/.test(name)) data.fill(1);
  else if (shape.length > 1) for (let i = 0; i < data.length; i++) data[i] = deviation * normal();
  return { dims: shape, kind: "float", data };
};

const classes = 1000;
const resnet18 = ({ residualFamilies, networkOfGraph }) =>
  networkOfGraph(
    residualFamilies.resnet18({
      has: (name) => name !== "num_batches_tracked",
      sizeOf: () => classes,
      take: (name, shape) =>
        untrained(
          name,
          shape.map((size) => (size === -1 ? classes : size)),
        ),
    }),
  );

const mobilenet = ({ readOnnxNetwork }) => {
  const file = readFileSync(new URL("../data/imagenet/mobilenet_v1_025_224.onnx", import.meta.url));
  return readOnnxNetwork(new Uint8Array(file));
};

export const networks = { resnet18, mobilenet };
