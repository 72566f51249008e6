import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import type { Job, JobEvent, MetricPoint } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

/** Large enough for a team of two. */
const spec: Omit<JobSpecInput, "dataset"> = {
  task: { type: "classification", label: "digit" },
  model: { type: "mlp", hidden: [256, 128], dropout: 0.2 },
  training: { epochs: 6, crossValidation: { folds: 3 } },
};

describe("a cross-validated job", () => {
  let service: Service;
  let client: RestClient;
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir, { CHECKPOINT_SECONDS: "0.2", LEASE_SECONDS: "3" });
    client = createRestClient(service.url);
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const items = async <T>(path: string): Promise<T[]> =>
    (await client.call<{ items: T[] }>(path, { headers: { accept: "application/json" } })).body.items;

  test("whose trainer is killed in its second fold ends with the bits of one on one thread, each fold done once", async () => {
    const dataset = (await client.upload("digits", await dataFile("digits"))).id;
    const whole = await client.untilDone((await client.submit({ ...spec, dataset, resources: { threads: 1 } })).id);
    expect(whole.state).toBe("succeeded");
    const { id, plan } = await client.submit({ ...spec, dataset, resources: { threads: 2 } });
    expect(plan).toMatchObject({ fits: 4, threads: 2 });
    let done = false;
    await client.untilEvent(id, ({ type }: JobEvent) => {
      done ||= type === "fold_done";
      return done && type === "checkpoint";
    });
    process.kill(service.trainerPid(), "SIGKILL");
    const job: Job = await client.untilDone(id);
    expect(job).toMatchObject({ state: "succeeded", attempt: 2, progress: 1 });
    const events = await items<JobEvent>(`/v1/jobs/${id}/events?limit=1000`);
    expect(events.filter(({ type }) => type === "fold_done").map(({ data }) => data.fold)).toEqual([1, 2, 3]);
    const [resumed] = events.filter(({ type }) => type === "resumed");
    expect(resumed).toMatchObject({ message: expect.stringMatching(/^fold \d of 3: /), data: { repeat: 1 } });
    const before = events.slice(0, events.indexOf(resumed!)).filter(({ type }) => type === "checkpoint");
    expect(before.every(({ message, data }) => message.startsWith(`fold ${data.fold} of 3: `))).toBe(true);
    const reportOf = async (model: string | null) => (await client.call(`/v1/models/${model}/report`)).body;
    expect((await client.model(job.model ?? "")).digest).toBe((await client.model(whole.model ?? "")).digest);
    expect(await reportOf(job.model)).toEqual(await reportOf(whole.model));
    // The folds' models, those from before the kill among them, are beside the model and answer for its promise.
    const { rows } = (await client.call<{ rows: Row[] }>(`/v1/datasets/${dataset}/rows?limit=20`)).body;
    const promised = await client.predict(job.model ?? "", rows, { coverage: 0.9 });
    expect(promised.coverage).toMatchObject({ level: 0.9, rows: 1000 });
    // 1 − 2 · 0.1, less what three folds lose of the fewest rows of a class.
    expect(promised.coverage?.guaranteed).toBeGreaterThan(0.7);
    expect(promised.coverage?.guaranteed).toBeLessThan(0.8);
    const held = promised.predictions.filter((each, i) => "set" in each && each.set?.includes(String(rows[i]!.digit)));
    expect(held.length).toBeGreaterThanOrEqual(15);
    const points = await items<MetricPoint>(`/v1/jobs/${id}/metrics?limit=1000`);
    expect([...new Set(points.map(({ fold }) => fold))]).toEqual([1, 2, 3, undefined]);
  });

  test("is refused with a base that learnt from a copy of the file, and splits by time as its plan says", async () => {
    const days = Array.from({ length: 40 }, (_, i) => `2026-01-${10 + (i % 20)},${i},${i % 2 === 0 ? "a" : "b"}`);
    const file = ["day,x,y", ...days].join("\n");
    const [first, copy] = [(await client.upload("first", file)).id, (await client.upload("copy", file)).id];
    const task = { type: "classification" as const, label: "y", features: ["x"] };
    const split = { time: "day", test: 0.25 };
    const job = { dataset: first, task, model: { type: "softmax" } as const, training: { split } };
    const { id, model, plan } = await client.untilDone((await client.submit(job)).id);
    expect(plan.warnings).toEqual([]);
    const rows = await (await fetch(`${client.url}/v1/jobs/${id}/rows`)).text();
    const tested = rows.split("\n").filter((line) => line.endsWith(",test"));
    expect(tested).toEqual([15, 16, 17, 18, 19, 35, 36, 37, 38, 39].map((row) => `${row},test`));
    expect(await client.report(model ?? "")).toMatchObject({ split: "test", rows: 10 });
    const answers = await (await fetch(`${client.url}/v1/models/${model}/held-out`)).text();
    expect(answers).toMatch(/^row,truth,prediction,probabilities\.a,probabilities\.b\n15,b,/);
    const training = { solver: "iterative", crossValidation: { folds: 3 } };
    const refused = await client.trySubmit({ dataset: copy, task, base: { model }, training });
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toEqual([
      { pointer: "/training/crossValidation", detail: expect.stringContaining("or on a copy of it") as string },
    ]);
    // Half of the days test what starts from it: the earlier ones of them it has learnt from.
    const half = { solver: "iterative" as const, epochs: 1, split: { time: "day", test: 0.5 } };
    const child = await client.untilDone(
      (await client.submit({ dataset: copy, task, base: { model: model ?? "" }, training: half })).id,
    );
    const { notes } = await client.report(child.model ?? "");
    expect(notes.map(({ code }) => code)).toContain("seen_by_base");
  });
});
