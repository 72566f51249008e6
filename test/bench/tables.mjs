// npm run build && node test/bench/tables.mjs --folder FOLDER [--tables sonar,glass:1-3,…] [--seeds 5] [--sklearn] [--effort good] [--results FILE] [--noisy] [--plain] [--python /usr/bin/python3] [--json]
//
// How good jobs with nothing but data set and task are on tables that were not made for them: CSV files NAME.csv whose last column is the label. For each seed a
// fifth of the rows is held out (scikit-learn's train_test_split, stratified by a class), the job is given the rest and nothing else, and answers for the fifth.
// --sklearn: four systems of scikit-learn, as they come, on the same rows. --plain: jobs with "penaltySearch": false beside, and the paired difference.
// --effort: jobs of that effort beside, with their refit, and the paired difference; counts are stated to be counts.
// --results: a line of JSON for each table and seed; what stands there is not computed again, so that a long run may be cut and go on.
// --noisy: made tables, mostly noise, of 500 to 4900 rows and 2 to 12 classes; what guessing costs beside.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { endTogether } from "../chaos/end-together.mjs";
import { errorOf, loadJobs, meanOf } from "./default-job.mjs";
import { noisyTable, noisyTables } from "./noisy-tables.mjs";

const { values: options } = parseArgs({
  options: {
    folder: { type: "string" },
    tables: { type: "string" },
    seeds: { type: "string", default: "5" },
    sklearn: { type: "boolean", default: false },
    plain: { type: "boolean", default: false },
    noisy: { type: "boolean", default: false },
    effort: { type: "string" },
    results: { type: "string" },
    json: { type: "boolean", default: false },
    python: { type: "string", default: "/usr/bin/python3" },
    dist: { type: "string", default: new URL("../../dist/", import.meta.url).href },
  },
});

const kinds = {
  ...Object.fromEntries(
    ["sonar", "glass", "vehicle", "vowel", "letter", "pima", "churn"].map((n) => [n, "classification"]),
  ),
  ...Object.fromEntries(
    ["boston", "concrete", "carprices", "diamonds", "cps1988", "airquality"].map((n) => [n, "regression"]),
  ),
  grouseticks: "count",
};
/** Whether more is better. */
const rises = { accuracy: true, logLoss: false, r2: true, deviance: false };

const { upload, openText, runJob, createRandomStream } = await loadJobs(options.dist);

/** A CSV file's header and rows as text, without line breaks in cells. */
const readTable = (text) => {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  const cellsOf = (line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare,
    );
  return { header, names: cellsOf(header), lines, cellsOf };
};

/** Rows as predict takes them: numbers where the column has numbers, null where nothing stands. */
const toRows = (dataset, { names, lines, cellsOf }, picked) => {
  const numbers = new Set(dataset.columns.filter(({ type }) => type === "number").map(({ name }) => name));
  return picked.map((row) => {
    const cells = cellsOf(lines[row]);
    const value = (name, cell) =>
      cell === "" || (numbers.has(name) && cell === "NA") ? null : numbers.has(name) ? Number(cell) : cell;
    return Object.fromEntries(names.slice(0, -1).map((name, i) => [name, value(name, cells[i])]));
  });
};

const clip = (chance) => Math.min(1, Math.max(1e-6, chance));

const scoreClasses = (outputs, classes, truths) => {
  const width = classes.length;
  const rows = truths.map((truth, row) => [outputs.subarray(row * width, (row + 1) * width), classes.indexOf(truth)]);
  return {
    accuracy: meanOf(rows.map(([chances, truth]) => Number(chances.indexOf(Math.max(...chances)) === truth))),
    logLoss: meanOf(rows.map(([chances, truth]) => -Math.log(clip(truth < 0 ? 0 : chances[truth])))),
  };
};

const scoreNumbers = (values, truths) => {
  const center = meanOf(truths);
  const squares = (of) => truths.reduce((sum, truth, row) => sum + (truth - of(row)) ** 2, 0);
  return { r2: 1 - squares((row) => values[row]) / squares(() => center) };
};

const scoreCounts = (values, truths, trainMean) => {
  const unit = (y, rate) => 2 * ((y > 0 ? y * Math.log(y / rate) : 0) - y + rate);
  return { deviance: meanOf(truths.map((truth, row) => unit(truth, Math.max(values[row], trainMean / 10)))) };
};

/** Trains a default job on some rows of a table and scores what it says of others. */
const scoreJob = async (name, kind, table, { train, test }, training, rest = {}) => {
  const text = `${[table.header, ...train.map((row) => table.lines[row])].join("\n")}\n`;
  const dataset = await upload(name, openText(text));
  const label = table.names.at(-1);
  const type = kind === "classification" ? kind : "regression";
  const { predict, preprocessing, milliseconds, metrics } = await runJob(dataset, openText(text), {
    task: { type, label },
    resources: { threads: 1 },
    ...{ training, ...rest },
  });
  const outputs = await predict(toRows(dataset, table, test));
  const truths = test.map((row) => table.cellsOf(table.lines[row]).at(-1));
  const extra = { seconds: milliseconds / 1000, l2: metrics.l2 };
  if (kind === "classification") return { ...scoreClasses(outputs, preprocessing.label.classes, truths), ...extra };
  const values = Array.from(outputs, (output) => preprocessing.label.mean + preprocessing.label.scale * output);
  const trainLabels = train.map((row) => Number(table.cellsOf(table.lines[row]).at(-1)));
  const numbers = truths.map(Number);
  const score = kind === "count" ? scoreCounts(values, numbers, meanOf(trainLabels)) : scoreNumbers(values, numbers);
  return { ...score, ...extra };
};

const startPython = () => {
  const child = spawn(options.python, [new URL("tables.py", import.meta.url).pathname], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  endTogether(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("scikit-learn ended early: see above");
    return JSON.parse(value);
  };
  return { ask, end: () => child.stdin.end() };
};

const show = (values) => meanOf(values).toPrecision(4);
const paired = (a, b) => {
  const differences = a.map((value, i) => value - b[i]);
  return `${meanOf(differences) >= 0 ? "+" : ""}${meanOf(differences).toPrecision(2)} ± ${errorOf(differences).toPrecision(2)}`;
};

const effortCells = (results, metric, own) => {
  const values = results.map(({ effort }) => effort[metric]);
  return [show(values), paired(values, own), show(results.map(({ effort }) => effort.seconds))];
};

/** One line for each metric of a table. */
const report = (name, results) => {
  const seconds = show(results.map(({ own }) => own.seconds));
  for (const metric of Object.keys(rises).filter((key) => key in results[0].own)) {
    const own = results.map((result) => result.own[metric]);
    const others = Object.keys(results[0].scores);
    const cells = others.map((other) => show(results.map(({ scores }) => scores[other][metric])));
    const plain = options.plain
      ? [
          paired(
            own,
            results.map((result) => result.plain[metric]),
          ),
        ]
      : [];
    const efforts = options.effort ? effortCells(results, metric, own) : [];
    if (options.json) console.log(JSON.stringify({ table: name, metric, results }));
    else console.log(`| ${[name, metric, show(own), ...plain, ...efforts, ...cells, seconds].join(" | ")} |`);
  }
};

const ofEffort = (kind) => ({
  effort: options.effort,
  ...(kind === "count" ? { loss: { type: "poisson_nll" } } : {}),
});

/** What an earlier run has computed. */
const readResults = () => {
  if (!options.results || !existsSync(options.results)) return new Map();
  const lines = readFileSync(options.results, "utf8").split("\n").filter(Boolean);
  return new Map(lines.map((line) => JSON.parse(line)).map(({ name, seed, result }) => [`${name} ${seed}`, result]));
};

const runTables = async (folder, names) => {
  const known = readResults();
  const python = startPython();
  const heads = [
    "table",
    "metric",
    "Descent",
    ...(options.plain ? ["minus without a search"] : []),
    ...(options.effort ? [options.effort, "minus Descent's default", "its seconds"] : []),
    ...(options.sklearn ? ["linear", "mlp", "forest", "boosting"] : []),
    "seconds",
  ];
  if (!options.json) console.log(`| ${heads.join(" | ")} |\n|${" --- |".repeat(heads.length)}`);
  for (const name of names) {
    const file = `${folder}/${name}.csv`;
    const table = readTable(readFileSync(file, "utf8"));
    const results = [];
    for (let seed = 1; seed <= Number(options.seeds); seed++) {
      const before = known.get(`${name} ${seed}`);
      if (before !== undefined) {
        results.push(before);
        continue;
      }
      const { train, test, scores } = await python.ask({ file, kind: kinds[name], seed, fit: options.sklearn });
      const own = await scoreJob(name, kinds[name], table, { train, test }, { seed });
      const plain = options.plain
        ? await scoreJob(name, kinds[name], table, { train, test }, { seed, penaltySearch: false })
        : null;
      const effort = options.effort
        ? await scoreJob(name, kinds[name], table, { train, test }, { seed }, ofEffort(kinds[name]))
        : null;
      const result = { own, plain, effort, scores };
      results.push(result);
      if (options.results) appendFileSync(options.results, `${JSON.stringify({ name, seed, result })}\n`);
    }
    report(name, results);
  }
  python.end();
};

const runNoisy = async () => {
  console.log(
    `| rows | classes | inputs | signal | log loss | guessing | without a search | seconds |\n|${" --- |".repeat(8)}`,
  );
  for (const shape of noisyTables) {
    const results = [];
    for (let seed = 1; seed <= Number(options.seeds); seed++) {
      // As many rows again are made to be asked about.
      const table = readTable(noisyTable(createRandomStream, { ...shape, rows: shape.rows + 2000 }, seed));
      const train = Array.from({ length: shape.rows }, (_, row) => row);
      const test = Array.from({ length: 2000 }, (_, row) => shape.rows + row);
      const labelOf = (row) => table.cellsOf(table.lines[row]).at(-1);
      const counts = new Map();
      for (const row of train) counts.set(labelOf(row), (counts.get(labelOf(row)) ?? 0) + 1);
      const guessing = meanOf(test.map((row) => -Math.log(clip((counts.get(labelOf(row)) ?? 0) / train.length))));
      const own = await scoreJob("noisy", "classification", table, { train, test }, { seed });
      const plain = options.plain
        ? await scoreJob("noisy", "classification", table, { train, test }, { seed, penaltySearch: false })
        : null;
      results.push({ own, plain, guessing });
    }
    const own = show(results.map((result) => result.own.logLoss));
    const plain = options.plain ? show(results.map((result) => result.plain.logLoss)) : "–";
    const { rows, classes, kind, signal } = shape;
    console.log(
      `| ${[rows, classes, kind, signal, own, show(results.map(({ guessing }) => guessing)), plain, show(results.map((result) => result.own.seconds))].join(" | ")} |`,
    );
  }
};

if (options.noisy) await runNoisy();
if (options.folder) await runTables(options.folder, options.tables?.split(",") ?? Object.keys(kinds));
