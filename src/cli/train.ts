import { readFile } from "node:fs/promises";
import type { Descent } from "../client/descent.ts";
import { DescentError } from "../client/errors.ts";
import { guessTask } from "../client/guess-task.ts";
import type { Dataset, Job, JobPlan, JobSpec, MetricPoint } from "../client/types.ts";
import { counted } from "../domain/counted.ts";
import { CommandError } from "./command-error.ts";
import { type Output, toBytes, toShort } from "./output.ts";
import { showCurves, showReport } from "./showing/show-report.ts";
import { createTrainingBar } from "./showing/training-bar.ts";
import { isDatasetId, type ReadingOptions, withDataset } from "./with-dataset.ts";

export interface TrainOptions extends ReadingOptions {
  label?: string;
  task?: JobSpec["task"]["type"];
  features?: string;
  /** Names as they are, commas and all. */
  feature?: string[];
  model?: string;
  effort?: string;
  name?: string;
  epochs?: string;
  seed?: string;
  pool?: string;
  spec?: string;
  planOnly?: boolean;
}

/** What a file of JSON says that an option names; nothing without the option. */
export const readSpec = async <Spec>(path: string | undefined, option = "--spec"): Promise<Partial<Spec>> => {
  if (path === undefined) return {};
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new CommandError(`${option} ${path}: ${error.message}`);
  });
  try {
    return JSON.parse(text) as Partial<Spec>;
  } catch (error) {
    throw new CommandError(`${option} ${path}: ${(error as Error).message}`);
  }
};

export const whole = (option: string, text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CommandError(`${option} ${text}: must be a whole number`);
};

export const taskOf = (
  { label, task, features, feature = [] }: TrainOptions,
  given: Partial<JobSpec>,
  dataset: Pick<Dataset, "columns">,
): JobSpec["task"] => {
  if (label === undefined && task === undefined && given.task !== undefined) return given.task;
  const named = [...(features?.split(",").map((name) => name.trim()) ?? []), ...feature];
  const some = named.length === 0 ? {} : { features: named };
  if (label === undefined) {
    if (task === undefined || task === "classification" || task === "regression") {
      const names = dataset.columns.map(({ name }) => name).slice(0, 20);
      const listed = names.length === 0 ? "" : ` (${names.join(", ")})`;
      throw new CommandError(
        `--label: name the column to predict${listed}, or another --task: clustering, density_estimation, reconstruction`,
      );
    }
    return { type: task, ...some };
  }
  const column = dataset.columns.find(({ name }) => name === label);
  // An unknown label is the service's to refuse: it knows the near names.
  const type = task ?? (column === undefined ? "classification" : guessTask(column));
  return type === "classification" || type === "regression" ? { type, label, ...some } : { type, ...some };
};

/** All of the spec that does not depend on the data set. */
export const ownSpecOf = (
  { name, model, effort, epochs, seed, pool }: TrainOptions,
  given: Partial<JobSpec>,
): Omit<JobSpec, "dataset" | "task"> => {
  const training = {
    ...given.training,
    ...(epochs === undefined ? {} : { epochs: whole("--epochs", epochs) }),
    ...(seed === undefined ? {} : { seed: whole("--seed", seed) }),
  };
  return {
    ...given,
    training,
    ...(name === undefined ? {} : { name }),
    ...(pool === undefined ? {} : { resources: { ...given.resources, pool } }),
    // The service knows which efforts and models there are.
    ...(effort === undefined ? {} : { effort: effort as NonNullable<JobSpec["effort"]> }),
    ...(model === undefined ? {} : { model: { type: model } as NonNullable<JobSpec["model"]> }),
  };
};

/** An id that no data set has. */
export const noDataset = `ds_${"0".repeat(26)}`;

/** Asks the service about all that can be judged without the data, so that nothing is uploaded in vain: it reads a spec before it looks for the data set. */
const checkSpec = async (
  descent: Descent,
  options: TrainOptions,
  given: Partial<JobSpec>,
  own: Omit<JobSpec, "dataset" | "task">,
): Promise<void> => {
  const nothing: Pick<Dataset, "columns"> = { columns: [] };
  const task = taskOf(options, given, nothing);
  try {
    await descent.jobs.plan({ ...own, dataset: noDataset, task });
  } catch (error) {
    const isOther = !(error instanceof DescentError) || error.errors.some(({ pointer }) => pointer !== "/dataset");
    if (isOther || error.errors.length === 0) throw error;
  }
};

const showPlan = (
  { say }: Output,
  { spec, parameters, memoryBytes, steps, estimatedSeconds, warnings }: JobPlan,
): void => {
  const time = estimatedSeconds < 1 ? "under 1 s" : `about ${toShort(estimatedSeconds)} s`;
  say(
    `Plan: ${spec.model.type}, ${counted(parameters, "parameter")}, ${toBytes(memoryBytes)}, at most ${counted(steps, "step")}, ${time}`,
  );
  for (const warning of warnings) say(`  Warning: ${warning}`);
};

/** Follows a job on the screen, or as one JSON event a line. */
export const follow = async (
  { json, line, say }: Output,
  events: AsyncIterable<Parameters<ReturnType<typeof createTrainingBar>["show"]>[0]>,
  wait: () => Promise<Job>,
): Promise<Job> => {
  if (json) {
    for await (const event of events) line(event);
    return wait();
  }
  const bar = createTrainingBar();
  const notices: string[] = [];
  try {
    for await (const event of events) {
      bar.show(event);
      if (event.level !== "info") notices.push(event.message);
    }
    const job = await wait();
    bar.end(job);
    for (const notice of notices) say(`  Warning: ${notice}`);
    return job;
  } finally {
    bar.stop();
  }
};

/** What a job that did not succeed says, as the command's error. */
export const requireSuccess = ({ id, state, error }: Job): void => {
  if (state === "succeeded") return;
  throw new CommandError(`${id} ${state}${error === null ? "" : `: ${error.message}; ${error.hint}`}`);
};

const pointsOf = async (descent: Descent, job: string): Promise<MetricPoint[]> => {
  const points: MetricPoint[] = [];
  for await (const point of descent.jobs.metrics(job)) points.push(point);
  return points;
};

/** `descent train data.csv --label y`: from a file to a model with its report. */
export const train = async (descent: Descent, output: Output, source: string, options: TrainOptions): Promise<void> => {
  const given = await readSpec<JobSpec>(options.spec);
  const own = ownSpecOf(options, given);
  if (!isDatasetId(source)) await checkSpec(descent, options, given, own);
  const { dataset, submitted } = await withDataset(descent, output, source, options, async (uploaded) => {
    const spec: JobSpec = { ...own, dataset: uploaded.id, task: taskOf(options, given, uploaded) };
    const plan = await descent.jobs.plan(spec);
    if (options.planOnly === true) {
      output.result(plan, () => showPlan(output, plan));
      return null;
    }
    showPlan(output, plan);
    const submission = descent.jobs.submit(spec);
    return { submission, id: (await submission).id };
  });
  if (submitted === null) return;
  const { submission, id } = submitted;
  output.say(`Job ${id}`);
  const quiet = { ...output, line: () => {} };
  const job = await follow(quiet, submission.watch(), () => submission.wait());
  requireSuccess(job);
  const [report, points] = await Promise.all([descent.models.report(job.model!), pointsOf(descent, job.id)]);
  output.result({ dataset, job, report }, () => {
    output.say();
    showCurves(output, points);
    output.say();
    showReport(output, report);
    output.say(`\nModel ${job.model}: descent predict ${job.model} rows.csv`);
  });
};
