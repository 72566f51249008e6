import { ServiceError } from "../../../domain/errors.ts";
import type { Plan } from "../../../domain/jobs/job.ts";
import { DEFAULT_POOL, poolOf } from "../../../domain/jobs/pool.ts";
import type { ResourcesSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { nearNames } from "../../../domain/near-names.ts";
import type { Deps } from "../../deps.ts";

const grouped = (value: number): string => value.toLocaleString("en-US");

const invalid = (code: "invalid" | "over_limit", pointer: string, detail: string): ServiceError =>
  new ServiceError(code, detail, { errors: [{ pointer, detail }] });

/**
 * The pool that a job names, if trainers ever had it: a job of another would wait for ever.
 * @param pointer where it is named in the request
 */
export const requirePool = async (
  deps: Pick<Deps, "jobs">,
  resources: Pick<ResourcesSpec, "pool">,
  pointer: string,
): Promise<string> => {
  const pool = poolOf(resources);
  if (pool === DEFAULT_POOL) return pool;
  const known = await deps.jobs.pools();
  if (known.includes(pool)) return pool;
  const detail = `no trainer has ever had the pool ${JSON.stringify(pool)}${nearNames(pool, known)}; start one with TRAINER_POOL=${pool}, or leave it out`;
  throw invalid("invalid", pointer, detail);
};

/**
 * A plan within what the job may have, and within what its pool's largest trainer may use where that is less: activations are computed again, and rows read from
 * disk, as if the specification had said so. `over_limit` where no plan is so small. A warning where it is for a trainer that was there lately and may come back,
 * or where a pool other than the default one has no trainer now (of that, readiness tells).
 * @param asked bytes that the job may have
 * @param largest those of the pool's largest trainer that is there now; null: none is
 */
export const planForTrainers = async (
  deps: Pick<Deps, "jobs">,
  { asked, pool, largest, pointer }: { asked: number; pool: string; largest: number | null; pointer: string },
  plan: (memoryBytes: number) => Promise<Plan>,
): Promise<Plan> => {
  const whole = await plan(asked);
  const named = pool === DEFAULT_POOL ? "" : ` of the pool ${pool}`;
  const withWarning = (of: Plan, warning: string): Plan => ({ ...of, warnings: [...of.warnings, warning] });
  if (largest === null)
    return named === "" ? whole : withWarning(whole, `no trainer${named} is there now: the job waits until one comes`);
  if (whole.memoryBytes <= largest || whole.memoryBytes > asked) return whole;
  const smaller = await plan(largest);
  if (smaller.memoryBytes <= largest) return smaller;
  const tooLarge = `the job needs ${grouped(smaller.memoryBytes)} bytes, and no trainer${named} that runs now may use more than ${grouped(largest)}`;
  const lately = await deps.jobs.largestTrainer(pool);
  if (smaller.memoryBytes > lately) {
    const remedy = "give one more with TRAINER_MEMORY_BYTES, or make the model or the batch smaller";
    throw invalid("over_limit", pointer, `${tooLarge}; ${remedy}`);
  }
  const fitting = whole.memoryBytes <= lately ? whole : await plan(lately);
  return withWarning(fitting, `${tooLarge}: it waits for one with ${grouped(lately)}, which was there lately`);
};
