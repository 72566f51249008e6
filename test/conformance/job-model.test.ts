import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { isDone } from "../../src/domain/jobs/job-state.ts";
import { CRASHES_OF_SUSPECT, suspicionOf } from "../../src/domain/jobs/poison.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import {
  addCheckpoint,
  claim,
  crash,
  createModel,
  expectSound,
  isHeld,
  type JobModel,
  reclaim,
  request,
  take,
  write,
} from "./job-model.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { checkpointAt, failure, fenceOf, modelOf, newDataset, newJob, tick } from "./records.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";

/** CI may run fewer (MODEL_RUNS); MODEL_SEED repeats a run. */
const RUNS = Number(process.env.MODEL_RUNS ?? 10_000);
const SEED = Number(process.env.MODEL_SEED ?? Date.now() % 2 ** 31);
/** Properties that share the server: while one waits for an answer, the others' commands are under way. */
const SHARDS = 10;

const dataset = newDataset();

/** One command on one job: does it to the store and to the model, and compares what both say. */
type Step = (stores: JobStoresUnderTest, model: JobModel, number: number) => Promise<void>;

const granted = async (answer: Promise<unknown>): Promise<boolean> => {
  try {
    await answer;
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "forbidden_transition" });
    expect(error).toBeInstanceOf(ServiceError);
    return false;
  }
};

/** `n` chooses among attempts (so that many writes are stale) and among steps. */
const attemptOf = (model: JobModel, n: number): number =>
  n % 3 === 0 ? Math.max(0, model.attempt - 1) : model.attempt;
const fence = (model: JobModel, n: number) => fenceOf(model.tenant, model.id, attemptOf(model, n));

const steps: Record<string, Step> = {
  claim: async ({ jobs }, model) => {
    const expected = claim(model);
    const claimed = await jobs.claim(model.tenant, model.id, "trainer", tick());
    expect(claimed !== null).toBe(expected);
    if (claimed)
      expect(claimed).toMatchObject({
        fence: { attempt: model.attempt },
        suspicion: suspicionOf(model.crashes, CRASHES_OF_SUSPECT),
      });
  },
  /** Asks a second time, as one does whose answer was lost: for a claim under its token, and for a submission under its key. */
  retryClaim: async ({ jobs }, model) => {
    const token = crypto.randomUUID();
    const expected = claim(model);
    const ask = () => jobs.claim(model.tenant, model.id, "trainer", tick(), token);
    const fences = [(await ask())?.fence.attempt, (await ask())?.fence.attempt];
    expect(fences).toEqual(expected ? [model.attempt, model.attempt] : [undefined, undefined]);
  },
  retrySubmit: async ({ jobs }, model, n) => {
    const bodyDigest = n % 4 === 0 ? "another body" : "d";
    const again = jobs.create(newJob(model.tenant, dataset, { idempotency: { key: model.key, bodyDigest } }));
    if (bodyDigest === "d")
      expect(await again).toMatchObject({ created: false, job: { id: model.id, state: model.state } });
    else await expect(again).rejects.toMatchObject({ code: "idempotency_mismatch" });
  },
  progress: async ({ jobs }, model, n) => {
    const progress = (n % 100) / 100;
    const expected = write(model, attemptOf(model, n), () => {
      model.progress = progress;
    });
    const { held, state } = await jobs.progress(fence(model, n), { progress, metrics: {}, at: tick() });
    expect({ held, state }).toEqual({ held: expected, state: model.state });
  },
  checkpoint: async ({ jobs }, model, n) => {
    const record = checkpointAt(fence(model, n), n % 7);
    let obsolete: string[] = [];
    const expected = write(model, attemptOf(model, n), () => {
      obsolete = addCheckpoint(model, record.key, record.step);
    });
    expect(await jobs.commitCheckpoint(fence(model, n), record)).toEqual(expected ? { obsolete } : null);
  },
  crash: async ({ hasty }, model) => {
    const { progress } = model;
    const { held } = await hasty.progress(fenceOf(model.tenant, model.id, model.attempt), {
      progress,
      metrics: {},
      at: tick(),
    });
    expect(held).toBe(isHeld(model, model.attempt));
    model.leaseEnded ||= held;
  },
  reclaim: async ({ jobs }, model, n) => {
    const attempt = attemptOf(model, n);
    const answer = await jobs.reclaim(model.tenant, model.id, attempt, "lost", tick());
    expect(answer).toBe(reclaim(model, attempt));
  },
  lose: async (stores, model) => {
    await steps.crash!(stores, model, 1);
    await steps.reclaim!(stores, model, 1);
  },
  pause: async ({ jobs }, model) => {
    const answer = granted(jobs.requestPause(model.tenant, model.id, tick()));
    expect(await answer).toBe(request(model, ["requestPause", "pauseQueued"], ["pausing", "paused"]));
  },
  resume: async ({ jobs }, model) => {
    const answer = granted(jobs.requestResume(model.tenant, model.id, tick()));
    expect(await answer).toBe(request(model, ["resume", "withdrawPause"], ["queued", "running"]));
  },
  cancel: async ({ jobs }, model) => {
    const answer = granted(jobs.requestCancel(model.tenant, model.id, tick()));
    expect(await answer).toBe(request(model, ["requestCancel", "cancelWaiting"], ["cancelling", "cancelled"]));
  },
  release: async ({ jobs }, model, n) => {
    const to = (["queued", "paused", "cancelled"] as const)[Math.floor(n / 3) % 3]!;
    const names = {
      queued: ["handBack", "pause", "cancel"],
      paused: ["pause", "cancel"],
      cancelled: ["cancel"],
    } as const;
    const crashed = n % 5 === 0;
    const answer = await jobs.release(fence(model, n), to, "released", tick(), crashed);
    const expected = isHeld(model, attemptOf(model, n)) && take(model, ...names[to]);
    expect(answer).toBe(expected);
    if (expected && crashed) crash(model, "crashed");
  },
  succeed: async ({ jobs }, model, n) => {
    const { job } = { job: await jobs.get(model.tenant, model.id) };
    const answer = await jobs.succeed(fence(model, n), modelOf(job), {}, tick());
    const expected =
      (isHeld(model, attemptOf(model, n)) && take(model, "succeed")) ||
      (model.state === "succeeded" && model.attempt === attemptOf(model, n));
    expect(answer).toBe(expected);
    if (expected) Object.assign(model, { checkpoints: [], progress: 1 });
  },
  fail: async ({ jobs }, model, n) => {
    const answer = await jobs.fail(fence(model, n), failure, tick());
    expect(answer).toBe(isHeld(model, attemptOf(model, n)) && take(model, "fail"));
  },
  failWaiting: async ({ jobs }, model) => {
    if (suspicionOf(model.crashes, CRASHES_OF_SUSPECT) === "poison")
      expect(await jobs.failWaiting(model.tenant, model.id, failure, tick())).toBe(take(model, "failWaiting"));
  },
};

/** Ends are rare, so that courses are long. */
const weights: Record<string, number> = { claim: 5, retryClaim: 2, progress: 2, checkpoint: 4, lose: 3, resume: 2 };
const names = fc.oneof(
  ...Object.keys(steps).map((name) => ({ weight: weights[name] ?? 1, arbitrary: fc.constant(name) })),
);
const commands = fc.array(fc.tuple(names, fc.nat(99)), { minLength: 1, maxLength: 20, size: "max" });

const compare = async ({ jobs, catalogue }: JobStoresUnderTest, model: JobModel): Promise<void> => {
  const job = await jobs.get(model.tenant, model.id);
  expect(job).toMatchObject({
    state: model.state,
    attempt: model.attempt,
    progress: model.progress,
    done: isDone(model.state),
  });
  expect(job.history.map(({ state, attempt }) => `${state} ${attempt}`)).toEqual(model.course);
  expect((job.endedAt !== null) === job.done && (job.error !== null) === (job.state === "failed")).toBe(true);
  const kept = (await jobs.checkpoints(model.tenant, model.id)).map(({ key, step }) => ({ key, step }));
  expect(kept).toEqual(model.checkpoints);
  const made = await catalogue.model(model.tenant, modelOf(job).id).then(
    () => true,
    () => false,
  );
  expect(made).toBe(model.state === "succeeded");
  expectSound(model);
};

describe("the scripts on jobs", () => {
  let server: RedisServer;
  let stores: JobStoresUnderTest;
  beforeAll(async () => {
    server = await startRedisServer();
    // Only what the scripts do is asked here, a million times; that it lasts is asked elsewhere.
    const redis = createProducerConnection(server.url, () => {});
    await waitForRedis(redis, 5000);
    await redis.config("SET", "appendonly", "no");
    redis.disconnect();
    stores = await openRedisStores(server.url);
  });
  afterAll(async () => {
    await stores.close();
    await server.stop();
  });

  const runShard = async (shard: number): Promise<void> => {
    const tenant = `shard-${shard}`;
    await stores.catalogue.addDataset(tenant, dataset);
    const property = fc.asyncProperty(commands, async (sequence) => {
      const key = crypto.randomUUID();
      const { job } = await stores.jobs.create(newJob(tenant, dataset, { idempotency: { key, bodyDigest: "d" } }));
      const model = createModel(tenant, job.id, key);
      for (const [name, number] of sequence) await steps[name]!(stores, model, number);
      await steps.retrySubmit!(stores, model, 1);
      await compare(stores, model);
      await steps.claim!(stores, model, 1); // tells of crashes, which no record shows
      expect(await granted(stores.jobs.remove(tenant, job.id))).toBe(isDone(model.state));
    });
    await fc.assert(property, { numRuns: Math.ceil(RUNS / SHARDS), seed: SEED + shard, endOnFailure: false });
  };

  it(`do in ${RUNS.toLocaleString("en-US")} random courses what the state machine says`, {
    timeout: 600_000,
  }, async () => {
    console.info(`MODEL_SEED=${SEED}`);
    await Promise.all(Array.from({ length: SHARDS }, (_, shard) => runShard(shard)));
  });
});
