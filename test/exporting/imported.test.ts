import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { NetworkDescription } from "../../src/domain/models/network.ts";
import { createNetworkPredictor } from "../../src/engine/train/network-predictor.ts";
import { exportImported } from "../../src/exporting/export-imported.ts";
import { readOnnxNetwork } from "../../src/formats/onnx/read-network.ts";
import { compiled } from "../engine/train/job.ts";
import { mobilenet } from "../formats/onnx/mobilenet.ts";
import { bytesOf, runOnnx } from "./runtime.ts";

const about = {
  ...{ id: "mdl_01JD0000000000000000000000", name: "imported", digest: "sha256:0" },
  ...{ image: null, labels: null, licence: null, source: null },
} as const;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Waves, different for each row. */
const waves = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(0.37 * i) * Math.cos(0.011 * i));

const agree = (a: ArrayLike<number | string>, b: ArrayLike<number | string>): void => {
  expect(a.length).toBe(b.length);
  const [x, y] = [Array.from(a, Number), Array.from(b, Number)];
  const scale = Math.max(...x.map(Math.abs));
  for (const [i, value] of x.entries())
    expect(Math.abs(value - y[i]!), `number ${i}: ${value} and ${y[i]}`).toBeLessThanOrEqual(1e-5 * scale);
};

/** The file's order of axes to the engine's. */
const toEngine = (values: Float32Array, { inputs: [input] }: NetworkDescription, rows: number): Float32Array => {
  const { shape, order } = input!;
  if (order.every((axis, i) => axis === i)) return values;
  const [channels, pixels] = [shape[0]!, shape[1]! * shape[2]!];
  return Float32Array.from({ length: rows * channels * pixels }, (_, i) => {
    const [row, pixel, channel] = [
      Math.floor(i / (channels * pixels)),
      Math.floor(i / channels) % pixels,
      i % channels,
    ];
    return values[(row * channels + channel) * pixels + pixel]!;
  });
};

const files = {
  plain: () => new Uint8Array(readFileSync(new URL("../data/networks/plain.before.onnx", import.meta.url))),
  mobile: () => new Uint8Array(readFileSync(new URL("../data/networks/mobile.before.onnx", import.meta.url))),
  former: () => new Uint8Array(readFileSync(new URL("../data/networks/former.before.onnx", import.meta.url))),
  mobilenet: mobilenet.onnx,
};

test.each(Object.entries(files))(
  "%s leaves as it came: onnxruntime, the engine and the exported file agree",
  async (name, file) => {
    const { network, data } = readOnnxNetwork(file());
    const [input] = network.inputs;
    const rows = 3;
    const values = waves(rows * sizeOf(input!.shape));
    const exported = bytesOf(exportImported(about, network, data, { preprocessing: true }));
    const feeds = { [input!.name]: { type: "float32", dims: [rows, ...input!.shape], data: values } } as const;
    const theirs = Object.values(await runOnnx(exported, feeds))[0]!;
    const { predict } = await createNetworkPredictor(network, data, await compiled);
    const [ours] = predict([toEngine(values, network, rows)], rows);
    agree(ours!, theirs.data);
    // The small ones are exported as for training: onnxruntime normalises by the batch there.
    if (name === "mobilenet") {
      const original = Object.values(await runOnnx(file(), feeds))[0]!;
      agree(original.data, theirs.data);
      expect(theirs.dims).toEqual(original.dims);
    }
    // And it can come in again, as what it was.
    const again = readOnnxNetwork(exported);
    const second = (await createNetworkPredictor(again.network, again.data, await compiled)).predict(
      [toEngine(values, again.network, rows)],
      rows,
    );
    agree(ours!, second[0]!);
  },
);
