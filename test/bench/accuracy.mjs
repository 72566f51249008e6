// npm run build && node test/bench/accuracy.mjs [--seeds 20] [--data iris,…] [--sklearn] [--python /usr/bin/python3] [--json]
//
// How good jobs are whose every default is left alone (linear models by iterations, with their default penalty, which is scikit-learn's): the mean test accuracy (R² for diabetes) over jobs with seeds 1 … N, each of which tests on another fifth
// of the rows, with its standard error. With --sklearn scikit-learn's model is fitted to the same rows each time, so that the differences are paired and the luck
// of the splits cancels. `quoted` is what scikit-learn reached on one run of five folds.
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { endTogether } from "../chaos/end-together.mjs";
import { errorOf, loadJobs, meanOf } from "./default-job.mjs";

const { values: options } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    data: { type: "string", default: "iris,wine,breast_cancer,digits,diabetes" },
    sklearn: { type: "boolean", default: false },
    python: { type: "string", default: "/usr/bin/python3" },
    json: { type: "boolean", default: false },
    dist: { type: "string", default: new URL("../../dist/", import.meta.url).href },
  },
});

const { upload, runJob } = await loadJobs(options.dist);

const classification = (label) => ({ type: "classification", label });
const tasks = {
  iris: classification("species"),
  wine: classification("cultivar"),
  breast_cancer: classification("diagnosis"),
  digits: classification("digit"),
  diabetes: { type: "regression", label: "progression" },
};
/** Models of the jobs (undefined: left out, so an MLP) and what scikit-learn reached. */
const entries = {
  iris: [
    ["softmax", 0.96],
    [undefined, 0.953],
  ],
  wine: [
    ["softmax", 0.983],
    [undefined, 0.983],
  ],
  breast_cancer: [
    ["softmax", 0.979],
    ["logistic", 0.979],
    [undefined, 0.979],
  ],
  digits: [
    ["softmax", 0.969],
    [undefined, 0.977],
  ],
  diabetes: [
    ["linear", 0.489],
    [undefined, 0.489],
    ["mlp", 0.489],
  ],
};

/** A scikit-learn process that answers each line {model, train, test} with its score. */
const startSklearn = async () => {
  const child = spawn(options.python, [new URL("sklearn-accuracy.py", import.meta.url).pathname], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
  });
  endTogether(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const rowsOf = ({ rows, features, labels }) => ({ rows, features: [...features], labels: [...labels] });
  const score = async (model, { train, test }) => {
    child.stdin.write(`${JSON.stringify({ model, train: rowsOf(train), test: rowsOf(test) })}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("scikit-learn ended early: see above");
    return JSON.parse(value).score;
  };
  return { score, end: () => child.stdin.end() };
};

const show = (values) => `${meanOf(values).toFixed(4)} ± ${errorOf(values).toFixed(4)}`;

const sklearn = options.sklearn ? await startSklearn() : null;
for (const name of options.data.split(",")) {
  const open = () => createReadStream(new URL(`../data/${name}.csv`, import.meta.url));
  const dataset = await upload(name, open);
  for (const [type, quoted] of entries[name]) {
    const [scores, differences, times] = [[], [], []];
    for (let seed = 1; seed <= Number(options.seeds); seed++) {
      const solver = type && type !== "mlp" ? { solver: "iterative" } : {};
      const input = { task: tasks[name], training: { seed, ...solver }, resources: { threads: 1 } };
      const { metrics, milliseconds, views } = await runJob(
        dataset,
        open,
        type ? { ...input, model: { type } } : input,
      );
      const score = metrics.testAccuracy ?? metrics.testR2;
      scores.push(score);
      times.push(milliseconds);
      const theirs = tasks[name].type === "regression" ? "ols" : type && type !== "mlp" ? "logistic" : "mlp";
      if (sklearn) differences.push(score - (await sklearn.score(theirs, views)));
    }
    const model = type ?? "(left out)";
    if (options.json) {
      const paired = sklearn ? { paired: meanOf(differences), pairedError: errorOf(differences) } : {};
      const line = { data: name, model, score: meanOf(scores), error: errorOf(scores), quoted, ...paired };
      console.log(JSON.stringify({ ...line, milliseconds: meanOf(times) }));
    } else {
      const paired = sklearn ? `  minus scikit-learn's ${show(differences)}` : "";
      const time = `${meanOf(times).toFixed(0)} ms`;
      console.log(
        `${name.padEnd(14)} ${model.padEnd(11)} ${show(scores)}  quoted ${quoted.toFixed(3)}${paired}  ${time}`,
      );
    }
  }
}
sklearn?.end();
