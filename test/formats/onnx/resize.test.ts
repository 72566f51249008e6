import { describe, expect, test } from "vitest";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";
import { levelsOf } from "../../../src/engine/kernels/native/library.ts";
import { weightTensors } from "../../../src/engine/train/fitting/memory.ts";
import { createNetworkPredictor } from "../../../src/engine/train/network-predictor.ts";
import { exportImported } from "../../../src/exporting/export-imported.ts";
import { readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { spread } from "../../engine/graph/check-gradient.ts";
import { compiled, runJob, specOf } from "../../engine/train/job.ts";
import { bytesOf, runOnnx } from "../../exporting/runtime.ts";
import { type AttributeInput, integersOf, modelOf, nodeOf, portOf, tensorOf } from "./tiny-network.ts";

type Attributes = Readonly<Record<string, AttributeInput>>;
type Target = { scales: readonly number[] } | { sizes: readonly number[] };
type Case = [attributes: Attributes, to: Target];

const [rows, channels, height, width] = [2, 3, 5, 7];
const picture = [rows, channels, height, width];

/** Pictures resized in each of these ways, an output each. */
const resizing = (opset: number, cases: readonly Case[], op = "Resize"): Uint8Array<ArrayBuffer> =>
  modelOf({
    nodes: cases.map(([attributes, to], i) => {
      const inputs = opset < 11 ? [`to${i}`] : ["none", ...("scales" in to ? [`to${i}`] : ["none", `to${i}`])];
      return nodeOf(op, ["x", ...inputs], `y${i}`, attributes);
    }),
    initializers: [
      ...(opset < 11 ? [] : [tensorOf("none", [0], [])]),
      ...cases.map(([, to], i) =>
        "scales" in to ? tensorOf(`to${i}`, [to.scales.length], to.scales) : integersOf(`to${i}`, to.sizes),
      ),
    ],
    inputs: [portOf("x", picture)],
    outputs: cases.map((_, i) => portOf(`y${i}`, [rows, channels, "h", "w"])),
    opset,
  });

const x = Float32Array.from(spread(rows * channels * height * width, -1, 1, 6));
/** The same with channels last. */
const inOrder = Float32Array.from(x, (_, i) => {
  const [row, channel] = [Math.floor(i / (channels * height * width)), i % channels];
  const pixel = Math.floor(i / channels) % (height * width);
  return x[(row * channels + channel) * height * width + pixel]!;
});

const modes = ["nearest", "linear", "cubic"];
const coordinates = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"];
const targets: Target[] = [
  { sizes: [rows, channels, 10, 21] },
  { sizes: [rows, channels, 3, 4] },
  { sizes: [rows, channels, 8, 1] },
  { scales: [1, 1, 2, 3] },
];

const plain = coordinates.flatMap((coordinate_transformation_mode) =>
  modes.flatMap((mode) => targets.map((to): Case => [{ mode, coordinate_transformation_mode }, to])),
);
const rounded = ["floor", "ceil", "round_prefer_ceil", "round_prefer_floor"].map(
  (nearest_mode): Case => [{ mode: "nearest", nearest_mode }, { sizes: [rows, channels, 8, 5] }],
);
const shrunk = ["linear", "cubic"].flatMap((mode): Case[] => [
  [{ mode, antialias: 1 }, { sizes: [rows, channels, 2, 3] }],
  [{ mode, antialias: 1, exclude_outside: 1 }, { sizes: [rows, channels, 2, 10] }],
]);
const fitted = ["not_larger", "not_smaller"].map(
  (keep_aspect_ratio_policy): Case => [{ mode: "linear", axes: [2, 3], keep_aspect_ratio_policy }, { sizes: [11, 9] }],
);
const cut: Case = [{ mode: "cubic", cubic_coeff_a: -0.625, exclude_outside: 1 }, { scales: [1, 1, 1.5, 0.75] }];
const old: Case[] = [
  [{ mode: "linear" }, { scales: [1, 1, 1.5, 2.5] }],
  [{ mode: "nearest" }, { scales: [1, 1, 0.6, 0.6] }],
  [{ mode: "nearest" }, { scales: [1, 1, 2, 3] }],
];

/** Numbers that differ from onnxruntime's, by the case that they are of. */
const differences = async (file: Uint8Array<ArrayBuffer>, cases: readonly Case[]): Promise<unknown[]> => {
  const theirs = await runOnnx(file, { x: { type: "float32", dims: picture, data: x } });
  const { network, data } = readOnnxNetwork(file);
  const { predict } = await createNetworkPredictor(network, data, await compiled);
  const ours = predict([inOrder], rows);
  return cases.flatMap((one, i): unknown[] => {
    const { dims, data: expected } = theirs[`y${i}`]!;
    const shape = [rows, ...network.outputs[i]!.shape];
    if (String(shape) !== String(dims)) return [{ one, shape, dims }];
    const at = expected.findIndex((value, place) => Math.abs(ours[i]![place]! - Number(value)) > 1e-5);
    return at < 0 ? [] : [{ one, at, ours: ours[i]![at], theirs: expected[at] }];
  });
};

const about = {
  ...{ id: "mdl_01JD0000000000000000000000", name: "imported", digest: "sha256:0" },
  ...{ image: null, labels: null, licence: null, source: null },
} as const;

const found = await findLibrary();
const path = "path" in found ? found.path : "";
const libraries = ((path === "" ? null : await levelsOf(path)) ?? []).map((level) => ({ path, level }));

describe("resized images", () => {
  test.each([
    [19, "Resize", [...plain, ...rounded, ...shrunk, ...fitted]],
    [13, "Resize", [...rounded, cut]],
    [11, "Resize", [...rounded, cut]],
    [10, "Resize", old],
    [9, "Upsample", [old[0]!, old[2]!]],
  ] as const)("are what onnxruntime makes of them, in opset %d by %s", async (opset, op, cases) => {
    expect(await differences(resizing(opset, cases, op), cases)).toEqual([]);
  });

  /** A convolution between a picture made smaller and one made larger, twice each way: repeated and interpolated. */
  const between = modelOf({
    nodes: [
      nodeOf("Resize", ["x", "none", "less"], "small", { mode: "linear" }),
      nodeOf("Conv", ["small", "w", "b"], "seen", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      nodeOf("Resize", ["seen", "none", "more"], "large", { mode: "cubic" }),
      nodeOf("Resize", ["large", "none", "twice"], "larger", {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
      nodeOf("Relu", ["larger"], "bent"),
      nodeOf("Flatten", ["bent"], "flat"),
      nodeOf("Gemm", ["flat", "u", "c"], "y", { transB: 1 }),
    ],
    initializers: [
      tensorOf("none", [0], []),
      tensorOf("less", [4], [1, 1, 0.6, 0.6]),
      tensorOf("more", [4], [1, 1, 1.5, 1.25]),
      tensorOf("twice", [4], [1, 1, 2, 3]),
      tensorOf("w", [4, 3, 3, 3], [...spread(108, -0.5, 0.5, 1)]),
      tensorOf("b", [4], [...spread(4, -0.5, 0.5, 2)]),
      tensorOf("u", [3, 4 * 8 * 15], [...spread(1440, -0.5, 0.5, 3)]),
      tensorOf("c", [3], [...spread(3, -0.5, 0.5, 4)]),
    ],
    inputs: [portOf("x", ["batch", channels, height, width])],
    outputs: [portOf("y", ["batch", 3])],
  });

  test("leave as they came", async () => {
    const { network, data } = readOnnxNetwork(between);
    const feeds = { x: { type: "float32", dims: picture, data: x } } as const;
    const [theirs] = Object.values(await runOnnx(between, feeds));
    const exported = bytesOf(exportImported(about, network, data, { preprocessing: true }));
    const [again] = Object.values(await runOnnx(exported, feeds));
    const { predict } = await createNetworkPredictor(network, data, await compiled);
    const [ours] = predict([inOrder], rows);
    for (const [i, value] of ours!.entries()) {
      expect(value).toBeCloseTo(Number(theirs!.data[i]), 5);
      expect(Number(again!.data[i])).toBeCloseTo(Number(theirs!.data[i]), 5);
    }
  });

  test("let what stands before them learn, to the same bits on any threads and by any kernels", async () => {
    const { network, data } = readOnnxNetwork(between);
    const optimizer = { type: "momentum", learningRate: 0.05 };
    const parts = { model: { type: "network" }, optimizer, training: { epochs: 2, batchSize: 8 } };
    const spec = { ...specOf({ ...parts, base: {} }), network };
    const shape = { trainRows: 21, validationRows: 5, testRows: 0, inputs: channels * height * width, outputs: 3 };
    const run = (options: object) => runJob(spec, shape, { initial: data, classes: 3, ...options });
    const first = await run({});
    const kinds = new Map(network.tensors.map(({ name, kind }) => [name, kind]));
    for (const { name, data: trained } of weightTensors(first.plan, first.memory)) {
      if (kinds.get(name) === "constant") expect(trained, name).toEqual(data.get(name));
      else expect(trained, name).not.toEqual(data.get(name));
    }
    for (const threads of [2, 3]) expect((await run({ threads })).digest, `${threads} threads`).toBe(first.digest);
    for (const native of libraries) expect((await run({ native, threads: 2 })).digest, native.level).toBe(first.digest);
  });

  test.each([
    [
      { mode: "linear", coordinate_transformation_mode: "tf_crop_and_resize" },
      { scales: [1, 1, 2, 2] },
      /\(Resize\): it cuts out a region .* export it with half_pixel/,
    ],
    [
      { mode: "linear", coordinate_transformation_mode: "align_corners" },
      { scales: [1, 1, 1.5, 1.5] },
      /1.5 times 5 is no whole size, .* export it with sizes/,
    ],
    [{ mode: "lanczos" }, { scales: [1, 1, 2, 2] }, /its mode is "lanczos"; export it with nearest, linear, cubic/],
    [{ mode: "linear" }, { scales: [2, 1, 2, 2] }, /it resizes axis 0, which is the batch/],
    [{ mode: "linear" }, { scales: [1, 1, 1e9, 2] }, /it makes 5000000000 of the 5 places of axis 2/],
    [{ mode: "linear" }, { scales: [1, 1, 2] }, /its scales \[1, 1, 2\] do not fit 4 axes/],
    [{ mode: "linear" }, { sizes: [rows, channels, 0, 9] }, /it makes 0 of the 5 places of axis 2/],
  ] satisfies [Attributes, Target, RegExp][])(
    "are refused where they cannot be followed: %j to %j",
    (attributes, to, message) => {
      expect(() => readOnnxNetwork(resizing(19, [[attributes, to]]))).toThrow(message);
    },
  );
});
