import { invalidAt } from "../../../domain/errors.ts";
import { limits } from "../../../domain/limits.ts";
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

const remedy = "name its best values in `guesses` instead";

/** The finished trials of the studies that `warmStart` names, as far as they lie in this space: the last `limits.earlierTrials` of them. */
export const readEarlierTrials = async (
  deps: Deps,
  caller: Caller,
  spec: ResolvedStudySpec,
  dimensions: readonly Dimension[],
): Promise<EarlierTrial[]> => {
  const { warmStart = [], sampler } = spec;
  if (warmStart.length > 0 && sampler.type !== "tpe")
    throw invalidAt("/warmStart", `only the sampler tpe learns from other trials, not ${sampler.type}; ${remedy}`);
  const earlier: EarlierTrial[] = [];
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
  }
  return earlier.slice(-limits.earlierTrials);
};
