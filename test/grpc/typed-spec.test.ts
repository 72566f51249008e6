import { readFileSync } from "node:fs";
import type { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, it, test } from "vitest";
import { JobSpec } from "../../src/grpc/generated/descent/v1/job_spec.ts";
import * as wire from "../../src/grpc/generated/descent/v1/spec_parts.ts";
import { fromJobSpec, toJobSpec } from "../../src/grpc/job-spec.ts";
import { fromWire, toWire } from "../../src/grpc/typed/convert.ts";
import { type MessageShape, type Shape, toCamel } from "../../src/grpc/typed/shape.ts";
import { specMessages, specShapes } from "../../src/grpc/typed/spec-shapes.ts";

interface Codec {
  encode(message: unknown, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array): unknown;
}
const codecs = wire as unknown as Record<string, Codec>;
const overTheWire = (name: string, message: unknown): unknown =>
  codecs[name]!.decode(codecs[name]!.encode({ fields: {}, ...(message as object) }).finish());

test("the messages are those that the schemas make (else run: npm run build && node proto/generate.mjs)", async () => {
  // In a variable: it is JavaScript, without types.
  const writer = "../../proto/write-spec-parts.mjs";
  const { writeSpecParts } = (await import(writer)) as {
    writeSpecParts(shapes: unknown, before: string): string;
  };
  const text = readFileSync(new URL("../../proto/descent/v1/spec_parts.proto", import.meta.url), "utf8");
  expect(writeSpecParts({ specShapes, specMessages }, text)).toBe(text);
  const fewer = text.replace(
    "  optional bool shuffle = 19;",
    "  optional bool shuffle = 19;\n  optional bool gone = 77;",
  );
  expect(fewer).not.toBe(text);
  expect(() => writeSpecParts({ specShapes, specMessages }, fewer)).toThrow("TrainingSpec has lost gone");
});

const sample = (shape: Shape): unknown => {
  switch (shape.kind) {
    case "scalar":
      return { string: "text", int64: 7, double: 0.25, bool: true }[shape.type];
    case "list":
      return [sample(shape.of), sample(shape.of)];
    case "map":
      return { one: sample(shape.of), __proto__x: sample(shape.of) };
    case "message":
      return filled(shape);
    case "choice":
      return { kind: { $case: toCamel(shape.options[0]!.name), value: sample(shape.options[0]!.shape) } };
  }
};
const filled = ({ fields }: MessageShape): object =>
  Object.fromEntries(fields.map(({ key, shape }) => [key, sample(shape)]));

describe("every field and option of every message", () => {
  it.each(specMessages.map((shape) => [shape.name, shape] as const))("is one of the codec's: %s", (name, shape) => {
    const messages =
      shape.kind === "message"
        ? [filled(shape)]
        : shape.options.map((option) => ({ kind: { $case: toCamel(option.name), value: sample(option.shape) } }));
    for (const message of messages) expect(overTheWire(name, message)).toMatchObject(message);
  });
});

const parts: [keyof typeof specShapes, object][] = [
  ["model", { type: "mlp", hidden: [64], batchNorm: true, initializer: "he", dropout: 0.1 }],
  ["model", { type: "mlp", batchNorm: { position: "after" }, initializer: { type: "normal", standardDeviation: 0.1 } }],
  ["model", { type: "mlp", batchNorm: false, initializer: { type: "constant", value: 0 } }],
  ["model", { type: "linear", intercept: false }],
  ["model", { type: "ensemble", members: [{ hidden: [8, 4] }, { hidden: [3], activation: "gelu" }] }],
  ["model", { type: "k_means", clusters: 4 }],
  ["model", { type: "gaussian_mixture", components: { from: 2, to: 5 }, covariance: "tied" }],
  ["model", { type: "network" }],
  [
    "model",
    {
      type: "cnn",
      input: { height: 8, width: 8 },
      layers: [
        { type: "conv2d", filters: 4, kernel: 3, stride: [1, 2], padding: "same" },
        { type: "conv2d", filters: 4, padding: 1 },
        { type: "max_pool", size: [2, 1] },
        { type: "average_pool" },
        { type: "residual", layers: [{ type: "dropout", rate: 0.5 }] },
        { type: "concat", branches: [[], [{ type: "conv2d", filters: 2, padding: "valid" }]] },
        { type: "global_average_pool" },
      ],
    },
  ],
  ["loss", { type: "huber", delta: 0.5 }],
  ["loss", { type: "cross_entropy", classWeights: "balanced" }],
  ["loss", { type: "cross_entropy", classWeights: { a: 2, constructor: 3 } }],
  [
    "optimizer",
    { type: "adamw", schedule: { type: "one_cycle", warmFraction: 0.2 }, layerFactors: { "hidden.0": 0.1 } },
  ],
  ["training", { epochs: 5, batchSize: "full", earlyStopping: false, penaltySearch: false, shuffle: false }],
  ["training", { batchSize: 32, earlyStopping: { patience: 3 }, penaltySearch: { factors: [0.5, 1] } }],
  [
    "training",
    { gradientClip: { norm: 1 }, calibration: "temperature", split: { column: "s", values: { test: ["t"] } } },
  ],
  ["training", { gradientClip: { value: 1 }, calibration: false, augment: { randomResizedCrop: { scale: [0.5, 1] } } }],
  ["training", { seed: Number.MAX_SAFE_INTEGER, crossValidation: { folds: 3 } }],
  ["training", {}],
  ["preprocessing", { images: "imagenet", crop: 224, texts: { characters: 0 } }],
  ["preprocessing", { images: { mean: [0.5], deviation: [0.25] }, crop: { height: 2, width: 3 } }],
];

it.each(parts)("a %s is the same JSON after the wire: %j", (key, value) => {
  const shape = specShapes[key];
  const sent = { fields: {}, ...(toWire(shape, value) as object) };
  expect(fromWire(shape, overTheWire(shape.name, sent), `/${key}`)).toEqual(value);
});

const jobSpec = (parts: object) => ({ ...JobSpec.decode(new Uint8Array()), ...parts }) as JobSpec;
const mlp = { fields: {}, kind: { $case: "mlp", value: { hidden: [64] } } };

test("what was encoded as a google.protobuf.Struct is read, and what is answered can be read as one", () => {
  const model = { type: "mlp", hidden: [64] };
  // Struct { map<string, Value> fields = 1 }: "hidden" → a list of one number, "type" → a text.
  const text = (value: string) => [value.length, ...Buffer.from(value)];
  const type = [...[0x0a, 13, 0x0a], ...text("type"), ...[0x12, 5, 0x1a], ...text("mlp")];
  const list = [...[0x32, 11, 0x0a, 9, 0x11], ...new Uint8Array(new Float64Array([64]).buffer)];
  const hidden = [...[0x0a, 8 + 2 + list.length, 0x0a], ...text("hidden"), ...[0x12, list.length], ...list];
  const struct = [...type, ...hidden];
  const message = JobSpec.decode(Uint8Array.from([0x22, struct.length, ...struct]));
  expect(fromJobSpec(message)).toEqual({ model });
  const answered = toJobSpec({
    task: { type: "clustering" },
    labels: {},
    model,
    loss: {},
    optimizer: {},
    training: {},
  } as never);
  expect(answered.model).toMatchObject({ fields: model, kind: mlp.kind });
  expect(fromJobSpec(answered)).toMatchObject({ model });
});

test("a part that is given twice is refused where both differ, and one that is not known says so", () => {
  const twice = jobSpec({ model: { ...mlp, fields: { type: "mlp" } } });
  expect(() => fromJobSpec(twice)).toThrow(
    expect.objectContaining({ errors: [{ pointer: "/model", detail: expect.stringContaining("given twice") }] }),
  );
  const training = jobSpec({
    training: { ...wire.TrainingSpec.decode(new Uint8Array()), fields: { epochs: 1 }, epochs: 2 },
  });
  expect(() => fromJobSpec(training)).toThrow(/given twice/);
  expect(fromJobSpec(jobSpec({ model: { fields: {}, kind: undefined } }))).toEqual({ model: {} });
});
