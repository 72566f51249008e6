import { describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { type OpenJobStores, useJobStores } from "./job-store.ts";
import { failure, newJob, pointAt, tick } from "./records.ts";

const everything = { afterStep: -1, limit: limits.metricPointsPerJob * 2 };

/** What every job store keeps of a job's course, and whom it tells. */
export const jobEventLogSuite = (name: string, open: OpenJobStores): void => {
  describe(`job store: ${name}, event log`, () => {
    const stores = useJobStores(open);
    const start = async () => {
      const { job } = await stores.jobs.create(newJob("acme", stores.dataset));
      return { job, fence: (await stores.jobs.claim("acme", job.id, "trainer", tick()))!.fence };
    };
    const stepsOf = async (id: string, page = everything) =>
      (await stores.jobs.metrics("acme", id, page)).map(({ step }) => step);

    it("keeps events in their order and pages through them from any place", async () => {
      const { job, fence } = await start();
      for (let i = 0; i < 10; i++) {
        const event = { at: tick(), level: "info", type: "note", message: String(i), data: { i, ünï: "→" } } as const;
        expect(await stores.jobs.appendEvent(i % 2 === 0 ? fence : { ...fence, attempt: null }, event)).toBe(true);
      }
      const all = await stores.jobs.events("acme", job.id, { from: null, limit: 100 });
      expect(all.map(({ type }) => type)).toEqual(["state", "state", ...Array.from({ length: 10 }, () => "note")]);
      expect(all.slice(2).map(({ data }) => data)).toEqual(Array.from({ length: 10 }, (_, i) => ({ i, ünï: "→" })));
      expect(await stores.jobs.events("acme", job.id, { from: all[3]!.id, limit: 4 })).toEqual(all.slice(3, 7));
      expect(await stores.jobs.events("acme", job.id, { from: all.at(-1)!.id, limit: 4 })).toEqual(all.slice(-1));
    });

    it("keeps the newest events up to the limit", async () => {
      const { job, fence } = await start();
      const event = (i: number) => ({ at: tick(), level: "info" as const, type: "note", message: String(i), data: {} });
      const count = limits.eventsPerJob + 50;
      await Promise.all(Array.from({ length: count }, (_, i) => stores.jobs.appendEvent(fence, event(i))));
      const kept = await stores.jobs.events("acme", job.id, { from: null, limit: count * 2 });
      expect(kept).toHaveLength(limits.eventsPerJob);
      expect(kept.at(-1)!.message).toBe(String(count - 1));
    });

    it("keeps of an event what fits into its bytes, whatever it is about", async () => {
      const { job, fence } = await start();
      const long = "ü".repeat(100_000);
      const data = { name: long, names: Array.from({ length: 1000 }, () => long), [long]: 1, deep: { a: { b: long } } };
      const event = { at: tick(), level: "warn", type: "note", message: long, data } as const;
      await stores.jobs.appendEvent(fence, event);
      await stores.jobs.release(fence, "queued", long, tick());
      const events = await stores.jobs.events("acme", job.id, { from: null, limit: 10 });
      for (const each of events) expect(Buffer.byteLength(JSON.stringify(each))).toBeLessThan(16 * 1024);
      const [, , noted] = events;
      expect(noted?.message.startsWith("üüü")).toBe(true);
      expect(noted?.data).toMatchObject({ cut: true, name: `${"ü".repeat(500)}…` });
      const { history } = await stores.jobs.get("acme", job.id);
      expect(JSON.stringify(history).length).toBeLessThan(8000);
    });

    it("replaces the points of an earlier attempt from where the resumed one goes on", async () => {
      const { job, fence } = await start();
      await stores.jobs.appendMetrics(
        fence,
        [0, 1, 2, 3, 4, 5].map((step) => pointAt(step, 1)),
      );
      await stores.jobs.release(fence, "queued", "preempted", tick());
      const again = (await stores.jobs.claim("acme", job.id, "trainer", tick()))!.fence;
      await stores.jobs.appendMetrics(
        again,
        [3, 4].map((step) => pointAt(step, 2)),
      );
      const points = await stores.jobs.metrics("acme", job.id, everything);
      expect(points.map(({ step, trainLoss }) => [step, trainLoss])).toEqual([
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 2],
        [4, 2],
      ]);
    });

    it("pages through points by step, and thins them out beyond the limit, first and last kept", async () => {
      const { job, fence } = await start();
      const count = limits.metricPointsPerJob + 1;
      for (let from = 0; from < count; from += 1000) {
        const steps = Array.from({ length: Math.min(1000, count - from) }, (_, i) => pointAt(from + i));
        await stores.jobs.appendMetrics(fence, steps);
      }
      const steps = await stepsOf(job.id);
      expect(steps.length).toBeLessThan(count / 2 + 10);
      expect([steps[0], steps.at(-1)]).toEqual([0, count - 1]);
      expect(steps).toEqual([...steps].sort((a, b) => a - b));
      expect(await stepsOf(job.id, { afterStep: steps[4]!, limit: 3 })).toEqual(steps.slice(5, 8));
    });

    it("has the same pages of a finished job's curve, to the last digit, when it is packed, from wherever it is asked for", async () => {
      const { job, fence } = await start();
      const points = Array.from({ length: 150 }, (_, i) => ({
        ...pointAt(3 * i, Math.sin(i) / 3),
        metrics: { ünï: 1 / (i + 7) },
      }));
      await stores.jobs.appendMetrics(fence, points);
      await stores.jobs.fail(fence, failure, tick());
      const pages = Array.from({ length: 153 }, (_, i) => ({ afterStep: 3 * i - 4, limit: 1 + ((i * i) % 140) }));
      const read = () => Promise.all(pages.map((page) => stores.jobs.metrics("acme", job.id, page)));
      const before = await read();
      for (let times = 0; times < 2; times++) {
        await stores.jobs.published("acme", job.id, null);
        expect(await stores.jobs.metrics("acme", job.id, everything)).toEqual(points);
        expect(await read()).toEqual(before);
      }
    });

    it("tells listeners of a job, and those of its tenant, of each change, and nobody else", async () => {
      const { jobs } = stores;
      const earlier: string[] = [];
      const forget = await jobs.onChange("acme", null, (id) => earlier.push(id));
      const { job, fence } = await start();
      // In a Cluster news go from server to server, and may come after those who listen: what this job's beginning says is waited for.
      await expect.poll(() => earlier.filter((id) => id === job.id)).toHaveLength(2);
      forget();
      const heard = { job: 0, tenant: 0, other: 0, stranger: 0 };
      const stop = await jobs.onChange("acme", job.id, () => heard.job++);
      await jobs.onChange("acme", null, () => heard.tenant++);
      await jobs.onChange("acme", "job_01ARZ3NDEKTSV4RRFFQ69G5FAV", () => heard.other++);
      await jobs.onChange("other", null, () => heard.stranger++);
      await jobs.progress(fence, { progress: 0.1, metrics: {}, at: tick() });
      await jobs.appendMetrics(fence, [pointAt(1)]);
      await expect.poll(() => heard).toEqual({ job: 2, tenant: 2, other: 0, stranger: 0 });
      stop();
      await jobs.requestPause("acme", job.id, tick());
      await expect.poll(() => heard).toEqual({ job: 2, tenant: 3, other: 0, stranger: 0 });
    });
  });
};
