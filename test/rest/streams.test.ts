import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Job, JobEvent } from "../../src/domain/jobs/job.ts";
import { Model } from "../../src/domain/models/model.ts";
import type { Deps } from "../../src/usecases/deps.ts";
import { finishJob, startTestService, type TestService } from "../usecases/service.ts";
import { body, createClient } from "./client.ts";

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

const { call, post, upload, submit } = createClient(() => service.url);

/** The messages of an event stream, until it ends. */
const readEvents = async (response: Response): Promise<{ id?: string; event?: string; data: string }[]> =>
  (await response.text())
    .split("\n\n")
    .filter((block) => block.includes("data:"))
    .map((block) => Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2))));

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
