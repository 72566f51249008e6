/** Jobs as the list searches and sorts them. Nothing here touches the document. */

import type { Job } from "../../../domain/jobs/job.ts";
import { headline } from "../format.ts";
import { hasWords } from "../has-words.ts";
import { jobSeconds } from "./job-seconds.ts";

/** Of a job what the list shows: ten thousand of them are kept. */
export interface ListedJob {
  id: string;
  name: string;
  state: Job["state"];
  done: boolean;
  progress: number;
  task: string;
  model: string;
  labels: Readonly<Record<string, string>>;
  trainLoss: number | null;
  validationLoss: number | null;
  result: { name: string; value: number } | null;
  seconds: number | null;
  createdAt: string;
}

export const toListed = (job: Job, nowMs: number): ListedJob => {
  const best = headline(job.metrics);
  return {
    ...{ id: job.id, name: job.spec.name, state: job.state, done: job.done, progress: job.progress },
    ...{ task: job.spec.task.type, model: job.spec.model.type, labels: job.spec.labels },
    trainLoss: job.metrics.trainLoss ?? null,
    validationLoss: job.metrics.validationLoss ?? null,
    result: best === null || best.name.endsWith("Loss") ? null : best,
    seconds: jobSeconds(job, nowMs),
    createdAt: job.createdAt,
  };
};

export const sortKeys = ["submitted", "name", "state", "loss", "result", "time"] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Wanted {
  search: string;
  state: string;
  /** `team=growth`; empty: any. */
  label: string;
  sort: SortKey;
  descending: boolean;
}

export const newestFirst: Wanted = { search: "", state: "", label: "", sort: "submitted", descending: true };

/** Whether the service's own order and filter do: then no more than a page is asked for. */
export const isPlain = ({ search, label, sort, descending }: Wanted): boolean =>
  search.trim() === "" && label === "" && sort === "submitted" && descending;

export const labelsOf = ({ labels }: Pick<ListedJob, "labels">): string[] =>
  Object.entries(labels).map(([name, value]) => `${name}=${value}`);

/** Every word is somewhere in the name, the id, the task, the model or a label. */
const matches = (job: ListedJob, { search, state, label }: Wanted): boolean => {
  if (state !== "" && job.state !== state) return false;
  const labels = labelsOf(job);
  if (label !== "" && !labels.includes(label)) return false;
  return hasWords([job.name, job.id, job.task, job.model, ...labels].join(" "), search);
};

const keyOf: Record<SortKey, (job: ListedJob) => string | number | null> = {
  submitted: ({ id }) => id, // grows with the time
  name: ({ name }) => name.toLowerCase(),
  state: ({ state }) => state,
  loss: ({ trainLoss, validationLoss }) => validationLoss ?? trainLoss,
  result: ({ result }) => result?.value ?? null,
  time: ({ seconds }) => seconds,
};

/** Those that are wanted, in the order that is; what has no value comes last either way, and the newest first among equals. */
export const select = (jobs: readonly ListedJob[], wanted: Wanted): ListedJob[] => {
  const key = keyOf[wanted.sort];
  const sign = wanted.descending ? -1 : 1;
  return jobs
    .filter((job) => matches(job, wanted))
    .sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return x === y ? (a.id < b.id ? 1 : -1) : x === null ? 1 : -1;
      if (x === y) return a.id < b.id ? 1 : -1;
      return x < y ? -sign : sign;
    });
};
