import type { ComparedModel, Comparison } from "../domain/models/comparison.ts";
import type { ReportNote } from "../domain/models/report.ts";
import { chancesOf, logsOf, reportClassification, underflow } from "./classification-report.ts";
import { estimateMean } from "./estimate.ts";
import { reportRegression } from "./regression-report.ts";
import { countUnits, inflated, type Sampling } from "./sampling.ts";
import { type ComparedLoss, ofSquares } from "./values/compared-loss.ts";

type Model = ComparedModel["model"];

/** What one model says of the rows, and what the rows' measures are by that. */
export interface Answered {
  readonly model: Model;
  readonly name: string;
  readonly trainedOnIt: boolean;
  /** By what the variance of its means is multiplied: more than 1 where models that share training rows have answered. */
  readonly inflation: number;
  readonly measures: Float64Array;
  readonly figures: Figures;
  /** What must be known of its measures. */
  readonly notes: readonly ReportNote[];
}

export type Measured = Pick<Answered, "measures" | "figures" | "notes">;

type Figures = Omit<ComparedModel, "model" | "name" | "measure" | "group" | "trainedOnIt" | "drift">;

const none: Figures = {
  ...{ accuracy: null, brier: null, areaUnderRoc: null, calibrationError: null, calibration: null },
  ...{ calibrationErrorByChance: null },
  ...{ rootMeanSquaredError: null, meanAbsoluteError: null, r2: null, bias: null },
};

/** Of probabilities (rows × classes) and the rows' classes. */
export const measureClasses = (
  classes: readonly string[],
  probabilities: Float64Array,
  truths: Int32Array,
  { threshold = null, sampling = null }: { threshold?: number | null; sampling?: Sampling | null } = {},
): Measured => {
  const trainCounts = classes.map((_, k) => truths.filter((truth) => truth === k).length);
  const chances = chancesOf(probabilities, truths, classes.length);
  const logs = logsOf(chances);
  const answers = {
    split: "test",
    classes,
    probabilities,
    truths,
    trainCounts,
    logs,
    distribution: "",
    threshold,
    sampling,
  } as const;
  const { accuracy, brier, areaUnderRoc, calibrationError, calibrationErrorByChance, calibration } =
    reportClassification(answers);
  return {
    measures: logs,
    figures: { ...none, accuracy, brier, areaUnderRoc, calibrationError, calibrationErrorByChance, calibration },
    notes: underflow(chances),
  };
};

export const measureNumbers = (
  predictions: Float64Array,
  truths: Float64Array,
  sampling: Sampling | null = null,
  { of }: ComparedLoss = ofSquares,
): Measured => {
  const answers = { split: "test", predictions, truths, likelihood: null, counts: false, sampling } as const;
  const { rootMeanSquaredError, meanAbsoluteError, r2, bias } = reportRegression(answers);
  return {
    measures: truths.map((truth, row) => -of(truth, predictions[row]!)),
    figures: { ...none, rootMeanSquaredError, meanAbsoluteError, r2, bias },
    notes: [],
  };
};

/** Two models that say the same of every row are tied; so are those whose difference's interval holds 0, or that one row, or rows of one unit, alone tell apart. */
const compare = (better: Answered, other: Answered, sampling: Sampling | null): Comparison["differences"][number] => {
  const paired = better.measures.map((value, row) => value - other.measures[row]!);
  const inflation = Math.max(better.inflation, other.inflation);
  const difference = estimateMean(paired, { eitherSide: true }, inflated(sampling, inflation, paired.length));
  const { value, lower } = difference;
  const units = sampling === null ? paired.length : countUnits(sampling);
  // Without an interval all units differ by the same amount: several of them tell the models apart.
  const tied = lower === null ? value === 0 || units < 2 : lower <= 0;
  return { model: better.model, other: other.model, difference, tied };
};

/** Models by their mean measure (of `sampling`, with the inflation of each), which is the logarithm of a probability or minus a loss, and so never above 0; every pair's difference on the same rows, and who cannot be told apart. */
export const compareAnswered = (
  answered: readonly Answered[],
  sampling: Sampling | null = null,
): Pick<Comparison, "models" | "differences" | "groups"> => {
  const order = answered
    .map((each) => {
      const own = inflated(sampling, each.inflation, each.measures.length);
      return { ...each, measure: estimateMean(each.measures, { most: 0 }, own) };
    })
    .sort((a, b) => b.measure.value - a.measure.value);
  const differences = order.flatMap((better, i) => order.slice(i + 1).map((other) => compare(better, other, sampling)));
  const tied = (a: Model, b: Model): boolean =>
    differences.some(({ model, other, tied: told }) => model === a && other === b && told);
  const groups: Model[][] = [];
  let rest: Model[] = order.map(({ model }) => model);
  while (rest.length > 0) {
    const [best] = rest;
    const group = rest.filter((model) => model === best || tied(best!, model));
    groups.push(group);
    rest = rest.filter((model) => !group.includes(model));
  }
  const models = order.map(({ model, name, trainedOnIt, measure, figures }) => {
    const group = groups.findIndex((own) => own.includes(model));
    return { model, name, measure, group, trainedOnIt, ...figures, drift: null };
  });
  return { models, differences, groups };
};
