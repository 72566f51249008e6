import { fitsOf } from "../../../data/splits/fits.ts";
import { type FieldError, ServiceError } from "../../../domain/errors.ts";
import type { Plan } from "../../../domain/jobs/job.ts";
import { baseWarnings } from "../../../domain/jobs/spec/base/network-base.ts";
import { dataWarnings } from "../../../domain/jobs/spec/data-warnings.ts";
import { resolveSpec } from "../../../domain/jobs/spec/defaults.ts";
import { JobSpec, type ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { isIterable } from "../../../domain/jobs/spec/linear/solver.ts";
import { countWarnings } from "../../../domain/jobs/spec/rows/count-label.ts";
import type { CountedDataset } from "../../../domain/jobs/spec/rows/counted-rows.ts";
import { limits } from "../../../domain/limits.ts";
import { type AnyModel, isImported } from "../../../domain/models/model.ts";
import type { NetworkDescription } from "../../../domain/models/network.ts";
import { readNetwork } from "../../../store/artifacts/read-network.ts";
import type { Caller } from "../../admission/caller.ts";
import { parse } from "../../admission/parse.ts";
import { referred } from "../../admission/referred.ts";
import type { Deps } from "../../deps.ts";
import { requireUnseenFolds, seenRowsWarnings } from "./check-base-rows.ts";
import { requireWebhookAllowed } from "./check-webhook.ts";
import { countedDataset } from "./counted-dataset.ts";
import { planFits } from "./plan-fits.ts";
import { planForTrainers, requirePool } from "./plan-for-trainers.ts";

const grouped = (value: number): string => Math.ceil(value).toLocaleString("en-US");

/** What keeps a job larger than it may be, where that is its rows: what of them stays in memory though they are read from the trainer's disk, or why they are not. */
const keptOfRows = ({ model, training }: ResolvedJobSpec): FieldError[] => {
  if (model.type === "k_means" || model.type === "gaussian_mixture")
    return [{ pointer: "/model/type", detail: "a clustering or a mixture keeps 12 bytes of each row" }];
  if (training.solver !== "exact") return [];
  const pointer = "/training/solver";
  if (model.type === "quantile") {
    const detail = `an exact quantile goes from row to row in no order and needs all of them in memory; "iterative" reads them from the trainer's disk`;
    return [{ pointer, detail }];
  }
  const detail = "an exact solution keeps 16 to 40 bytes of each row in memory, and its matrix";
  return isIterable(model)
    ? [{ pointer, detail: `${detail}; "iterative" keeps 16 of a row, and no matrix` }]
    : [{ pointer, detail }];
};

/** Refuses before queueing what could only fail later, with the numbers to change it by. */
const requireWithinLimits = (plan: Plan, spec: ResolvedJobSpec): void => {
  const asked = spec.resources.memoryBytes;
  if (plan.memoryBytes > asked) {
    const kept = spec.training.gradientCheckpointing === false ? ", leave training.gradientCheckpointing out," : "";
    const detail = `the job needs ${grouped(plan.memoryBytes)} bytes and may use ${grouped(asked)}; raise resources.memoryBytes (at most ${grouped(limits.jobMemoryBytes)})${kept} or make the model or the batch smaller`;
    throw new ServiceError("over_limit", detail, {
      errors: [{ pointer: "/resources/memoryBytes", detail }, ...keptOfRows(spec)],
    });
  }
  if (plan.parameters > limits.parameters) {
    const detail = `the model has ${grouped(plan.parameters)} parameters; at most ${grouped(limits.parameters)} are allowed`;
    throw new ServiceError("over_limit", detail, { errors: [{ pointer: "/model", detail }] });
  }
};

const refitLeftOut =
  "the effort's fit of every row is left out: beside what is kept of the measured one it takes more memory than the job may have; raise resources.memoryBytes to have it";

interface Planned {
  readonly spec: ResolvedJobSpec;
  readonly planned: Plan;
}

const isWithinMemory = ({ spec, planned }: Planned): boolean => planned.memoryBytes <= spec.resources.memoryBytes;

/** A refit that an effort has chosen, and not the user, is no reason to refuse a job. */
const planEffort = async (asked: JobSpec, plan: (asked: JobSpec) => Promise<Planned>): Promise<Planned> => {
  const whole = await plan(asked);
  if (isWithinMemory(whole) || whole.spec.training.refit !== true || asked.training?.refit !== undefined) return whole;
  const { spec, planned } = await plan({ ...asked, training: { ...asked.training, refit: false } });
  if (!isWithinMemory({ spec, planned })) return whole;
  return { spec, planned: { ...planned, warnings: [...planned.warnings, refitLeftOut] } };
};

export interface PlannedJob {
  spec: ResolvedJobSpec;
  plan: Plan;
  dataset: CountedDataset;
  base: AnyModel | null;
  /** Of the base; null as well if the base's spec tells its layers. */
  network: NetworkDescription | null;
}

/** What a spec refers to, as it was read before. */
export type Known = Pick<PlannedJob, "dataset" | "base" | "network">;

/**
 * The way of every spec, submitted or only validated: strict parse, references, defaults, plan, limits.
 * @param known is not read again where the spec refers to the same
 */
export const planJob = async (deps: Deps, caller: Caller, body: unknown, known?: Known): Promise<PlannedJob> => {
  const asked = parse(JobSpec, body);
  requireWebhookAllowed(deps, asked);
  const pool = await requirePool(deps, asked.resources, "/resources/pool");
  const stored =
    asked.dataset === known?.dataset.id
      ? known.dataset
      : await referred("/dataset", deps.catalogue.dataset(caller.tenant, asked.dataset));
  const dataset = await countedDataset(deps, caller, asked, stored);
  const largest = deps.consumption.largestTrainer(pool);
  const before = asked.base === undefined ? deps.knownPlans.find(dataset, asked, largest) : null;
  if (before !== null) return { ...before, dataset, base: null, network: null };
  const ofKnown = known !== undefined && asked.base !== undefined && asked.base.model === known.base?.id;
  const base =
    asked.base === undefined
      ? null
      : ofKnown
        ? known.base
        : await referred("/base/model", deps.catalogue.model(caller.tenant, asked.base.model));
  // An alias may move while the job waits: the record names the model it meant.
  const named =
    base === null || asked.base === undefined ? asked : { ...asked, base: { ...asked.base, model: base.id } };
  const resolved = resolveSpec(named, dataset, base);
  await requireUnseenFolds(deps, caller, resolved, dataset, base);
  const network =
    base === null ? null : ofKnown ? known.network : await readNetwork(deps.artifacts, caller.tenant, base);
  const { spec, planned } = await planEffort(named, async (wanted) => {
    const of = wanted === named ? resolved : resolveSpec(wanted, dataset, base);
    const trainers = { asked: of.resources.memoryBytes, pool, largest, pointer: "/resources/memoryBytes" };
    const planned = await planForTrainers(deps, trainers, (memoryBytes) => {
      const within = { ...of, resources: { ...of.resources, memoryBytes } };
      return planFits(fitsOf(within, dataset, base), (fitted, shape) =>
        deps.engine.plan(caller, fitted, shape, network),
      );
    });
    return { spec: of, planned };
  });
  const ofBase = base !== null && isImported(base) ? baseWarnings(spec, base, spec.loss) : [];
  const { version } = dataset;
  const plan = {
    ...planned,
    ...(version === undefined ? {} : { datasetVersion: version }),
    warnings: [
      ...planned.warnings,
      ...ofBase,
      ...(await seenRowsWarnings(deps, caller, spec, dataset, base)),
      ...dataWarnings(spec, dataset, asked.task),
      ...countWarnings(spec, dataset, asked),
    ],
  };
  requireWithinLimits(plan, spec);
  // What is said of trainers that were there lately holds for now alone.
  const isOfNow = largest === null || plan.memoryBytes <= largest;
  if (asked.base === undefined && isOfNow) deps.knownPlans.note(dataset, asked, largest, { spec, plan });
  return { spec, plan, dataset, base, network };
};
