import type { Descent } from "../client/descent.ts";
import type { Job, JobState, Model } from "../client/types.ts";
import { type Output, toShort, toTable } from "./output.ts";
import { showReport } from "./showing/show-report.ts";

export const take = async <T>(items: AsyncIterable<T>, most: number): Promise<T[]> => {
  const taken: T[] = [];
  if (most < 1) return taken;
  for await (const item of items) if (taken.push(item) >= most) break;
  return taken;
};

export const pageSizeOf = (most: number): number => Math.max(1, Math.min(100, most));

const percent = (share: number): string => `${Math.floor(share * 100)} %`;
const short = (value: number | undefined): string => (value === undefined ? "" : toShort(value));

const jobRow = ({ id, state, progress, spec, metrics, createdAt }: Job): string[] => [
  ...[id, spec.name ?? "", state, percent(progress), short(metrics.trainLoss)],
  ...[short(metrics.testAccuracy ?? metrics.testR2 ?? metrics.testLoss), createdAt.slice(0, 19)],
];

export const listJobs = async (
  descent: Descent,
  output: Output,
  { state, limit }: { state?: JobState | undefined; limit: number },
): Promise<void> => {
  const options = { pageSize: pageSizeOf(limit), ...(state === undefined ? {} : { state }) };
  const jobs = await take(descent.jobs.list(options), limit);
  output.result(jobs, () =>
    output.say(toTable(["job", "name", "state", "done", "loss", "test", "created"], jobs.map(jobRow))),
  );
};

export const showJob = (output: Output, job: Job): void =>
  output.result(job, () => {
    output.say(toTable(["job", "name", "state", "done", "loss", "test", "created"], [jobRow(job)]));
    if (job.model !== null) output.say(`\nModel ${job.model}`);
    if (job.error !== null) output.say(`\n${job.error.code}: ${job.error.message}; ${job.error.hint}`);
  });

const modelRow = (model: Model): string[] => [
  ...[model.id, model.name, "spec" in model ? model.spec.model.type : "imported", String(model.parameters)],
  ...[
    short(model.metrics.testAccuracy ?? model.metrics.testR2 ?? model.metrics.testLoss),
    model.createdAt.slice(0, 19),
  ],
];
const modelHeads = ["model", "name", "type", "parameters", "test", "created"];

export const listModels = async (descent: Descent, output: Output, limit: number): Promise<void> => {
  const models = await take(descent.models.list({ pageSize: pageSizeOf(limit) }), limit);
  output.result(models, () => output.say(toTable(modelHeads, models.map(modelRow))));
};

export const showModel = async (descent: Descent, output: Output, id: string): Promise<void> => {
  const model = await descent.models.get(id);
  const report = "origin" in model ? null : await descent.models.report(id);
  output.result({ model, report }, () => {
    output.say(toTable(modelHeads, [modelRow(model)]));
    if (report === null) return;
    output.say();
    showReport(output, report);
  });
};
