import type { Descent } from "../client/descent.ts";
import type { Job, JobState, Model } from "../client/types.ts";
import { type Output, toShort, toTable, toTime } from "./output.ts";
import { showReport } from "./showing/show-report.ts";

/** The first of a list, in pages no larger than they need be. */
export const atMost = async <T>(
  most: number,
  list: (options: { pageSize: number }) => AsyncIterable<T>,
): Promise<T[]> => {
  const taken: T[] = [];
  if (most < 1) return taken;
  for await (const item of list({ pageSize: Math.min(100, most) })) if (taken.push(item) >= most) break;
  return taken;
};

const percent = (share: number): string => `${Math.floor(share * 100)} %`;
const short = (value: number | undefined): string => (value === undefined ? "" : toShort(value));

const jobRow = ({ id, state, progress, spec, metrics, createdAt }: Job): string[] => [
  ...[id, spec.name ?? "", state, percent(progress), short(metrics.trainLoss)],
  ...[short(metrics.testAccuracy ?? metrics.testR2 ?? metrics.testLoss), toTime(createdAt)],
];

export const listJobs = async (
  descent: Descent,
  output: Output,
  { state, limit }: { state?: JobState | undefined; limit: number },
): Promise<void> => {
  const jobs = await atMost(limit, (page) => descent.jobs.list(state === undefined ? page : { ...page, state }));
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
  ...[short(model.metrics.testAccuracy ?? model.metrics.testR2 ?? model.metrics.testLoss), toTime(model.createdAt)],
];
const modelHeads = ["model", "name", "type", "parameters", "test", "created"];

export const listModels = async (descent: Descent, output: Output, limit: number): Promise<void> => {
  const models = await atMost(limit, descent.models.list);
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
