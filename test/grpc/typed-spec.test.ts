import { readFileSync } from "node:fs";
import type { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, it, test } from "vitest";
import { JobSpec, TaskSpec } from "../../src/grpc/generated/descent/v1/job_spec.ts";
import * as modelParts from "../../src/grpc/generated/descent/v1/model_parts.ts";
import * as wire from "../../src/grpc/generated/descent/v1/spec_parts.ts";
import * as studyParts from "../../src/grpc/generated/descent/v1/study_spec.ts";
import { Value } from "../../src/grpc/generated/google/protobuf/struct.ts";
import { fromJobSpec, inBothForms, toJobSpec, toTask } from "../../src/grpc/job-spec.ts";
import * as studySpec from "../../src/grpc/study-spec.ts";
import { fromWire, toWire } from "../../src/grpc/typed/convert.ts";
import { encodeTyped } from "../../src/grpc/typed/encode.ts";
import * as modelShapes from "../../src/grpc/typed/model-shapes.ts";
import { type ChoiceShape, type MessageShape, type Shape, toCamel } from "../../src/grpc/typed/shape.ts";
import * as specs from "../../src/grpc/typed/spec-shapes.ts";

interface Codec {
  encode(message: unknown, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array): unknown;
}
const { specMessages, specShapes } = specs;
const codecs = { ...wire, ...modelParts, ...studyParts } as unknown as Record<string, Codec>;
const overTheWire = (name: string, message: unknown): unknown =>
  codecs[name]!.decode(codecs[name]!.encode({ fields: {}, ...(message as object) }).finish());

test("the messages are those that the schemas make (else run: npm run build && node proto/generate.mjs)", async () => {
  // In a variable: it is JavaScript, without types.
  const writer = "../../proto/write-messages.mjs";
  const { madeFiles, writeMessages } = (await import(writer)) as {
    madeFiles(...modules: unknown[]): Record<string, unknown>;
    writeMessages(file: unknown, before: string): string;
  };
  const files = madeFiles(specs, modelShapes, studySpec);
  const textOf = (name: string) =>
    readFileSync(new URL(`../../proto/descent/v1/${name}.proto`, import.meta.url), "utf8");
  for (const [name, file] of Object.entries(files)) expect(writeMessages(file, textOf(name))).toBe(textOf(name));
  const fewer = textOf("spec_parts").replace(
    "  optional bool shuffle = 19;",
    "  optional bool shuffle = 19;\n  optional bool gone = 77;",
  );
  expect(fewer).not.toBe(textOf("spec_parts"));
  expect(() => writeMessages(files.spec_parts, fewer)).toThrow("TrainingSpec has lost gone");
});

/** @param within the messages around it: one that holds itself again ends there */
const sample = (shape: Shape, within: readonly Shape[] = []): unknown => {
  switch (shape.kind) {
    case "scalar":
      return { string: "text", int64: 7, double: 0.25, bool: true, "google.protobuf.Value": ["any", { x: 1 }] }[
        shape.type
      ];
    case "foreign":
      return undefined;
    case "list":
      return within.includes(shape.of) ? [] : [sample(shape.of, within), sample(shape.of, within)];
    case "map":
      return { one: sample(shape.of, within), __proto__x: sample(shape.of, within) };
    case "message":
      return filled(shape, within);
    case "choice":
      return { kind: { $case: toCamel(shape.options[0]!.name), value: sample(shape.options[0]!.shape, within) } };
  }
};
const filled = (shape: MessageShape, within: readonly Shape[] = []): object =>
  Object.fromEntries(shape.fields.map(({ key, shape: inner }) => [key, sample(inner, [...within, shape])]));

describe("every field and option of every message", () => {
  const all = [...specMessages, ...modelShapes.modelMessages, ...studySpec.studySpecMessages];
  it.each(all.map((shape) => [shape.name, shape] as const))("is one of the codec's: %s", (name, shape) => {
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
  ["model", { type: "ensemble", members: [{ hidden: [8] }, { embedding: { units: 4 } }], shares: "held_out" }],
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

const search = {
  job: {
    dataset: "ds_1",
    task: { type: "classification", label: "y", threshold: { metric: "f1" } },
    model: { type: "mlp" },
  },
  space: {
    "/optimizer/learningRate": { min: 0.001, max: 0.1, scale: "log", type: "number" },
    "/training/batchSize": { min: 8, max: 64, step: 8, type: "integer" },
    "/model/hidden": { choices: [[32], [64, 32], null, "x", { type: "y" }] },
  },
  ...{ objective: { metric: "validationAccuracy" }, sampler: { type: "grid", points: 3 }, pruner: { type: "none" } },
  ...{ trials: 4, final: false, guesses: [{ "/training/batchSize": 16 }, { __proto__x: null }] },
  webhook: { url: "https://example.com" },
};

test.each([
  ["a search", search],
  [
    "a race without a space",
    { job: { labels: { a: "b" } }, pruner: { type: "racing", first: 3 }, sampler: { type: "tpe" } },
  ],
])("a study is the same JSON after the wire: %s", (_, spec) => {
  const sent = overTheWire("StudySpec", studySpec.toStudySpec(spec)) as studyParts.StudySpec;
  expect(sent.fields).toEqual(spec);
  expect(studySpec.fromStudySpec(sent)).toEqual(spec);
  expect(studySpec.fromStudySpec({ ...sent, fields: {} })).toEqual(spec);
  expect(() => studySpec.fromStudySpec({ ...sent, trials: 5 })).toThrow(/given twice/);
  // As an earlier client sends it, and reads it.
  expect(studySpec.fromStudySpec({ fields: spec, space: {}, guesses: [], warmStart: [] } as never)).toEqual(spec);
});

/** Every kind of what is one of several, with every field. */
const samplesOf = (shape: MessageShape | ChoiceShape): unknown[] =>
  shape.kind === "message"
    ? [fromWire(shape, filled(shape), "")]
    : shape.options.map(({ name, shape: inner }) =>
        fromWire(shape, { kind: { $case: toCamel(name), value: sample(inner) } }, ""),
      );

describe("an answer that was a google.protobuf.Struct has both forms", () => {
  const { modelShapes: shapes, modelMessages } = modelShapes;
  const features = modelMessages.find(({ name }) => name === "FeatureTransform")!;
  const preprocessing = { ...(samplesOf(shapes.preprocessing)[0] as object), features: samplesOf(features) };
  const many = {
    ...preprocessing,
    features: Array.from({ length: 600 }, (_, i) => ({ ...(samplesOf(features)[0] as object), mean: i })),
  };
  const cases: [string, MessageShape | ChoiceShape, unknown][] = [
    ...samplesOf(shapes.report).map(
      (report) => [(report as { task: string }).task, shapes.report, report] as (typeof cases)[0],
    ),
    ["preprocessing", shapes.preprocessing, preprocessing],
    ["preprocessing of more columns than are written at once", shapes.preprocessing, many],
  ];
  it.each(cases)("%s", async (_, shape, value) => {
    const message = codecs[shape.name]!.decode(await encodeTyped(shape, value as object)) as { fields: unknown };
    expect(JSON.parse(JSON.stringify(message.fields))).toEqual(value);
    expect(fromWire(shape, { ...message, fields: {} }, "")).toEqual(value);
  });

  const node = { id: "mdl_1", name: "m", version: 1, origin: "trained", createdAt: "t", aliases: ["a"] };
  const leaf = { ...node, jobs: [{ id: "job_1", state: "queued" }] };
  const whole: [keyof typeof shapes, object][] = [
    ["image", samplesOf(shapes.image)[0] as object],
    ["file", samplesOf(shapes.file)[0] as object],
    ["comparison", samplesOf(shapes.comparison)[0] as object],
    [
      "lineage",
      { ancestors: [node], model: { ...node, descendants: [{ ...node, descendants: [leaf] }, leaf] }, truncated: true },
    ],
  ];
  it.each(whole)("%s, which is short and written at once", (key, value) => {
    const shape = shapes[key];
    const message = overTheWire(shape.name, inBothForms<object>(shape, value)) as { fields: unknown };
    expect(JSON.parse(JSON.stringify(message.fields))).toEqual(value);
    expect(fromWire(shape, { ...message, fields: {} }, "")).toEqual(value);
  });

  it("null and empty lists are left out of the fields", async () => {
    const report = {
      task: "classification",
      notes: [],
      confusion: null,
      accuracy: { value: 1, lower: null, upper: null },
    };
    const message = codecs.Report!.decode(await encodeTyped(shapes.report, report)) as object;
    expect(fromWire(shapes.report, { ...message, fields: {} }, "")).toEqual({
      task: "classification",
      accuracy: { value: 1 },
    });
  });
});

test("a threshold is read as the google.protobuf.Value that it was, and answered so that one reads it", () => {
  const readable = (threshold: unknown) => {
    const task = toTask({ type: "classification", label: "y", threshold } as never);
    return Value.unwrap(Value.decode(wire.ThresholdSpec.encode(task.threshold!).finish()));
  };
  const read = (value: unknown) =>
    fromJobSpec(
      jobSpec({
        task: {
          ...TaskSpec.decode(new Uint8Array()),
          threshold: wire.ThresholdSpec.decode(Value.encode(Value.wrap(value)).finish()),
        },
      }),
    );
  for (const threshold of [0.25, { metric: "f1" }, { costs: { falsePositive: 1, falseNegative: 5 } }]) {
    expect(readable(threshold)).toEqual(threshold);
    expect(read(threshold)).toEqual({ task: { threshold } });
  }
  // Which the schema refuses: it is not taken for nothing.
  expect(read("half")).toEqual({ task: { threshold: {} } });
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
