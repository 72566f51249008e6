import type { Plan } from "../../../domain/jobs/job.ts";
import type { JobSpec, ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import type { CountedDataset } from "../../../domain/jobs/spec/rows/counted-rows.ts";

/** Of one data set, as its manifest is now. */
const mostOfDataset = 64;

export interface Resolved {
  spec: ResolvedJobSpec;
  plan: Plan;
}

/** What jobs without a base became before, by data set and specification. */
export interface KnownPlans {
  find(dataset: CountedDataset, asked: JobSpec, largestTrainer: number | null): Resolved | null;
  note(dataset: CountedDataset, asked: JobSpec, largestTrainer: number | null, became: Resolved): void;
}

/**
 * All that defaults and plan may depend on, beside the data set: jobs that differ only in what they are called, or in their seed, have one. Where rows are drawn as groups their
 * numbers depend on the seed; such a job has a data set with counts of its own, which is not noted.
 */
const keyOf = ({ name, labels: _labels, training, ...planned }: JobSpec, largestTrainer: number | null): string => {
  const { seed: _seed, ...trained } = training;
  // Without a name it gets one by default.
  return JSON.stringify([planned, trained, name === undefined, largestTrainer]);
};

/** Filling in defaults, checking them against the columns and planning cost most of a submission, and many jobs are alike. A data set is known by its record, which is read once. */
export const createKnownPlans = (): KnownPlans => {
  const known = new WeakMap<CountedDataset, Map<string, Resolved>>();
  return {
    find: (dataset, asked, largestTrainer) => {
      const found = known.get(dataset)?.get(keyOf(asked, largestTrainer));
      if (found === undefined) return null;
      const { name = found.spec.name, labels } = asked;
      const training = { ...found.spec.training, seed: asked.training.seed };
      return { spec: { ...found.spec, name, labels, training }, plan: found.plan };
    },
    note: (dataset, asked, largestTrainer, became) => {
      // One that is read only once is not shared, nor would it be found again.
      if (!Object.isFrozen(dataset)) return;
      const plans = known.get(dataset) ?? new Map<string, Resolved>();
      known.set(dataset, plans);
      plans.set(keyOf(asked, largestTrainer), became);
      const [oldest] = plans.keys();
      if (plans.size > mostOfDataset && oldest !== undefined) plans.delete(oldest);
    },
  };
};
