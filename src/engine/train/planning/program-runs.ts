import type { TracedSpec } from "../../nn/models.ts";
import { shareCandidates, sharedEnsemble } from "../fitting/trials/shares.ts";
import { temperatureRuns } from "../fitting/trials/temperature.ts";
import type { cutEpoch } from "./draft-programs.ts";
import type { SearchPlan, StepPart } from "./plan-search.ts";
import { type DataShape, type ProgramIndex, reportSplitOf, type Split, splits } from "./training.ts";

/** How often each program runs, by its position; of an evaluation's last batch a part of one run. */
export type ProgramRuns = ReadonlyMap<number, number>;

const createCount = () => {
  const runs = new Map<number, number>();
  const add = (program: number, times: number): void => void runs.set(program, (runs.get(program) ?? 0) + times);
  return {
    runs,
    add,
    addParts: (parts: readonly StepPart[], times: number): void => {
      for (const { program } of parts) add(program, times);
    },
  };
};

/** Points of the metrics history that a job makes at most, about. */
const pointsPerJob = 1000;

/** Steps of an epoch after which a point is made. */
export const stepsPerPoint = (steps: number): number => Math.max(50, Math.ceil(steps / (pointsPerJob / 2)));

/** Epochs at whose end one is made. */
export const epochsPerPoint = (epochs: number): number => Math.ceil(epochs / pointsPerJob);

/** Of each of so many epochs, on average. */
const pointsOfEpoch = (stepsPerEpoch: number, epochs: number): number =>
  Math.floor((stepsPerEpoch - 1) / stepsPerPoint(stepsPerEpoch * epochs)) + 1 / epochsPerPoint(epochs);

/** Of the epochs in their stages, of the validation after each, and of what is measured and asked at the end. */
export const trainingRuns = (
  spec: TracedSpec,
  shape: DataShape,
  cut: ReturnType<typeof cutEpoch>,
  { stages, evaluate, statistics }: ProgramIndex,
  evaluationRows: number,
): ProgramRuns => {
  const { epochs } = spec.training;
  const { runs, add, addParts } = createCount();
  for (const [i, { afterEpochs, step, lastStep }] of stages.entries()) {
    const end = Math.min(epochs, stages[i + 1]?.afterEpochs ?? epochs);
    const own = Math.max(0, end - afterEpochs);
    addParts(step, own * (cut.stepsPerEpoch - 1));
    addParts(lastStep, own);
    add(statistics, own * pointsOfEpoch(cut.stepsPerEpoch, epochs));
  }
  const measure = (split: Split, times: number): void => {
    const programs = evaluate[split];
    if (programs === undefined) return;
    const rows = Math.min(evaluationRows, shape[`${split}Rows`]);
    add(programs.full, (times * shape[`${split}Rows`]) / rows);
  };
  measure("validation", epochs);
  for (const split of splits) measure(split, 1);
  measure(reportSplitOf(shape), 1);
  return runs;
};

/** Of the trials that choose the penalty: their steps, and what judges them at their end, and so many times more. */
export const searchRuns = (search: SearchPlan, evaluationRows: number, asked: number): ProgramRuns => {
  const { runs, add, addParts } = createCount();
  const programs = search.programs[search.start]!;
  addParts(programs.step, search.usualSteps);
  const trials = search.usualSteps / search.stepsPerTrial;
  add(search.judge.full, (trials * (1 + asked) * search.holdOutRows) / Math.min(evaluationRows, search.holdOutRows));
  return runs;
};

/** Σ runs · what one run takes. */
export const sumOverRuns = (runs: ProgramRuns, of: (program: number) => number): number => {
  let sum = 0;
  for (const [program, times] of runs) sum += times * of(program);
  return sum;
};

/** How often the rows that judge a trial are asked beside. */
export const askedRuns = ({ model, training }: TracedSpec): number => {
  const ensemble = sharedEnsemble(model);
  const candidates = ensemble === null ? 1 : shareCandidates(ensemble).length;
  const heated = training.calibration === "temperature" ? temperatureRuns : 0;
  return candidates * heated + (ensemble === null ? 0 : candidates);
};
