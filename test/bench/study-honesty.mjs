// npm run build && node test/bench/study-honesty.mjs [--data breast_cancer,diabetes,fashion] [--splits 200] [--trials 12] [--results honesty.ndjson] [--seconds 600]
//
// Is what a study says of its choice true? The same study on many fresh splits of a table: few rows to learn from and to validate on, all others to test on. Its trials are TPE's, in the space that a study
// has by default, and its choice is corrected as a study corrects it. For each split: the naive figure (the best validation loss), the corrected one with its interval, and the loss of that model on the
// test rows, which is the truth as far as so many rows tell it; then the test loss of the choice trained once more on training and validation rows, and of a job with nothing but data and task on the same.
// Losses are log losses, of diabetes squared errors as a share of the training labels' variance. Fashion-MNIST (the files of Debian's dataset-fashion-mnist) as 49 means of 4 × 4 pixels.
// Each split is a line of `--results`; what stands there is not computed again, and after `--seconds` no further one is begun.
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { createRandom } from "../chaos/random.mjs";
import { errorOf, loadJobs, meanOf } from "./default-job.mjs";

const { values: options } = parseArgs({
  options: {
    data: { type: "string", default: "breast_cancer,diabetes,fashion" },
    splits: { type: "string", default: "200" },
    trials: { type: "string", default: "12" },
    epochs: { type: "string", default: "20" },
    results: { type: "string" },
    seconds: { type: "string", default: "1e9" },
    fashion: { type: "string", default: "/usr/share/datasets/fashion-mnist" },
  },
});
const dist = new URL("../../dist/", import.meta.url);
const part = (path) => import(new URL(`src/${path}.js`, dist).href);
const { propose } = await part("search/propose");
const { correctForChoice } = await part("search/compare-trials");
const { readSpace } = await part("search/read-space");
const { toValues } = await part("search/values");
const { createSpecErrors } = await part("domain/jobs/spec/spec-errors");
const { upload, openText, runJob } = await loadJobs(dist.href);

/** As a study has it by default for an MLP. */
const space = {
  "/optimizer/learningRate": { min: 3e-4, max: 0.1, scale: "log" },
  "/training/l2": { min: 1e-6, max: 1, scale: "log" },
  "/model/hidden": { choices: [[16], [32], [64], [32, 16], [64, 32], [128, 64]] },
  "/model/dropout": { min: 0, max: 0.5 },
};
const dimensions = readSpace(space, createSpecErrors());

const pooledFashion = async () => {
  const unzipped = async (name) => gunzipSync(await readFile(`${options.fashion}/${name}.gz`));
  const images = (await unzipped("train-images-idx3-ubyte")).subarray(16);
  const labels = (await unzipped("train-labels-idx1-ubyte")).subarray(8);
  const names = Array.from({ length: 49 }, (_, i) => `p${i}`);
  const lines = Array.from({ length: 3000 }, (_, row) => {
    const means = names.map((_name, i) => {
      let sum = 0;
      for (let y = 0; y < 4; y++)
        for (let x = 0; x < 4; x++) sum += images[784 * row + 28 * (4 * Math.floor(i / 7) + y) + 4 * (i % 7) + x];
      return sum / 16;
    });
    return `${means.join(",")},class ${labels[row]}`;
  });
  return [`${names.join(",")},label`, ...lines];
};
const linesOf = async (name) =>
  name === "fashion"
    ? pooledFashion()
    : (await readFile(new URL(`../data/${name}.csv`, import.meta.url), "utf8")).trim().split("\n");

/** Rows that a study learns from and validates on; the others are tested on. */
const tables = {
  breast_cancer: { task: { type: "classification", label: "diagnosis" }, train: 120, validation: 60 },
  diabetes: { task: { type: "regression", label: "progression" }, train: 120, validation: 60 },
  fashion: { task: { type: "classification", label: "label" }, train: 400, validation: 150 },
};

/** The table with a column that says which split a row is in, drawn by the seed. */
const divided = ([head, ...rows], { train, validation }, seed) => {
  const random = createRandom(seed);
  const order = rows.map((_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const parts = new Array(rows.length);
  for (const [rank, row] of order.entries())
    parts[row] = rank < train ? "train" : rank < train + validation ? "validation" : "test";
  return [`part,${head}`, ...rows.map((row, i) => `${parts[i]},${row}`)].join("\n");
};

/** What a model makes of each row of a split: log losses, or squared errors. */
const scoresOf = async ({ views, answer }, split) => {
  const { features, labels } = views[split];
  const answers = await answer(Float32Array.from(features));
  const outputs = answers.length / labels.length;
  return Float32Array.from(labels, (label, row) =>
    outputs === 1 ? (answers[row] - label) ** 2 : -Math.log(Math.max(1e-12, answers[row * outputs + label])),
  );
};

const oneSplit = async (name, lines, seed) => {
  const { task } = tables[name];
  const csv = divided(lines, tables[name], seed);
  const open = openText(csv);
  const dataset = await upload(name, open);
  const resources = { threads: 1 };
  const jobOf = (values, validation) => ({
    ...{ task, resources, optimizer: { type: "adam", learningRate: values["/optimizer/learningRate"] } },
    model: { type: "mlp", hidden: values["/model/hidden"], dropout: values["/model/dropout"] },
    training: {
      ...{ epochs: Number(options.epochs), l2: values["/training/l2"], earlyStopping: false },
      split: { column: "part", ...(validation ? {} : { validation: 0 }) },
    },
  });
  const [outcomes, tried] = [[], []];
  for (let number = 0; number < Number(options.trials); number++) {
    const point = propose({ type: "tpe" }, dimensions, { seed, number, outcomes });
    const values = toValues(space, point);
    const run = await runJob(dataset, open, jobOf(values, true));
    const scores = await scoresOf(run, "validation");
    const value = meanOf(scores);
    outcomes.push({ number, point, state: "complete", value, epochs: 1 });
    tried.push({ number, scores, parameters: 0, values, value, truth: meanOf(await scoresOf(run, "test")) });
  }
  const best = tried.reduce((first, each) => (each.value < first.value ? each : first));
  const { value: corrected, lower, upper } = await correctForChoice(tried, seed);
  const found = await runJob(dataset, open, jobOf(best.values, false));
  const split = { column: "part", validation: 0 };
  const testLoss = async (run) => meanOf(await scoresOf(run, "test"));
  // A default job searches its own penalty, which takes longer than a study of these: every eighth split is enough to tell.
  const plain = seed % 8 === 1 ? await runJob(dataset, open, { task, resources, training: { split } }) : null;
  const losses = { found: await testLoss(found), plain: plain && (await testLoss(plain)) };
  return { naive: best.value, corrected, lower, upper, truth: best.truth, ...losses };
};

const known = new Map();
if (options.results !== undefined && existsSync(options.results)) {
  const lines = (await readFile(options.results, "utf8")).split("\n").filter((line) => line !== "");
  for (const { key, ...result } of lines.map((line) => JSON.parse(line))) known.set(key, result);
}
const names = options.data.split(",");
const lines = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await linesOf(name)])));
for (let seed = 1; seed <= Number(options.splits); seed++) {
  for (const name of names) {
    const key = `${name} ${seed}`;
    if (known.has(key) || performance.now() > 1000 * Number(options.seconds)) continue;
    const result = await oneSplit(name, lines[name], seed);
    known.set(key, result);
    if (options.results !== undefined) await appendFile(options.results, `${JSON.stringify({ key, ...result })}\n`);
  }
}

const within = (values) => `${meanOf(values).toFixed(3)} ± ${(1.96 * errorOf(values)).toFixed(3)}`;
const differenceOf = (some) =>
  some.length < 2 ? "–" : `${within(some.map(({ found, plain }) => found - plain))} (${some.length} splits)`;
const share = (hits) => {
  const p = meanOf(hits.map(Number));
  return `${(100 * p).toFixed(1)} ± ${(196 * Math.sqrt((p * (1 - p)) / hits.length)).toFixed(1)} %`;
};
const head = ["data", "splits", "truth", "naive − truth", "corrected − truth", "truth in the interval"];
console.log(`| ${[...head, "choice − default, test loss"].join(" | ")} |\n|${" --- |".repeat(head.length + 1)}`);
for (const name of names) {
  const all = [...known].flatMap(([key, result]) => (key.startsWith(`${name} `) ? [result] : []));
  if (all.length < 2) continue;
  const cells = [
    ...[name, all.length, within(all.map(({ truth }) => truth))],
    ...["naive", "corrected"].map((figure) => within(all.map((each) => each[figure] - each.truth))),
    share(all.map(({ lower, upper, truth }) => lower <= truth && truth <= upper)),
    differenceOf(all.filter(({ plain }) => plain !== null)),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
