import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRedis } from "../../src/main/connect-redis.ts";
import { openBullQueue } from "./bull-queues.ts";
import { newDataset, newJob, tick } from "./records.ts";
import { createServers, type Servers, startCluster, startSentinels, startTls } from "./redis-kinds.ts";
import { quiet } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";

let servers: Servers;
beforeAll(async () => {
  servers = await createServers();
});
afterAll(() => servers?.stop());

/** A job from its submission to its end, by stores and queue. */
const livesOn = async (url: string, look: () => Promise<void> = async () => {}): Promise<void> => {
  const stores = await openRedisStores(url);
  const { queue, consume, close } = await openBullQueue(url);
  try {
    const [tenant, dataset] = ["acme", newDataset()];
    await stores.catalogue.addDataset(tenant, dataset);
    const { job, place } = await stores.jobs.create(newJob(tenant, dataset));
    const changed = new Promise<void>((resolve) => void stores.jobs.onChange(tenant, job.id, () => resolve()));
    await queue.add({ tenant, job: job.id }, { place });
    const ran = new Promise<void>((resolve, reject) => {
      consume(async (entry) => {
        try {
          const claimed = await stores.jobs.claim(entry.tenant, entry.job, "trainer", tick());
          if (claimed === null) throw new Error("the job could not be taken up");
          await stores.jobs.fail(claimed.fence, { code: "internal", message: "an end", hint: "none" }, tick());
          resolve();
        } catch (error) {
          reject(error as Error);
        }
        return "ended";
      });
    });
    await ran;
    await changed;
    expect((await stores.jobs.get(tenant, job.id)).state).toBe("failed");
    expect((await stores.jobs.list(tenant, { pageSize: 10, pageToken: null }, null)).items).toHaveLength(1);
    await look();
  } finally {
    await close();
    await stores.close();
  }
};

const lineOf = async (url: string): Promise<string> => {
  try {
    await (await connectRedis(url, quiet, { limitMs: 5000 })).close();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("Redis of other kinds", () => {
  test("by TLS, with a client certificate and an authority of its own", async () => {
    const { url, host, ca } = await startTls(servers);
    await livesOn(url);
    expect(await lineOf(host)).toContain("name the authority that signed it, ?ca=");
    expect(await lineOf(`${host}?${ca}`)).toContain("add ?cert=/path/client.pem&key=");
  });

  test("a Cluster: every key in one slot, on one of its masters", async () => {
    const { nodes, url } = await startCluster(servers);
    await livesOn(url, async () => {
      const keys = (await Promise.all(nodes.map(({ admin }) => admin.keys("*")))).filter((each) => each.length > 0);
      expect(keys).toHaveLength(1);
      expect(keys.flat().filter((key) => !key.startsWith("{descent}"))).toEqual([]);
    });
    expect(await lineOf(`redis://127.0.0.1:${nodes[0]!.port}`)).toContain("write redis+cluster://");
    expect(await lineOf(url)).toBe("");
  });

  test("told of another master while it asks a Sentinel for it, a connection is made again; closed, it stays closed", async () => {
    const { url } = await startSentinels(servers);
    const { redis, subscriber, close } = await connectRedis(url, quiet);
    const twin = subscriber.duplicate();
    const hear = (connection: Redis, name: string) => new Promise((resolve) => connection.once(name, resolve));
    for (const connection of [redis, subscriber, twin]) {
      if (connection.status !== "ready") await hear(connection, "ready");
      connection.disconnect(true);
      await hear(connection, "connecting");
      connection.disconnect(true); // as the Sentinels' word does it
      await hear(connection, "end");
      await hear(connection, "ready");
      expect(await connection.ping()).toBe("PONG");
    }
    const ends = [redis, subscriber, twin].map((connection) => hear(connection, "end"));
    twin.disconnect();
    await close();
    await Promise.all(ends);
    await new Promise((resolve) => setImmediate(resolve));
    expect([redis, subscriber, twin].map(({ status }) => status)).toEqual(["end", "end", "end"]);
  });

  test("what cannot be used is refused with the remedy, at once", async () => {
    const { port, admin } = await servers.start(["requirepass secret"], { connect: { password: "secret" } });
    expect(await lineOf(`redis://127.0.0.1:${port}`)).toContain("it asks for a password");
    expect(await lineOf(`rediss://:secret@127.0.0.1:${port}`)).toContain(
      "does not speak TLS it says nothing: write redis://",
    );
    expect(await lineOf(`redis://:wrong@127.0.0.1:${port}`)).toContain("password is wrong");
    await admin.call("ACL", "SETUSER", "poor", "on", "nopass", "+auth", "+hello");
    expect(await lineOf(`redis://poor:any@127.0.0.1:${port}`)).toContain("give it the rules of the page /docs/redis");
    const replica = await servers.start([`replicaof 127.0.0.1 ${port}`, "masterauth secret"]);
    expect(await lineOf(`redis://127.0.0.1:${replica.port}`)).toContain("name its master");
    expect(await lineOf(`redis+cluster://:secret@127.0.0.1:${port}`)).toContain("it is no Cluster");
    const known = [`sentinel monitor jobs 127.0.0.1 ${port} 1`, "sentinel auth-pass jobs secret"];
    const sentinel = await servers.start(known, { args: ["--sentinel"] });
    expect(await lineOf(`redis+sentinel://:secret@127.0.0.1:${sentinel.port}/others`)).toContain(
      "no master of this name",
    );
    expect(await lineOf(`redis://127.0.0.1:${sentinel.port}`)).toContain("write redis+sentinel://");
  });
});
