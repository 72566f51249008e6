import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createControl, sendSignal } from "../../../workers/engine/control.ts";
import type { RunOrder } from "../../../workers/engine/protocol.ts";
import { type Report, runTeam } from "../../../workers/engine/team-run.ts";
import { createThreadPool, type ThreadPool } from "../../../workers/engine/thread-pool.ts";

const script = new URL("../threads/faulty-thread.mjs", import.meta.url);
const system = process.platform === "linux" ? readFileSync("/proc/self/status", "utf8") : "";
const log = pino({ level: "silent" });

/** Only what a supervisor looks at. */
const orderOf = (name: string): RunOrder =>
  ({
    job: "job_01KAV3M1V0000000000000000",
    spec: { name, resources: { maxSeconds: 3600 } },
    control: createControl(),
  }) as RunOrder;

describe("a team, seen from the trainer's main thread", () => {
  let pool: ThreadPool;
  beforeEach(() => {
    pool = createThreadPool(script, { kernels: { module: {} as WebAssembly.Module, native: null } }, 1);
  });
  afterEach(() => pool.close());

  const run = (order: RunOrder, report: (report: Report) => void = () => {}) =>
    runTeam(pool, order, { heartbeatMs: 2000, log, report });

  test("ends as its lead says, and its threads are used again", async () => {
    const reports: string[] = [];
    const order = orderOf("nothing");
    expect(await run(order, ({ type }) => reports.push(type))).toEqual({ type: "stopped" });
    expect(await run(orderOf("nothing"))).toEqual({ type: "stopped" });
    expect(reports).toEqual(["event"]);
    expect(pool.size()).toBe(1);
  });

  test("a crashed lead is told with its reason", async () => {
    expect(await run(orderOf("crash"))).toEqual({
      type: "crashed",
      reason: expect.stringContaining("a mistake in the engine"),
    });
  });

  test("a lead that exits is a crash", async () => {
    expect(await run(orderOf("exit"))).toEqual({ type: "crashed", reason: expect.stringContaining("code 3") });
  });

  test("a lead that hangs is found out by its heartbeat", async () => {
    expect(await run(orderOf("hang"))).toEqual({ type: "crashed", reason: expect.stringContaining("no heartbeat") });
  });

  const [cpu = ""] = /Cpus_allowed_list:\s+(\d+)/.exec(system)?.slice(1) ?? [];

  test.runIf(cpu !== "")("a lead that gets no processor is not taken for hung", async () => {
    // They end by themselves, well after the lead would have been taken for hung.
    const busy = "const end = performance.now() + 4000; while (performance.now() < end);";
    const others = [1, 2].map(() => spawn("taskset", ["-c", cpu, process.execPath, "-e", busy]));
    await Promise.all(others.map((other) => once(other, "spawn")));
    expect(await run(orderOf("starve"))).toEqual({ type: "stopped" });
  });

  test("a member's crash ends the lead that waits for it", async () => {
    expect(await run(orderOf("crash of a member"))).toEqual({
      type: "crashed",
      reason: expect.stringContaining("a member fell"),
    });
  });

  test("time that earlier attempts computed counts for maxSeconds", async () => {
    expect(await run(orderOf("overtime"))).toEqual({ type: "overtime" });
  });

  test("a lead that does not follow the request to stop is ended", async () => {
    const order = orderOf("linger");
    const end = await run(order, () => sendSignal(order.control, "abandon"));
    expect(end).toEqual({ type: "stopped" });
  });

  test("a lead that has no time left to stop by itself is ended at once", async () => {
    const giveUp = new AbortController();
    const end = await runTeam(pool, orderOf("linger"), {
      ...{ heartbeatMs: 60_000, log, giveUp: giveUp.signal },
      report: () => giveUp.abort(),
    });
    expect(end).toEqual({ type: "stopped" });
  });

  test("after a crash the pool is whole again", async () => {
    await run(orderOf("crash"));
    expect(await run(orderOf("nothing"))).toEqual({ type: "stopped" });
    expect(pool.size()).toBe(1);
  });
});
