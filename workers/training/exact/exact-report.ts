import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import { inOwnUnits } from "../../../src/data/preprocessing/raw-numbers.ts";
import { reportedSplit } from "../../../src/data/splits/split.ts";
import { assert } from "../../../src/domain/errors.ts";
import type { Solution } from "../../../src/domain/models/inference.ts";
import type { Report, ReportNote } from "../../../src/domain/models/report.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { withCoefficients } from "../../../src/stats/coefficients/with-coefficients.ts";
import { createUnits } from "../../../src/stats/explaining/dependence-grid.ts";
import { reportInference } from "../../../src/stats/inference/report-inference.ts";
import { noteCopies } from "../explaining/copied-rows.ts";
import { noteGiveaways } from "../explaining/giveaway.ts";
import { explain, withExplained } from "../explaining/importances.ts";
import { mostSeen, reportNetwork } from "../network-report.ts";
import { separationNote, withoutSpread } from "../separation-note.ts";
import type { ExactResults } from "./exact-results.ts";
import { pickSolved, rowsOf } from "./exact-rows.ts";
import { leaveOneOutReport } from "./leave-one-out-report.ts";
import { answersOf } from "./linear-evaluation.ts";

const solutionOf = ({ fit, spec, columns }: ExactResults): Solution => ({
  solver: "exact",
  method: fit.method,
  converged: fit.ending === "converged",
  iterations: fit.iterations,
  lastStep: fit.lastStep,
  gap: fit.vertex?.gap ?? null,
  refinements: fit.refinements,
  rank: fit.rank,
  columns: columns.length,
  l2: spec.training.l2,
});

const runningAway: ReportNote = {
  code: "separated",
  message:
    "the likelihood of the training rows has no maximum: some features together tell some rows' labels for certain, and their coefficients grow for ever: no estimate is given, nor standard errors, intervals (of the log-likelihood neither), p values, AIC or BIC; set training.l2, or leave such features out",
};

/** Says that the rows are separated, by what is found in them or by how the fit went. */
const addSeparation = (results: ExactResults, report: Report): boolean => {
  const { spec, preprocessing, arrays, metrics, fit, onSeparated } = results;
  // Newton's method that has come to rest without a penalty is the proof that there is a maximum.
  const atRest = spec.training.l2 === 0 && fit.ending === "converged";
  const { train } = arrays;
  const rows = { train, features: rowsOf(train, preprocessing.inputs) };
  const found = separationNote(spec, preprocessing, rows, metrics, atRest);
  const note = found?.note ?? (fit.ending === "separated" ? runningAway : null);
  if (note === null) return false;
  report.notes.push(note);
  if (found?.penalised === true) return true;
  withoutSpread(report);
  onSeparated(note.message);
  return true;
};

/** Where nothing was held out, coverage may go by the fits without each of the rows. */
const withLeftOut = <T extends Report>(report: T, results: ExactResults): T =>
  report.task === "regression" && report.split === "train"
    ? { ...report, conformal: leaveOneOutReport(results) }
    : report;

/** Rows of standardised labels, as the errors under a penalty are computed from. */
const withStandardisedLabels = ({ arrays, preprocessing: { label } }: ExactResults): PreparedArrays => {
  if (label.type !== "number") return arrays;
  const { train } = arrays;
  const labels = Float64Array.from(train.labels ?? [], (value) => (value - label.mean) / label.scale);
  return { ...arrays, train: { ...train, labels } };
};

/** The report on the rows that were held out, with all that can be inferred about the coefficients. */
export const reportExact = (results: ExactResults): Report => {
  const { spec, preprocessing, arrays, model, weights, network, fit, terms, metrics, columns } = results;
  const split = reportedSplit(arrays);
  const rows = spreadRows(arrays[split].labels?.length ?? 0, weights.outputs);
  const outputs = answersOf(model, weights, arrays[split], rows);
  const answers = { split, rows, outputs };
  const seenRows = spreadRows(Math.min(arrays.train.labels?.length ?? 0, mostSeen), 1);
  const seen = { rows: seenRows, outputs: answersOf(model, weights, arrays.train, seenRows) };
  const pick = pickSolved(arrays);
  // Under a penalty the inputs are standardised.
  const unitsOf = createUnits(preprocessing, {
    standardised: spec.training.l2 > 0,
    shifts: results.shifts,
    digits: 12,
  });
  const explained = explain({
    ...{ spec, preprocessing: inOwnUnits(preprocessing), arrays, split, budget: results.budget, pick, unitsOf },
    ask: (picked) => {
      results.beat();
      return answersOf(model, weights, picked, picked.rows);
    },
  });
  const evaluated = reportNetwork({
    spec,
    preprocessing: inOwnUnits(preprocessing),
    arrays,
    answers,
    metrics,
    seen,
    linear: null,
    pick,
    unitsOf,
    threshold: results.threshold,
    theta: fit.dispersion?.estimate ?? null,
  });
  const measured = withLeftOut(withExplained(evaluated, explained), results);
  assert(measured.task === "classification" || measured.task === "regression", "linear models have labels");
  const separated = addSeparation(results, measured);
  const looked = { preprocessing, arrays, pick };
  noteGiveaways(looked, measured.notes);
  noteCopies(looked, answers.split, measured.notes);
  results.beat();
  const solution = solutionOf(results);
  if (terms === null) {
    const tensors: Record<string, Float64Array> = { "output.weight": network.weight, "output.bias": network.bias };
    const tensorOf = (name: string): Float64Array | null => tensors[name] ?? null;
    const own = withStandardisedLabels(results);
    const report = withCoefficients(measured, {
      spec,
      preprocessing,
      arrays: own,
      inputs: rowsOf(own.train, preprocessing.inputs),
      separated,
      unbounded: false,
      theta: fit.dispersion?.estimate ?? null,
      tensorOf,
    });
    return { ...report, solution } as Report;
  }
  const { train } = arrays;
  assert(train.labels !== null, "linear models have labels");
  const { notes, ...inferred } = reportInference(
    {
      ...{ model, preprocessing, terms, columns, features: rowsOf(train, weights.inputs), labels: train.labels },
      weights: train.weights ?? null,
      offsets: train.offsets ?? null,
      ...{ coefficients: fit.coefficients, covariance: fit.covariance, indeterminate: fit.indeterminate },
      ...{ rank: fit.rank, objective: fit.objective, places: results.places, clusters: results.clusters },
      shifts: results.shifts,
      ending: separated ? "separated" : fit.ending,
      dispersion: fit.dispersion ?? null,
      quantile: spec.loss.type === "pinball" ? { level: spec.loss.quantile, unique: fit.vertex?.unique ?? true } : null,
    },
    results.ratios,
    results.overallLost,
  );
  return { ...measured, ...inferred, solution, notes: [...measured.notes, ...notes] };
};
