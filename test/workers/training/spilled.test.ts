import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import { createId } from "../../../src/domain/ids.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import { createRandomStream } from "../../../src/engine/kernels/philox.ts";
import { tableSpill } from "../../../src/engine/tensor/spill-format.ts";
import { gatherRows, tableOf } from "../../../src/engine/tensor/table.ts";
import type { CheckpointRecord } from "../../../src/store/job-store.ts";
import { createControl } from "../../../workers/engine/control.ts";
import type { RunEnd, RunOrder } from "../../../workers/engine/protocol.ts";
import { toRunEnd } from "../../../workers/engine/run-error.ts";
import { type Report, runTeam } from "../../../workers/engine/team-run.ts";
import { createThreadPool, type ThreadPool } from "../../../workers/engine/thread-pool.ts";
import { makeSpill } from "../../../workers/training/spilling/spill.ts";
import { makeFloat64Tables } from "../../../workers/training/spilling/spilled-tables.ts";
import { createJobs } from "./jobs.ts";

/** Node 20 starts no worker from a .ts file: these threads run what `npm run build` put into dist. */
const script = new URL("../../../dist/workers/engine/engine-thread.js", import.meta.url);
const log = pino({ level: "silent" });

const [rows, places] = [1500, 36];

type Input = Omit<JobSpecInput, "dataset">;

/** Numbers, some missing, a category and three kinds of labels that depend on them. */
const table = (): string => {
  const { below } = createRandomStream({ seedLow: 5, seedHigh: 0, purpose: 99, index: 0 });
  const draw = (): number => below(2001) / 1000 - 1;
  const lines = Array.from({ length: rows }, () => {
    const [a, b, c] = [draw(), draw(), draw()];
    const place = below(places);
    const sum = a + 0.5 * b * b + (place % 3 === 0 ? 0.4 : 0) + 0.2 * draw();
    const kind = sum > 0.4 ? "high" : sum > -0.2 ? "middle" : "low";
    const d = (1 + below(1000)) / 500;
    const count = below(2 + below(place + 4));
    return [a, below(10) === 0 ? "" : b, c, `place ${place}`, kind, sum.toFixed(4), d, count].join(",");
  });
  return ["a,b,c,place,kind,amount,d,count", ...lines, ""].join("\n");
};

const features = ["a", "b", "c", "place"];
const classified: Input = { task: { type: "classification", label: "kind", features } };
const jobsOf: Record<string, Input> = {
  "with a search for the penalty": {
    ...classified,
    training: { epochs: 2, l2: 0.01, penaltySearch: { holdOut: 0.2, folds: 2, factors: [0.5, 1] } },
  },
  regression: { task: { type: "regression", label: "amount", features }, training: { epochs: 3 } },
  "softmax by iterations, with its coefficients": {
    ...classified,
    ...{ model: { type: "softmax" }, training: { solver: "iterative", epochs: 3 } },
  },
  "linear by iterations, with its coefficients": {
    ...{ task: { type: "regression", label: "amount", features }, model: { type: "linear" } },
    training: { solver: "iterative", epochs: 3 },
  },
  "in the order of the file": { ...classified, training: { epochs: 3, batchSize: 50, shuffle: false } },
  "an autoencoder": {
    ...{ task: { type: "reconstruction", features }, model: { type: "autoencoder", encoder: [16, 3] } },
    training: { epochs: 3 },
  },
  "by groups, in parts of batches": {
    ...classified,
    training: { epochs: 3, batchSize: 64, microBatch: 10, split: { by: "place" } },
  },
};
/** Each with several fits, one after another in the job's memory. */
const severalFits: Record<string, Input> = {
  "a refit on every row": { ...classified, training: { epochs: 3, refit: true, l2: 0.001 } },
  "a learning curve": { ...classified, training: { epochs: 2, penaltySearch: false, learningCurve: { halvings: 1 } } },
  "folds, then all rows": {
    ...classified,
    training: { epochs: 2, crossValidation: { folds: 3 }, penaltySearch: false },
  },
  "folds whose models are kept": {
    task: { type: "regression", label: "amount", features },
    training: { epochs: 2, crossValidation: { folds: 2, by: "place", model: "folds" } },
  },
};

const amount = { type: "regression", label: "amount", features } as const;
const unlabelled = { type: "clustering", features } as const;
/** What one thread goes through in the order of the rows: solved, or clustered. */
const inOrder: Record<string, Input> = {
  "least squares, with all that is told of its coefficients": { task: amount, model: { type: "linear" } },
  "least squares through the origin": { task: amount, model: { type: "linear", intercept: false } },
  "least squares under a penalty": { task: amount, model: { type: "linear" }, training: { l2: 0.01 } },
  "least squares of weighted rows, nothing held out": {
    task: { type: "regression", label: "amount", features: ["a", "b", "place"], weight: "d" },
    ...{ model: { type: "linear" }, training: { split: { validation: 0, test: 0 }, clusterBy: "place" } },
  },
  "softmax by Newton's method": { ...classified, model: { type: "softmax" } },
  "softmax under a penalty": { ...classified, model: { type: "softmax" }, training: { l2: 0.01 } },
  "a Gamma distribution": { task: { ...amount, label: "d" }, model: { type: "gamma" } },
  "counts of unknown dispersion": {
    task: { type: "regression", label: "count", features: ["a", "b", "c", "d"] },
    model: { type: "negative_binomial" },
  },
  "folds of least squares, then all rows": {
    ...{ task: amount, model: { type: "linear" } },
    training: { crossValidation: { folds: 3 } },
  },
  "k-means, its k chosen": {
    ...{ task: unlabelled, model: { type: "k_means", clusters: { from: 2, to: 4 } } },
    training: { epochs: 5 },
  },
  "k-means, rows held out": {
    ...{ task: unlabelled, model: { type: "k_means", clusters: 3, restarts: 2 } },
    training: { epochs: 5, split: { validation: 0.1, test: 0.2 } },
  },
  ...Object.fromEntries(
    (["full", "diagonal", "spherical", "tied"] as const).map((covariance) => [
      `a mixture, ${covariance}`,
      {
        task: { ...unlabelled, type: "density_estimation" },
        model: { type: "gaussian_mixture", components: 2, restarts: 1, covariance },
        training: { epochs: 5 },
      },
    ]),
  ),
};

describe("tables that do not fit in the job's memory", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  let pool: ThreadPool;
  const csv = table();
  beforeAll(async () => {
    jobs = await createJobs();
    pool = createThreadPool(script, { kernels: { module: await compileKernels(), native: null } }, 1);
  });
  afterAll(async () => {
    await pool.close();
    await jobs.close();
  });
  const scratch = (): string => join(jobs.folder, "scratch");

  /** The same with less memory than all rows take, so that an epoch's order has several parts. */
  const short = (whole: Input, { plan }: { plan: { memoryBytes: number } }, threads = 1): Input => ({
    ...whole,
    resources: { memoryBytes: plan.memoryBytes - Math.floor(0.65 * 4 * rows * places), threads },
  });
  const resultOf = ({ end }: Awaited<ReturnType<typeof jobs.trainOn>>) => {
    if (end.type !== "trained") throw new Error(JSON.stringify(end));
    const { digest, metrics, preprocessing, files } = end.model;
    // The report, the rows that predictions are explained against and the answers, by their digests.
    return { digest, metrics, preprocessing, files };
  };

  for (const [name, whole] of Object.entries({ ...jobsOf, ...severalFits }))
    test(`train to the same bits and the same report, from a file that the plan tells of: ${name}`, async () => {
      const held = await jobs.train(csv, whole);
      expect(held.plan).not.toHaveProperty("spillBytes");
      const spilled = await jobs.trainOn(held.dataset, short(whole, held));
      expect(spilled.plan.memoryBytes).toBeLessThan(held.plan.memoryBytes);
      expect(spilled.plan.ringRows).toBeLessThan(rows / 3);
      expect(spilled.plan.warnings.filter((one) => one.includes("kept on the trainer's disk"))).toEqual([
        expect.stringContaining(`${spilled.plan.spillBytes?.toLocaleString("en-US")} bytes`),
      ]);
      const { report } = await jobs.modelOf(held);
      if (whole.task.type !== "reconstruction" && whole.training?.crossValidation === undefined)
        expect(report).toHaveProperty("explained.columns");
      expect((await jobs.modelOf(spilled)).report).toEqual(report);
      expect(resultOf(spilled)).toEqual(resultOf(held));
      expect(readdirSync(scratch())).toEqual([]);
    });

  for (const [name, whole] of Object.entries(inOrder))
    test(`are gone through from a file, to the same bits and the same report: ${name}`, async () => {
      const held = await jobs.train(csv, whole);
      expect(held.plan).not.toHaveProperty("spillBytes");
      const spilled = await jobs.trainOn(held.dataset, {
        ...whole,
        resources: { memoryBytes: held.plan.memoryBytes - 1 },
      });
      expect(spilled.plan.memoryBytes).toBeLessThan(held.plan.memoryBytes);
      expect(spilled.plan.spillBytes).toBeGreaterThan(4 * rows * 4);
      expect(spilled.plan.warnings.filter((one) => one.includes("kept on the trainer's disk"))).toHaveLength(1);
      expect((await jobs.modelOf(spilled)).report).toEqual((await jobs.modelOf(held)).report);
      expect(resultOf(spilled)).toEqual(resultOf(held));
      expect(readdirSync(scratch())).toEqual([]);
    });

  test("blocks of rows come to the same sums as all of them, and a damaged one to an error", () => {
    const [count, columns] = [40_000, 9];
    const { uint32 } = createRandomStream({ seedLow: 6, seedHigh: 0, purpose: 99, index: 0 });
    const values = Float64Array.from({ length: count * columns }, () => uint32() / 2 ** 31 - 1);
    const shape = { trainRows: count, validationRows: 0, testRows: 0, inputs: columns };
    const tables = makeFloat64Tables(scratch(), tableSpill(shape, true));
    for (let row = 0; row < count; row++) {
      const { floats, next } = tables.sinks.train;
      floats.set(values.subarray(row * columns, (row + 1) * columns), next());
    }
    const file = openSync(tables.path, "r+");
    tables.finish();
    const spilled = tables.table("train");
    expect(spilled.blockRows).toBeLessThan(count / 2);
    expect(
      gatherRows(
        spilled,
        Int32Array.from({ length: count }, (_, i) => i),
      ),
    ).toEqual(values);
    expect(gatherRows(spilled, [count - 1, 0, 20_000])).toEqual(
      gatherRows(tableOf(values, columns), [count - 1, 0, 20_000]),
    );
    const twice = tables.table("train", (part) => {
      for (let i = 0; i < part.length; i++) part[i]! *= 2;
    });
    expect(twice.values[twice.seek(30_000)]).toBe(2 * values[30_000 * columns]!);
    writeSync(file, Buffer.of(1, 2, 3), 0, 3, 20_000 * (8 * columns + 8));
    closeSync(file);
    expect(() => tables.table("train").seek(20_000)).toThrow("is not what was written");
    expect(spilled.seek(count - 1)).toBeGreaterThanOrEqual(0);
    tables.close();
    expect(readdirSync(scratch())).toEqual([]);
  });

  /** As a trainer runs it, with a team of two; killed once there is a checkpoint of more steps. */
  const runTwo = async (
    dataset: Dataset,
    input: Input,
    checkpoints: CheckpointRecord[],
    killedAt = Number.POSITIVE_INFINITY,
  ) => {
    const { spec, plan } = await jobs.planOn(dataset, input);
    const { memoryBytes, threads } = plan;
    expect(threads).toBe(2);
    const memory = new WebAssembly.Memory({ initial: memoryBytes / 65_536, maximum: 65_536, shared: true });
    const order: RunOrder = {
      ...{ tenant: "default", job: createId("job", Date.now()), attempt: 1, spec, dataset, base: null, trial: null },
      ...{ seenByBase: false },
      ...{ prediction: null, checkpoints, artifactUrl: pathToFileURL(jobs.folder).href, artifactCache: null },
      ...{ scratchFolder: scratch(), checkpointMs: 0, admitted: { memoryBytes, threads }, memory },
      control: createControl(),
    };
    const written: CheckpointRecord[] = [];
    const kill = new AbortController();
    const report = (message: Report): void => {
      if (message.type !== "checkpoint") return;
      written.unshift(message.record);
      if (message.record.step > killedAt) kill.abort();
    };
    const end = await runTeam(pool, order, { heartbeatMs: 60_000, log, report, giveUp: kill.signal });
    return { ...order, plan, events: [], points: [], end: end as RunEnd, checkpoints: written };
  };

  test("train to the same bits on two threads, killed in the second fit, and nothing is left on the disk", async () => {
    const wide: Input = {
      ...classified,
      model: { type: "mlp", hidden: [160, 160] },
      // The reader and the member of the first fit go on in the second.
      training: { epochs: 1, batchSize: 128, penaltySearch: false, crossValidation: { folds: 2, model: "folds" } },
    };
    const { dataset, plan } = await jobs.train(csv, wide);
    const stepsOfFirst = plan.steps / 2;
    const held = resultOf(await runTwo(dataset, { ...wide, resources: { threads: 2 } }, []));
    const killed = await runTwo(dataset, short(wide, { plan }, 2), [], stepsOfFirst);
    expect(killed.end.type).toBe("stopped");
    expect(readdirSync(scratch())).toEqual([]);
    const resumed = await runTwo(dataset, short(wide, { plan }, 2), killed.checkpoints);
    expect(resumed.plan.spillBytes).toBeGreaterThan(0);
    expect(resultOf(resumed)).toEqual(held);
    expect(readdirSync(scratch())).toEqual([]);
  });

  test("rows that are not what was written end the job", async () => {
    const whole = jobsOf.regression!;
    const held = await jobs.train(csv, whole);
    const damage = (): void => {
      const [name] = readdirSync(scratch());
      const path = join(scratch(), name!);
      const bytes = readFileSync(path);
      bytes[1000]! ^= 1;
      writeFileSync(path, bytes);
    };
    const { end } = await jobs.trainOn(held.dataset, short(whole, held), null, {}, damage);
    const message = expect.stringContaining("encoded rows on the trainer's disk is not what was written");
    expect(end).toMatchObject({ type: "failed", error: { code: "corrupt", message } });
    expect(readdirSync(scratch())).toEqual([]);
  });

  test("a disk without room is told of with the figures before anything is written", () => {
    const spill = { rows: { train: 1, validation: 0, test: 0 }, bytes: 2 ** 50, positionsOffset: 0 };
    expect(() => makeSpill(scratch(), { inputs: 1, spill })).toThrow(
      /take 1,125,899,906,842,624 bytes, of which .* are free/,
    );
    expect(toRunEnd(new ServiceError("too_large", "no room"))).toMatchObject({ error: { code: "disk_full" } });
  });
});
