import type { SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { doublesOf } from "../../../src/stats/order-of.ts";
import type { LinearBaseline } from "../exact/linear-baseline.ts";
import { countedRows, exposuresOf, weightsOf } from "../leading/counted-rows.ts";
import {
  classAnswersOf,
  classProbabilitiesOf,
  errorsOf,
  type NetworkResults,
  valueAnswersOf,
} from "../network-report.ts";
import { scoreRows } from "../trials/row-scores.ts";

/** What the model of one fold makes of the rows that it has not seen. */
export interface Judged {
  /** By name: a number of each row, or as many as the label has classes. */
  readonly columns: Readonly<Record<string, Float64Array>>;
  /** Places of the rows in the split. */
  readonly rows: Int32Array;
  /** Whose negative log-likelihood the loss is; null: of none. */
  readonly distribution: string | null;
  readonly linear: Pick<LinearBaseline, "model" | "l2" | "trainRows"> | null;
}

/** What a model, or the model of each row's fold, says of rows that it has not learnt from. */
export interface HeldOutAnswers {
  /** The rows' numbers in the file, from 0. */
  readonly places: ArrayLike<number>;
  readonly columns: Judged["columns"];
  /** Of a cross-validation: which division and fold each answer is of, from 1. */
  readonly fits?: readonly { repeat: number; fold: number }[];
}

const columnsOfClasses = ({ probabilities, truths }: ReturnType<typeof classProbabilitiesOf>) => ({
  probabilities,
  truths: Float64Array.from(truths),
});

const ofClasses = (results: NetworkResults, classes: readonly string[]) => {
  const { trainCounts, distribution, nullLogs, linearLogs, ...own } = classAnswersOf(results, classes);
  const commonest = trainCounts.indexOf(Math.max(...trainCounts));
  const columns = {
    ...columnsOfClasses(own),
    nullLogs,
    commonest: doublesOf(own.truths, (truth) => (truth === commonest ? 1 : 0)),
    ...(linearLogs ? { linear: linearLogs } : {}),
  };
  return { columns, distribution };
};

type NumberLabel = Extract<Preprocessing["label"], { type: "number" }>;

const ofNumbers = (results: NetworkResults, label: NumberLabel) => {
  const { truths, predictions, likelihood, centerOf, linear, about } = valueAnswersOf(results, label);
  const columns = {
    ...{ truths, predictions, centers: truths.map((_, row) => centerOf(row)) },
    ...(likelihood ? { logs: truths.map((_, row) => likelihood.logOf(row)) } : {}),
    // Of Poisson's the predictions tell them.
    ...(likelihood?.deviance && results.spec.loss.type !== "poisson_nll"
      ? {
          nullLogs: truths.map((_, row) => likelihood.deviance!.nullLogOf(row)),
          saturatedLogs: truths.map((_, row) => likelihood.deviance!.saturatedLogOf(row)),
        }
      : {}),
    ...(linear ? { linear } : {}),
    ...(about ? { lower: about.lower, upper: about.upper } : {}),
  };
  return { columns, distribution: likelihood?.distribution ?? null };
};

/** What the model says of the rows that it was asked about; null for those that it has learnt from, and where nobody made note of their places. */
export const heldOutAnswers = (results: NetworkResults): HeldOutAnswers | null => {
  const { split, rows } = results.answers;
  const { places } = results.arrays[split];
  if (split === "train" || places === undefined) return null;
  // Of classes what simpler models say of them is not asked for.
  const isOfClasses = results.preprocessing.label.type === "classes";
  const columns = isOfClasses ? columnsOfClasses(classProbabilitiesOf(results)) : judged(results).columns;
  return { places: rows.map((row) => places[row]!), columns: { ...columns, ...statedOf(results) } };
};

/** Numbers to predict as the file has them: those that a network learns from are standardised, in single precision. */
const statedOf = ({ arrays, answers, preprocessing }: NetworkResults): { stated?: Float64Array } => {
  const { truths } = arrays[answers.split];
  if (truths === undefined || preprocessing.label.type !== "number") return {};
  return { stated: Float64Array.from(answers.rows, (row) => truths[row]!) };
};

const judged = (results: NetworkResults): Pick<Judged, "distribution"> & { columns: Record<string, Float64Array> } => {
  const { label } = results.preprocessing;
  if (label.type === "classes") return ofClasses(results, label.classes);
  if (label.type === "number") return ofNumbers(results, label);
  return { columns: { errors: errorsOf(results) }, distribution: null };
};

/**
 * Everything that a report of all folds needs of one of them, row by row, in the label's own units.
 * @param standardised the preprocessing behind which losses are measured, where `results` is in the data's own units
 */
export const judgeRows = (
  all: NetworkResults,
  labels: SplitArrays["labels"],
  standardised: Preprocessing | null = null,
): Judged => {
  const results = countedRows(all);
  const { spec, answers, linear, metrics } = results;
  const weights = weightsOf(results);
  const preprocessing = standardised ?? results.preprocessing;
  const exposures = exposuresOf(results.arrays[answers.split], answers.rows);
  const measured = { labels, answers, weights, exposures, ownUnits: standardised !== null, meanLoss: metrics.testLoss };
  const scores = scoreRows({ spec, preprocessing, theta: results.theta, ...measured }) ?? [];
  const { columns, distribution } = judged(results);
  if (weights !== null) columns.weights = weights;
  for (const { name, data } of scores) columns[name] = Float64Array.from(data as Float32Array);
  return {
    ...{ columns: { ...columns, ...statedOf(results) }, rows: answers.rows, distribution },
    linear: linear && { model: linear.model, l2: linear.l2, trainRows: linear.trainRows },
  };
};
