import cliProgress from "cli-progress";
import type { Descent } from "../client/descent.ts";
import { DescentError } from "../client/errors.ts";
import type { JobSpec, Study, StudyPlan, StudySpec } from "../client/types.ts";
import { counted } from "../domain/counted.ts";
import { CommandError } from "./command-error.ts";
import { type Output, toBytes, toShort } from "./output.ts";
import { showStudy } from "./showing/show-study.ts";
import { noDataset, ownSpecOf, readSpec, type TrainOptions, taskOf, whole } from "./train.ts";
import { isDatasetId, withDataset } from "./with-dataset.ts";

export interface StudyOptions extends Omit<TrainOptions, "name" | "seed" | "spec"> {
  name?: string;
  seed?: string;
  spec?: string;
  template?: string;
  trials?: string;
  parallel?: string;
  sampler?: string;
  pruner?: string;
  seeds?: string;
}

const count = (option: string, text: string | undefined): Record<string, number> =>
  text === undefined ? {} : { [option]: whole(`--${option}`, text) };

/** All of the study that does not depend on the data set. The service knows which samplers and pruners there are. */
const ownStudyOf = (options: StudyOptions, given: Partial<StudySpec>): Partial<StudySpec> => {
  const { name, sampler, pruner } = options;
  const kinds = {
    ...(sampler === undefined ? {} : { sampler: { type: sampler } }),
    ...(pruner === undefined ? {} : { pruner: { type: pruner } }),
  } as Partial<StudySpec>;
  return {
    ...given,
    ...count("trials", options.trials),
    ...count("parallel", options.parallel),
    ...count("seeds", options.seeds),
    ...count("seed", options.seed),
    ...kinds,
    ...(name === undefined ? {} : { name }),
  };
};

/** As for `train`: what can be judged without the data is, before anything is uploaded. */
const checkStudy = async (descent: Descent, spec: StudySpec): Promise<void> => {
  try {
    await descent.studies.plan(spec);
  } catch (error) {
    const isOther = !(error instanceof DescentError) || error.errors.some(({ pointer }) => pointer !== "/job/dataset");
    if (isOther || error.errors.length === 0) throw error;
  }
};

const showPlan = (
  { say }: Output,
  { spec, trials, jobs, memoryBytes, epochs, estimatedSeconds, warnings }: StudyPlan,
): void => {
  const time = estimatedSeconds < 1 ? "under 1 s" : `about ${toShort(estimatedSeconds)} s`;
  say(
    `Plan: ${counted(trials, "trial")}, at most ${counted(jobs, "job")} of ${counted(epochs, "epoch")}, ${toBytes(memoryBytes)} each, ${time}`,
  );
  for (const [pointer, parameter] of Object.entries(spec.space)) say(`  ${pointer} ${JSON.stringify(parameter)}`);
  for (const warning of warnings) say(`  Warning: ${warning}`);
};

const endings: readonly unknown[] = ["succeeded", "stopped", "failed", "cancelled"];

/** Draws how many trials have ended and the best value so far; on terminals as a bar that moves, elsewhere as a line now and then. */
const createStudyBar = ({ spec }: Study, trials: number) => {
  const bar = new cliProgress.SingleBar({
    format: "  trials |{bar}| {value} of {total}  best {best}",
    ...{ hideCursor: true, noTTYOutput: true, notTTYSchedule: 2000 },
  });
  const sign = spec.objective.direction === "minimize" ? 1 : -1;
  const ended = new Set<unknown>();
  let best: number | null = null;
  bar.start(trials, 0, { best: "–" });
  return {
    show: ({ type, data }: { type: string; data: Readonly<Record<string, unknown>> }): void => {
      if (type !== "trial" || !endings.includes(data.state)) return;
      ended.add(data.trial);
      const value = data.state === "succeeded" && typeof data.objective === "number" ? data.objective : null;
      if (value !== null && (best === null || sign * (value - best) < 0)) best = value;
      bar.update(ended.size, { best: best === null ? "–" : toShort(best) });
    },
    stop: () => bar.stop(),
  };
};

const follow = async (descent: Descent, { json, say }: Output, study: Study, trials: number): Promise<Study> => {
  if (json) return descent.studies.wait(study.id);
  const bar = createStudyBar(study, trials);
  const notices: string[] = [];
  try {
    for await (const event of descent.studies.watch(study.id)) {
      bar.show(event);
      if (event.level !== "info") notices.push(event.message);
    }
  } finally {
    bar.stop();
  }
  for (const notice of notices) say(`  Warning: ${notice}`);
  return descent.studies.wait(study.id);
};

/** `descent study data.csv --label y`: from a file to hyper-parameters, with what they are worth. */
export const runStudy = async (
  descent: Descent,
  output: Output,
  source: string,
  options: StudyOptions,
): Promise<void> => {
  const given = await readSpec<StudySpec>(options.spec);
  const template = { ...given.job, ...(await readSpec<JobSpec>(options.template, "--template")) };
  const { name: _name, seed: _seed, spec: _spec, ...ofJob } = options;
  const job = ownSpecOf(ofJob, template);
  const own = ownStudyOf(options, given);
  if (!isDatasetId(source)) {
    const task = taskOf(ofJob, template, { columns: [] });
    await checkStudy(descent, { ...own, job: { ...job, dataset: noDataset, task } });
  }
  const { dataset, submitted } = await withDataset(descent, output, source, options, async (uploaded) => {
    const task = taskOf(ofJob, template, uploaded);
    const spec: StudySpec = { ...own, job: { ...job, dataset: uploaded.id, task } };
    const plan = await descent.studies.plan(spec);
    if (options.planOnly === true) {
      output.result(plan, () => showPlan(output, plan));
      return null;
    }
    showPlan(output, plan);
    return { trials: plan.trials, study: await descent.studies.submit(spec) };
  });
  if (submitted === null) return;
  output.say(`Study ${submitted.study.id}`);
  const study = await follow(descent, output, submitted.study, submitted.trials);
  const { id, state, error } = study;
  if (study.best === null)
    throw new CommandError(`${id} ${state}${error === null ? "" : `: ${error.message}; ${error.hint}`}`);
  const leaderboard = await descent.studies.leaderboard(id);
  output.result({ dataset, study, leaderboard }, () => showStudy(output, study, leaderboard));
  if (state !== "succeeded") throw new CommandError(`${id} ${state}: ${error?.message ?? "see its events"}`);
};
