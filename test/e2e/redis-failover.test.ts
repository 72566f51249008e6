import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { createServers, type Process, type Servers, startCluster, startSentinels } from "../conformance/redis-kinds.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

let servers: Servers;
let dataDir: string;
beforeAll(async () => {
  servers = await createServers();
  dataDir = await createDataDir();
});
afterAll(async () => {
  await servers?.stop();
  await removeDataDir(dataDir);
});

/** A job as users submit them: upload, train, look on, predict. */
const trained = async (client: RestClient): Promise<void> => {
  const { id: dataset } = await client.upload("iris", await dataFile("iris"));
  const task = { type: "classification" as const, label: "species" };
  const { id } = await client.submit({ dataset, task, training: { epochs: 3 } });
  await client.untilEvent(id, ({ type }) => type === "state");
  const done = await client.untilDone(id);
  expect(done.state).toBe("succeeded");
  const { predictions } = await client.predict(done.model ?? "", [{ petal_length: 1.4, petal_width: 0.2 }]);
  expect(predictions).toHaveLength(1);
  expect((await client.call("/readyz")).status).toBe(200);
};

/** And what needs other commands of Redis: steering, deleting, listing. Events say when: a long poll misses what happened before it. */
const steered = async (client: RestClient): Promise<void> => {
  const { id: dataset } = await client.upload("digits", await dataFile("digits"));
  const { id } = await client.submit({
    ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
    training: { epochs: 100_000, earlyStopping: false },
  });
  const reached = (state: string) =>
    client.untilEvent(id, ({ type, data }) => type === "state" && JSON.stringify(data).includes(`"state":"${state}"`));
  await reached("running");
  await client.act(id, "pause");
  await reached("paused");
  await client.act(id, "resume");
  await client.act(id, "cancel");
  await reached("cancelled");
  expect((await client.untilDone(id)).state).toBe("cancelled");
  expect((await client.call(`/v1/jobs/${id}`, { method: "DELETE" })).status).toBe(204);
  expect((await client.call("/v1/datasets")).status).toBe(200);
};

/** Asked again where it is refused: a fail-over may be under way. */
const ended = async (client: RestClient, id: string): Promise<Job> => {
  for (;;) {
    const { status, body } = await client.call<Job>(`/v1/jobs/${id}?wait=2`);
    if (status === 200 && body.done) return body;
    if (status !== 200 && status !== 503) throw new Error(`${id}: ${status} ${JSON.stringify(body)}`);
  }
};

/** A job that runs and some that wait, through the end of the master: all succeed, the first with the weights of a run that nothing disturbed. */
const survives = async (client: RestClient, master: Process): Promise<void> => {
  const { id: dataset } = await client.upload("digits", await dataFile("digits"));
  const spec: JobSpecInput = {
    ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
    training: { epochs: 20, earlyStopping: false },
  };
  const untouched = await client.untilDone((await client.submit(spec)).id);
  const running = await client.submit(spec);
  const waiting = await Promise.all([1, 2, 3].map((seed) => client.submit({ ...spec, training: { epochs: 1, seed } })));
  await client.untilEvent(running.id, ({ type }) => type === "checkpoint");
  await master.kill();
  const jobs = await Promise.all([running, ...waiting].map(({ id }) => ended(client, id)));
  expect(jobs.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "succeeded", "succeeded"]);
  const [digest, same] = await Promise.all([untouched, jobs[0]].map((job) => client.model(job?.model ?? "")));
  expect(digest?.digest).toBe(same?.digest);
};

describe("Sentinels, and a user of the least rights", () => {
  let sentinels: Awaited<ReturnType<typeof startSentinels>>;
  let service: Service;
  let client: RestClient;
  beforeAll(async () => {
    const page = await readFile(join(import.meta.dirname, "../../src/web/docs/redis.md"), "utf8");
    const [, rules = ""] = /ACL SETUSER (descent .*)/.exec(page) ?? [];
    sentinels = await startSentinels(servers, { lines: [`user ${rules}`, "min-replicas-to-write 1"], replicas: 2 });
    const url = sentinels.url.replace("://", "://descent:secret@");
    service = await startService(dataDir, { REDIS_URL: url, CHECKPOINT_SECONDS: "0.2" });
    client = createRestClient(service.url);
  });
  afterAll(() => service?.stop());

  test("every command that the service needs is allowed by the rules of the documents", async () => {
    await trained(client);
    await steered(client);
    expect(await sentinels.master.admin.call("ACL", "LOG")).toEqual([]);
  });

  test("what no replica confirms is not acknowledged, and made once, however often it is sent", async () => {
    const { id: dataset } = await client.upload("iris", await dataFile("iris"));
    const body = JSON.stringify({ dataset, task: { type: "classification", label: "species" } });
    const headers = { "content-type": "application/json", "idempotency-key": "unconfirmed" };
    const submit = () => client.call<Job & Problem>("/v1/jobs", { method: "POST", headers, body });
    const count = async () => (await client.call<{ items: Job[] }>("/v1/jobs?pageSize=100")).body.items.length;
    const before = await count();
    for (const replica of sentinels.replicas) replica.freeze();
    const refused = await submit();
    for (const replica of sentinels.replicas) replica.thaw();
    expect(refused).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining("0 of 1 replicas confirmed") },
    });
    let answer = await submit();
    while (answer.status === 503) answer = await submit();
    expect(answer.status).toBe(202);
    expect(await count()).toBe(before + 1);
    const { id } = answer.body;
    expect((await client.untilDone(id)).state).toBe("succeeded");
  });

  test("a fail-over in the middle of jobs loses nothing that was acknowledged, and the weights are the same", async () => {
    const { master, replicas } = sentinels;
    await survives(client, master);
    const told = await Promise.all(replicas.map(({ admin }) => admin.info("replication")));
    expect(told.filter((info) => info.includes("role:master"))).toHaveLength(1);
    for (const { admin } of replicas) expect(await admin.call("ACL", "LOG")).toEqual([]);
  });
});

test("a Cluster's fail-over in the middle of jobs loses nothing that was acknowledged", async () => {
  const { url, carrier } = await startCluster(servers, { lines: ["min-replicas-to-write 1"], replicas: 2 });
  const folder = await createDataDir();
  const service = await startService(folder, { REDIS_URL: url, CHECKPOINT_SECONDS: "0.2" });
  try {
    await survives(createRestClient(service.url), carrier);
  } finally {
    await service.stop();
    await removeDataDir(folder);
  }
});
