import { describe, expect, it } from "vitest";
import { webhookIdOf } from "../../src/domain/webhook.ts";
import { deriveSecret } from "../../src/webhooks/signature.ts";
import { answerWith, startReceiver, verify } from "../webhooks/receiver.ts";
import { failure, tick } from "./records.ts";
import { master, useWebhookProcesses } from "./webhook-processes.ts";

describe("the delivery of webhooks", () => {
  const { openProcess, startProcess, receive, submit, end, eventsOf, untilEvent, stores } = useWebhookProcesses();

  it("tells of a success, a failure and a cancellation, signed, with what came of the job", async () => {
    const receiver = await receive();
    await startProcess();
    const succeeded = await end(receiver.url);
    const failed = await submit(receiver.url);
    await stores().jobs.fail((await stores().jobs.claim("acme", failed, "trainer", tick()))!.fence, failure, tick());
    const cancelled = await submit(receiver.url);
    await stores().jobs.requestCancel("acme", cancelled, tick());
    await receiver.arrived(3);
    const secret = deriveSecret(master, "acme");
    const messages = new Map(receiver.received.map((each) => [each.headers["webhook-id"], verify(secret, each)]));
    const { endedAt, model } = await stores().jobs.get("acme", succeeded);
    expect(messages.get(webhookIdOf(succeeded))).toMatchObject({
      type: "job.succeeded",
      timestamp: endedAt,
      data: { id: succeeded, state: "succeeded", model, error: null, metrics: { testAccuracy: 0.75 }, attempt: 1 },
    });
    expect(messages.get(webhookIdOf(failed))).toMatchObject({ type: "job.failed", data: { error: failure } });
    expect(messages.get(webhookIdOf(cancelled))).toMatchObject({ type: "job.cancelled", data: { startedAt: null } });
    for (const id of [succeeded, failed, cancelled]) await untilEvent(id, "webhook_delivered");
    expect((await eventsOf(succeeded))[0]).toMatchObject({ level: "info", data: { status: 204, delivery: 1 } });
  });

  it("signs for each tenant with a secret of its own", async () => {
    const receiver = await receive();
    await startProcess();
    await end(receiver.url, "rival");
    const [message] = await receiver.arrived(1);
    expect(() => verify(deriveSecret(master, "acme"), message!)).toThrow(/signature/i);
    expect(verify(deriveSecret(master, "rival"), message!).type).toBe("job.succeeded");
  });

  it("tries again after answers that are no success, with the same id and body, and says so", async () => {
    const receiver = await receive(answerWith(500, 302, 429, 200));
    await startProcess();
    const id = await end(receiver.url);
    await untilEvent(id, "webhook_delivered");
    expect(receiver.received.map(({ headers, body }) => [headers["webhook-id"], body])).toEqual(
      Array.from({ length: 4 }, () => [webhookIdOf(id), receiver.received[0]?.body]),
    );
    for (const message of receiver.received) verify(deriveSecret(master, "acme"), message);
    const events = await eventsOf(id);
    expect(events.map(({ level, type, data }) => [level, type, data.delivery, data.status])).toEqual([
      ["warn", "webhook_failed", 1, 500],
      ["warn", "webhook_failed", 2, 302],
      ["warn", "webhook_failed", 3, 429],
      ["info", "webhook_delivered", 4, 200],
    ]);
    expect(events[1]!.message).toMatch(
      /^webhook delivery 2 failed: answered 302; redirects are not followed; the next/,
    );
    expect(Date.parse(String(events[0]!.data.nextAt))).toBeGreaterThan(Date.parse(events[0]!.at));
  });

  it("tries again after a refused connection, until the receiver is there", async () => {
    const gone = await startReceiver();
    await gone.close();
    await startProcess({ retryMs: Array.from({ length: 200 }, () => 50) });
    const id = await end(gone.url);
    await untilEvent(id, "webhook_failed");
    expect((await eventsOf(id))[0]!.message).toContain("the connection was refused");
    const back = await receive(undefined, gone.port);
    await back.arrived(1);
    await untilEvent(id, "webhook_delivered");
    expect(back.received).toHaveLength(1);
  });

  it("gives up after the last pause, and at once when the receiver is gone for good", async () => {
    const broken = await receive(answerWith(500));
    const gone = await receive(answerWith(410));
    const { outbox } = await startProcess({ retryMs: [10, 10] });
    const [first, second] = [await end(broken.url), await end(gone.url)];
    for (const id of [first, second]) await untilEvent(id, "webhook_given_up");
    expect([broken.received.length, gone.received.length]).toEqual([3, 1]);
    expect((await eventsOf(first)).at(-1)).toMatchObject({
      level: "error",
      message: "the webhook was given up after 3 deliveries: answered 500",
    });
    expect((await eventsOf(second)).map(({ type }) => type)).toEqual(["webhook_given_up"]);
    expect(await outbox.due(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
  });

  it("waits between deliveries as long as it says, or up to a quarter longer", async () => {
    const receiver = await receive(answerWith(500, 204));
    await startProcess({ retryMs: [400] });
    const id = await end(receiver.url);
    await untilEvent(id, "webhook_delivered");
    const [failed, delivered] = (await eventsOf(id)).map(({ at }) => Date.parse(at));
    const pauseMs = Date.parse(String((await eventsOf(id))[0]!.data.nextAt)) - failed!;
    expect(pauseMs).toBeGreaterThanOrEqual(400);
    expect(pauseMs).toBeLessThanOrEqual(501);
    expect(delivered! - failed!).toBeGreaterThanOrEqual(400);
  });

  it("keeps no tenant waiting for another one's receivers that do not answer", async () => {
    const silent = await receive(() => {});
    const receiver = await receive();
    const { consume, relay, startRelay } = await openProcess({ concurrencyPerTenant: 2, timeoutMs: 60_000 });
    for (let i = 0; i < 100; i++) await end(silent.url, "rival");
    await relay();
    consume();
    await silent.arrived(2);
    startRelay();
    const id = await end(receiver.url);
    await untilEvent(id, "webhook_delivered");
    expect(silent.received).toHaveLength(2);
  });

  it("hands back at once what is under way when the process stops, without holding it against the receiver", async () => {
    const silent = await receive((response, number) => {
      if (number > 0) response.writeHead(204).end();
    });
    const first = await openProcess();
    const consumer = first.consume();
    const id = await end(silent.url);
    await first.relay();
    await silent.arrived(1);
    await consumer.close(50);
    await startProcess();
    await untilEvent(id, "webhook_delivered");
    expect((await eventsOf(id)).map(({ type, data }) => [type, data.delivery])).toEqual([["webhook_delivered", 1]]);
  });
});
