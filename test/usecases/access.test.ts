import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { addApiKey, admitByFile, revokeApiKey } from "../../src/main/keys/api-key-file.ts";
import { createRateLimiter } from "../../src/store/redis/rate-limiter.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import { admitEveryone } from "../../src/usecases/admission/caller.ts";
import { limitRate } from "../../src/usecases/admission/rate-limit.ts";
import { quiet, startTestRedis, type TestRedis } from "./redis.ts";

describe("API keys", () => {
  let folder = "";
  let file = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "descent-keys-"));
    file = join(folder, "keys.json");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("open their tenant with their scopes, and are stored as a hash only", async () => {
    const key = await addApiKey(file, { id: "ci", tenant: "acme", scopes: ["read"] });
    expect(key).toMatch(/^dsc_[\w-]{43}$/);
    expect(await readFile(file, "utf8")).not.toContain(key);
    const { admit, close } = await admitByFile(file, quiet);
    await expect(admit("getJob", `Bearer ${key}`, "peer")).resolves.toMatchObject({ tenant: "acme", key: "ci" });
    await expect(admit("submitJob", `Bearer ${key}`, "peer")).rejects.toMatchObject({ code: "forbidden" });
    for (const wrong of [undefined, "", "Bearer", `Bearer ${key}x`, `Basic ${key}`, key]) {
      await expect(admit("getJob", wrong, "peer")).rejects.toMatchObject({ code: "unauthenticated" });
    }
    close();
  });

  it("stop working when revoked, without a restart, and survive a file that cannot be read", async () => {
    await addApiKey(file, { id: "stays", tenant: "acme", scopes: ["read"] });
    const key = await addApiKey(file, { id: "goes", tenant: "acme", scopes: ["read"] });
    const { admit, close } = await admitByFile(file, quiet);
    const sound = await readFile(file, "utf8");
    await writeFile(file, "{ half");
    await expect(admit("getJob", `Bearer ${key}`, "peer")).resolves.toBeDefined();
    await writeFile(file, sound);
    await revokeApiKey(file, "goes");
    await vi.waitFor(
      () => expect(admit("getJob", `Bearer ${key}`, "peer")).rejects.toMatchObject({ code: "unauthenticated" }),
      5000,
    );
    await expect(revokeApiKey(file, "stays")).rejects.toThrow("the last key");
    close();
  });
});

describe("the rate limit", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());

  it("lets a burst through, then says how long to wait, by scope", async () => {
    const connection = createProducerConnection(redis.url, () => {});
    await waitForRedis(connection, 5000);
    const rate = { perSecond: 1, burst: 3 };
    const admit = limitRate(admitEveryone, createRateLimiter(connection), {
      read: rate,
      submit: rate,
      admin: rate,
      predict: rate,
    });
    for (let i = 0; i < 3; i++) await admit("getJob", undefined, "peer");
    await expect(admit("listJobs", undefined, "peer")).rejects.toMatchObject({
      code: "rate_limited",
      retryAfterSeconds: expect.closeTo(1, 0),
    });
    await expect(admit("submitJob", undefined, "peer")).resolves.toBeDefined();
    // What one request asks for beside the first is counted with it, as far as it may go.
    const { countMore } = await admit("submitJob", undefined, "another");
    const more = await countMore!(5);
    expect([more.admitted, more.standing.remaining]).toEqual([1, 0]);
    expect(more.refused).toMatchObject({ code: "rate_limited", retryAfterSeconds: expect.closeTo(1, 0) });
    connection.disconnect();
  });

  it("tells at once that Redis is away, instead of the operation after it; metrics are there all the same", async () => {
    const connection = createProducerConnection("redis://127.0.0.1:1", () => {});
    const admit = limitRate(admitEveryone, createRateLimiter(connection));
    await expect(admit("getJob", undefined, "peer")).rejects.toMatchObject({ code: "unavailable" });
    await expect(admit("readMetrics", undefined, "peer")).resolves.toBeDefined();
    connection.disconnect();
  });
});
