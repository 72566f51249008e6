import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dataset } from "../../src/domain/dataset.ts";
import { Job, JobEvent } from "../../src/domain/job.ts";
import { Model } from "../../src/domain/model.ts";
import type { Deps } from "../../src/usecases/deps.ts";
import { finishJob, iris, startTestService, type TestService } from "../usecases/service.ts";

let service: TestService;
let subscriptions = 0;

const counting = (deps: Deps): Deps => ({
  ...deps,
  jobs: {
    ...deps.jobs,
    onChange: async (...parameters) => {
      const unsubscribe = await deps.jobs.onChange(...parameters);
      subscriptions += 1;
      return () => {
        subscriptions -= 1;
        unsubscribe();
      };
    },
  },
});

beforeAll(async () => {
  service = await startTestService({ deps: counting });
});
afterAll(() => service.close());

const call = (path: string, init: RequestInit = {}) => fetch(`${service.url}${path}`, init);
const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  call(path, {
    method: "POST",
    ...(body === undefined
      ? { headers }
      : { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } }),
  });

const upload = async (query = "?name=iris"): Promise<Dataset> => {
  const response = await call(`/v1/datasets${query}`, {
    method: "POST",
    body: iris,
    headers: { "content-type": "text/csv" },
  });
  expect(response.status).toBe(201);
  const dataset = Dataset.parse(await body(response));
  expect(response.headers.get("location")).toBe(`/v1/datasets/${dataset.id}`);
  return dataset;
};

// biome-ignore lint/suspicious/noExplicitAny: what is asserted about an answer is what this file is about
const body = async (response: Response | Promise<Response>): Promise<any> => (await response).json();

const specFor = (dataset: Dataset) => ({ dataset: dataset.id, task: { type: "classification", label: "species" } });

const submit = async (dataset: Dataset, headers: Record<string, string> = {}): Promise<Job> => {
  const response = await post("/v1/jobs", specFor(dataset), headers);
  expect(response.status).toBe(202);
  const job = (await body(response)) as Job;
  expect(response.headers.get("location")).toBe(`/v1/jobs/${job.id}`);
  return job;
};

/** The messages of an event stream, until it ends. */
const readEvents = async (response: Response): Promise<{ id?: string; event?: string; data: string }[]> =>
  (await response.text())
    .split("\n\n")
    .filter((block) => block.includes("data:"))
    .map((block) => Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2))));

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
    expect(await service.deps.queue.has({ tenant: "default", job: job.id })).toBe(true);
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
    expect(await service.deps.queue.has({ tenant: "default", job: job.id })).toBe(false);
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

describe("a job's events", () => {
  it("stream until the job is done, and resume after the last one that was seen", async () => {
    const job = await submit(await upload());
    const stream = call(`/v1/jobs/${job.id}/events`);
    const response = await stream;
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    await finishJob(service, job);
    const messages = await readEvents(response);
    expect(messages.at(-1)).toMatchObject({ event: "end" });
    const events = messages.slice(0, -1).map(({ data }) => JobEvent.parse(JSON.parse(data)));
    const states = events.filter(({ type }) => type === "state").map(({ data }) => data.state);
    expect(states).toEqual(["queued", "running", "succeeded"]);
    expect(messages.slice(0, -1).map(({ id }) => id)).toEqual(events.map(({ id }) => id));

    const resumed = await call(`/v1/jobs/${job.id}/events`, { headers: { "last-event-id": events[0]?.id ?? "" } });
    expect((await readEvents(resumed)).slice(0, -1).map(({ id }) => id)).toEqual(events.slice(1).map(({ id }) => id));
    const over = await call(`/v1/jobs/${job.id}/events`, { headers: { "last-event-id": events.at(-1)?.id ?? "" } });
    expect(over.status).toBe(204);
  });

  it("come as pages when JSON is asked for", async () => {
    const job = await submit(await upload());
    await finishJob(service, job);
    const page = async (query: string) =>
      body(call(`/v1/jobs/${job.id}/events${query}`, { headers: { accept: "application/json" } }));
    const all = await page("");
    const first = await page("?limit=1");
    expect(first.items).toEqual(all.items.slice(0, 1));
    expect((await page(`?after=${first.nextAfter}`)).items).toEqual(all.items.slice(1));
    expect(all.nextAfter).toBeNull();
  });

  it("end with the client: nothing stays subscribed", async () => {
    const job = await submit(await upload());
    const gone = new AbortController();
    const response = await call(`/v1/jobs/${job.id}/events`, { signal: gone.signal });
    await response.body?.getReader().read();
    gone.abort();
    await expect.poll(() => subscriptions).toBe(0);
  });
});

describe("a model", () => {
  it("is found with its lineage, its weights, its history, and predicts", async () => {
    const dataset = await upload();
    const job = await submit(dataset);
    const { id, digest } = await finishJob(service, job);
    const done = (await body(call(`/v1/jobs/${job.id}`))) as Job;
    expect(done).toMatchObject({ state: "succeeded", done: true, model: id });
    const model = Model.parse(await body(call(`/v1/models/${id}`)));
    expect(model).toMatchObject({ job: job.id, dataset: dataset.id, base: null, digest });
    expect((await body(call("/v1/models?pageSize=1"))).items[0].id).toBe(id);

    const history = await body(call(`/v1/jobs/${job.id}/metrics?limit=2`));
    expect(history.items.map(({ step }: { step: number }) => step)).toEqual([1, 2]);
    const rest = await body(call(`/v1/jobs/${job.id}/metrics?after=${history.nextAfter}`));
    expect([rest.items.length, rest.items[0].step, rest.nextAfter]).toEqual([1, 3, null]);

    const weights = await call(`/v1/models/${id}/weights`);
    expect(await weights.text()).toBe("weights of a test");
    const again = await call(`/v1/models/${id}/weights`, {
      headers: { "if-none-match": weights.headers.get("etag") ?? "" },
    });
    expect(again.status).toBe(304);

    const row = { sepal_length: 5.1, sepal_width: null };
    const answer = await body(post(`/v1/models/${id}/predict`, { rows: [row, row] }));
    expect(answer.predictions).toHaveLength(2);
    const wrong = await post(`/v1/models/${id}/predict`, { rows: [row, { ...row, sepal_length: "long" }] });
    const problem = await body(wrong);
    expect([wrong.status, problem.errors[0].pointer]).toEqual([422, "/rows/1/sepal_length"]);

    const used = await call(`/v1/datasets/${dataset.id}`, { method: "DELETE" });
    expect([used.status, (await body(used)).code]).toEqual([409, "in_use"]);
    expect((await call(`/v1/models/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await call(`/v1/models/${id}`)).status).toBe(404);
  });
});

describe("closing", () => {
  it("ends waits and streams at once", async () => {
    const other = await startTestService();
    const uploaded = await fetch(`${other.url}/v1/datasets`, {
      method: "POST",
      body: iris,
      headers: { "content-type": "text/csv" },
    });
    const dataset = (await body(uploaded)) as Dataset;
    const submitted = await fetch(`${other.url}/v1/jobs`, {
      ...{ method: "POST", body: JSON.stringify(specFor(dataset)), headers: { "content-type": "application/json" } },
    });
    const { id } = (await body(submitted)) as Job;
    const waiting = fetch(`${other.url}/v1/jobs/${id}?wait=60`);
    const stream = await fetch(`${other.url}/v1/jobs/${id}/events`);
    const started = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    await other.close();
    expect(performance.now() - started).toBeLessThan(3000);
    expect((await waiting).status).toBe(200);
    await stream.text();
  });
});
