import { seedsOf } from "../../../domain/studies/objective-metric.ts";
import type { StudyPlan } from "../../../domain/studies/study.ts";
import { rungsOf } from "../../../search/stopping/rungs.ts";
import type { Caller } from "../../admission/caller.ts";
import type { Deps } from "../../deps.ts";
import { budgetOf } from "../course/next-trial.ts";
import { type PlannedStudy, planStudy } from "./plan-study.ts";

/** The share of all trials' epochs that are trained when each rung lets one of `reduction` go on. */
const trainedShare = ({ spec, epochs }: PlannedStudy): number => {
  const { pruner } = spec;
  if (pruner.type !== "asha") return 1;
  let [share, left, before] = [0, 1, 0];
  for (const rung of [...rungsOf(pruner, epochs, 0), epochs]) {
    share += (left * (rung - before)) / epochs;
    [left, before] = [left / pruner.reduction, rung];
  }
  return share;
};

/** Everything that submitStudy checks, the spec it would record, and what the study would cost; nothing is stored. */
export const validateStudy = async (deps: Deps, caller: Caller, request: { spec: unknown }): Promise<StudyPlan> => {
  const planned = await planStudy(deps, caller, request.spec);
  const { spec, dimensions, epochs, plans } = planned;
  const trials = budgetOf({ spec }, dimensions);
  const mean = plans.reduce((sum, { estimatedSeconds }) => sum + estimatedSeconds, 0) / plans.length;
  return {
    spec,
    trials,
    jobs: trials * seedsOf(spec) + (spec.final ? 1 : 0),
    memoryBytes: Math.max(...plans.map(({ memoryBytes }) => memoryBytes)),
    parameters: Math.max(...plans.map(({ parameters }) => parameters)),
    epochs,
    estimatedSeconds: mean * trials * seedsOf(spec) * trainedShare(planned),
    warnings: [...new Set([...planned.warnings, ...plans.flatMap(({ warnings }) => warnings)])].slice(0, 20),
  };
};
