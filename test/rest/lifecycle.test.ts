import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Problem, ServiceError } from "../../src/domain/errors.ts";
import { Job } from "../../src/domain/jobs/job.ts";
import { limits } from "../../src/domain/limits.ts";
import { submitJobs } from "../../src/usecases/jobs/batches/submit-jobs.ts";
import { submitJob } from "../../src/usecases/jobs/submit-job.ts";
import { finishJob, iris, startTestService, type TestService } from "../usecases/service.ts";
import { body, createClient, specFor } from "./client.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
const { call, post, upload, submit } = createClient(() => service.url);

describe("a data set", () => {
  it("is profiled while it is stored, listed, read and deleted", async () => {
    const dataset = await upload();
    expect(dataset).toMatchObject({ name: "iris", rows: 40, format: "csv", bytes: iris.length });
    expect(dataset.columns.map(({ name, type }) => [name, type])).toEqual([
      ["sepal_length", "number"],
      ["sepal_width", "number"],
      ["species", "category"],
    ]);
    expect(await body(call(`/v1/datasets/${dataset.id}`))).toEqual(dataset);
    const { rows } = await body(call(`/v1/datasets/${dataset.id}/rows?limit=2`));
    expect(rows).toEqual([
      { sepal_length: 5, sepal_width: 3, species: "setosa" },
      { sepal_length: 5.1, sepal_width: 3.1, species: "versicolor" },
    ]);
    expect((await call(`/v1/datasets/${dataset.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await call(`/v1/datasets/${dataset.id}`)).status).toBe(404);
    expect(await service.deps.artifacts.list(`default/datasets/${dataset.id}/`)).toEqual([]);
  });

  it("takes the types that the user states", async () => {
    const dataset = await upload(`?types=${encodeURIComponent('{"sepal_width":"category"}')}`);
    expect(dataset.columns[1]?.type).toBe("category");
  });
});

describe("a job", () => {
  it("is planned without being stored", async () => {
    const before = await body(call("/v1/jobs"));
    const response = await post("/v1/jobs?validateOnly=true", specFor(await upload()));
    expect(response.status).toBe(200);
    const plan = await body(response);
    expect(plan.parameters).toBeGreaterThan(0);
    expect(plan.spec.optimizer.learningRate).toBeGreaterThan(0);
    expect(await body(call("/v1/jobs"))).toEqual(before);
  });

  it("is recorded, queued, and shows its spec with every default", async () => {
    const job = await submit(await upload());
    expect(Job.parse(job)).toMatchObject({ state: "queued", done: false, progress: 0, model: null });
    expect(job.spec.training).toMatchObject({ seed: 42, epochs: expect.any(Number), batchSize: expect.anything() });
    expect(await service.deps.queue.tenantOf(job.id)).toBe("default");
  });

  it("is the same for a repeated idempotency key, and refused for another body", async () => {
    const dataset = await upload();
    const headers = { "idempotency-key": "once" };
    const first = await submit(dataset, headers);
    expect((await submit(dataset, headers)).id).toBe(first.id);
    const reordered = { task: { label: "species", type: "classification" }, dataset: dataset.id };
    expect(((await body(post("/v1/jobs", reordered, headers))) as Job).id).toBe(first.id);
    const other = await post("/v1/jobs", { ...specFor(dataset), name: "other" }, headers);
    expect([other.status, (await body(other)).code]).toEqual([422, "idempotency_mismatch"]);
    expect((await post("/v1/jobs", specFor(dataset), { "idempotency-key": "a b" })).status).toBe(400);
    // A plan that cannot be made for now, by a thread that is busy.
    const late = new ServiceError("over_limit", "too slow", { retryAfterSeconds: 10 });
    const knownPlans = { ...service.deps.knownPlans, find: () => null };
    const busy = { ...service.deps, knownPlans, engine: { ...service.deps.engine, plan: () => Promise.reject(late) } };
    const caller = { tenant: "default", scopes: new Set(["submit"] as const), key: null };
    const repeat = (idempotencyKey: string) => submitJob(busy, caller, { spec: specFor(dataset), idempotencyKey });
    expect(await repeat("once")).toMatchObject({ created: false, job: { id: first.id } });
    await expect(repeat("never")).rejects.toBe(late);
  });

  it("is submitted with others in one request: each is recorded or refused in its place, and keeps no other one out", async () => {
    const dataset = await upload();
    const spec = specFor(dataset);
    const bad = { ...spec, optimizer: { type: "adam", learningRate: -1 } };
    const jobs = [spec, bad, { ...spec, name: "third" }, { ...spec, dataset: "ds_01ARZ3NDEKTSV4RRFFQ69G5FAV" }, 7];
    const headers = { "idempotency-key": "batch" };
    const send = async () => body(post("/v1/jobs/batch", { jobs }, headers));
    const first = await send();
    expect([first.recorded, first.refused]).toEqual([2, 3]);
    const pointers = first.outcomes.map(({ problem }: { problem: Problem | null }) => problem?.errors[0]?.pointer);
    expect(pointers).toEqual([undefined, "/optimizer/learningRate", undefined, "/dataset", ""]);
    expect(first.outcomes[1]).toMatchObject({
      index: 1,
      id: null,
      created: false,
      problem: { status: 422, code: "invalid" },
    });
    for (const i of [0, 2]) {
      const { id } = first.outcomes[i];
      expect(await body(call(`/v1/jobs/${id}`))).toMatchObject({ state: "queued", spec: { training: { seed: 42 } } });
      expect(await service.deps.queue.tenantOf(id)).toBe("default");
    }
    const again = await send();
    expect([again.outcomes[0], again.outcomes[2]]).toEqual(
      [0, 2].map((i) => ({ ...first.outcomes[i], created: false })),
    );
    const other = await post("/v1/jobs/batch", { jobs: [spec] }, headers);
    expect([other.status, (await body(other)).code]).toEqual([422, "idempotency_mismatch"]);
  });

  it("stands in the list where it stood in its batch, between those of one millisecond too", async () => {
    const spec = specFor(await upload());
    const names = Array.from({ length: 20 }, (_, i) => `of a batch ${i}`);
    await post("/v1/jobs/batch", { jobs: names.map((name) => ({ ...spec, name })) });
    const { items } = await body(call("/v1/jobs?pageSize=20"));
    expect(items.map((job: Job) => job.spec.name)).toEqual([...names].reverse());
  });

  it("is not counted again when its batch is repeated, so that the rate lets the others in one time after another", async () => {
    const dataset = await upload();
    const batch = { jobs: Array.from({ length: 5 }, () => specFor(dataset)) };
    const asked: number[] = [];
    const standing = { name: "submit", rate: { perSecond: 1, burst: 2 }, remaining: 0, resetSeconds: 2 };
    const countMore = async (count: number) => {
      asked.push(count);
      const refused = new ServiceError("rate_limited", "too many", { retryAfterSeconds: 1 });
      return { admitted: Math.min(count, 1), standing, refused };
    };
    const caller = { tenant: "default", scopes: new Set(["submit"] as const), key: null, countMore };
    const send = () => submitJobs(service.deps, caller, { batch, idempotencyKey: "rated" });
    const created = [await send(), await send(), await send()].map((outcomes) =>
      outcomes.map((one) => !(one instanceof ServiceError) && one.created),
    );
    expect(created).toEqual([
      [true, true, false, false, false],
      [false, false, true, true, false],
      [false, false, false, false, true],
    ]);
    expect(asked).toEqual([4, 2]);
    expect((await send()).every((one) => !(one instanceof ServiceError))).toBe(true);
  });

  it("is told of as made where it is deleted while its batch is repeated", async () => {
    const batch = { jobs: [specFor(await upload())] };
    const caller = { tenant: "default", scopes: new Set(["submit"] as const), key: null };
    const send = (jobs = service.deps.jobs) =>
      submitJobs({ ...service.deps, jobs }, caller, { batch, idempotencyKey: "deleted" });
    const [made] = await send();
    const id = made instanceof ServiceError ? "" : made!.id;
    const createAll: typeof service.deps.jobs.createAll = async (wanted) => {
      const found = await service.deps.jobs.createAll(wanted);
      await call(`/v1/jobs/${id}/cancel`, { method: "POST" });
      await call(`/v1/jobs/${id}`, { method: "DELETE" });
      return found;
    };
    expect(await send({ ...service.deps.jobs, createAll })).toEqual([{ id, created: false }]);
    expect((await call(`/v1/jobs/${id}`)).status).toBe(404);
  });

  it("is one of so many in a request, and of none at all", async () => {
    const { status, code } = await body(
      post("/v1/jobs/batch", { jobs: Array.from({ length: limits.jobsPerBatch + 1 }, () => ({})) }),
    );
    expect([status, code]).toEqual([422, "invalid"]);
    expect((await body(post("/v1/jobs/batch", { jobs: [] }))).errors).toMatchObject([{ pointer: "/jobs" }]);
    const tooMuch = await post("/v1/jobs/batch", { jobs: [{ name: "x".repeat(limits.jsonBodyBytes) }] });
    expect(tooMuch.status).toBe(413);
  });

  it("is accepted when the queue does not take it: the record is what was promised", async () => {
    const dataset = await upload();
    const { add } = service.deps.queue;
    service.deps.queue.add = async () => {
      throw new Error("the queue is away");
    };
    const job = await submit(dataset);
    service.deps.queue.add = add;
    expect((await call(`/v1/jobs/${job.id}`)).status).toBe(200);
  });

  it("has an ETag, and answers 304 while nothing changed", async () => {
    const job = await submit(await upload());
    const response = await call(`/v1/jobs/${job.id}`);
    const etag = response.headers.get("etag") ?? "";
    expect(response.headers.get("retry-after")).toBe("1");
    const again = await call(`/v1/jobs/${job.id}`, { headers: { "if-none-match": etag } });
    expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
    await finishJob(service, job);
    const changed = await call(`/v1/jobs/${job.id}`, { headers: { "if-none-match": etag } });
    expect(changed.status).toBe(200);
    expect(changed.headers.get("retry-after")).toBeNull();
  });

  it("is waited for until its state changes, and no longer", async () => {
    const job = await submit(await upload());
    const etag = (await call(`/v1/jobs/${job.id}`)).headers.get("etag") ?? "";
    const waiting = call(`/v1/jobs/${job.id}?wait=20`, { headers: { "if-none-match": etag } });
    await service.deps.jobs.requestPause("default", job.id, new Date().toISOString());
    expect((await body(waiting)).state).toBe("paused");
    const started = performance.now();
    expect((await body(call(`/v1/jobs/${job.id}?wait=0.3`))).state).toBe("paused");
    expect(performance.now() - started).toBeGreaterThan(290);
  });

  it("is paused, resumed and cancelled, each as often as one likes, and nothing after its end", async () => {
    const job = await submit(await upload());
    const steer = async (verb: string) => {
      const response = await post(`/v1/jobs/${job.id}/${verb}`);
      const answer = await body(response);
      return response.ok ? answer.state : answer.code;
    };
    for (const [verb, state] of [
      ["pause", "paused"],
      ["pause", "paused"],
      ["resume", "queued"],
      ["resume", "queued"],
      ["cancel", "cancelled"],
      ["cancel", "cancelled"],
      ["resume", "forbidden_transition"],
      ["pause", "forbidden_transition"],
    ] as const) {
      expect([verb, await steer(verb)]).toEqual([verb, state]);
    }
    expect(await service.deps.queue.tenantOf(job.id)).toBe(null);
    expect((await call(`/v1/jobs/${job.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await call(`/v1/jobs/${job.id}`)).status).toBe(404);
  });

  it("is listed newest first, by state, in pages whose tokens fit one listing only", async () => {
    const dataset = await upload();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await submit(dataset)).id);
    const first = await body(call("/v1/jobs?pageSize=3&state=queued"));
    expect(first.items.map(({ id }: Job) => id)).toEqual(ids.slice(0, 3));
    const second = await body(call(`/v1/jobs?pageSize=2&state=queued&pageToken=${first.nextPageToken}`));
    expect(second.items.map(({ id }: Job) => id)).toEqual(ids.slice(3));
    const misused = await call(`/v1/jobs?pageToken=${first.nextPageToken}`);
    expect([misused.status, (await body(misused)).errors[0].pointer]).toEqual([422, "/query/pageToken"]);
  });
});
