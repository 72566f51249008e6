import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { ImportedModel } from "../../../src/domain/models/imported-model.ts";
import { decodeSafetensors } from "../../../src/formats/safetensors/safetensors.ts";
import { weightsOf } from "../../../src/store/artifacts/model-files.ts";
import { createJobs } from "./jobs.ts";
import { photographs, uploadPictures } from "./pictures.ts";

type Input = Omit<JobSpecInput, "dataset">;

/** Convolutions with norms and shortcuts; its head is a convolution: see test/formats/onnx/networks.py. */
const file = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../data/networks/${name}.before.onnx`, import.meta.url)));

const task = { type: "classification", label: "label" } as const;

describe("a job that starts from an imported network", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  let dataset: Dataset;
  let mobile: ImportedModel;
  beforeAll(async () => {
    jobs = await createJobs();
    dataset = await uploadPictures(jobs.artifacts, await photographs(), { side: 16 });
    mobile = await jobs.importModel(file("mobile"), { preprocessing: "imagenet" });
  });
  afterAll(() => jobs.close());

  const input = (base: object, training: object = {}, rest: Partial<Input> = {}): Input => ({
    ...{ task, training: { epochs: 6, batchSize: 16, ...training }, optimizer: { type: "adam", learningRate: 0.01 } },
    ...rest,
    base: { model: mobile.id, newHead: true, ...base },
  });
  const digestOf = ({ end }: Awaited<ReturnType<typeof jobs.trainOn>>): string => {
    if (end.type !== "trained") throw new Error(JSON.stringify(end));
    return end.model.digest;
  };
  const tensorsOf = async (model: Parameters<typeof weightsOf>[1]) => {
    const { tensors } = decodeSafetensors(await jobs.artifacts.readBytes(weightsOf("default", model).key));
    return new Map(tensors.map(({ name, data }) => [name, data]));
  };

  test("learns on, takes a new head with the data's classes, predicts pictures and has a report", async () => {
    const run = await jobs.trainOn(dataset, input({}, { epochs: 30 }), mobile);
    expect(run.spec).toMatchObject({
      model: { type: "network" },
      preprocessing: { images: "imagenet", crop: { height: 11, width: 11 } },
    });
    const { model, report, answerPictures } = await jobs.modelOf(run);
    expect(model.base).toBe(mobile.id);
    expect(model.preprocessing).toMatchObject({
      ...{ inputs: 11 * 11 * 3, outputs: 2, label: { type: "classes", classes: ["across", "down"] } },
      features: [{ type: "image", height: 16, width: 16, crop: { height: 11, width: 11 } }],
    });
    expect(report).toMatchObject({ task: "classification", rows: 16 });
    expect(model.metrics.testAccuracy).toBeGreaterThan(0.9);
    const files = await photographs(3);
    const answers = await answerPictures(
      ...files.map(({ content }) => ({ image: Buffer.from(content).toString("base64") })),
    );
    expect(answers.map((answer) => "label" in answer && answer.label)).toEqual(
      files.map(({ path }) => path.split("/")[1]),
    );
  });

  test("keeps what is frozen, to the bit, with its running averages; the head alone learns", async () => {
    const run = await jobs.trainOn(dataset, input({ freeze: "all but the head" }), mobile);
    const { model } = await jobs.modelOf(run);
    const [before, after] = [await tensorsOf(mobile), await tensorsOf(model)];
    expect(run.plan.keptFeatures).toBe(16 * 5 * 5);
    const changed = [...after.keys()].filter(
      (name) => Buffer.compare(bytesOf(before, name), bytesOf(after, name)) !== 0,
    );
    expect(changed).toEqual(["head.weight", "head.bias"]);
  });

  test("unfreezes layers after so many epochs, and none before", async () => {
    const frozen = await jobs.trainOn(dataset, input({ freeze: "all but the head" }, { epochs: 3 }), mobile);
    const before = await jobs.trainOn(
      dataset,
      input({ freeze: "all but the head", unfreeze: [{ afterEpochs: 3, layers: ["wide"] }] }, { epochs: 4 }),
      mobile,
    );
    const { model } = await jobs.modelOf(before);
    expect(digestOf(before)).not.toBe(digestOf(frozen));
    const [start, end] = [await tensorsOf(mobile), await tensorsOf(model)];
    expect(end.get("wide.weight")).not.toEqual(start.get("wide.weight"));
    expect(end.get("deep.weight")).toEqual(start.get("deep.weight"));
  });

  test("frozen batch norms keep their running averages while all weights learn", async () => {
    const { model } = await jobs.modelOf(await jobs.trainOn(dataset, input({ frozenBatchNorm: true }), mobile));
    const [start, end] = [await tensorsOf(mobile), await tensorsOf(model)];
    const statistics = [...start.keys()].filter((name) => name.includes("running"));
    expect(statistics.length).toBe(4);
    for (const name of statistics) expect(end.get(name)).toEqual(start.get(name));
    expect(end.get("norm.weight")).not.toEqual(start.get("norm.weight"));
  });

  test("adds up the gradients of parts of a batch to those of the whole, in less memory", async () => {
    const parts = input({ frozenBatchNorm: true }, { microBatch: 3, batchSize: 16, epochs: 2 });
    const whole = input({ frozenBatchNorm: true }, { batchSize: 16, epochs: 2 });
    const [a, b] = [await jobs.trainOn(dataset, parts, mobile), await jobs.trainOn(dataset, whole, mobile)];
    const [x, y] = [await tensorsOf((await jobs.modelOf(a)).model), await tensorsOf((await jobs.modelOf(b)).model)];
    expect(a.plan.memoryBytes).toBeLessThan(b.plan.memoryBytes);
    for (const [name, values] of x) {
      const other = y.get(name)!;
      for (let i = 0; i < values.length; i++) expect(Math.abs(Number(values[i]) - Number(other[i]))).toBeLessThan(2e-4);
    }
  });

  test("computes activations again, says so, and comes to the same bits", async () => {
    const training = { epochs: 2, batchSize: 32, microBatch: 24 };
    const unfreeze = [{ afterEpochs: 1, layers: "all" as const }];
    for (const base of [{}, { frozenBatchNorm: true }, { freeze: ["stem"], unfreeze }]) {
      const whole = await jobs.trainOn(dataset, input(base, training), mobile);
      expect(whole.plan).not.toHaveProperty("savedBytes");
      const { memoryBytes } = whole.plan;
      const forced = await jobs.trainOn(dataset, input(base, { ...training, gradientCheckpointing: true }), mobile);
      const { savedBytes = 0 } = forced.plan;
      expect(savedBytes).toBeGreaterThan(0);
      expect(forced.plan.memoryBytes + savedBytes).toBe(memoryBytes);
      expect(forced.plan.warnings.join()).toMatch(/activations are computed again .* MiB instead of .* % more time/);
      const told = forced.events.filter(({ name }) => name === "activations_recomputed");
      expect(told).toMatchObject([{ data: { savedBytes } }]);
      expect(digestOf(forced)).toBe(digestOf(whole));
      const short = { resources: { memoryBytes: forced.plan.memoryBytes } };
      const fitted = await jobs.trainOn(dataset, input(base, training, short), mobile);
      expect(fitted.plan.memoryBytes).toBeLessThanOrEqual(forced.plan.memoryBytes);
      expect(digestOf(fitted)).toBe(digestOf(whole));
    }
  });

  test("goes on from a checkpoint with the same bits, across an unfreezing and with parts of batches", async () => {
    const spec = input(
      { freeze: "all but the head", unfreeze: [{ afterEpochs: 2, layers: "all" }] },
      { epochs: 4, microBatch: 5 },
    );
    const straight = digestOf(await jobs.trainOn(dataset, spec, mobile));
    const { checkpoints, end } = await jobs.trainOn(dataset, spec, mobile, { checkpointMs: 1 });
    expect(end.type).toBe("trained");
    // Each checkpoint that was written on the way.
    expect(checkpoints.length).toBeGreaterThan(1);
    for (const checkpoint of checkpoints.slice(0, 3)) {
      const resumed = await jobs.trainOn(dataset, spec, mobile, { checkpoints: [checkpoint] });
      expect(digestOf(resumed)).toBe(straight);
    }
  });

  test.each<[string, object, Partial<Input>, string]>([
    ["another model", {}, { model: { type: "mlp" } }, "/model"],
    ["a layer that is not there", { freeze: ["conv9"] }, {}, "/base/freeze/0"],
    ["a new head that is frozen", { freeze: ["head"] }, {}, "/base/freeze"],
    ["unfreezing what is not frozen", { unfreeze: [{ afterEpochs: 1, layers: ["wide"] }] }, {}, "/base/unfreeze"],
    [
      "unfreezing what is not frozen, beside what is",
      { freeze: ["stem"], unfreeze: [{ afterEpochs: 1, layers: ["wide"] }] },
      {},
      "/base/unfreeze/0/layers",
    ],
    [
      "unfreezing backwards",
      {
        freeze: "all but the head",
        unfreeze: [
          { afterEpochs: 3, layers: ["wide"] },
          { afterEpochs: 2, layers: "all" },
        ],
      },
      {},
      "/base/unfreeze/1/afterEpochs",
    ],
    [
      "unfreezing after the end",
      { freeze: "all but the head", unfreeze: [{ afterEpochs: 6, layers: "all" }] },
      {},
      "/base/unfreeze/0/afterEpochs",
    ],
    ["more to cut out than there is", {}, { preprocessing: { crop: 20 } }, "/preprocessing/crop"],
    ["another size than the network takes", {}, { preprocessing: { crop: 8 } }, "/task/features"],
    ["numbers of pictures", {}, { preprocessing: { numbers: "none" } }, "/preprocessing/numbers"],
    ["another task", {}, { task: { type: "clustering" } }, "/task/type"],
    ["a search for a penalty", {}, { training: { penaltySearch: {}, microBatch: 4 } }, "/training/penaltySearch"],
  ])("refuses %s", async (_, base, rest, pointer) => {
    await expect(jobs.planOn(dataset, { ...input(base), ...rest }, mobile)).rejects.toMatchObject({
      code: "invalid",
      errors: [{ pointer }],
    });
  });

  test("refuses the classes of others in its own head, and a new head where there is none", async () => {
    const named = { ...mobile, labels: ["a", "b", "c"] };
    await expect(jobs.planOn(dataset, input({ newHead: false }), named)).rejects.toMatchObject({
      errors: [{ pointer: "/base/newHead" }],
    });
    await expect(jobs.planOn(dataset, input({}), { ...mobile, head: null })).rejects.toMatchObject({
      errors: [{ pointer: "/base/newHead" }],
    });
  });

  test("sees changed pictures in each epoch, with the same bits from any checkpoint and in parts of batches", async () => {
    const augment = { flip: true, shift: 0.1, randomResizedCrop: {}, rotation: 10, brightness: 0.2, contrast: 0.2 };
    const spec = input({ freeze: "all but the head", frozenBatchNorm: true }, { epochs: 3, augment });
    const changed = await jobs.trainOn(dataset, spec, mobile, { checkpointMs: 1 });
    // What changes is not computed once.
    expect(changed.plan.keptFeatures).toBeUndefined();
    const plain = await jobs.trainOn(dataset, input({ freeze: "all but the head" }, { epochs: 3 }), mobile);
    expect(digestOf(changed)).not.toBe(digestOf(plain));
    for (const checkpoint of changed.checkpoints.slice(0, 2)) {
      const resumed = await jobs.trainOn(dataset, spec, mobile, { checkpoints: [checkpoint] });
      expect(digestOf(resumed)).toBe(digestOf(changed));
    }
    // A row is the same whatever batch it is in: parts of 16 rows of 16 are the batch itself.
    const parts = input({ freeze: "all but the head", frozenBatchNorm: true }, { epochs: 3, augment, microBatch: 16 });
    expect(digestOf(await jobs.trainOn(dataset, parts, mobile))).toBe(digestOf(changed));
  });

  test("a CNN of one's own sees changed pictures too", async () => {
    const training = { epochs: 4, augment: { flip: true, shift: 0.2 } };
    const run = await jobs.trainOn(dataset, { task, training });
    expect(run.spec.model.type).toBe("cnn");
    expect(run.end.type).toBe("trained");
    await expect(
      jobs.planOn(dataset, { task, model: { type: "softmax" }, training: { augment: {} } }),
    ).rejects.toMatchObject({ errors: [{ pointer: "/training/augment" }] });
  });

  test("is itself the start of the next job", async () => {
    const first = await jobs.modelOf(await jobs.trainOn(dataset, input({}), mobile));
    const again = await jobs.trainOn(
      dataset,
      { task, training: { epochs: 2 }, base: { model: first.model.id, freeze: "all but the head" } },
      first.model,
    );
    const { model, answerPictures } = await jobs.modelOf(again);
    expect(model.spec.model).toEqual({ type: "network" });
    const [one] = await photographs(1);
    expect(await answerPictures({ image: Buffer.from(one!.content).toString("base64") })).toHaveLength(1);
  });
});

const bytesOf = (tensors: Map<string, ArrayBufferView>, name: string): Uint8Array => {
  const view = tensors.get(name)!;
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
};
