import { describe, expect, it } from "vitest";
import { webhookIdOf } from "../../src/domain/webhook.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import { deliverWebhook } from "../../src/usecases/upkeep/deliver-webhook.ts";
import { relayWebhooks } from "../../src/usecases/upkeep/relay-webhooks.ts";
import { quiet } from "./redis-server.ts";
import { useWebhookProcesses } from "./webhook-processes.ts";

describe("webhooks and what dies", () => {
  const { openProcess, startProcess, receive, end, untilEvent, closing, server } = useWebhookProcesses();

  it("loses nothing that ended while nobody delivered", async () => {
    const receiver = await receive();
    const ids = [await end(receiver.url), await end(receiver.url), await end(receiver.url)];
    await startProcess();
    for (const id of ids) await untilEvent(id, "webhook_delivered");
    expect(receiver.received.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.map(webhookIdOf).sort());
  });

  it("loses nothing when the relay dies between its two steps, and repeats nothing", async () => {
    const receiver = await receive();
    const ids = [await end(receiver.url), await end(receiver.url)];
    const first = await openProcess();
    await first.queue.add(await first.outbox.due(Date.now(), 10)); // and dies before it notes that
    const second = await startProcess();
    await second.relay();
    for (const id of ids) await untilEvent(id, "webhook_delivered");
    // What a slow relay adds after all is over finds nothing to do.
    await first.queue.add(ids.map((id) => ({ tenant: "acme", id })));
    const last = await end(receiver.url);
    await untilEvent(last, "webhook_delivered");
    expect(receiver.received).toHaveLength(3);
  });

  it("puts in again what the queue lost", async () => {
    const receiver = await receive();
    const { relay, consume, outbox } = await openProcess();
    const id = await end(receiver.url);
    await relay();
    const redis = createProducerConnection(server().url, () => {});
    closing.push(() => redis.disconnect());
    await waitForRedis(redis, 5000);
    const lost = await redis.keys("{descent}:q:webhooks:*");
    expect(lost.length).toBeGreaterThan(0);
    await redis.del(...lost);
    consume();
    expect(await outbox.due(Date.now(), 10)).toEqual([]);
    const later = await openProcess();
    await relayWebhooks({ ...later, now: () => new Date(Date.now() + 11 * 60_000), log: quiet });
    await untilEvent(id, "webhook_delivered");
  });

  it("delivers again what a process had under way when it vanished", async () => {
    const receiver = await receive();
    const doomed = await openProcess({ lockMs: 1000 });
    // It tells the receiver, and comes no further.
    doomed.consume((deps, ...args) =>
      deliverWebhook({ ...deps, outbox: { ...deps.outbox, note: () => new Promise(() => {}) } }, ...args),
    );
    const id = await end(receiver.url);
    await doomed.relay();
    await receiver.arrived(1);
    doomed.vanish();
    await startProcess({ lockMs: 1000 });
    await untilEvent(id, "webhook_delivered");
    expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([webhookIdOf(id), webhookIdOf(id)]);
  });

  it("delivers each once, with several processes side by side", async () => {
    const receiver = await receive();
    await Promise.all([startProcess(), startProcess(), startProcess()]);
    const ids = await Promise.all(Array.from({ length: 100 }, () => end(receiver.url)));
    for (const id of ids) await untilEvent(id, "webhook_delivered");
    expect(receiver.received.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.map(webhookIdOf).sort());
  });

  it("goes on when Redis comes back from a crash", async () => {
    const receiver = await receive();
    await startProcess();
    const before = await end(receiver.url);
    await untilEvent(before, "webhook_delivered");
    await server().crash();
    await expect.poll(() => end(receiver.url).catch(() => null), { timeout: 10_000 }).not.toBeNull();
    await receiver.arrived(2);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
  });
});
