import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createId } from "../../src/domain/ids.ts";
import type {
  QueueEntry,
  RunJob,
  RunOutcome,
  TrainingConsumer,
  TrainingQueue,
} from "../../src/queue/training-queue.ts";

export interface ConsumerUnderTest {
  consumer: TrainingConsumer;
  /** Takes its connection away for good, as a network does that is cut. */
  cut(): void;
}

export interface QueueUnderTest {
  queue: TrainingQueue;
  consume(run: RunJob, options?: { concurrency?: number; lockMs?: number; pool?: string }): ConsumerUnderTest;
  close(): Promise<void>;
}

const newEntry = (): QueueEntry => ({ tenant: "acme", job: createId("job", Date.now()) });

/** A run that is over when the test says so, or when its signal aborts. */
export const heldRun = (onAbort: RunOutcome = "hand_back") => {
  const started: string[] = [];
  const reasons: unknown[] = [];
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const run: RunJob = async ({ job }, signal) => {
    started.push(job);
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([released, aborted]);
    if (!signal.aborted) return "ended";
    reasons.push(signal.reason);
    return onAbort;
  };
  return { run, started, reasons, release };
};

/** What every training queue does. */
export const trainingQueueSuite = (name: string, open: () => Promise<QueueUnderTest>): void => {
  describe(`training queue: ${name}`, () => {
    let opened: QueueUnderTest;
    let queue: TrainingQueue;
    beforeEach(async () => {
      opened = await open();
      queue = opened.queue;
    });
    afterEach(() => opened.close());

    const add = async (place = 1): Promise<QueueEntry> => {
      const entry = newEntry();
      await queue.add(entry, { place });
      return entry;
    };

    it("hands entries out by their place, those of one place in the order of their adding", async () => {
      const places = [5, 1, 3, 1, 2_097_151, 3, 4_000_000];
      const entries: QueueEntry[] = [];
      for (const place of places) entries.push(await add(place));
      const taken: string[] = [];
      opened.consume(async ({ job }) => {
        taken.push(job);
        return "ended";
      });
      await expect.poll(() => taken).toEqual([1, 3, 2, 5, 0, 4, 6].map((index) => entries[index]!.job));
      await expect.poll(() => queue.counts()).toEqual({ waiting: 0, active: 0 });
    });

    it("tells entries that were put aside from those that wait, and its consumer what it holds and took", async () => {
      const aside = await add(1);
      const held = heldRun();
      const { consumer } = opened.consume((entry, signal) =>
        entry.job === aside.job ? Promise.resolve({ laterMs: 3_600_000 }) : held.run(entry, signal),
      );
      await expect.poll(() => queue.depth()).toEqual({ waiting: 0, delayed: 1, active: 0 });
      expect(consumer.load()).toEqual({ free: 1, taken: 1 });
      for (const place of [1, 2, 3]) await add(place);
      await expect.poll(() => queue.depth()).toEqual({ waiting: 2, delayed: 1, active: 1 });
      expect(await queue.counts()).toEqual({ waiting: 3, active: 1 });
      expect(consumer.load()).toEqual({ free: 0, taken: 2 });
      held.release();
      await expect.poll(() => queue.depth()).toEqual({ waiting: 0, delayed: 1, active: 0 });
      expect(consumer.load()).toEqual({ free: 1, taken: 4 });
      await consumer.close(1000);
      expect(consumer.load()).toEqual({ free: 0, taken: 4 });
    });

    it("keeps one entry of a job however often it is added, and takes out a waiting one", async () => {
      const entry = newEntry();
      await Promise.all(Array.from({ length: 10 }, () => queue.add(entry, { place: 1 })));
      expect(await queue.counts()).toEqual({ waiting: 1, active: 0 });
      expect(await queue.tenantOf(entry.job)).toBe(entry.tenant);
      await queue.remove(entry);
      await queue.remove(entry);
      expect(await queue.tenantOf(entry.job)).toBe(null);
    });

    it("tells in parts which jobs have an entry, of others that they have none, and whose an entry is", async () => {
      const entries: QueueEntry[] = [];
      for (let place = 1; place <= 5; place++) entries.push(await add(place));
      const seen: string[] = [];
      let from = 0;
      do {
        const { jobs, next } = await queue.entries(from, 2);
        seen.push(...jobs);
        from = next;
      } while (from > 0);
      expect(seen.toSorted()).toEqual(entries.map(({ job }) => job).toSorted());
      const without = [newEntry().job, newEntry().job];
      expect(await queue.missing([without[0]!, ...seen, without[1]!])).toEqual(without);
      expect(await queue.missing([])).toEqual([]);
      expect([await queue.tenantOf(seen[0]!), await queue.tenantOf(without[0]!)]).toEqual(["acme", null]);
    });

    it("queues a job again whose run is just ending", async () => {
      const entry = await add();
      const first = heldRun();
      opened.consume(first.run);
      await expect.poll(() => first.started).toHaveLength(1);
      const adding = queue.add(entry, { place: 1 });
      first.release();
      await adding;
      await expect.poll(() => first.started).toEqual([entry.job, entry.job]);
    });

    it("gives what a closing trainer hands back to another at once", async () => {
      const entry = await add();
      const [first, second] = [heldRun(), heldRun()];
      const closing = opened.consume(first.run);
      await expect.poll(() => first.started).toHaveLength(1);
      opened.consume(second.run);
      const startMs = performance.now();
      await closing.consumer.close(5000);
      expect(first.reasons).toEqual(["closing"]);
      await expect.poll(() => second.started, { timeout: 5000 }).toEqual([entry.job]);
      expect(performance.now() - startMs).toBeLessThan(2500);
      second.release();
    });

    it("takes nothing more while it closes, not even by a fetch that was open: the entry waits for the next start", async () => {
      const entry = await add();
      const held = heldRun();
      // With room for another, so that it waits for one while the first runs.
      const { consumer } = opened.consume(held.run, { concurrency: 2 });
      await expect.poll(() => held.started).toHaveLength(1);
      await consumer.close(5000);
      expect(held.started).toEqual([entry.job]);
      await expect.poll(() => queue.counts()).toEqual({ waiting: 1, active: 0 });
      const next = heldRun();
      opened.consume(next.run);
      await expect.poll(() => next.started).toEqual([entry.job]);
      next.release();
    });

    it("puts an entry aside for as long as its run says, and goes on with others", async () => {
      const [busy, free] = [await add(1), await add(2)];
      const taken: { job: string; atMs: number }[] = [];
      opened.consume(async ({ job }) => {
        taken.push({ job, atMs: performance.now() });
        return job === busy.job && taken.length === 1 ? { laterMs: 400 } : "ended";
      });
      await expect.poll(() => taken.map(({ job }) => job), { timeout: 5000 }).toEqual([busy.job, free.job, busy.job]);
      expect(taken[2]!.atMs - taken[0]!.atMs).toBeGreaterThanOrEqual(390);
    });

    it("gives the entry of a trainer that was cut off to another, and has told the first before", async () => {
      const entry = await add();
      const order: string[] = [];
      const first = heldRun("ended");
      const lost = opened.consume(
        async (each, signal) => {
          const outcome = await first.run(each, signal);
          order.push(`stopped: ${String(signal.reason)}`);
          return outcome;
        },
        { lockMs: 1000 },
      );
      await expect.poll(() => first.started).toEqual([entry.job]);
      lost.cut();
      const second = heldRun();
      opened.consume(
        (each, signal) => {
          order.push("taken over");
          return second.run(each, signal);
        },
        { lockMs: 1000 },
      );
      await expect.poll(() => order, { timeout: 15_000 }).toEqual(["stopped: lease_lost", "taken over"]);
      second.release();
    });

    it("closes within its limit although a run does not end", async () => {
      await add();
      let started = false;
      const { consumer } = opened.consume(() => {
        started = true;
        return new Promise(() => {});
      });
      await expect.poll(() => started).toBe(true);
      const startMs = performance.now();
      await consumer.close(300);
      expect(performance.now() - startMs).toBeLessThan(1500);
    });

    it("runs as many entries at once as it may, and no more", async () => {
      for (let i = 0; i < 5; i++) await add();
      const held = heldRun();
      opened.consume(held.run, { concurrency: 3 });
      await expect.poll(() => queue.counts()).toEqual({ waiting: 2, active: 3 });
      expect(held.started).toHaveLength(3);
      held.release();
      await expect.poll(() => held.started).toHaveLength(5);
    });
  });
};
