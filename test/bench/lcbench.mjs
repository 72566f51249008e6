// node test/bench/lcbench.mjs --model lcbench_model.onnx [--tasks 34] [--seeds 10] [--trials 100] [--results lcbench.ndjson] [--seconds 600]
//
// How good the search is on LCBench, as YAHPO Gym's surrogate of it has it (Zimmer et al. 2021; Pfisterer et al. 2022): 34 tasks × the hyper-parameters of an MLP × epochs → accuracy on validation
// rows. Random, Sobol and TPE with full trials of 52 epochs; ASHA with TPE and with random at as many epochs altogether. The regret of a search is how far the accuracy of its choice lies below the best
// known of the task, as a share of the range from the worst to the best known. Each search of a task with a seed is a line of `--results`; what stands there is not computed again, and after
// `--seconds` no further one is begun. Prints the mean regret, with a 95 % interval over tasks, of what is there.
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import ort from "onnxruntime-web";
import { propose } from "../../dist/src/search/propose.js";
import { bracketOf, nextPromotion, rungsOf } from "../../dist/src/search/stopping/rungs.js";
import { afterManyEpochs } from "../../dist/src/search/stopping/seen-under-halving.js";
import { mean, studentQuantile } from "../../dist/src/stats/estimate.js";

const { values: options } = parseArgs({
  options: {
    model: { type: "string" },
    tasks: { type: "string", default: "34" },
    seeds: { type: "string", default: "10" },
    trials: { type: "string", default: "100" },
    results: { type: "string" },
    seconds: { type: "string", default: "1e9" },
  },
});
if (options.model === undefined) throw new Error("--model is required: the file lcbench_model.onnx of YAHPO Gym");

const mostEpochs = 52;
const [seeds, trials] = [Number(options.seeds), Number(options.trials)];
/** The numbers of the tasks among the network's 36; 0 and 5 are not of the benchmark. */
const tasks = Array.from({ length: 36 }, (_, i) => i)
  .filter((i) => i !== 0 && i !== 5)
  .slice(0, Number(options.tasks));

const range = (name, min, max, { log = false, step = null } = {}) => ({
  ...{ type: "number", name, when: null, min, max, log, step },
});
/** In the order of the network's inputs, which begin with the epochs. */
const dimensions = [
  range("batchSize", 16, 512, { log: true, step: 1 }),
  range("learningRate", 1e-4, 0.1, { log: true }),
  range("momentum", 0.1, 0.99),
  range("weightDecay", 1e-5, 0.1),
  range("layers", 1, 5, { step: 1 }),
  range("units", 64, 1024, { log: true, step: 1 }),
  range("dropout", 0, 1),
];

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(await readFile(options.model));

/** Accuracies in per cent of points of a task after so many epochs each. */
const accuracies = async (task, asked) => {
  const ids = new ort.Tensor(
    "int32",
    Int32Array.from(asked, () => task),
    [asked.length, 1],
  );
  const numbers = asked.flatMap(({ point, epochs }) => [epochs, ...dimensions.map(({ name }) => point[name])]);
  const inputs = new ort.Tensor("float32", Float32Array.from(numbers), [asked.length, 1 + dimensions.length]);
  const { output } = await session.run({ x_cat: ids, x_cont: inputs });
  return asked.map((_, i) => output.data[6 * i + 1]);
};

const samples = 4000;
const atOnce = 1000;

/** The best and the worst of many random points, trained to the end: where regret is 0 and 1. */
const knownRange = async (task) => {
  let [best, worst] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let first = 0; first < samples; first += atOnce) {
    const asked = Array.from({ length: atOnce }, (_, i) => ({
      ...{ point: propose({ type: "random" }, dimensions, { seed: 0, number: first + i, outcomes: [] }) },
      epochs: mostEpochs,
    }));
    for (const value of await accuracies(task, asked)) [best, worst] = [Math.max(best, value), Math.min(worst, value)];
  }
  return { best, worst };
};

/** Full trials, one after another: the best accuracy after each. */
const searchFully = async (task, sampler, seed) => {
  const [outcomes, bests] = [[], []];
  for (let number = 0; number < trials; number++) {
    const point = propose(sampler, dimensions, { seed, number, outcomes });
    const [value] = await accuracies(task, [{ point, epochs: mostEpochs }]);
    outcomes.push({ number, point, state: "complete", value: -value, epochs: mostEpochs });
    bests.push(Math.max(value, bests.at(-1) ?? value));
  }
  return bests;
};

const pruner = { type: "asha", minEpochs: 1, reduction: 4, brackets: 1 };

const outcomesOf = (courses) =>
  courses.flatMap(({ number, point, state, reached, value }) => {
    if (value !== null) return [{ number, point, state: "complete", value, epochs: mostEpochs }];
    const last = reached.at(-1);
    return state === "waiting" && last !== undefined
      ? [{ number, point, state: "stopped", value: last.value, epochs: last.epochs }]
      : [];
  });

/** Successive halving that promotes, one trial at a time, until the epochs are used up: the best accuracy of trials that came to their end, by the epochs used. */
const searchByHalving = async (task, sampler, seed) => {
  const [courses, bests] = [[], []];
  let used = 0;
  while (used < trials * mostEpochs) {
    let course = nextPromotion(pruner, courses, mostEpochs);
    if (course === null) {
      const number = courses.length;
      const point = propose(sampler, dimensions, {
        seed,
        number,
        outcomes: sampler.type === "tpe" ? afterManyEpochs(outcomesOf(courses), { ...pruner, epochs: mostEpochs }) : [],
      });
      course = { number, point, bracket: bracketOf(pruner, seed, number), reached: [], state: "running", value: null };
      courses.push(course);
    } else course = courses[course.number];
    const before = course.reached.at(-1)?.epochs ?? 0;
    const rung = rungsOf(pruner, mostEpochs, course.bracket).find((at) => at > before) ?? null;
    const [value] = await accuracies(task, [{ point: course.point, epochs: rung ?? mostEpochs }]);
    used += (rung ?? mostEpochs) - before;
    if (rung === null) Object.assign(course, { state: "ended", value: -value });
    else Object.assign(course, { state: "waiting", reached: [...course.reached, { epochs: rung, value: -value }] });
    if (rung === null) bests.push({ used, value: Math.max(value, bests.at(-1)?.value ?? value) });
  }
  return Array.from({ length: trials }, (_, i) => bests.findLast((best) => best.used <= (i + 1) * mostEpochs)?.value);
};

const searches = {
  random: (task, seed) => searchFully(task, { type: "random" }, seed),
  Sobol: (task, seed) => searchFully(task, { type: "sobol" }, seed),
  TPE: (task, seed) => searchFully(task, { type: "tpe" }, seed),
  "ASHA, random": (task, seed) => searchByHalving(task, { type: "random" }, seed),
  "ASHA, TPE": (task, seed) => searchByHalving(task, { type: "tpe" }, seed),
};

const halfWidth = (values) => {
  const center = mean(values);
  const variance = mean(values.map((value) => (value - center) ** 2)) * (values.length / (values.length - 1));
  return studentQuantile(values.length - 1) * Math.sqrt(variance / values.length);
};

/** `range 3` or `TPE 3 1` → what was found: a range, or the best accuracy after each full trial's worth of epochs. */
const known = new Map();
if (options.results !== undefined && existsSync(options.results)) {
  const lines = (await readFile(options.results, "utf8")).split("\n").filter((line) => line !== "");
  for (const { key, value } of lines.map((line) => JSON.parse(line))) known.set(key, value);
}
const isLate = () => performance.now() > 1000 * Number(options.seconds);
const find = async (key, compute) => {
  if (known.has(key) || isLate()) return;
  const value = await compute();
  known.set(key, value);
  if (options.results !== undefined) await appendFile(options.results, `${JSON.stringify({ key, value })}\n`);
};

const keyOf = (name, task, seed) => `${name} ${task} ${seed}`;
for (const task of tasks) await find(`range ${task}`, () => knownRange(task));
for (let seed = 1; seed <= seeds; seed++) {
  for (const task of tasks) {
    for (const [name, search] of Object.entries(searches))
      await find(keyOf(name, task, seed), () => search(task, seed));
  }
  process.stderr.write(`seed ${seed}: ${known.size} results\n`);
}

/** Seeds with which every task was searched by everything. */
const whole = Array.from({ length: seeds }, (_, i) => i + 1).filter((seed) =>
  tasks.every((task) => Object.keys(searches).every((name) => known.has(keyOf(name, task, seed)))),
);
if (whole.length === 0) {
  process.stderr.write("no seed is complete yet\n");
  process.exit();
}
const runsOf = (name, task) => whole.map((seed) => known.get(keyOf(name, task, seed)));
const ranges = tasks.map((task) => {
  const found = Object.keys(searches).flatMap((name) => runsOf(name, task).flat());
  const { best, worst } = known.get(`range ${task}`);
  return { worst, best: found.reduce((most, value) => Math.max(most, value ?? most), best) };
});

const budgets = [10, 25, 50, 100].filter((budget) => budget <= trials);
/** One number a task: its seeds' mean. */
const regrets = (name, budget) =>
  tasks.map((task, i) => {
    const { best, worst } = ranges[i];
    return mean(runsOf(name, task).map((run) => (best - (run[budget - 1] ?? worst)) / (best - worst)));
  });
const cell = (values) => `${mean(values).toFixed(4)} ± ${halfWidth(values).toFixed(4)}`;
process.stdout.write(`\n${tasks.length} tasks × ${whole.length} seeds, mean normalised regret ± 95 % over tasks\n\n`);
process.stdout.write(
  `| search | ${budgets.map((budget) => `${budget * mostEpochs} epochs`).join(" | ")} | against random |\n`,
);
process.stdout.write(`| --- |${" --- |".repeat(budgets.length + 1)}\n`);
for (const name of Object.keys(searches)) {
  const last = budgets.at(-1);
  const differences = regrets(name, last).map((value, i) => value - regrets("random", last)[i]);
  const better = differences.filter((value) => value < 0).length;
  const against = name === "random" ? "" : `${cell(differences)}; better on ${better} of ${tasks.length}`;
  process.stdout.write(
    `| ${name} | ${budgets.map((budget) => cell(regrets(name, budget))).join(" | ")} | ${against} |\n`,
  );
}
