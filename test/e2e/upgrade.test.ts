import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job, MetricPoint } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { PredictResponse } from "../../src/domain/models/predictions/prediction.ts";
import type { Report } from "../../src/domain/models/report.ts";
import { createRestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const folder = join(import.meta.dirname, "../data/upgrade");

/** What the version that stored the data answered. */
interface Recorded {
  dataset: Dataset;
  rows: Record<string, number>[];
  jobs: {
    spec: JobSpecInput;
    job: Job;
    model: Model;
    report: Report;
    points: MetricPoint[];
    weights: string;
    prediction: PredictResponse;
  }[];
  alias: { name: string; model: string };
}
const recorded: Recorded = JSON.parse(readFileSync(join(folder, "recorded.json"), "utf8"));

let service: Service;
let dataDir: string;
let client: ReturnType<typeof createRestClient>;
beforeAll(async () => {
  dataDir = await createDataDir();
  execFileSync("tar", ["xzf", join(folder, "stored.tar.gz")], { cwd: dataDir });
  service = await startService(dataDir);
  client = createRestClient(service.url);
});
afterAll(async () => {
  await service?.stop();
  await removeDataDir(dataDir);
});

describe("a data folder of the version before", () => {
  const get = async <T>(path: string): Promise<T> => (await client.call<T>(path)).body;

  test("is read as it was: data set, jobs, curves, models, reports, alias", async () => {
    expect(await get(`/v1/datasets/${recorded.dataset.id}`)).toEqual(recorded.dataset);
    expect(await get("/v1/aliases/production")).toEqual(recorded.alias);
    const listed = await get<{ items: Job[] }>("/v1/jobs");
    expect(listed.items.map(({ id }) => id).sort()).toEqual(recorded.jobs.map(({ job }) => job.id).sort());
    for (const { job, model, report, points } of recorded.jobs) {
      expect(await client.job(job.id)).toEqual(job);
      expect((await get<{ items: MetricPoint[] }>(`/v1/jobs/${job.id}/metrics?limit=1000`)).items).toEqual(points);
      expect(await client.model(model.id)).toEqual(model);
      // Of what reports have since, older ones say that they have it not.
      const since = {
        residualsByFeature: null,
        ...("calibrationError" in report && { calibrationErrorByChance: null }),
      };
      expect(await client.report(model.id)).toEqual({ ...report, ...since });
    }
  });

  test("has models that answer with the same bits, and the same specification gives the same weights", async () => {
    for (const { spec, model, weights, prediction } of recorded.jobs) {
      const file = await (await fetch(`${service.url}/v1/models/${model.id}/weights`)).arrayBuffer();
      expect(createHash("sha256").update(Buffer.from(file)).digest("hex")).toBe(weights);
      expect(await client.predict(model.id, recorded.rows)).toEqual(prediction);
      const again = await client.untilState((await client.submit(spec)).id, "succeeded");
      expect((await client.model(again.model!)).digest).toBe(model.digest);
    }
  });

  test("has models that a job can start from", async () => {
    const [{ spec }] = recorded.jobs.slice(1) as [Recorded["jobs"][number]];
    const { model: _, ...rest } = spec;
    const tuned = await client.submit({ ...rest, base: { model: "production" } });
    const { state, spec: resolved } = await client.untilDone(tuned.id);
    expect([state, resolved.base?.model]).toEqual(["succeeded", recorded.alias.model]);
  });
});
