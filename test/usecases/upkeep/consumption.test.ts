import type { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createId } from "../../../src/domain/ids.ts";
import type { TrainerHeartbeat } from "../../../src/domain/jobs/trainer-heartbeat.ts";
import { createLastingConnection, createProducerConnection } from "../../../src/store/redis/redis-connection.ts";
import { redisKeys } from "../../../src/store/redis/redis-keys.ts";
import {
  createTrainerHeartbeats,
  type HeardHeartbeat,
  type TrainerHeartbeats,
} from "../../../src/store/redis/trainer-heartbeats.ts";
import { type Consumption, watchConsumption } from "../../../src/usecases/upkeep/consumption.ts";
import { openBullQueue } from "../../conformance/bull-queues.ts";
import { type FragileRedis, startFragileRedis } from "../../conformance/redis-server.ts";
import type { QueueUnderTest } from "../../conformance/training-queue.ts";

const ignore = () => {};
const signOf = (name: string, sign: Partial<TrainerHeartbeat> = {}): TrainerHeartbeat => ({
  ...{
    name,
    pool: "default",
    threads: 2,
    usedThreads: 0,
    memoryBytes: 1e9,
    usedMemoryBytes: 0,
    free: 2,
    taken: 0,
    metrics: null,
  },
  ...sign,
});

let server: FragileRedis;
let opened: QueueUnderTest;
let signs: TrainerHeartbeats;
let heard: () => readonly HeardHeartbeat[];
let clockMs = 0;
let redis: Redis;
let subscriber: Redis;
beforeEach(async () => {
  server = await startFragileRedis();
  opened = await openBullQueue(server.url);
  redis = createProducerConnection(server.url, ignore);
  subscriber = createLastingConnection(server.url, ignore);
  signs = createTrainerHeartbeats(redis, subscriber);
  clockMs = 1000;
  heard = signs.listen(10_000, () => clockMs);
  await untilListening();
});
afterEach(async () => {
  for (const connection of [redis, subscriber]) connection.disconnect();
  await opened.close();
  await server.stop();
});

/** Published words reach who has subscribed by then. */
const untilListening = () =>
  expect
    .poll(() => redis.pubsub("NUMSUB", redisKeys.trainerHeartbeats).catch(() => []), { timeout: 10_000 })
    .toEqual([redisKeys.trainerHeartbeats, 1]);

const give = async (sign: TrainerHeartbeat) => {
  await signs.send(sign);
  await expect.poll(heard).toContainEqual({ ...sign, heardMs: clockMs });
};

describe("trainers' heartbeats", () => {
  it("are forgotten when no other follows in time", async () => {
    await give(signOf("a"));
    clockMs += 6000;
    await give(signOf("b"));
    clockMs += 6000;
    expect(heard().map(({ name }) => name)).toEqual(["b"]);
    clockMs += 6000;
    expect(heard()).toEqual([]);
  });

  it("are told from what is none, and heard again after a restart of Redis", async () => {
    for (const text of ["{ half", "7", JSON.stringify({ ...signOf("x"), threads: -1 })])
      await redis.publish(redisKeys.trainerHeartbeats, text);
    await give(signOf("a"));
    expect(heard().map(({ name }) => name)).toEqual(["a"]);
    await server.crash();
    clockMs += 20_000;
    await untilListening();
    await give(signOf("a", { taken: 3 }));
  });
});

describe("eyes on consumption", () => {
  const patienceMs = 15_000;
  const pools = async () => ["default", "large"];
  let watch: Consumption & { look(): Promise<void>; stop(): void };
  beforeEach(() => {
    watch = watchConsumption({ queue: opened.queue, pools, heard, nowMs: () => clockMs, patienceMs, everyMs: 1e6 });
  });
  afterEach(() => watch.stop());

  const entry = () => ({ tenant: "acme", job: createId("job", Date.now()) });
  const later = async (ms: number, ...alive: TrainerHeartbeat[]) => {
    clockMs += ms;
    for (const sign of alive) await give(sign);
    await watch.look();
    return watch.trouble();
  };

  it("say after a while that jobs wait and nobody is there, and nothing once they are gone", async () => {
    expect(await later(60_000)).toBeNull();
    expect(watch.largestTrainer("default")).toBeNull();
    const waiting = entry();
    await opened.queue.add(waiting, { place: 1 });
    await opened.queue.add(entry(), { place: 1 });
    expect(await later(0)).toBeNull();
    expect(await later(14_999)).toBeNull();
    expect(await later(2)).toBe("2 jobs wait, and no trainer has given a heartbeat for 15 s: start one");
    await opened.queue.remove(waiting);
    expect(await later(10_000)).toBe("1 job waits, and no trainer has given a heartbeat for 25 s: start one");
    opened.consume(async () => "ended");
    await expect.poll(() => opened.queue.counts()).toEqual({ waiting: 0, active: 0 });
    expect(await later(0)).toBeNull();
  });

  it("see trainers that live and have room, but take nothing", async () => {
    await opened.queue.add(entry(), { place: 1 });
    const [idle, busy] = [signOf("a", { memoryBytes: 10 }), signOf("b", { free: 0, taken: 7, memoryBytes: 30 })];
    expect(await later(0, idle, busy)).toBeNull(); // the first look at trainers that have taken some
    expect(watch.largestTrainer("default")).toBe(30);
    for (let i = 0; i < 3; i++) await later(5000, idle, busy);
    expect(watch.trouble()).toBeNull();
    expect(await later(5000, idle, busy)).toMatch(/^1 job waits, and none of the 2 trainers has taken one up for 15 s/);
    expect(await later(5000, signOf("a", { taken: 1 }), busy)).toBeNull();
    for (let i = 0; i < 4; i++) await later(5000, signOf("a", { taken: 1 }), busy);
    expect(watch.trouble()).toMatch(/none of the 2 trainers/);
  });

  it("look at each pool by itself: trainers of one do not take what waits for another", async () => {
    await opened.queue.add(entry(), { place: 1, pool: "large" });
    const busy = (taken: number) => signOf("a", { taken, memoryBytes: 10 });
    expect(await later(0, busy(1))).toBeNull();
    expect(await later(15_000, busy(2))).toBe(
      "1 job waits for the pool large, and no trainer has given a heartbeat for 15 s: start one with TRAINER_POOL=large",
    );
    expect([watch.largestTrainer("default"), watch.largestTrainer("large")]).toEqual([10, null]);
    const large = signOf("b", { pool: "large", memoryBytes: 30 });
    expect(await later(0, busy(3), large)).toMatch(/^1 job waits for the pool large, and the trainer has not taken/);
    expect(watch.largestTrainer("large")).toBe(30);
    expect(await later(0, busy(4), { ...large, taken: 1 })).toBeNull();
  });

  it("find nothing wrong with trainers that have no room, nor with jobs that were put aside", async () => {
    await opened.queue.add(entry(), { place: 1 });
    const full = signOf("a", { free: 0, taken: 2 });
    for (let i = 0; i < 5; i++) expect(await later(5000, full)).toBeNull();
    opened.consume(async () => ({ laterMs: 3_600_000 }));
    await expect.poll(() => opened.queue.depth()).toEqual({ waiting: 0, delayed: 1, active: 0 });
    for (let i = 0; i < 5; i++) expect(await later(5000, signOf("b"))).toBeNull();
  });

  it("see nothing while Redis is away, and begin anew when it is back", async () => {
    watch.stop();
    watch = watchConsumption({ queue: opened.queue, pools, heard, nowMs: () => clockMs, patienceMs, everyMs: 20 });
    await opened.queue.add(entry(), { place: 1 });
    await watch.look();
    clockMs += 20_000;
    expect(watch.trouble()).toMatch(/^1 job waits/);
    server.freeze();
    try {
      await expect.poll(() => watch.trouble(), { timeout: 5000 }).toBeNull();
    } finally {
      server.thaw();
    }
    await expect.poll(() => watch.look().then(() => "seen", ignore), { timeout: 5000 }).toBe("seen");
    expect(watch.trouble()).toBeNull();
    clockMs += 15_000;
    expect(watch.trouble()).toMatch(/^1 job waits/);
  });
});
