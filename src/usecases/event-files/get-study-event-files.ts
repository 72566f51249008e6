import { Readable } from "node:stream";
import { orNull } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Job } from "../../domain/jobs/job.ts";
import { objectiveMetricOf } from "../../domain/studies/objective-metric.ts";
import type { Study, Trial } from "../../domain/studies/study.ts";
import { type TarEntry, writeTar } from "../../formats/archives/write-tar.ts";
import { eventFileName, eventRecord, type FileEvent, versionRecord } from "../../formats/event-files/event-file.ts";
import {
  experiment,
  type HyperParameter,
  type HyperParameterColumn,
  type SessionStatus,
  sessionEnd,
  sessionStart,
} from "../../formats/event-files/hparams.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { tagOf } from "./curve-events.ts";
import { toHyperParameter } from "./hyper-parameters.ts";
import { jobEvents, secondsOf } from "./job-events.ts";

/** `/optimizer/learningRate` as TensorBoard shows it. */
const nameOf = (pointer: string): string => pointer.replace(/^\//, "");

const columnOf = ([pointer, parameter]: [string, Study["spec"]["space"][string]]): HyperParameterColumn => {
  if ("min" in parameter) {
    const { min, max } = parameter;
    return { name: nameOf(pointer), type: "number", interval: { min, max } };
  }
  const kinds = new Set(parameter.choices.map((choice) => typeof toHyperParameter(choice)));
  const [only] = kinds;
  const type = kinds.size > 1 ? "string" : only === "boolean" ? "bool" : only === "number" ? "number" : "string";
  return { name: nameOf(pointer), type };
};

/** The tag of what trials are compared by. It is there for those too that were stopped on their way. */
const objectiveTag = "objective";

const valuesOf = (columns: readonly HyperParameterColumn[], trial: Trial): Map<string, HyperParameter> => {
  const words = new Set(columns.filter(({ type }) => type === "string").map(({ name }) => name));
  return new Map(
    Object.entries(trial.values).map(([pointer, value]): [string, HyperParameter] => {
      const [name, shown] = [nameOf(pointer), toHyperParameter(value)];
      // A column has one type: choices of several kinds are shown as words.
      return [name, words.has(name) ? String(shown) : shown];
    }),
  );
};

const statusOf = ({ state }: Trial): SessionStatus => {
  if (state === "running" || state === "waiting") return "running";
  return state === "failed" || state === "cancelled" ? "failure" : "success";
};

/** A trial's run: its job's curves with the values that the study tries; of a job that was deleted only these, and what it came to. */
async function* trialEvents(
  deps: Deps,
  tenant: TenantId,
  trial: Trial,
  values: ReadonlyMap<string, HyperParameter>,
): AsyncGenerator<FileEvent, void, void> {
  const start = secondsOf(trial.startedAt ?? trial.createdAt);
  const job: Job | null = await orNull(deps.jobs.get(tenant, trial.job));
  const end = trial.endedAt === null ? null : secondsOf(trial.endedAt);
  if (job === null) yield { wallSeconds: start, step: 0, values: [sessionStart(trial.job, start, values)] };
  // How the trial ended is said below: a job that was stopped is no failure of the trial's.
  else yield* jobEvents(deps, tenant, { ...job, endedAt: null }, values);
  if (trial.objective !== null) {
    const measured = [{ tag: objectiveTag, value: trial.objective }];
    yield { wallSeconds: end ?? start, step: trial.epochs, values: measured };
  }
  if (end !== null) yield { wallSeconds: end, step: 0, values: [sessionEnd(statusOf(trial), end)] };
}

const toBytes = async (start: number, events: AsyncIterable<FileEvent>): Promise<Uint8Array> => {
  const records = [versionRecord(start)];
  for await (const event of events) records.push(eventRecord(event));
  return Buffer.concat(records);
};

async function* runsOf(deps: Deps, tenant: TenantId, study: Study): AsyncGenerator<TarEntry, void, void> {
  const { space } = study.spec;
  const created = secondsOf(study.createdAt);
  const columns = Object.entries(space).map(columnOf);
  const metrics = [objectiveTag, tagOf(objectiveMetricOf(study.spec))];
  const table = experiment({ name: study.name, createdSeconds: created, columns, metrics });
  const file = (folder: string, start: number, bytes: Uint8Array): TarEntry => ({
    ...{ path: `${folder}/${eventFileName(start, "descent")}`, bytes, changedSeconds: start },
  });
  const head = Buffer.concat([versionRecord(created), eventRecord({ wallSeconds: created, step: 0, values: [table] })]);
  yield file(study.id, created, head);
  for (const trial of await deps.studies.trials(tenant, study.id)) {
    const start = secondsOf(trial.startedAt ?? trial.createdAt);
    const bytes = await toBytes(start, trialEvents(deps, tenant, trial, valuesOf(columns, trial)));
    yield file(`${study.id}/trial_${String(trial.number).padStart(3, "0")}`, start, bytes);
  }
}

/**
 * A study as a tar archive of TensorBoard's event files, a folder for each trial: their curves, and for the table of hyper-parameters what each tried. The caller
 * must read the stream or destroy it.
 */
export const getStudyEventFiles = async (
  deps: Deps,
  caller: Caller,
  request: { id: string },
): Promise<{ name: string; body: Readable }> => {
  const { study } = await deps.studies.get(caller.tenant, parseStudyId(request.id));
  return {
    name: `${study.id}.tar`,
    body: Readable.from(writeTar(runsOf(deps, caller.tenant, study)), { objectMode: false }),
  };
};
