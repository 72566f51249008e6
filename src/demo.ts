import { readFile } from "node:fs/promises";
import { serviceUrl } from "./cli/service-url.ts";
import { createTrainingBar } from "./cli/showing/training-bar.ts";
import { createDescent } from "./client/descent.ts";
import { DescentError } from "./client/errors.ts";

/** What the demo cannot go on without; one line for the user. */
class DemoError extends Error {}

const url = serviceUrl(process.env);
/** dist/src/demo.js → the data beside the tests. */
const irisFile = new URL("../../test/data/iris.csv", import.meta.url);

const say = (line = ""): void => {
  process.stdout.write(`${line}\n`);
};

const percent = (share: number | undefined): string => (share === undefined ? "?" : `${(share * 100).toFixed(1)} %`);

const features = ["sepal_length", "sepal_width", "petal_length", "petal_width"] as const;

/** Every 15th flower of the file: five of each species. */
const someRows = (csv: string) =>
  csv
    .trim()
    .split("\n")
    .slice(1)
    .filter((_, index) => index % 15 === 7)
    .map((line) => {
      const cells = line.split(",");
      return {
        row: Object.fromEntries(features.map((name, index) => [name, Number(cells[index])])),
        truth: cells[4] ?? "",
      };
    });

const main = async (): Promise<void> => {
  const descent = createDescent({ url });
  const csv = await readFile(irisFile);
  const dataset = await descent.datasets.upload(irisFile, { name: "iris" });
  say(`Uploaded iris: ${dataset.rows} rows, ${dataset.columns.length} columns (${dataset.id})`);

  const startedMs = performance.now();
  const task = { type: "classification", label: "species" } as const;
  const submission = descent.jobs.submit({ name: "iris", dataset: dataset.id, task });
  say(`Submitted ${(await submission).id}`);
  const bar = createTrainingBar();
  for await (const event of submission.watch()) bar.show(event);
  const job = await submission.wait();
  bar.end(job);
  bar.stop();
  if (job.state !== "succeeded" || job.model === null)
    throw new DemoError(`the job ${job.state}: ${job.error?.message ?? ""} ${job.error?.hint ?? ""}`);
  say(
    `  ${job.state} after ${((performance.now() - startedMs) / 1000).toFixed(2)} s; test accuracy ${percent(job.metrics.testAccuracy)}`,
  );
  say();

  const samples = someRows(csv.toString("utf8"));
  const { predictions } = await descent.models.predict(
    job.model,
    samples.map(({ row }) => row),
  );
  say("  truth        prediction   probability");
  samples.forEach(({ truth }, index) => {
    const prediction = predictions[index];
    if (prediction === undefined || !("label" in prediction) || prediction.label === undefined)
      throw new DemoError("the service did not answer each row with a class");
    const mark = prediction.label === truth ? "" : "  ✗";
    say(
      `  ${truth.padEnd(12)} ${prediction.label.padEnd(12)} ${percent(prediction.probabilities?.[prediction.label])}${mark}`,
    );
  });
  say();
  say(`Model ${job.model}: ${url}/v1/models/${job.model}`);
};

try {
  await main();
} catch (error) {
  if (!(error instanceof DemoError || error instanceof DescentError)) throw error;
  process.stderr.write(`demo: ${error.message}\n`);
  process.exitCode = 1;
}
