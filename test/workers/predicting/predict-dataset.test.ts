import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { createId } from "../../../src/domain/ids.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import type { CheckpointRecord } from "../../../src/store/job-store.ts";
import { toCsv } from "../../../src/usecases/predictions/predictions-csv.ts";
import { createControl, sendSignal } from "../../../workers/engine/control.ts";
import type { FromThread, RunEnd, RunOrder } from "../../../workers/engine/protocol.ts";
import { planPrediction } from "../../../workers/planning/plan-prediction.ts";
import { predictDataset } from "../../../workers/predicting/predict-dataset.ts";
import { datasetOf } from "../../data/csv-fixtures.ts";
import { createJobs } from "../training/jobs.ts";

const tenant = "default";
const rows = 10_000;
const names = ["red", "green", 'blue, or "so"'];
const csv = (count: number): string =>
  `x,colour,y,unused\n${Array.from({ length: count }, (_, i) => {
    const colour = (names[i % 3] ?? "").replaceAll('"', '""');
    return `${(i % 97) / 10},"${colour}",${i % 2 === 0 ? "a" : "b"},${i}`;
  }).join("\n")}\n`;

describe("the prediction of a data set", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  let kernels: { module: WebAssembly.Module; native: null };
  let trained: Awaited<ReturnType<Awaited<ReturnType<typeof createJobs>>["modelOf"]>>;
  let dataset: Dataset;

  beforeAll(async () => {
    jobs = await createJobs();
    kernels = { module: await compileKernels(), native: null };
    const task = { type: "classification" as const, label: "y", features: ["x", "colour"] };
    trained = await jobs.modelOf(await jobs.train(csv(300), { task, training: { epochs: 3 } }));
    const id = createId("ds", Date.now());
    const open = () => Readable.from([Buffer.from(csv(rows))]);
    const { bytes, sha256 } = await jobs.artifacts.write(artifactKeys.datasetFile(tenant, id), open());
    dataset = { ...(await datasetOf(open, "data", {})), id, bytes, sha256 };
  });
  afterAll(() => jobs?.close());

  const run = async (
    job: string,
    options: {
      checkpoints?: CheckpointRecord[];
      checkpointMs?: number;
      onPost?: (message: FromThread, order: RunOrder) => void;
      model?: Model;
      dataset?: Dataset;
    } = {},
  ): Promise<{ end: RunEnd; posted: FromThread[] }> => {
    const { model = trained.model, dataset: asked = dataset } = options;
    const memoryBytes = planPrediction(model);
    const posted: FromThread[] = [];
    const order: RunOrder = {
      ...{ tenant, job, attempt: 1, spec: model.spec, dataset: asked, base: model, seenByBase: false },
      prediction: { model: model.id, rows: asked.rows, result: null },
      checkpoints: options.checkpoints ?? [],
      trial: null,
      ...{ artifactUrl: "", artifactCache: null, scratchFolder: "", checkpointMs: options.checkpointMs ?? 60_000 },
      ...{ admitted: { memoryBytes, threads: 1 }, control: createControl() },
      memory: new WebAssembly.Memory({ initial: memoryBytes / 65_536, maximum: memoryBytes / 65_536, shared: true }),
    };
    const post = (message: FromThread): void => {
      posted.push(message);
      options.onPost?.(message, order);
    };
    return { end: await predictDataset(order, { artifacts: jobs.artifacts, kernels, post }), posted };
  };

  const fileOf = async (job: string): Promise<Buffer> => {
    const keys = await jobs.artifacts.list(artifactKeys.predictions(tenant, job));
    const blocks = keys.filter((key) => key.endsWith(".ndjson"));
    expect(blocks.length).toBeGreaterThan(2);
    return Buffer.concat(await Promise.all(blocks.map((key) => jobs.artifacts.readBytes(key))));
  };

  test("answers every row as a prediction of that row does, to the bit", async () => {
    const job = createId("job", Date.now());
    const { end } = await run(job);
    if (end.type !== "predicted") throw new Error(JSON.stringify(end));
    const file = await fileOf(job);
    const lines = file
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(end.prediction.result).toMatchObject({ rows, bytes: file.length, warnings: {} });
    expect(lines.map(({ row }) => row)).toEqual(Array.from({ length: rows }, (_, i) => i));
    for (const i of [0, 1, 4095, 4096, rows - 1]) {
      const { predictions } = trained.predict({ x: (i % 97) / 10, colour: names[i % 3]! });
      expect(lines[i]).toEqual({ row: i, ...predictions[0] });
    }
    const parts: Buffer[] = [];
    for await (const part of toCsv(Readable.from([file.subarray(0, 100), file.subarray(100)]))) parts.push(part);
    const table = Buffer.concat(parts).toString().trimEnd().split("\n");
    expect(table).toHaveLength(rows + 1);
    expect(table[0]).toBe("row,label,probabilities.a,probabilities.b");
    expect(table[1]!.split(",")[1]).toBe(lines[0].label);
  });

  test("that is stopped goes on at a block, and leaves the same bytes", async () => {
    const [whole, cut] = [createId("job", Date.now()), createId("job", Date.now())];
    const undisturbed = await run(whole);
    const first = await run(cut, {
      checkpointMs: 0,
      onPost: (message, { control }) => {
        if (message.type === "checkpoint") sendSignal(control, "checkpoint");
      },
    });
    expect(first.end).toEqual({ type: "stopped" });
    const kept = first.posted.flatMap((message) => (message.type === "checkpoint" ? [message.record] : [])).reverse();
    expect(kept[0]!.step).toBe(4096);
    const second = await run(cut, { checkpoints: kept });
    expect(second.posted.find(({ type }) => type === "started")).toMatchObject({ step: 4096 });
    expect(second.end).toEqual(undisturbed.end);
    expect((await fileOf(cut)).equals(await fileOf(whole))).toBe(true);
  });

  test("whose checkpoints cannot be used starts anew, says so, and leaves the same bytes", async () => {
    const [whole, cut] = [createId("job", Date.now()), createId("job", Date.now())];
    const undisturbed = await run(whole);
    const { key, sha256 } = { key: artifactKeys.checkpoint(tenant, cut, 4096, 1), sha256: "0".repeat(64) };
    await jobs.artifacts.write(key, Buffer.from("torn"));
    const record = { key, sha256, step: 4096, attempt: 1, at: new Date().toISOString() };
    const { end, posted } = await run(cut, { checkpoints: [record] });
    expect(posted.filter(({ type }) => type === "event")).toMatchObject([
      { name: "corrupt_checkpoint", data: { step: 4096 } },
      { name: "started_anew", data: { checkpoints: 1 } },
    ]);
    expect(end).toEqual(undisturbed.end);
    expect((await fileOf(cut)).equals(await fileOf(whole))).toBe(true);
  });

  test("fails with the line of a row that the model cannot answer", async () => {
    const columns = { size: { logarithm: true } };
    const sizes = (size: (i: number) => number): string =>
      `size,y,note\n${Array.from({ length: 5000 }, (_, i) => `${size(i)},${i % 7},"two\nlines"`).join("\n")}\n`;
    const linear = await jobs.modelOf(
      await jobs.train(
        sizes((i) => 1 + (i % 11)),
        {
          task: { type: "regression", label: "y", features: ["size"] },
          model: { type: "linear" },
          preprocessing: { columns },
        },
      ),
    );
    const file = Buffer.from(sizes((i) => (i === 4500 ? -1 : 1 + (i % 11))));
    const id = createId("ds", Date.now());
    const { bytes, sha256 } = await jobs.artifacts.write(artifactKeys.datasetFile(tenant, id), Readable.from([file]));
    const other = { ...(await datasetOf(() => Readable.from([file]), "data", {})), id, bytes, sha256 };
    // The header is line 1, and each row before takes two lines.
    await expect(run(createId("job", Date.now()), { model: linear.model, dataset: other })).rejects.toThrow(
      /^\/dataset: line 9002 of the file, column "size": -1 has no logarithm/,
    );
  });

  test("fails where the file is not what was uploaded, and says so", async () => {
    const key = artifactKeys.datasetFile(tenant, dataset.id);
    await jobs.artifacts.write(key, Readable.from([Buffer.from(csv(rows - 1))]));
    await expect(run(createId("job", Date.now()))).rejects.toMatchObject({ code: "corrupt" });
    await jobs.artifacts.write(key, Readable.from([Buffer.from(csv(rows))]));
  });
});
