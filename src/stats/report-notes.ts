import type { TaskSpec } from "../domain/jobs/spec/job-spec.ts";
import { offsetOf } from "../domain/jobs/spec/rows/row-columns.ts";
import type { ClassificationReport, ReportNote } from "../domain/models/report.ts";
import { leastScores } from "./conformal/scores.ts";
import { countUnits, type Sampling } from "./sampling.ts";

type Split = ClassificationReport["split"];

const nameOf = (split: Split): string => (split === "out_of_fold" ? "cross-validation" : `${split} split`);

/** The rows that a report is about have one label: what compares rows with each other has no value. */
export const constantLabel = (split: Split, value: string, figure: string): ReportNote => ({
  code: "constant_label",
  message: `the label is ${value} in every row of the ${nameOf(split)}: there is no ${figure}; use more rows, another seed or another split`,
});

/** The normal distribution of a squared error, and the Gamma, take their spread from the training rows. */
export const noSpread: ReportNote = {
  code: "no_spread",
  message:
    "the model passes through its training rows, up to rounding: their residuals offer no spread for a log-likelihood, which is left out; use more rows, fewer features or a penalty",
};

/** What the counts of a report are of. */
export const exposureNotes = (task: TaskSpec): ReportNote[] => {
  const offset = offsetOf(task);
  if (offset === null) return [];
  const of = offset.key === "exposure" ? "by its exposure" : "by e to its offset,";
  const message = `each row's rate is multiplied ${of} ${JSON.stringify(offset.column)}: figures are of counts, the null model is one rate for all, partial dependences and explanations are of the rate of one unit, and rows to predict need the column`;
  return [{ code: "exposure", message }];
};

/** Whether and by what the logits were divided; null: nobody asked. */
export const temperatureNote = (
  { temperature, temperatureGain = 0, temperatureRows = 0 }: Readonly<Record<string, number>>,
  from: "validation rows" | "training rows that trials held out" | "rows of the folds",
): ReportNote | null => {
  if (temperature === undefined) return null;
  const rows = `${temperatureRows} ${from}`;
  const message =
    temperature === 1
      ? `no temperature is surely better than 1 on ${rows}: the probabilities are as they were learnt`
      : `the logits are divided by ${temperature}, which gained ${temperatureGain.toPrecision(3)} of log-likelihood a row on ${rows}; it is part of the output layer's weights`;
  return { code: "calibrated", message };
};

/** Whose figures these are, where the model was fitted once more. */
const coverageOfRefit = {
  by_measured:
    ". Predictions with coverage ask the measured model, which is kept beside it: the interval or set is that one's, and what is promised of it holds",
  approximate:
    ". Predictions with coverage go by the measured model's scores: their coverage is then approximate, no longer exact for a stated number of rows; leave training.refit out where it must be",
};

export const refitNote = (
  { measuredRows, rows }: { measuredRows: number; rows: number },
  /** How predictions with coverage are answered; null: they are not. */
  coverage: "by_measured" | "approximate" | null,
): ReportNote => ({
  code: "refitted",
  message: `every figure is of a model that learnt from ${measuredRows} rows; the model that is kept was then fitted to all ${rows} with the same settings, is not measured, and is most likely a little better${coverage === null ? "" : coverageOfRefit[coverage]}`,
});

const learntFrom = (rows: number): ReportNote => ({
  code: "training_rows",
  message: `no row was held out: the figures are of the ${rows} rows that the model learnt from and too good for new ones, which their intervals do not know; hold rows out (training.split.test), or take a cross-validation`,
});

/** Rows that are one unit (one group, or one weight that outweighs all others) do not tell how much units differ: means of them have no interval. */
export const oneUnit = (which: string, rows: number, sampling: Sampling | null): ReportNote[] => {
  if (sampling === null || rows < 2 || countUnits(sampling) >= 2) return [];
  const message = `${which} (${rows} rows) are of one group, or one of them outweighs all others: they do not tell how much groups differ, so that no mean has an interval and models cannot be told apart by them; take rows of more groups`;
  return [{ code: "one_group", message }];
};

const fewOf = (split: Split, rows: number, coverage: number): ReportNote[] => {
  if (rows === 1) {
    const message = `the ${split} split has one row: no figure has an interval but shares; hold out more rows`;
    return [{ code: "too_few_rows", message }];
  }
  if (split === "train") return [learntFrom(rows)];
  const least = leastScores(coverage);
  if (split === "out_of_fold" || rows >= least) return [];
  const promise = `${Math.round(100 * coverage)} %`;
  const message = `the ${split} split has ${rows} rows: nothing that holds the next row's label with ${promise} can be given below ${least}, and of so few rows intervals of errors, R² and likelihoods hold less often than 95 % (of normal errors 85 to 93 %); hold out more rows`;
  return [{ code: "too_few_rows", message }];
};

/** What cannot be said of so few rows. */
export const fewRows = (
  split: Split,
  rows: number,
  coverage: number,
  sampling: Sampling | null = null,
): ReportNote[] => [...oneUnit(`the rows of the ${nameOf(split)}`, rows, sampling), ...fewOf(split, rows, coverage)];

export const noThreshold: ReportNote = {
  code: "no_threshold",
  message:
    "the validation rows are of one class, so that no threshold could be chosen: the likelier class is the answer; give the validation split more rows, or a number",
};
