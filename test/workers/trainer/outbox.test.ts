import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { JobState } from "../../../src/domain/jobs/job-state.ts";
import type { Fence, JobStore } from "../../../src/store/job-store.ts";
import { createOutbox, whileUnavailable } from "../../../workers/trainer/outbox.ts";

const fence: Fence = { tenant: "default", job: "job_01KAV3M1V0000000000000000", attempt: 1 };

/** The outbox's own view of the record: what was written, in order. `failures` are thrown first. */
const createRecord = (options: { held?: boolean; state?: JobState; failures?: Error[] } = {}) => {
  const written: string[] = [];
  const failures = [...(options.failures ?? [])];
  const write = async (what: string): Promise<boolean> => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    written.push(what);
    return options.held ?? true;
  };
  const jobs: Pick<JobStore, "progress" | "appendEvent" | "appendMetrics" | "commitCheckpoint"> = {
    progress: async (_, update) => ({
      held: await write(`progress ${update.progress}`),
      state: options.state ?? "running",
    }),
    appendEvent: (_, event) => write(`event ${event.type}`),
    appendMetrics: (_, points) => write(`points ${points.map(({ step }) => step).join(",")}`),
    commitCheckpoint: async (_, { key }) => ((await write(`checkpoint ${key}`)) ? { obsolete: ["old"] } : null),
  };
  return { jobs: jobs as JobStore, written };
};

const createSubject = (record: ReturnType<typeof createRecord>) => {
  const lost = new AbortController();
  const states: JobState[] = [];
  const errors: unknown[] = [];
  const outbox = createOutbox({
    jobs: record.jobs,
    fence,
    lost: lost.signal,
    onLost: () => lost.abort(),
    onState: (state) => states.push(state),
    onError: (error) => errors.push(error),
    now: () => new Date(0),
  });
  return { outbox, lost, states, errors };
};

const point = (step: number) => ({
  epoch: 0,
  step,
  seconds: 0,
  learningRate: 0,
  gradientNorm: 0,
  trainLoss: 0,
  metrics: {},
  layers: [],
});
const event = (type: string) => ({ level: "info" as const, type, message: type, data: {} });
const checkpoint = { key: "new", sha256: "", step: 1, attempt: 1, at: "" };

describe("the outbox of a running job", () => {
  test("writes in the order of telling, and of progress only the latest", async () => {
    const record = createRecord();
    const { outbox } = createSubject(record);
    outbox.event(event("first"));
    outbox.progress(0.1, {});
    outbox.points([point(1)]);
    outbox.progress(0.2, {});
    outbox.points([point(2)]);
    outbox.event(event("last"));
    await outbox.drained();
    expect(record.written).toEqual(["event first", "progress 0.2", "points 1,2", "event last"]);
  });

  test("loses nothing while Redis is away", async () => {
    const away = new ServiceError("unavailable", "away");
    const record = createRecord({ failures: [away, away] });
    const { outbox, errors } = createSubject(record);
    outbox.event(event("a"));
    outbox.points([point(1)]);
    await outbox.drained();
    expect(record.written).toEqual(["event a", "points 1"]);
    expect(errors).toEqual([]);
  });

  test("stops writing once another attempt holds the job", async () => {
    const record = createRecord({ held: false });
    const { outbox, lost } = createSubject(record);
    outbox.event(event("a"));
    outbox.event(event("b"));
    await outbox.drained();
    expect(lost.signal.aborted).toBe(true);
    outbox.event(event("c"));
    await outbox.drained();
    expect(record.written).toEqual(["event a"]);
  });

  test("names the files that nothing needs: older checkpoints, or the refused one", async () => {
    const [obsolete, refused]: [string[], string[]] = [[], []];
    const told = {
      obsolete: (keys: readonly string[]) => obsolete.push(...keys),
      refused: (key: string) => refused.push(key),
    };
    const kept = createSubject(createRecord());
    kept.outbox.checkpoint(checkpoint, told);
    await kept.outbox.drained();
    expect([obsolete, refused]).toEqual([["old"], []]);
    const stale = createSubject(createRecord({ held: false }));
    stale.outbox.event(event("a"));
    for (const key of ["queued", "dropped"]) stale.outbox.checkpoint({ ...checkpoint, key }, told);
    await stale.outbox.drained();
    stale.outbox.checkpoint({ ...checkpoint, key: "late" }, told);
    expect([obsolete, refused]).toEqual([["old"], ["queued", "dropped", "late"]]);
  });

  test("passes on what users request, and reports what is not an outage", async () => {
    const requested = createSubject(createRecord({ state: "pausing" }));
    requested.outbox.progress(0.5, {});
    await requested.outbox.drained();
    expect(requested.states).toEqual(["pausing"]);
    const broken = createSubject(createRecord({ failures: [new Error("a mistake")] }));
    broken.outbox.event(event("a"));
    await broken.outbox.drained();
    expect(broken.errors).toEqual([new Error("a mistake")]);
  });

  test("gives up on an outage when the job is lost meanwhile", async () => {
    const lost = new AbortController();
    const result = await whileUnavailable(lost.signal, async () => {
      lost.abort();
      throw new ServiceError("unavailable", "away");
    });
    expect(result).toBeNull();
  });
});
