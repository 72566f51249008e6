import { join } from "node:path";
import { credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { webhookIdOf } from "../../src/domain/webhook.ts";
import { JobsServiceClient } from "../../src/grpc/generated/descent/v1/jobs.ts";
import { addApiKey } from "../../src/main/keys/api-key-file.ts";
import { type FragileRedis, startFragileRedis } from "../conformance/redis-server.ts";
import { type Receiver, startReceiver } from "../webhooks/receiver.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, type Part, removeDataDir, startPart } from "./service.ts";

const QUEUED_JOBS = 6;
const RATE = { perSecond: 1, burst: 20 };

interface Seen {
  ids: string[];
  /** Whether the stream said that nothing follows. */
  ended: boolean;
}

describe("two API processes on one Redis and one store", () => {
  let redis: FragileRedis;
  let dataDir: string;
  let receiver: Receiver;
  let env: Record<string, string>;
  let parts: Part[] = [];
  let a: Part;
  let b: Part;
  let keys: { user: string; crowd: string };
  const urlOf = ({ ready }: Part): string => `http://127.0.0.1:${ready.rest}`;
  const start = async (role: "api" | "trainer"): Promise<Part> => {
    const part = await startPart(role, env);
    parts.push(part);
    return part;
  };
  beforeAll(async () => {
    redis = await startFragileRedis();
    dataDir = await createDataDir();
    receiver = await startReceiver();
    const file = join(dataDir, "keys.json");
    const keyOf = (tenant: string) => addApiKey(file, { id: tenant, tenant, scopes: ["read", "submit", "admin"] });
    keys = { user: await keyOf("user"), crowd: await keyOf("crowd") };
    env = {
      ...{ DATA_DIR: dataDir, REDIS_URL: redis.url, API_KEYS_FILE: file, TRAINER_THREADS: "2" },
      ...{ CHECKPOINT_SECONDS: "0.2", QUOTA_QUEUED_JOBS: String(QUEUED_JOBS) },
      ...{ RATE_LIMITS: `admin=${RATE.perSecond}:${RATE.burst},submit=1000,read=1000` },
      ...{ WEBHOOK_SECRET: "a secret that both API processes have", WEBHOOK_PRIVATE_HOSTS: "127.0.0.1" },
    };
    [a, b] = await Promise.all([start("api"), start("api")]);
  });
  afterAll(async () => {
    await Promise.all(parts.map((part) => part.stop()));
    parts = [];
    await receiver?.close();
    await redis?.stop();
    await removeDataDir(dataDir);
  });

  test("a tenant's quota of queued jobs holds over both", async () => {
    const clients = [a, b].map((part) => createRestClient(urlOf(part), keys.crowd));
    const { id: dataset } = await clients[0]!.upload("iris", await dataFile("iris"));
    const spec = { dataset, task: { type: "classification", label: "species" }, training: { epochs: 1 } };
    const answers = await Promise.all(
      Array.from({ length: 4 * QUEUED_JOBS }, (_, i) => clients[i % 2]!.trySubmit(spec)),
    );
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused).toHaveLength(3 * QUEUED_JOBS);
    for (const { status, body } of refused) expect([status, body.code]).toEqual([429, "quota_exceeded"]);
    for (const client of clients) {
      const { status, headers } = await client.trySubmit(spec);
      expect([status, headers.get("ratelimit")]).toEqual([429, expect.stringContaining('"queued-jobs";r=0')]);
    }
    expect((await clients[0]!.act(answers.find(({ status }) => status === 202)!.body.id, "cancel")).status).toBe(200);
    expect((await clients[1]!.trySubmit(spec)).status).toBe(202);
  });

  test("a key's rate holds over both", async () => {
    const clients = [a, b].map((part) => createRestClient(urlOf(part), keys.crowd));
    const nobody = "/v1/jobs/job_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    const startMs = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 3 * RATE.burst }, (_, i) => clients[i % 2]!.call(nobody, { method: "DELETE" })),
    );
    const again = RATE.perSecond * Math.ceil((performance.now() - startMs) / 1000);
    const admitted = answers.filter(({ status }) => status === 404).length;
    const refused = answers.filter(({ status }) => status === 429);
    expect(admitted + refused.length).toBe(answers.length);
    expect(admitted).toBeGreaterThanOrEqual(RATE.burst);
    expect(admitted).toBeLessThanOrEqual(RATE.burst + again);
    for (const { body } of refused) expect(body).toMatchObject({ code: "rate_limited" });
  });

  /** Server-sent events after one, until the stream ends or breaks. */
  const follow = async (part: Part, id: string, seen: Seen): Promise<void> => {
    const headers: Record<string, string> = { authorization: `Bearer ${keys.user}`, accept: "text/event-stream" };
    if (seen.ids.length > 0) headers["last-event-id"] = seen.ids.at(-1)!;
    const response = await fetch(`${urlOf(part)}/v1/jobs/${id}/events`, { headers });
    let text = "";
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const frames = text.split("\n\n");
        text = frames.pop()!;
        for (const frame of frames) {
          const [, event] = /^id: (.+)$/m.exec(frame) ?? [];
          if (event !== undefined) seen.ids.push(event);
          if (frame.startsWith("event: end")) seen.ended = true;
        }
      }
    } catch (error) {
      // What fetch says of a connection that was cut.
      if (!(error instanceof TypeError && error.message === "terminated")) throw error;
    }
  };

  test("what is submitted at one is followed at the other, outlives the first, has the same weights, and is told of once", async () => {
    const [atA, atB] = [createRestClient(urlOf(a), keys.user), createRestClient(urlOf(b), keys.user)];
    const { id: dataset } = await atA.upload("digits", await dataFile("digits"));
    const spec: JobSpecInput = {
      ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
      ...{ training: { epochs: 25, earlyStopping: false, seed: 1 }, resources: { threads: 2 } },
      webhook: { url: `${receiver.url}/hooks` },
    };
    const job = await atA.submit(spec);

    const seen = await atB.call<Job>(`/v1/jobs/${job.id}`);
    expect(seen.body.state).toBe("queued");
    const waited = atB.call<Job>(`/v1/jobs/${job.id}?wait=30`, {
      headers: { "if-none-match": seen.headers.get("etag")! },
    });
    await atA.act(job.id, "pause");
    const { status, body } = await waited;
    expect([status, body.state]).toEqual([200, "paused"]);

    const rpc = new JobsServiceClient(`127.0.0.1:${b.ready.grpc}`, credentials.createInsecure());
    const authorization = new Metadata();
    authorization.set("authorization", `Bearer ${keys.user}`);
    const overGrpc = (async () => {
      const ids: string[] = [];
      for await (const { id } of rpc.watchJob({ id: job.id }, authorization)) ids.push(id);
      return ids;
    })();
    const whole: Seen = { ids: [], ended: false };
    const moved: Seen = { ids: [], ended: false };
    const [followedB, followedA] = [follow(b, job.id, whole), follow(a, job.id, moved)];

    await start("trainer");
    await atA.act(job.id, "resume");
    const behind = await atA.submit({ ...spec, training: { ...spec.training, epochs: 1 } });
    await atB.untilEvent(job.id, ({ type }) => type === "checkpoint");
    await a.stop("SIGKILL");
    await followedA;
    expect(moved.ended).toBe(false);
    await follow(b, job.id, moved);
    await followedB;

    const jobs = [job, behind];
    const done = await Promise.all(jobs.map(({ id }) => atB.untilDone(id)));
    expect(done.map(({ state, attempt }) => `${state} ${attempt}`)).toEqual(["succeeded 1", "succeeded 1"]);
    const undisturbed = await atB.untilDone((await atB.submit({ ...spec, webhook: undefined })).id);
    const digestOf = async ({ model }: Job): Promise<string> => (await atB.model(model!)).digest;
    expect(await digestOf(done[0]!)).toBe(await digestOf(undisturbed));

    for (const { id } of jobs) await atB.untilEvent(id, ({ type }) => type === "webhook_delivered");
    a = await start("api");
    const { body: log } = await createRestClient(urlOf(a), keys.user).call<{ items: { id: string; type: string }[] }>(
      `/v1/jobs/${job.id}/events/page?limit=1000`,
    );
    const ids = log.items.filter(({ type }) => type !== "webhook_delivered").map(({ id }) => id);
    const told = log.items.map(({ id }) => id);
    for (const events of [whole.ids, moved.ids, await overGrpc]) {
      expect(events.slice(0, ids.length)).toEqual(ids);
      expect(told).toEqual(expect.arrayContaining(events));
      expect(new Set(events).size).toBe(events.length);
    }
    expect([whole.ended, moved.ended]).toEqual([true, true]);
    expect(receiver.received.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(
      jobs.map(({ id }) => webhookIdOf(id)).sort(),
    );
    rpc.close();
  });
});
