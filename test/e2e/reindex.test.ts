import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { Model } from "../../src/domain/models/model.ts";
import { iris } from "../usecases/service.ts";
import { createRestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, runMain, startService } from "./service.ts";

test("a Redis that was lost is rebuilt from the artifact store: data sets, models, finished jobs", async () => {
  const dataDir = await createDataDir();
  try {
    const before = await startService(dataDir);
    const client = createRestClient(before.url);
    const upload = { method: "POST", headers: { "content-type": "text/csv" }, body: iris };
    const { body: dataset } = await client.call<Dataset>("/v1/datasets?name=iris", upload);
    const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
    const headers = { "content-type": "application/json" };
    const submission = { method: "POST", headers, body: JSON.stringify(spec) };
    let { body: job } = await client.call<Job>("/v1/jobs", submission);
    while (!job.done) job = (await client.call<Job>(`/v1/jobs/${job.id}?wait=30`)).body;
    expect(job.state).toBe("succeeded");
    const { body: model } = await client.call<Model>(`/v1/models/${job.model}`);
    expect(await before.stop()).toBe(0);

    await rm(join(dataDir, "redis"), { recursive: true });
    const { code, output } = await runMain({ DATA_DIR: dataDir }, ["--reindex"]);
    const told = "Recorded: 1 data sets, 1 models; 1 finished jobs were missing.\n";
    expect({ code, output }).toEqual({ code: 0, output: told });

    const after = await startService(dataDir);
    const { call } = createRestClient(after.url);
    expect((await call<Job>(`/v1/jobs/${job.id}`)).body).toEqual(job);
    expect((await call<Model>(`/v1/models/${job.model}`)).body).toEqual(model);
    expect((await call<Dataset>(`/v1/datasets/${dataset.id}`)).body).toEqual(dataset);
    expect((await call(`/v1/datasets/${dataset.id}`, { method: "DELETE" })).status).toBe(409);
    expect(await after.stop()).toBe(0);
  } finally {
    await removeDataDir(dataDir);
  }
});
