import { isObject } from "../is-object.ts";
import { defaultTest } from "../jobs/spec/default-training.ts";
import { resolveSpec } from "../jobs/spec/defaults.ts";
import { isFoldEnsemble } from "../jobs/spec/folds/cross-validation-spec.ts";
import { type JobSpec, JobSpec as JobSpecSchema, type ResolvedJobSpec } from "../jobs/spec/job-spec.ts";
import type { CountedDataset } from "../jobs/spec/rows/counted-rows.ts";
import { rowsSeed } from "../jobs/spec/rows/rows-seed.ts";
import { statedSizes } from "../jobs/spec/rows/split-column.ts";
import type { SpecErrors } from "../jobs/spec/spec-errors.ts";
import { limits } from "../limits.ts";
import type { AnyModel } from "../models/model.ts";
import { fromPointer } from "../pointer.ts";
import { checkSeeds, resolvePruner } from "./resolve-stopping.ts";
import type { Json, Space } from "./space.ts";
import type { ResolvedStudySpec, StudySpec } from "./study-spec.ts";

/** Rows that trials are compared on, where the user names no share. */
const validationShare = 0.2;

/** Under a cross-validation the folds compare, and only the final job's test rows are set aside; by groups it has none, unless the split is by groups too. */
const sharesOf = ({ split, crossValidation }: JobSpec["training"], dataset: CountedDataset) => {
  if (split.column !== undefined) {
    const stated = crossValidation !== undefined || statedSizes(split, dataset).validation > 0;
    return stated ? {} : { validation: split.validation ?? validationShare };
  }
  if (crossValidation === undefined) return { validation: split.validation ?? validationShare };
  return { test: split.test ?? (crossValidation.by === undefined || split.by !== undefined ? defaultTest : 0) };
};

/** Without rows that validate there is nothing to compare trials by, unless folds do. */
const checkRows = ({ split, crossValidation }: JobSpec["training"], errors: SpecErrors): void => {
  if (split.validation !== 0 || crossValidation !== undefined) return;
  const detail = `trials are compared by rows that validate, and 0 leaves none; leave it out${split.column === undefined ? ` for ${validationShare}` : ""}, name a share, or give the job a crossValidation, whose folds compare them`;
  errors.add("/job/training/split/validation", detail);
  errors.throwIfAny("invalid");
};

const withShare = (job: JobSpec, dataset: CountedDataset): JobSpec => {
  const { split } = job.training;
  const own = sharesOf(job.training, dataset);
  return { ...job, training: { ...job.training, split: { ...split, ...own } } };
};

/** A space that suits the model and the task. */
const defaultSpace = ({ model, training }: ResolvedJobSpec): Space => {
  const l2 = {
    min: 1e-6,
    max: training.split.validation > 0 || training.crossValidation ? 1 : 0.1,
    scale: "log",
  } as const;
  // What is solved exactly has no learning rate: with one it would be iterated instead.
  if (training.solver === "exact") return { "/training/l2": l2 };
  const common: Space = {
    "/optimizer/learningRate": { min: 3e-4, max: 0.1, scale: "log" },
    "/training/l2": l2,
  };
  switch (model.type) {
    case "mlp":
      return {
        ...common,
        "/model/hidden": { choices: [[16], [32], [64], [32, 16], [64, 32], [128, 64]] },
        "/model/dropout": { min: 0, max: 0.5 },
      };
    case "autoencoder":
      return {
        ...common,
        "/model/encoder": {
          choices: [
            [16, 4],
            [32, 8],
            [64, 16],
            [32, 16, 8],
          ],
        },
      };
    default:
      return common;
  }
};

/** What is solved exactly has no epochs, and would be iterated if it were told some. */
const staysExact = ({ training }: ResolvedJobSpec, space: Space): boolean =>
  training.solver === "exact" && Object.keys(space).every((pointer) => pointer === "/training/l2");

const maximised = new Set(["validationAccuracy", "validationR2"]);
const directionOf = (metric: string): "minimize" | "maximize" => (maximised.has(metric) ? "maximize" : "minimize");

const checkObjective = ({ objective }: StudySpec, { task, model }: ResolvedJobSpec, errors: SpecErrors): void => {
  const { metric, direction } = objective;
  if (direction !== undefined && direction !== directionOf(metric))
    errors.add("/objective/direction", `${metric} is to be ${directionOf(metric)}d; leave direction out`);
  const classes = task.type === "classification";
  if (model.type === "k_means" || model.type === "gaussian_mixture")
    errors.add(
      "/job/model",
      "clusterings and mixtures choose their own size; a study compares models that are trained epoch by epoch",
    );
  if (metric === "validationAccuracy" && !classes)
    errors.add("/objective/metric", "only classifications have an accuracy");
  if (metric !== "validationAccuracy" && metric !== "validationLoss" && classes)
    errors.add("/objective/metric", "classifications have validationLoss and validationAccuracy");
};

/** The job that was sent, with what all trials must share written down. */
const commonJob = (
  sent: unknown,
  job: JobSpec,
  resolved: ResolvedJobSpec,
  { fixesEpochs, seeds }: { fixesEpochs: boolean; seeds: number },
): ResolvedStudySpec["job"] => {
  const plain = (isObject(sent) ? sent : {}) as ResolvedStudySpec["job"];
  const { validation, test } = job.training.split;
  const { crossValidation } = job.training;
  // With several seeds each trains on the same rows.
  const rows = seeds > 1 ? { seed: rowsSeed(resolved.training) } : {};
  const own = { ...(crossValidation === undefined ? { validation } : { test }), ...rows };
  const stated = Object.fromEntries(Object.entries(own).filter(([, share]) => share !== undefined));
  const split = { ...(plain.training?.split ?? {}), ...stated };
  const epochs = fixesEpochs ? { epochs: resolved.training.epochs } : {};
  return {
    ...plain,
    training: { ...plain.training, ...(crossValidation ? { crossValidation } : {}), split, ...epochs },
  };
};

/**
 * Fills in every default, also those that depend on the data, and checks what belongs to the study as a whole.
 * @param sent the body's `job` as it came, so that what it leaves out stays open for the trials
 */
export const resolveStudy = (
  spec: StudySpec,
  sent: unknown,
  { dataset, base }: { dataset: CountedDataset; base: AnyModel | null },
  errors: SpecErrors,
): { spec: ResolvedStudySpec; template: ResolvedJobSpec } => {
  if (isFoldEnsemble(spec.job)) {
    const detail =
      'the choice is trained once more as one model, on all rows but those of the test split; leave it out, and submit the best trial\'s job by itself with "folds" for the ensemble';
    errors.add("/job/training/crossValidation/model", detail);
    errors.throwIfAny("invalid");
  }
  checkRows(spec.job.training, errors);
  const job = withShare(spec.job, dataset);
  const template = resolveSpec(job, dataset, base);
  checkObjective(spec, template, errors);
  if ((template.effort ?? "quick") !== "quick")
    errors.add(
      "/job/effort",
      "a study chooses by itself, and its trials are to be quick; leave it out, and state the model where it is to be an ensemble",
    );
  else if (template.training.refit === true)
    errors.add(
      "/job/training/refit",
      "trials are compared by the rows that they hold out; leave it out, and refit the job that the study ends with",
    );
  if (template.training.learningCurve !== undefined)
    errors.add(
      "/job/training/learningCurve",
      "trials are compared, and each would be fitted several times more; leave it out, and give it to the job that the study ends with",
    );
  checkSeeds(spec, template, errors);
  const space = spec.space ?? defaultSpace(template);
  const fixesEpochs =
    !Object.hasOwn(space, "/training/epochs") && !Object.hasOwn(space, "/training") && !staysExact(template, space);
  const { metric } = spec.objective;
  const resolved: ResolvedStudySpec = {
    ...spec,
    name: spec.name ?? `${dataset.name} study`.slice(0, limits.nameLength),
    job: commonJob(sent, job, template, { fixesEpochs, seeds: spec.seeds }),
    space,
    objective: { metric, direction: directionOf(metric) },
    pruner: resolvePruner(spec, template.training.epochs, errors),
  };
  return { spec: resolved, template };
};

const put = (into: Json, keys: readonly string[], value: Json, defaults: unknown): Json => {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  const known: unknown =
    isObject(defaults) || Array.isArray(defaults) ? (defaults as Record<string, unknown>)[key] : undefined;
  const whole = into ?? (defaults as Json) ?? {};
  if (Array.isArray(whole)) {
    const list = [...whole];
    list[Number(key)] = put(list[Number(key)] ?? null, rest, value, known);
    return list;
  }
  const object = isObject(whole) ? (whole as Record<string, Json>) : {};
  return { ...object, [key]: put(object[key] ?? null, rest, value, known) };
};

/** The job of a trial: the common one with these values. What stands around a value is the template's where nobody named it. */
export const jobWithValues = (
  { job, space, name }: ResolvedStudySpec,
  template: ResolvedJobSpec,
  values: Readonly<Record<string, Json>>,
  trial: { study: string; number: number; seed?: number },
): unknown => {
  let body = job as unknown as Json;
  for (const pointer of Object.keys(space)) {
    body = put(body, fromPointer(pointer) ?? [], values[pointer] ?? null, template);
  }
  if (trial.seed !== undefined) body = put(body, ["training", "seed"], trial.seed, template);
  const run = trial.seed === undefined ? {} : { seed: String(trial.seed) };
  const labels = { ...job.labels, study: trial.study, trial: String(trial.number), ...run };
  return { ...(body as object), name: `${name} ${trial.number}`.slice(0, limits.nameLength), labels };
};

export const templateOf = (spec: ResolvedStudySpec, dataset: CountedDataset, base: AnyModel | null): ResolvedJobSpec =>
  resolveSpec(JobSpecSchema.parse(spec.job), dataset, base);
