import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import { type DataSetCase, dataSetCases } from "./data-sets.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

/** One test split of thirty rows says little: the mean over so many seeds is compared. */
const seeds = [1, 2, 3, 4, 5];
/** Two standard errors of the mean, about, on the smallest of these data sets. */
const tolerance = { testAccuracy: 0.025, testR2: 0.08 };

const parseRows = (csv: string): Row[] => {
  const [header = "", ...lines] = csv.trim().split("\n");
  const names = header.split(",");
  return lines.map((line) => {
    const cells = line.split(",").map((cell) => (cell !== "" && Number.isFinite(Number(cell)) ? Number(cell) : cell));
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null]));
  });
};

describe("the five data sets over REST, all defaults", () => {
  let service: Service;
  let dataDir: string;
  let client: RestClient;
  const table: Record<string, string | number>[] = [];

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    client = createRestClient(service.url);
  });
  afterAll(async () => {
    console.table(table);
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const train = async (each: DataSetCase, dataset: string, seed: number) => {
    const startedMs = performance.now();
    const { name, task, model } = each;
    const job = await client.submit({ name, dataset, task, ...(model ? { model } : {}), training: { seed } });
    const done = await client.untilDone(job.id);
    return { done, seconds: (performance.now() - startedMs) / 1000 };
  };

  test.each(dataSetCases)("$name is learnt no worse than by $referenceModel of scikit-learn", async (each) => {
    const csv = await dataFile(each.file);
    const dataset = await client.upload(each.file, csv);
    const values: number[] = [];
    const times: number[] = [];
    for (const seed of seeds) {
      const { done, seconds } = await train(each, dataset.id, seed);
      expect(done).toMatchObject({ state: "succeeded", done: true, progress: 1, error: null });
      expect(done.spec.model.type).toBeTypeOf("string");
      values.push(done.metrics[each.metric] ?? Number.NaN);
      times.push(seconds);
      if (seed === 1) {
        const rows = parseRows(csv.toString()).slice(0, 10);
        const { predictions } = await client.predict(done.model ?? "", rows);
        expect(predictions).toHaveLength(10);
      }
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    table.push({
      "data set": each.name,
      rows: dataset.rows,
      [`mean of ${seeds.length} seeds`]: mean.toFixed(3),
      "scikit-learn": each.reference,
      model: each.referenceModel,
      "seconds, median": [...times].sort((a, b) => a - b)[2]!.toFixed(2),
    });
    expect(mean).toBeGreaterThan(each.reference - tolerance[each.metric]);
  });

  test("the same job twice gives the same weights, and another seed gives others", async () => {
    const iris = dataSetCases[0]!;
    const dataset = await client.upload("iris", await dataFile("iris"));
    const digests: string[] = [];
    for (const seed of [7, 7, 8]) {
      const { done } = await train(iris, dataset.id, seed);
      digests.push((await client.model(done.model ?? "")).digest);
    }
    expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digests[1]).toBe(digests[0]);
    expect(digests[2]).not.toBe(digests[0]);
  });

  test("iris, from POST to succeeded, takes about a second on an idle service", async () => {
    const dataset = await client.upload("iris", await dataFile("iris"));
    const { seconds } = await train(dataSetCases[0]!, dataset.id, 42);
    console.log(`iris with all defaults, from POST to succeeded: ${seconds.toFixed(2)} s`);
    expect(seconds).toBeLessThan(3);
  });
});
