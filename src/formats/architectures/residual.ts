import { createGraphWriter, type Family, type GraphWriter } from "./graph-writer.ts";

/** Blocks by stage. */
const depths = {
  resnet18: { blocks: [2, 2, 2, 2], bottleneck: false },
  resnet34: { blocks: [3, 4, 6, 3], bottleneck: false },
  resnet50: { blocks: [3, 4, 6, 3], bottleneck: true },
  resnet101: { blocks: [3, 4, 23, 3], bottleneck: true },
  resnet152: { blocks: [3, 8, 36, 3], bottleneck: true },
} as const;

interface Block {
  readonly name: string;
  readonly from: number;
  readonly width: number;
  readonly to: number;
  readonly stride: number;
}

const normed = (
  w: GraphWriter,
  x: string,
  conv: string,
  norm: string,
  options: Parameters<GraphWriter["conv"]>[2],
): string => w.batchNorm(w.conv(x, conv, options), norm, options.to);

/** Two convolutions of 3×3, or 1×1, 3×3 and 1×1 with the stride in the middle, as torchvision has it. */
const branch = (w: GraphWriter, x: string, { name, from, width, to, stride }: Block, bottleneck: boolean): string => {
  const wide = { kernel: 3, padding: 1 };
  if (!bottleneck) {
    const first = w.relu(normed(w, x, `${name}.conv1`, `${name}.bn1`, { from, to: width, stride, ...wide }));
    return normed(w, first, `${name}.conv2`, `${name}.bn2`, { from: width, to, ...wide });
  }
  const first = w.relu(normed(w, x, `${name}.conv1`, `${name}.bn1`, { from, to: width, kernel: 1 }));
  const second = w.relu(normed(w, first, `${name}.conv2`, `${name}.bn2`, { from: width, to: width, stride, ...wide }));
  return normed(w, second, `${name}.conv3`, `${name}.bn3`, { from: width, to, kernel: 1 });
};

const block = (w: GraphWriter, x: string, own: Block, bottleneck: boolean): string => {
  const { name, from, to, stride } = own;
  const inner = branch(w, x, own, bottleneck);
  const shortcut =
    stride === 1 && from === to
      ? x
      : normed(w, x, `${name}.downsample.0`, `${name}.downsample.1`, { from, to, kernel: 1, stride });
  return w.relu(w.node("Add", [inner, shortcut]));
};

const resnet =
  (name: keyof typeof depths): Family =>
  (tensors) => {
    const { blocks, bottleneck } = depths[name];
    const w = createGraphWriter(tensors, 224);
    let x = w.relu(normed(w, w.input, "conv1", "bn1", { from: 3, to: 64, kernel: 7, stride: 2, padding: 3 }));
    x = w.maxPool(x, 3, 2, 1);
    let from = 64;
    for (const [stage, count] of blocks.entries()) {
      const width = 64 * 2 ** stage;
      const to = bottleneck ? 4 * width : width;
      for (let i = 0; i < count; i++) {
        const stride = i === 0 && stage > 0 ? 2 : 1;
        x = block(w, x, { name: `layer${stage + 1}.${i}`, from, width, to, stride }, bottleneck);
        from = to;
      }
    }
    const flat = w.node("Flatten", [w.node("GlobalAveragePool", [x])]);
    return w.finish(w.linear(flat, "fc", from), tensors.sizeOf("fc.weight", 0), name);
  };

export const residualFamilies = Object.fromEntries(
  (Object.keys(depths) as (keyof typeof depths)[]).map((name) => [name, resnet(name)]),
);
