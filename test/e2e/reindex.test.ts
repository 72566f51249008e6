import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job, JobEvent, MetricPoint } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Model } from "../../src/domain/models/model.ts";
import { iris } from "../usecases/service.ts";
import { createRestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, runMain, startService } from "./service.ts";

const asJson = { headers: { accept: "application/json" } };
/** Everything that is told of a finished job. */
const courseOf = async ({ call }: ReturnType<typeof createRestClient>, { id }: Job) => ({
  job: (await call<Job>(`/v1/jobs/${id}`)).body,
  events: (await call<{ items: JobEvent[] }>(`/v1/jobs/${id}/events?limit=1000`, asJson)).body.items,
  points: (await call<{ items: MetricPoint[] }>(`/v1/jobs/${id}/metrics?limit=10000`)).body.items,
});

test("a Redis that was lost is rebuilt from the artifact store: data sets, models, finished jobs, events and curves", async () => {
  const dataDir = await createDataDir();
  try {
    const before = await startService(dataDir, { TRAINER_THREADS: "1" });
    const client = createRestClient(before.url);
    const upload = { method: "POST", headers: { "content-type": "text/csv" }, body: iris };
    const { body: dataset } = await client.call<Dataset>("/v1/datasets?name=iris", upload);
    const spec: JobSpecInput = { dataset: dataset.id, task: { type: "classification", label: "species" } };
    const headers = { "content-type": "application/json" };
    const submission = { method: "POST", headers, body: JSON.stringify(spec) };
    let { body: job } = await client.call<Job>("/v1/jobs", submission);
    while (!job.done) job = (await client.call<Job>(`/v1/jobs/${job.id}?wait=30`)).body;
    expect(job.state).toBe("succeeded");
    // One that no trainer had, behind one that is longer than this test.
    const long: Partial<JobSpecInput> = {
      training: { epochs: 100_000, earlyStopping: false },
      resources: { threads: 1 },
    };
    const [running, waiting] = [
      await client.submit({ ...spec, ...long }),
      await client.submit({ ...spec, ...long, resources: { threads: 1, priority: -1 } }),
    ];
    await client.until(running.id, ({ state }) => state === "running");
    expect((await client.act(waiting.id, "cancel")).status).toBe(200);
    const cancelled = await client.job(waiting.id);
    expect(cancelled).toMatchObject({ state: "cancelled", attempt: 0, startedAt: null });
    const courses = [await courseOf(client, job), await courseOf(client, cancelled)];
    expect(courses[0]!.events.map(({ type }) => type)).toEqual(expect.arrayContaining(["state", "progress"]));
    expect(courses[0]!.points.length).toBeGreaterThan(1);
    const { body: model } = await client.call<Model>(`/v1/models/${job.model}`);
    expect(await before.stop()).toBe(0);

    expect(before.log.some(({ msg }) => msg?.includes("npm run reindex"))).toBe(false);

    await rm(join(dataDir, "redis"), { recursive: true });
    const bare = await startService(dataDir, { WORKERS: "0" });
    expect(bare.log.filter(({ msg }) => msg?.includes("npm run reindex"))).toHaveLength(1);
    expect(await bare.stop()).toBe(0);
    await rm(join(dataDir, "redis"), { recursive: true });
    const { code, output } = await runMain({ DATA_DIR: dataDir }, ["--reindex"]);
    const told = "Recorded: 1 data sets, 1 models; 2 finished jobs and 0 aliases were missing.\n";
    expect({ code, output }).toEqual({ code: 0, output: told });

    const after = await startService(dataDir);
    const again = createRestClient(after.url);
    const { call } = again;
    expect([await courseOf(again, job), await courseOf(again, cancelled)]).toEqual(courses);
    // What had not ended is lost.
    expect((await call(`/v1/jobs/${running.id}`)).status).toBe(404);
    expect((await call<Model>(`/v1/models/${job.model}`)).body).toEqual(model);
    expect((await call<Dataset>(`/v1/datasets/${dataset.id}`)).body).toEqual(dataset);
    expect((await call(`/v1/datasets/${dataset.id}`, { method: "DELETE" })).status).toBe(409);
    expect(await after.stop()).toBe(0);
  } finally {
    await removeDataDir(dataDir);
  }
});
