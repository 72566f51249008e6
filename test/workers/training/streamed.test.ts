import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createImageTable } from "../../../src/data/images/image-table.ts";
import type { PictureRow } from "../../../src/data/images/picture-rows.ts";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { createId } from "../../../src/domain/ids.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { createRandomStream } from "../../../src/engine/kernels/philox.ts";
import { type ArtifactStore, artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { cacheArtifacts } from "../../../src/store/artifacts/cached-artifact-store.ts";
import { createJobs } from "./jobs.ts";

type Input = Omit<JobSpecInput, "dataset">;

const side = 16;
const augment = { flip: true, shift: 0.1, brightness: 0.2 };
const small: Input["model"] = {
  type: "cnn",
  layers: [{ type: "conv2d", filters: 4 }, { type: "global_average_pool" }],
};

/** Noise, brighter on one side or the other by its label, as an upload leaves it in the store. */
async function* pictures(rows: number): AsyncGenerator<PictureRow, void, void> {
  const { below } = createRandomStream({ seedLow: 3, seedHigh: 0, purpose: 99, index: 0 });
  for (let row = 0; row < rows; row++) {
    const label = ["left", "right"][row % 2]!;
    const bright = (at: number): number => (Math.floor((at / 3) % side) < side / 2 === (label === "left") ? 60 : 0);
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, at) => below(190) + bright(at));
    yield { cells: [Buffer.from(label)], pixels, line: row + 1 };
  }
}

const storePixels = async (artifacts: ArtifactStore, rows: number): Promise<Dataset> => {
  const id = createId("ds", Date.now());
  const table = createImageTable({
    columns: [{ name: "label", type: "category" }],
    image: { height: side, width: side, channels: 3 },
    rows: pictures(rows),
  });
  const written = await artifacts.write(artifactKeys.datasetFile("default", id, "images"), Readable.from(table.bytes));
  return { id, name: "noise", format: "images", ...written, ...table.profile(), createdAt: "2026-11-26T00:00:00Z" };
};

describe("images that do not fit in the job's memory", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  let dataset: Dataset;
  beforeAll(async () => {
    jobs = await createJobs();
    dataset = await storePixels(jobs.artifacts, 400);
  });
  afterAll(() => jobs.close());

  const input = (training: object = {}, rest: Partial<Input> = {}): Input => ({
    ...{ task: { type: "classification", label: "label" }, model: small },
    ...{ training: { epochs: 2, batchSize: 16, ...training }, ...rest },
  });
  /** The same with less memory than all rows would take. */
  const short = async (whole: Input): Promise<Input> => {
    const { plan } = await jobs.planOn(dataset, whole);
    return { ...whole, resources: { memoryBytes: plan.memoryBytes - 1 } };
  };
  const resultOf = ({ end }: Awaited<ReturnType<typeof jobs.trainOn>>) => {
    if (end.type !== "trained") throw new Error(JSON.stringify(end));
    return { digest: end.model.digest, metrics: end.metrics, preprocessing: end.model.preprocessing };
  };

  for (const [name, whole] of Object.entries({
    "as they are": input(),
    "changed from epoch to epoch": input({ augment }),
    "cut out of larger ones": input({}, { preprocessing: { images: "imagenet", shorterSide: 14, crop: 12 } }),
    "in folds, changed from epoch to epoch": input({ augment, epochs: 1, crossValidation: { folds: 2 } }),
    "with a refit": input({ epochs: 1, refit: true }),
    "for a perceptron": input({}, { model: { type: "mlp", hidden: [6] } }),
  }))
    test(`train to the same bits and the same report, through a ring that the plan tells of: ${name}`, async () => {
      const held = await jobs.trainOn(dataset, whole);
      expect(held.plan).not.toHaveProperty("ringRows");
      const streamed = await jobs.trainOn(dataset, await short(whole));
      expect(streamed.plan.memoryBytes).toBeLessThan(held.plan.memoryBytes);
      expect(streamed.plan.ringRows).toBeGreaterThan(0);
      expect(streamed.plan.ringBytes).toBeLessThan(streamed.plan.memoryBytes);
      expect(resultOf(streamed)).toEqual(resultOf(held));
      expect((await jobs.modelOf(streamed)).report).toEqual((await jobs.modelOf(held)).report);
    });

  test("go on from a checkpoint, to the same bits", async () => {
    const job = await short(input({ augment, epochs: 12, earlyStopping: false }));
    const whole = await jobs.trainOn(dataset, job, null, { checkpointMs: 0 });
    const { checkpoints } = whole;
    expect(checkpoints.length).toBeGreaterThan(2);
    const middle = checkpoints.slice(Math.floor(checkpoints.length / 2));
    const resumed = await jobs.trainOn(dataset, job, null, { checkpoints: middle });
    expect(resumed.events.map(({ name }) => name)).toContain("resumed");
    expect(resultOf(resumed)).toEqual(resultOf(whole));
  });

  /** Changes one byte of the pixels of the last row. */
  const damage = (path: string): void => {
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
  };

  test("that change in the store while a job runs end it, and the file is named", async () => {
    const own = { ...dataset, id: createId("ds", Date.now()) };
    const [from, to] = [dataset, own].map(({ id }) => artifactKeys.datasetFile("default", id, "images"));
    await jobs.artifacts.write(to!, await jobs.artifacts.readBytes(from!));
    const path = join(jobs.folder, to!);
    const run = await jobs.trainOn(own, await short(input()), null, {}, () => damage(path));
    expect(run.end).toMatchObject({
      type: "failed",
      error: { code: "corrupt", message: expect.stringContaining(`the rows could not be read: the file of ${own.id}`) },
    });
  });

  test("that change in a trainer's own copy are fetched again", async () => {
    const folder = join(jobs.folder, "copies");
    const artifactCache = { folder, limitBytes: 1e9 };
    const cached = await cacheArtifacts(jobs.artifacts, artifactCache);
    await buffer(await cached.read(artifactKeys.datasetFile("default", dataset.id, "images")));
    const [copy] = readdirSync(folder).filter((name) => !name.startsWith("."));
    damage(join(folder, copy!));
    const run = await jobs.trainOn(dataset, await short(input()), null, { artifactCache });
    expect(resultOf(run)).toEqual(resultOf(await jobs.trainOn(dataset, input())));
  });
});
