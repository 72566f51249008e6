import { ServiceError } from "../../src/domain/errors.ts";
import type { Party } from "../../src/domain/fairness/shares.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Log } from "../../src/domain/log.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { NetworkDescription } from "../../src/domain/models/network.ts";
import type { NativeLibrary } from "../../src/engine/kernels/native/library.ts";
import type { DataShape } from "../../src/usecases/deps.ts";
import { createRequestWorker } from "../requests/request-worker.ts";
import { unlessBusy } from "../requests/unless-busy.ts";

export interface Planner {
  plan(party: Party, spec: ResolvedJobSpec, shape: DataShape, network: NetworkDescription | null): Promise<Plan>;
  /** Bytes that predicting with a model takes. */
  planPrediction(party: Party, model: Model, network: NetworkDescription | null): Promise<number>;
  close(): Promise<void>;
}

/** What the planning thread is started with: the kernels whose times its estimates follow. */
export interface PlannerSetup {
  native: NativeLibrary | null;
}

/** What the planning thread is asked. */
export type PlanningQuestion =
  | PlanQuestion
  | { predict: Pick<Model, "spec" | "preprocessing">; network: NetworkDescription | null };

export interface PlanQuestion {
  spec: ResolvedJobSpec;
  shape: DataShape;
  /** Of the base that the spec names, where that is a network from a file. */
  network: NetworkDescription | null;
}

const waiting = 64;
const patienceMs = 10_000;
const heapMegabytes = 1024;
const rememberedPlans = 1000;
/** Of one key; a longer one is planned each time. */
const keyLength = 8192;

/** All of a question that a plan may depend on: the same name for jobs that differ in what planning does not see. */
export const planKey = ({ spec, shape }: Omit<PlanQuestion, "network">): string => {
  const { name: _name, dataset: _dataset, labels: _labels, ...planned } = spec;
  const { seed: _seed, ...training } = spec.training;
  const { priority: _priority, maxSeconds: _maxSeconds, pool: _pool, ...resources } = spec.resources;
  return JSON.stringify({ ...planned, training, resources, shape });
};

/**
 * Plans in a thread of its own: an ordinary model takes a millisecond, but the largest that the limits allow takes seconds, for
 * which nobody else is to wait. Many jobs are alike, so the last plans are remembered.
 */
export const createPlanner = (script: URL, setup: PlannerSetup, log: Log): Planner => {
  const hungOn = unlessBusy("plan", () => {
    const detail = `planning this model took longer than ${patienceMs / 1000} s; make it smaller`;
    return new ServiceError("over_limit", detail, { errors: [{ pointer: "/model", detail }] });
  });
  const thread = createRequestWorker<PlanningQuestion, Plan | number>({
    ...{ script, workerData: setup, what: "plan", log, atOnce: 1, waiting, patienceMs, hungOn, heapMegabytes },
  });
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  const plans = new Map<string, Promise<Plan>>();
  const remember = (key: string, plan: Promise<Plan>): void => {
    plans.delete(key);
    plans.set(key, plan);
    const [oldest] = plans.keys();
    if (plans.size > rememberedPlans && oldest !== undefined) plans.delete(oldest);
  };
  return {
    plan: (party, spec, shape, network) => {
      const key = planKey({ spec, shape });
      const known = plans.get(key);
      const plan = known ?? thread.ask(party, { spec, shape, network }).then((answer) => answer as Plan);
      if (key.length <= keyLength) remember(key, plan);
      if (known === undefined) plan.catch(() => plans.delete(key));
      return plan;
    },
    planPrediction: async (party, { spec, preprocessing }, network) =>
      (await thread.ask(party, { predict: { spec, preprocessing }, network })) as number,
    close: thread.close,
  };
};
