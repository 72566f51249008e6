import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job, JobEvent } from "../../src/domain/jobs/job.ts";
import { limits } from "../../src/domain/limits.ts";
import type { JobStore } from "../../src/store/job-store.ts";
import { admitEveryone } from "../../src/usecases/admission/caller.ts";
import { getJob } from "../../src/usecases/jobs/get-job.ts";
import { listJobEvents } from "../../src/usecases/jobs/list-job-events.ts";
import { watchJob } from "../../src/usecases/jobs/watch-job.ts";
import { connectClients } from "../grpc/clients.ts";
import { createClient } from "../rest/client.ts";
import { finishJob, startTestService, type TestService } from "./service.ts";

interface Message {
  id?: string;
  event?: string;
  data: string;
}

/** The messages of an event stream, until it ends. */
const messagesOf = async (response: Response): Promise<Message[]> =>
  (await response.text())
    .split("\n\n")
    .filter((block) => block.includes("data:"))
    .map((block) => Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2))) as Message);

const eventOf = ({ data }: Message): JobEvent => JSON.parse(data);

/** Both surfaces of one service, with what the tests ask of a job's events. */
const open = async () => {
  const service = await startTestService();
  const rest = createClient(() => service.url);
  const clients = connectClients(service.grpcAddress);
  const path = ({ id }: Job): string => `/v1/jobs/${id}/events`;
  return {
    ...{ service, clients, submit: async () => rest.submit(await rest.upload()), call: rest.call },
    stream: (job: Job, after?: string): Promise<Response> =>
      rest.call(path(job), after === undefined ? {} : { headers: { "last-event-id": after } }),
    page: async (job: Job, query = ""): Promise<{ items: JobEvent[]; nextAfter: string | null }> => {
      const answer = await rest.call(`${path(job)}${query}`, { headers: { accept: "application/json" } });
      return answer.json() as Promise<{ items: JobEvent[]; nextAfter: string | null }>;
    },
    watched: async ({ id }: Job, after?: string) => {
      const events = [];
      for await (const event of clients.jobs.watchJob({ id, after })) events.push(event);
      return events;
    },
    close: async () => {
      clients.close();
      await service.close();
    },
  };
};

const note = async ({ deps }: TestService, { id }: Job, count: number, data: JobEvent["data"] = {}): Promise<void> => {
  const event = { at: deps.now().toISOString(), level: "info", type: "note", message: "", data } as const;
  const target = { tenant: "default", job: id, attempt: null };
  for (let left = count; left > 0; left -= 100)
    await Promise.all(Array.from({ length: Math.min(100, left) }, () => deps.jobs.appendEvent(target, event)));
};

describe("events that a reader cannot be given are told of", () => {
  let opened: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  it("those that were trimmed after the last one it has", async () => {
    const { service, submit, page, stream, watched } = opened;
    const job = await submit();
    const [first] = (await page(job)).items;
    await note(service, job, limits.eventsPerJob);
    await finishJob(service, job);
    const kept = (await page(job, `?limit=${limits.eventsPerJob}`)).items.slice(1);
    expect(kept).toHaveLength(limits.eventsPerJob);
    const notice = {
      ...{ id: "", level: "warn", type: "events_missing" },
      data: { reason: "trimmed", after: first?.id, next: kept[0]?.id },
    };

    const messages = await messagesOf(await stream(job, first?.id));
    expect(eventOf(messages[0] as Message)).toMatchObject(notice);
    expect(messages[0]?.id).toBe("");
    expect(messages.slice(1, -1).map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
    expect(messages.at(-1)?.event).toBe("end");
    expect((await page(job, `?after=${first?.id}&limit=2`)).items).toMatchObject([notice, kept[0], kept[1]]);
    const [told, ...others] = await watched(job, first?.id);
    expect(told).toMatchObject(notice);
    expect(others.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
    // A reader from the start misses the same, and is told too.
    expect((await page(job, "?limit=1")).items[0]).toMatchObject({ type: "events_missing", data: { after: null } });
  });

  it("a page of long ones ends by its bytes, without the others having been read", async () => {
    const { service, submit, page } = opened;
    const job = await submit();
    await note(service, job, 990, { names: Array.from({ length: 14 }, () => "x".repeat(500)) });
    const caller = await admitEveryone("listJobEvents", undefined, "");
    let readEvents = 0;
    const jobs: JobStore = {
      ...service.deps.jobs,
      events: async (...asked) => {
        const events = await service.deps.jobs.events(...asked);
        readEvents += events.length;
        return events;
      },
    };
    const first = await listJobEvents({ ...service.deps, jobs }, caller, { id: job.id, limit: 1000 });
    expect(JSON.stringify(first).length).toBeLessThanOrEqual(limits.pageBytes);
    expect(readEvents).toBeLessThan(first.items.length + 220);
    const second = await page(job, `?limit=1000&after=${first.nextAfter}`);
    expect(first.items.length + second.items.length).toBe(991);
    expect(second.nextAfter).toBeNull();
  });

  it("and who watches or waits reads no record but what is sent: the state alone tells of the end", async () => {
    const { service, submit } = opened;
    const job = await submit();
    const caller = await admitEveryone("watchJob", undefined, "");
    let records = 0;
    const jobs: JobStore = {
      ...service.deps.jobs,
      get: (...asked) => {
        records += 1;
        return service.deps.jobs.get(...asked);
      },
    };
    const deps = { ...service.deps, jobs };
    const watched = await watchJob(deps, caller, { id: job.id, signal: new AbortController().signal });
    const following = (async () => {
      for await (const _ of watched);
    })();
    const waiting = getJob(deps, caller, { id: job.id, waitSeconds: 20 });
    await note(service, job, 20);
    await finishJob(service, job);
    await following;
    expect((await waiting).state).not.toBe("queued");
    // Of the wait: what it begins with, and what it answers.
    expect(records).toBeLessThanOrEqual(2);
  });

  it("an id that does not exist yet, as from before Redis was lost: the events follow from the first", async () => {
    const { service, submit, page, stream, watched } = opened;
    const job = await submit();
    await finishJob(service, job);
    const { items } = await page(job);
    const after = "9999999999999-7";
    const notice = { id: "", type: "events_missing", data: { reason: "unknown_id", after, next: items[0]?.id } };
    const messages = await messagesOf(await stream(job, after));
    expect(messages.slice(0, -1).map(eventOf)).toMatchObject([notice, ...items]);
    expect((await page(job, `?after=${after}`)).items).toMatchObject([notice, ...items]);
    expect((await watched(job, after)).map(({ id }) => id)).toEqual(["", ...items.map(({ id }) => id)]);
  });

  it("and nothing else is: resuming after any event that is kept gives those after it, `0` all of them", async () => {
    const { service, submit, page, stream } = opened;
    const job = await submit();
    await finishJob(service, job);
    const { items } = await page(job);
    for (const [index, { id }] of items.entries())
      expect((await page(job, `?after=${id}`)).items).toEqual(items.slice(index + 1));
    for (const start of ["", "0", "0-0"]) expect((await page(job, `?after=${start}`)).items).toEqual(items);
    expect((await stream(job, items.at(-1)?.id)).status).toBe(204);
  });

  it("a slow watcher is told as well, when events go that it had not read yet", async () => {
    const { service, submit } = opened;
    const job = await submit();
    const caller = await admitEveryone("watchJob", undefined, "");
    const events = await watchJob(service.deps, caller, { id: job.id, signal: new AbortController().signal });
    const first = (await events.next()).value as JobEvent;
    await note(service, job, limits.eventsPerJob + 1);
    await finishJob(service, job);
    const rest: JobEvent[] = [];
    for await (const event of events) rest.push(event);
    expect(rest[0]).toMatchObject({
      type: "events_missing",
      data: { reason: "trimmed", after: first.id, next: rest[1]?.id },
    });
    expect(rest.slice(1)).toHaveLength(limits.eventsPerJob);
  });
});

describe("when the service stops, nobody takes it for the job's end", () => {
  it("a stream ends without `end`, a watch with UNAVAILABLE, and a wait with the job as it is, on a connection that closes", async () => {
    const { service, clients, submit, stream, call, close } = await open();
    const job = await submit();
    const messages = stream(job).then(messagesOf);
    const waiting = call(`/v1/jobs/${job.id}?wait=60`);
    const longPoll = new Promise<{ done: boolean; state: number }>((resolve, reject) =>
      clients.jobs.getJob({ id: job.id, waitSeconds: 60 }, (error, value) => (error ? reject(error) : resolve(value))),
    );
    const seen: string[] = [];
    const watch = clients.jobs.watchJob({ id: job.id, after: undefined });
    const first = new Promise((resolve) => watch.once("data", resolve));
    watch.on("data", ({ id }) => seen.push(id));
    const ended = new Promise<unknown>((resolve) => watch.once("error", resolve));
    await first;
    await service.rest.close();
    const closing = service.grpc.close(1000);
    expect((await messages).map(({ event, data }) => [event, data.includes('"queued"')])).toEqual([[undefined, true]]);
    const answer = await waiting;
    expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
    expect(((await answer.json()) as Job).done).toBe(false);
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    expect((await longPoll).done).toBe(false);
    expect(seen).toHaveLength(1);
    await closing;
    await close();
  });

  it("but what is done says so also then", async () => {
    const { service, clients, submit, close } = await open();
    const job = await submit();
    await finishJob(service, job);
    const watch = clients.jobs.watchJob({ id: job.id, after: undefined });
    const code = new Promise<number>((resolve) => {
      watch.on("data", () => {}).on("error", () => {});
      watch.once("status", (answer) => resolve(answer.code));
    });
    expect(await code).toBe(status.OK);
    await close();
  });
});
