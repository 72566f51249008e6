import { readFile } from "node:fs/promises";
import cliProgress from "cli-progress";
import { type Client, createClient, DemoError, type DemoJob, type DemoPrediction } from "./demo/client.ts";
import { serviceUrl } from "./demo/service-url.ts";

const url = serviceUrl(process.env);
/** dist/src/demo.js → the data beside the tests. */
const irisFile = new URL("../../test/data/iris.csv", import.meta.url);

const say = (line = ""): void => {
  process.stdout.write(`${line}\n`);
};

const percent = (share: number | undefined): string => (share === undefined ? "?" : `${(share * 100).toFixed(1)} %`);

/** An event of the job's event log; those of type `progress` carry the latest metrics. */
interface DemoEvent {
  type: string;
  data: Record<string, number>;
}

/** Follows the job's events and draws a bar of them. */
const watch = async (client: Client, id: string): Promise<DemoJob> => {
  const bar = new cliProgress.SingleBar({
    format: "  training |{bar}| {percentage} %  loss {loss}",
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 500,
  });
  bar.start(100, 0, { loss: "–" });
  const draw = (progress: number, loss: number | undefined): void =>
    bar.update(Math.round(progress * 100), { loss: loss?.toFixed(4) ?? "–" });
  await client.follow<DemoEvent>(`/v1/jobs/${id}/events`, ({ type, data }) => {
    if (type === "progress") draw(data.progress ?? 0, data.trainLoss);
  });
  let job = await client.get<DemoJob>(`/v1/jobs/${id}`);
  while (!job.done) job = await client.get<DemoJob>(`/v1/jobs/${id}?wait=30`);
  draw(job.progress, job.metrics.trainLoss);
  bar.stop();
  return job;
};

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
  const client = createClient(url, process.env.DESCENT_API_KEY);
  const csv = await readFile(irisFile);
  const dataset = await client.upload<{ id: string; rows: number; columns: unknown[] }>("/v1/datasets?name=iris", csv);
  say(`Uploaded iris: ${dataset.rows} rows, ${dataset.columns.length} columns (${dataset.id})`);

  const startedMs = performance.now();
  const spec = { name: "iris", dataset: dataset.id, task: { type: "classification", label: "species" } };
  const submitted = await client.post<DemoJob>("/v1/jobs", spec);
  say(`Submitted ${submitted.id}`);
  const job = await watch(client, submitted.id);
  if (job.state !== "succeeded" || job.model === null)
    throw new DemoError(`the job ${job.state}: ${job.error?.message ?? ""} ${job.error?.hint ?? ""}`);
  say(
    `  ${job.state} after ${((performance.now() - startedMs) / 1000).toFixed(2)} s; test accuracy ${percent(job.metrics.testAccuracy)}`,
  );
  say();

  const samples = someRows(csv.toString("utf8"));
  const { predictions } = await client.post<{ predictions: DemoPrediction[] }>(`/v1/models/${job.model}/predict`, {
    rows: samples.map(({ row }) => row),
  });
  say("  truth        prediction   probability");
  samples.forEach(({ truth }, index) => {
    const prediction = predictions[index];
    if (prediction === undefined) throw new DemoError("the service answered with fewer predictions than rows");
    const mark = prediction.label === truth ? "" : "  ✗";
    say(
      `  ${truth.padEnd(12)} ${prediction.label.padEnd(12)} ${percent(prediction.probabilities[prediction.label])}${mark}`,
    );
  });
  say();
  say(`Model ${job.model}: ${url}/v1/models/${job.model}`);
};

try {
  await main();
} catch (error) {
  if (!(error instanceof DemoError)) throw error;
  process.stderr.write(`demo: ${error.message}\n`);
  process.exitCode = 1;
}
