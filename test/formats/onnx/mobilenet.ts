import { readFileSync } from "node:fs";

const read = (name: string): Buffer => readFileSync(new URL(`../../data/imagenet/${name}`, import.meta.url));

/** A published network as ONNX and as safetensors, and its logits of four synthetic pictures. */
export const mobilenet = {
  onnx: () => new Uint8Array(read("mobilenet_v1_025_224.onnx")),
  safetensors: () => new Uint8Array(read("mobilenet_v1_025_224.safetensors")),
  labels: (): string[] => JSON.parse(read("labels.json").toString()),
  expected: (): { logits: number[][]; top5: number[][] } => JSON.parse(read("expected.json").toString()),
};

/** expected.json's pictures, channels last: x[b, c, h, w] = sin(0.05 (b+1) (w+1) / (c+1) + 0.7 b) cos(0.03 (b+1) h + 0.5 c). */
export const pictures = (rows: number): Float32Array => {
  const x = new Float32Array(rows * 224 * 224 * 3);
  let i = 0;
  for (let b = 0; b < rows; b++)
    for (let h = 0; h < 224; h++)
      for (let w = 0; w < 224; w++)
        for (let c = 0; c < 3; c++)
          x[i++] = Math.sin((0.05 * (b + 1) * (w + 1)) / (c + 1) + 0.7 * b) * Math.cos(0.03 * (b + 1) * h + 0.5 * c);
  return x;
};

/** A picture as a file of channels first has it. */
export const channelsFirst = (picture: Float32Array): number[][][] =>
  [0, 1, 2].map((c) =>
    Array.from({ length: 224 }, (_, h) => Array.from({ length: 224 }, (_, w) => picture[(h * 224 + w) * 3 + c]!)),
  );

/** The largest difference from the expected logits. */
export const worstLogit = (logits: ArrayLike<number>, rows: number): number => {
  const { logits: wanted } = mobilenet.expected();
  let worst = 0;
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < 1000; k++) worst = Math.max(worst, Math.abs(logits[row * 1000 + k]! - wanted[row]![k]!));
  return worst;
};
