import { createGraphWriter, type Family, type GraphWriter } from "./graph-writer.ts";

/** Filters and stride of the 13 separable convolutions (Howard et al. 2017). */
const separable = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1] as const),
  [1024, 2],
  [1024, 1],
] as const;

/** TensorFlow's "same" for even sizes: with stride 2 the one row of padding is at the bottom and right. */
const same = (stride: number): number[] => (stride === 2 ? [0, 0, 1, 1] : [1, 1, 1, 1]);

/** Names as PyTorch conversions of Google's weights have them; the width follows from the first convolution. */
const mobilenetV1: Family = (tensors) => {
  const w = createGraphWriter(tensors, 224);
  const width = tensors.sizeOf("conv1.same.conv.weight", 0) / 32;
  const norm = (x: string, name: string, channels: number): string =>
    w.relu6(w.batchNorm(x, `${name}.bn`, channels, 1e-3));
  let from = Math.round(32 * width);
  let x = norm(
    w.conv(w.input, "conv1.same.conv", { from: 3, to: from, kernel: 3, stride: 2, padding: same(2) }),
    "conv1",
    from,
  );
  for (const [i, [filters, stride]] of separable.entries()) {
    const to = Math.round(filters * width);
    const deep = { from, to: from, kernel: 3, stride, padding: same(stride), groups: from };
    x = norm(w.conv(x, `conv_dw_${i + 1}.same.conv`, deep), `conv_dw_${i + 1}`, from);
    x = norm(w.conv(x, `conv_pw_${i + 1}.same.conv`, { from, to, kernel: 1 }), `conv_pw_${i + 1}`, to);
    from = to;
  }
  x = w.conv(w.node("GlobalAveragePool", [x]), "conv_preds", { from, to: -1, kernel: 1, bias: true });
  return w.finish(w.node("Flatten", [x]), tensors.sizeOf("conv_preds.weight", 0), "mobilenet_v1");
};

/** Expansion, filters, blocks and stride of the stages (Sandler et al. 2018). */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

const convolved = (w: GraphWriter, x: string, name: string, options: Parameters<GraphWriter["conv"]>[2]): string =>
  w.relu6(w.batchNorm(w.conv(x, `${name}.0`, options), `${name}.1`, options.to));

/** Expand by 1×1, one filter for each channel, and back to few channels without an activation; added to what came in where shapes agree. */
const inverted = (
  w: GraphWriter,
  x: string,
  name: string,
  from: number,
  to: number,
  expansion: number,
  stride: number,
): string => {
  const hidden = from * expansion;
  const wide = expansion === 1 ? x : convolved(w, x, `${name}.conv.0`, { from, to: hidden, kernel: 1 });
  const at = expansion === 1 ? 0 : 1;
  const deep = convolved(w, wide, `${name}.conv.${at}`, {
    from: hidden,
    to: hidden,
    kernel: 3,
    stride,
    padding: 1,
    groups: hidden,
  });
  const narrow = w.conv(deep, `${name}.conv.${at + 1}`, { from: hidden, to, kernel: 1 });
  const out = w.batchNorm(narrow, `${name}.conv.${at + 2}`, to);
  return stride === 1 && from === to ? w.node("Add", [x, out]) : out;
};

const mobilenetV2: Family = (tensors) => {
  const w = createGraphWriter(tensors, 224);
  let x = convolved(w, w.input, "features.0", { from: 3, to: 32, kernel: 3, stride: 2, padding: 1 });
  let [from, index] = [32, 1];
  for (const [expansion, to, blocks, first] of stages) {
    for (let i = 0; i < blocks; i++) {
      x = inverted(w, x, `features.${index}`, from, to, expansion, i === 0 ? first : 1);
      [from, index] = [to, index + 1];
    }
  }
  x = convolved(w, x, `features.${index}`, { from, to: 1280, kernel: 1 });
  x = w.node("Dropout", [w.node("Flatten", [w.node("GlobalAveragePool", [x])])]);
  return w.finish(w.linear(x, "classifier.1", 1280), tensors.sizeOf("classifier.1.weight", 0), "mobilenet_v2");
};

export const mobileFamilies: Readonly<Record<string, Family>> = {
  mobilenet_v1: mobilenetV1,
  mobilenet_v2: mobilenetV2,
};
