// npm run build && node test/bench/coverage.mjs [--only "diabetes linear"] [--splits 500] [--results coverage.ndjson] [--seconds 600]
//
// Do intervals hold what they are to hold? On seeded splits of real and made tables every interval of a job's report, and every conformal set or interval, is held against the truth. The same model is measured twice, to the same
// digest: on the few rows of a test split, whose report has the intervals, and on a population of rows that nobody has learnt from and from which those were drawn, whose figures are the truth. Jobs with a
// cross-validation are measured on such a population too.
// Each split of a table is a line of `--results`; what stands there is not computed again, and after `--seconds` no further one is begun.
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { divide, madeCoefficients, subjects } from "./coverage-subjects.mjs";
import { printCoverage } from "./coverage-table.mjs";
import { meanOf } from "./default-job.mjs";
import { loadReportJobs } from "./report-job.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    splits: { type: "string", default: "500" },
    results: { type: "string" },
    seconds: { type: "string", default: "1e9" },
    dist: { type: "string", default: new URL("../../dist/", import.meta.url).href },
  },
});
const part = (path) => import(new URL(`src/${path}.js`, options.dist).href);
const { withCoverage } = await part("stats/conformal/with-coverage");
const { measureClasses, measureNumbers } = await part("stats/compare-models");
const runJob = await loadReportJobs(options.dist);

/** Every estimate of a report with its place in it, `coefficients` aside; of the columns of a table its importance. */
const estimatesOf = (value, path = "") => {
  if (value === null || typeof value !== "object") return [];
  if ("lower" in value && "upper" in value && "value" in value) return [[path, value]];
  if (Array.isArray(value))
    return value.flatMap((each, i) => estimatesOf(each, `${path}.${each?.column ?? each?.label ?? i}`));
  return Object.entries(value).flatMap(([name, each]) =>
    name === "coefficients" || name === "inference" ? [] : estimatesOf(each, path === "" ? name : `${path}.${name}`),
  );
};

/** [lower, upper, truth] of every interval; without an interval the first two are null. */
const intervalsOf = (small, large) => {
  const truths = new Map(estimatesOf(large));
  return Object.fromEntries(
    estimatesOf(small).flatMap(([path, { lower, upper }]) => {
      const truth = truths.get(path);
      return truth === undefined ? [] : [[path, [lower, upper, truth.value]]];
    }),
  );
};

/** Of a linear model on made numbers: by the model's own errors, and by HC3. */
const coefficientsOf = ({ coefficients }) =>
  Object.fromEntries(
    (coefficients ?? []).flatMap(({ term, lower, upper, robust }) => [
      [`coefficients.classical.${term}`, [lower, upper, madeCoefficients[term]]],
      ...(robust ? [[`coefficients.HC3.${term}`, [robust.lower, robust.upper, madeCoefficients[term]]]] : []),
    ]),
  );

/** Answers and truths from the CSV of held-out predictions; no cell of these tables has a comma. */
const readHeldOut = (csv) => {
  const [head, ...lines] = csv.trim().split("\n");
  const names = head.split(",");
  const classes = names.flatMap((name) => (name.startsWith("probabilities.") ? [name.slice(14)] : []));
  const first = names.indexOf("truth");
  return lines.map((line) => {
    const cells = line.split(",");
    const [truth, label] = cells.slice(first);
    if (names.includes("lower")) {
      const [lower, upper] = ["lower", "upper"].map((name) => Number(cells[names.indexOf(name)]));
      return { truth: Number(truth), prediction: { value: Number(label), quantiles: { lower, upper } } };
    }
    if (classes.length === 0) return { truth: Number(truth), prediction: { value: Number(label) } };
    const probabilities = Object.fromEntries(classes.map((name, k) => [name, Number(cells[first + 2 + k])]));
    return { truth, prediction: { label, probabilities } };
  });
};

const holds = ({ truth }, { interval, set }) =>
  interval ? interval.lower <= truth && truth <= interval.upper : set.includes(truth);
const share = (hits) => hits.filter(Boolean).length / hits.length;

/** Which part of the rows each is in: fifths by prediction, or its class. */
const partsOf = (answers) => {
  if ("label" in answers[0].prediction) return answers.map(({ truth }) => `class ${truth}`);
  const order = answers.map((_, row) => row).sort((a, b) => answers[a].prediction.value - answers[b].prediction.value);
  const parts = new Array(answers.length);
  for (const [place, row] of order.entries()) parts[row] = `fifth ${1 + Math.floor((5 * place) / order.length)}`;
  return parts;
};

/** Shares of a population's rows whose labels are held, of all and of parts; and how wide intervals or sets are. */
const conformalOf = (answers, predictionsBy) => {
  const found = {};
  const parts = partsOf(answers);
  for (const [method, predictions] of Object.entries(predictionsBy)) {
    const held = answers.map((answer, row) => holds(answer, predictions[row]));
    found[`${method}`] = share(held);
    for (const name of [...new Set(parts)].sort())
      found[`${method}, ${name}`] = share(held.filter((_, row) => parts[row] === name));
    const sizes = predictions.map(({ interval, set }) => (interval ? interval.upper - interval.lower : set.length));
    found[`${method}, size`] = meanOf(sizes);
  }
  return found;
};

const splitConformal = (answers, conformal) => {
  if (conformal === null) return {};
  const asked = answers.map(({ prediction }) => prediction);
  const by = (coverageMethod, emptySets) =>
    withCoverage(asked, conformal, { coverage: 0.9, coverageMethod, emptySets }).predictions;
  return conformalOf(answers, {
    adaptive: by("adaptive", false),
    marginal: by("marginal", false),
    ...(conformal.type === "quantile_intervals" ? { tails: by("tails", false) } : {}),
    ...(conformal.type === "sets" ? { "marginal with empty sets": by("marginal", true) } : {}),
  });
};

/** Figures of every fold's model on the population, averaged: what an out-of-fold figure is an estimate of. */
const figuresOfFolds = (classes, { folds, width }, truths) => {
  const each = folds.map((said) => {
    const numbers = classes === null;
    const { figures, measures } = numbers
      ? measureNumbers(
          // Behind each value its quantiles stand, where the model says them.
          said.filter((_, at) => at % width === 0),
          Float64Array.from(truths),
        )
      : measureClasses(
          classes,
          said,
          Int32Array.from(truths, (truth) => classes.indexOf(truth)),
        );
    const values = Object.entries(figures).flatMap(([name, figure]) =>
      figure?.value === undefined ? [] : [[name, figure.value]],
    );
    return { ...Object.fromEntries(values), ...(numbers ? {} : { logLikelihood: meanOf(measures) }) };
  });
  return Object.fromEntries(Object.keys(each[0]).map((name) => [name, meanOf(each.map((one) => one[name]))]));
};

/** Kinds of intervals and sets by folds, and what they are asked for by. */
const methodsOf = (isOfClasses, isOfQuantiles) => {
  if (isOfClasses)
    return [
      ["CV+, adaptive", "adaptive"],
      ["CV+, marginal", "marginal"],
    ];
  if (!isOfQuantiles) return [["CV+", "adaptive"]];
  return ["adaptive", "tails", "marginal"].map((method) => [`CV+ of quantiles, ${method}`, method]);
};

/** A job whose folds' models are its model: its out-of-fold figures, and intervals and sets by CV+. */
const oneFolded = async ({ task, job }, { head, population, alone }, seed) => {
  const { report, ask } = await runJob(alone, { task, ...job, training: { ...job.training, seed } });
  const names = head.split(",");
  const rows = population.map((line) => {
    const cells = line.split(",").map((cell) => (cell === "" || Number.isNaN(Number(cell)) ? cell : Number(cell)));
    return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
  });
  const { predictions, byFold } = await ask(rows);
  const classes = task.type === "classification" ? report.classes.map(({ label }) => label) : null;
  const truths = rows.map((row) => (classes === null ? row[task.label] : String(row[task.label])));
  const figures = figuresOfFolds(classes, byFold, truths);
  const intervals = Object.entries(figures).flatMap(([name, truth]) =>
    report[name]?.lower === undefined ? [] : [[name, [report[name].lower, report[name].upper, truth]]],
  );
  const by = (coverageMethod) =>
    withCoverage(predictions, report.conformal, { coverage: 0.9, coverageMethod, emptySets: false }, () => byFold)
      .predictions;
  const answers = predictions.map((prediction, row) => ({ prediction, truth: truths[row] }));
  const methods = methodsOf(classes !== null, report.conformal.type === "fold_quantile_intervals").map(
    ([name, method]) => [name, by(method)],
  );
  return { intervals: Object.fromEntries(intervals), conformal: conformalOf(answers, Object.fromEntries(methods)) };
};

const oneSplit = async (subject, seed) => {
  const { task, job, table } = subject;
  const divided = await divide(subject, seed);
  if (job.training.crossValidation !== undefined) return oneFolded(subject, divided, seed);
  const { small, large, population } = divided;
  const spec = { task, ...job, training: { ...job.training, seed, split: { column: "part", validation: 0 } } };
  const [measured, known] = [await runJob(small, spec), await runJob(large, spec)];
  if (measured.model.digest !== known.model.digest) throw new Error(`two models of one split: ${subject.name} ${seed}`);
  const answers = readHeldOut(known.heldOut).slice(0, population.length);
  const coefficients = table === "noisy_numbers" && job.model.type === "linear" ? coefficientsOf(measured.report) : {};
  return {
    intervals: { ...intervalsOf(measured.report, known.report), ...coefficients },
    conformal: splitConformal(answers, measured.report.conformal),
  };
};

const known = new Map();
if (options.results !== undefined && existsSync(options.results)) {
  const lines = (await readFile(options.results, "utf8")).split("\n").filter((line) => line !== "");
  for (const { key, ...result } of lines.map((line) => JSON.parse(line))) known.set(key, result);
}
const wanted = subjects.filter(({ name }) => name.includes(options.only));
for (let seed = 1; seed <= Number(options.splits); seed++) {
  for (const subject of wanted) {
    const key = `${subject.name} ${seed}`;
    if (known.has(key) || performance.now() > 1000 * Number(options.seconds)) continue;
    const result = await oneSplit(subject, seed);
    known.set(key, result);
    if (options.results !== undefined) await appendFile(options.results, `${JSON.stringify({ key, ...result })}\n`);
  }
}
for (const { name } of wanted) {
  const splits = [...known].flatMap(([key, result]) => (key.startsWith(`${name} `) ? [result] : []));
  if (splits.length > 1) printCoverage(name, splits);
}
