import { createGraphWriter, type Family, type GraphWriter } from "./graph-writer.ts";

/** Filters of each convolution, M for a pooling (Simonyan & Zisserman 2015). */
const stacks = {
  vgg11: [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
  vgg13: [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
  vgg16: [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
  vgg19: [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512, 512, 512, "M"],
} as const;

/** torchvision numbers all modules of the sequence: a convolution, its norm, its ReLU, a pooling count one each. */
const vgg =
  (name: keyof typeof stacks, normed: boolean): Family =>
  (tensors) => {
    const w = createGraphWriter(tensors, 224);
    let x = w.input;
    let [from, index] = [3, 0];
    for (const to of stacks[name]) {
      if (to === "M") {
        x = w.maxPool(x, 2, 2);
        index += 1;
        continue;
      }
      x = w.conv(x, `features.${index}`, { from, to, kernel: 3, padding: 1, bias: true });
      if (normed) x = w.batchNorm(x, `features.${index + 1}`, to);
      x = w.relu(x);
      index += normed ? 3 : 2;
      from = to;
    }
    x = w.node("Flatten", [x]);
    x = w.node("Dropout", [w.relu(w.linear(x, "classifier.0", 512 * 49))]);
    x = w.node("Dropout", [w.relu(w.linear(x, "classifier.3", 4096))]);
    return w.finish(w.linear(x, "classifier.6", 4096), tensors.sizeOf("classifier.6.weight", 0), name);
  };

/** Squeeze to 1×1, expand to 1×1 and 3×3 side by side (Iandola et al. 2016). */
const fire = (w: GraphWriter, x: string, name: string, from: number, squeeze: number, expand: number): string => {
  const narrow = w.relu(w.conv(x, `${name}.squeeze`, { from, to: squeeze, kernel: 1, bias: true }));
  const one = w.relu(w.conv(narrow, `${name}.expand1x1`, { from: squeeze, to: expand, kernel: 1, bias: true }));
  const three = w.relu(
    w.conv(narrow, `${name}.expand3x3`, { from: squeeze, to: expand, kernel: 3, padding: 1, bias: true }),
  );
  return w.node("Concat", [one, three], { axis: 1 });
};

interface SqueezeNet {
  readonly stem: { readonly to: number; readonly kernel: number };
  /** Squeeze and expand of each fire module by its place in the sequence; P for a pooling. */
  readonly modules: readonly (readonly [number, number] | "P")[];
}

const squeezeNets: Readonly<Record<string, SqueezeNet>> = {
  squeezenet1_0: {
    stem: { to: 96, kernel: 7 },
    modules: ["P", [16, 64], [16, 64], [32, 128], "P", [32, 128], [48, 192], [48, 192], [64, 256], "P", [64, 256]],
  },
  squeezenet1_1: {
    stem: { to: 64, kernel: 3 },
    modules: ["P", [16, 64], [16, 64], "P", [32, 128], [32, 128], "P", [48, 192], [48, 192], [64, 256], [64, 256]],
  },
};

const squeezenet =
  (name: string, { stem, modules }: SqueezeNet): Family =>
  (tensors) => {
    const w = createGraphWriter(tensors, 224);
    let x = w.relu(w.conv(w.input, "features.0", { from: 3, ...stem, stride: 2, bias: true }));
    let from = stem.to;
    for (const [i, module] of modules.entries()) {
      if (module === "P") {
        x = w.maxPool(x, 3, 2, 0, true);
        continue;
      }
      x = fire(w, x, `features.${i + 2}`, from, ...module);
      from = 2 * module[1];
    }
    x = w.relu(w.conv(w.node("Dropout", [x]), "classifier.1", { from, to: -1, kernel: 1, bias: true }));
    x = w.node("Flatten", [w.node("GlobalAveragePool", [x])]);
    return w.finish(x, tensors.sizeOf("classifier.1.weight", 0), name);
  };

export const plainFamilies: Readonly<Record<string, Family>> = {
  ...Object.fromEntries((Object.keys(stacks) as (keyof typeof stacks)[]).map((name) => [name, vgg(name, false)])),
  ...Object.fromEntries(
    (Object.keys(stacks) as (keyof typeof stacks)[]).map((name) => [`${name}_bn`, vgg(name, true)]),
  ),
  ...Object.fromEntries(Object.entries(squeezeNets).map(([name, own]) => [name, squeezenet(name, own)])),
};
