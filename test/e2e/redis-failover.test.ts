import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { createServers, type Servers, startSentinels } from "../conformance/redis-kinds.ts";
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

describe("Sentinels, and a user of the least rights", () => {
  let sentinels: Awaited<ReturnType<typeof startSentinels>>;
  let service: Service;
  let client: RestClient;
  beforeAll(async () => {
    const page = await readFile(join(import.meta.dirname, "../../src/web/docs/redis.md"), "utf8");
    const [, rules = ""] = /ACL SETUSER (descent .*)/.exec(page) ?? [];
    sentinels = await startSentinels(servers, { lines: [`user ${rules}`] });
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

  test("a fail-over in the middle of jobs loses nothing that was replicated, and the weights are the same", async () => {
    const { master, replica } = sentinels;
    const { id: dataset } = await client.upload("digits", await dataFile("digits"));
    const spec: JobSpecInput = {
      ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
      training: { epochs: 20, earlyStopping: false },
    };
    const digestOf = async (id: string): Promise<string> => {
      const done = await client.untilDone(id);
      expect(done.state).toBe("succeeded");
      return (await client.model(done.model ?? "")).digest;
    };
    const untouched = await digestOf((await client.submit(spec)).id);
    const running = await client.submit(spec);
    const waiting = await Promise.all(
      [1, 2, 3].map((seed) => client.submit({ ...spec, training: { epochs: 1, seed } })),
    );
    await client.untilEvent(running.id, ({ type }) => type === "checkpoint");
    // Written after everything that was acknowledged so far: where this is, that is.
    await master.admin.set("written-last", "");
    expect(await master.admin.wait(1, 10_000)).toBe(1);
    await master.kill();
    while ((await client.call("/v1/jobs?pageSize=1")).status !== 200)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await digestOf(running.id)).toBe(untouched);
    for (const { id } of waiting) expect((await client.untilDone(id)).state).toBe("succeeded");
    expect(await replica.admin.info("replication")).toContain("role:master");
    expect(await replica.admin.call("ACL", "LOG")).toEqual([]);
  });
});
