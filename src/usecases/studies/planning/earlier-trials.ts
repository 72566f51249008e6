import { invalidAt } from "../../../domain/errors.ts";
import { JobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { rowsSeed } from "../../../domain/jobs/spec/rows/rows-seed.ts";
import { limits } from "../../../domain/limits.ts";
import { seedsOf } from "../../../domain/studies/objective-metric.ts";
import type { EarlierTrial, Study, Trial } from "../../../domain/studies/study.ts";
import type { ResolvedStudySpec } from "../../../domain/studies/study-spec.ts";
import type { Dimension } from "../../../search/dimension.ts";
import { fromValues } from "../../../search/values.ts";
import type { Caller } from "../../admission/caller.ts";
import { referred } from "../../admission/referred.ts";
import type { Deps } from "../../deps.ts";

/** Why the results of another study say nothing here; null if they do. */
const incomparable = (spec: ResolvedStudySpec, { spec: other }: Study): string | null => {
  if (other.job.dataset !== spec.job.dataset) return `learns from another data set, ${other.job.dataset}`;
  const [label, otherLabel] = [spec, other].map(({ job }) => JSON.stringify(job.task));
  if (label !== otherLabel) return "has another task";
  const { metric } = other.objective;
  return metric === spec.objective.metric ? null : `goes by another objective, ${metric}`;
};

/** In what the results of another study were measured or trained otherwise: they count all the same, and whoever asked for them is told. */
const differences = (spec: ResolvedStudySpec, { spec: other }: Study): string[] => {
  const [own, theirs] = [spec, other].map(({ job }) => JobSpec.parse(job).training) as [
    JobSpec["training"],
    JobSpec["training"],
  ];
  const parts: [string, unknown, unknown][] = [
    ["the seed that draws the rows", rowsSeed(own), rowsSeed(theirs)],
    ["the share of validation rows", own.split.validation, theirs.split.validation],
    ["the share of test rows", own.split.test, theirs.split.test],
    [
      "the column of the split",
      own.split.by ?? own.split.time ?? own.split.column,
      theirs.split.by ?? theirs.split.time ?? theirs.split.column,
    ],
    ["the folds", own.crossValidation, theirs.crossValidation],
    ["the epochs", own.epochs, theirs.epochs],
    ["the seeds", seedsOf(spec), seedsOf(other)],
  ];
  const text = (value: unknown): string => (value === undefined ? "the default" : JSON.stringify(value));
  return parts
    .filter(([, mine, its]) => JSON.stringify(mine) !== JSON.stringify(its))
    .map(([name, mine, its]) => `${name} (${text(its)}, here ${text(mine)})`);
};

const remedy = "name its best values in `guesses` instead";

/** The finished trials of the studies that `warmStart` names, as far as they lie in this space: the last `limits.earlierTrials` of them. */
export const readEarlierTrials = async (
  deps: Deps,
  caller: Caller,
  spec: ResolvedStudySpec,
  dimensions: readonly Dimension[],
): Promise<{ earlier: EarlierTrial[]; warnings: string[] }> => {
  const { warmStart = [], sampler } = spec;
  if (warmStart.length > 0 && sampler.type !== "tpe")
    throw invalidAt("/warmStart", `only the sampler tpe learns from other trials, not ${sampler.type}; ${remedy}`);
  const earlier: EarlierTrial[] = [];
  const warnings: string[] = [];
  for (const [i, id] of warmStart.entries()) {
    const place = `/warmStart/${i}`;
    if (warmStart.indexOf(id) < i) throw invalidAt(place, `names ${id} twice`);
    const { study } = await referred(place, deps.studies.get(caller.tenant, id));
    const reason = incomparable(spec, study);
    if (reason !== null) throw invalidAt(place, `${id} ${reason}: its values cannot be compared; ${remedy}`);
    const placed = (await deps.studies.trials(caller.tenant, id)).flatMap((trial: Trial): EarlierTrial[] => {
      if (trial.state !== "succeeded" || trial.objective === null) return [];
      const found = fromValues(spec.space, dimensions, trial.values);
      return "point" in found ? [{ study: id, trial: trial.number, point: found.point, value: trial.objective }] : [];
    });
    if (placed.length === 0) throw invalidAt(place, `${id} has no finished trial that lies in this space`);
    earlier.push(...placed);
    const other = differences(spec, study);
    if (other.length > 0)
      warnings.push(
        `${id}, a study to start from, differs in ${other.join(", ")}: its values were measured otherwise, and count as if they were not`,
      );
  }
  return { earlier: earlier.slice(-limits.earlierTrials), warnings };
};
