// Tables that intervals are tried on: where rows come from, which of them are learnt from, and what is trained.
import { readFile } from "node:fs/promises";
import { createRandom } from "../chaos/random.mjs";

/** A number of the standard normal distribution (Box & Muller 1958). */
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());

const made = (columns, count, rowOf) => (seed) => {
  const random = createRandom(1_000_000 + seed);
  return [columns, ...Array.from({ length: count }, () => rowOf(random).join(","))];
};

/** Coefficients of the made numbers: what their intervals are to hold. */
export const madeCoefficients = { "(intercept)": 2, a: 3, b: -2, c: 0, "group=q": 1, "group=r": -1 };

/** Straight lines whose noise grows with |a|, in three groups. */
const noisyNumbers = made("a,b,c,group,y", 1700, (random) => {
  const [a, b, c] = [normal(random), normal(random), normal(random)];
  const group = random.below(3);
  const y = 2 + 3 * a - 2 * b + [0, 1, -1][group] + (0.3 + 1.5 * Math.abs(a)) * normal(random);
  return [...[a, b, c].map((value) => value.toFixed(6)), "pqr"[group], y.toFixed(6)];
});

/** Two classes, a quarter of the rows of the second, which overlap. */
const noisyClasses = made("a,b,c,kind", 1700, (random) => {
  const [a, b, c] = [normal(random), normal(random), normal(random)];
  const chance = 1 / (1 + Math.exp(1.6 - 1.5 * a + b));
  return [...[a, b, c].map((value) => value.toFixed(6)), random.uniform() < chance ? "yes" : "no"];
});

const fromFile = (name) => async () =>
  (await readFile(new URL(`../data/${name}.csv`, import.meta.url), "utf8")).trim().split("\n");

/** Five folds of all rows that are learnt from, whose models are the model. */
const folds = (model, training = {}) => ({ model, training: { ...training, crossValidation: { model: "folds" } } });

const network = (hidden, epochs) => ({ model: { type: "mlp", hidden }, training: { epochs } });

/** A lower and an upper quantile beside the median. */
const quantiles = (job) => ({ ...job, loss: { type: "pinball", interval: 0.9 } });

/** `train` rows are learnt from, `test` measured on, of a table that is drawn by the split's seed where it is made. */
const tables = {
  breast_cancer: {
    ...{
      lines: fromFile("breast_cancer"),
      task: { type: "classification", label: "diagnosis" },
      train: 200,
      test: 100,
    },
    models: {
      logistic: { model: { type: "logistic" }, training: { l2: 0.01 } },
      mlp: network([8], 30),
      folds: folds({ type: "logistic" }, { l2: 0.01 }),
    },
  },
  diabetes: {
    ...{ lines: fromFile("diabetes"), task: { type: "regression", label: "progression" }, train: 180, test: 100 },
    models: {
      linear: { model: { type: "linear" }, training: {} },
      mlp: network([16], 30),
      folds: folds({ type: "linear" }),
      "quantiles of folds": quantiles(folds({ type: "quantile" })),
      "quantile regression": quantiles({ model: { type: "quantile" }, training: {} }),
      "network of quantiles": quantiles(network([16], 30)),
    },
  },
  digits: {
    ...{ lines: fromFile("digits"), task: { type: "classification", label: "digit" }, train: 500, test: 200 },
    models: { mlp: network([32], 15) },
  },
  noisy_numbers: {
    ...{ lines: noisyNumbers, task: { type: "regression", label: "y" }, train: 200, test: 100 },
    models: {
      linear: { model: { type: "linear" }, training: {} },
      mlp: network([16], 30),
      folds: folds({ type: "linear" }),
      "quantiles of folds": quantiles(folds({ type: "quantile" })),
      "quantile regression": quantiles({ model: { type: "quantile" }, training: {} }),
      "network of quantiles": quantiles(network([16], 30)),
    },
  },
  noisy_classes: {
    ...{ lines: noisyClasses, task: { type: "classification", label: "kind" }, train: 200, test: 100 },
    models: {
      logistic: { model: { type: "logistic" }, training: {} },
      mlp: network([8], 30),
      folds: folds({ type: "logistic" }),
    },
  },
};

/** Every table with each of its models, by the name that a line of the results bears. */
export const subjects = Object.entries(tables).flatMap(([table, { models, ...data }]) =>
  Object.entries(models).map(([model, job]) => ({ ...data, job, table, name: `${table} ${model}` })),
);

/**
 * The rows of one split. What is not learnt from is a population of which every figure is known; the rows that are measured on are drawn from it one by one and put back, so that they are independent draws.
 * `fresh` are the population's rows, each as often as makes about fifteen hundred, so that exchanges between them are many.
 */
export const divide = async ({ lines, train, test }, seed) => {
  const [head, ...rows] = await lines(seed);
  const random = createRandom(seed);
  const order = rows.map((_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const learnt = order.slice(0, train).map((row) => rows[row]);
  const population = order.slice(train).map((row) => rows[row]);
  const measured = Array.from({ length: test }, () => population[random.below(population.length)]);
  const copies = Math.max(1, Math.round(1500 / population.length));
  const fresh = Array.from({ length: copies }, () => population).flat();
  const textOf = (others) =>
    [`part,${head}`, ...learnt.map((row) => `train,${row}`), ...others.map((row) => `test,${row}`)].join("\n");
  const alone = [head, ...learnt].join("\n");
  return { head, population, alone, small: textOf(measured), large: textOf(fresh) };
};
