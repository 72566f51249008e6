import { createDescent, type DatasetUpdate } from "../../client/descent.ts";
import { DescentError } from "../../client/errors.ts";
import type { Alias, StudySpec, Trial } from "../../client/types.ts";
import type { Dataset, Row } from "../../domain/datasets/dataset.ts";
import type { Job, JobEvent, MetricPoint } from "../../domain/jobs/job.ts";
import type { JobState } from "../../domain/jobs/job-state.ts";
import type { JobSpecInput } from "../../domain/jobs/spec/job-spec.ts";
import type { Schemas } from "./form/schema.ts";
import { here } from "./here.ts";

const keyName = "descent.apiKey";
export const keySaved = "descent:key-saved";

/** The API key of this tab, if the service asks for one; forgotten when the tab closes. */
export const apiKey = {
  read: (): string | null => sessionStorage.getItem(keyName),
  /** Whatever waits for a key asks again. */
  save: (key: string): void => {
    sessionStorage.setItem(keyName, key);
    dispatchEvent(new Event(keySaved));
  },
};

/** The page tries again by itself, and shows meanwhile that the service is away. */
const descent = createDescent({ url: here(""), apiKey: apiKey.read, retries: 0 });

/** Whatever a request threw, as the page shows it. */
export const toFailure = (error: unknown): DescentError => {
  if (error instanceof DescentError && error.code === "connection")
    return new DescentError("Cannot reach the service", { status: 0, code: "connection", cause: error });
  return error instanceof DescentError ? error : new DescentError(String(error), { status: 0, code: "interrupted" });
};

const all = async <T>(known: readonly T[], rest: AsyncIterable<T>): Promise<T[]> => {
  const items = [...known];
  for await (const item of rest) items.push(item);
  return items;
};

/** An idempotency key: where a page is served without TLS there is no `crypto.randomUUID`. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const pageSize = 25;
type Listed = "jobs" | "datasets" | "models";

export const api = {
  jobs: ({ state, pageToken }: { state: string; pageToken: string | null }, signal: AbortSignal) =>
    descent.jobs.list({ pageSize, signal, ...(state === "" ? {} : { state: state as JobState }) }).page(pageToken),
  /** As many as a page may hold, for those who want them all. */
  manyJobs: (pageToken: string | null, signal: AbortSignal) =>
    descent.jobs.list({ pageSize: 100, signal }).page(pageToken),
  /** What the contract says of every object, by name. */
  schemas: async (signal: AbortSignal) =>
    (await descent.request<{ components: { schemas: Schemas } }>("/openapi.json", { signal })).components.schemas,
  overview: (signal: AbortSignal) => descent.overview({ signal }),
  // The spec is typed by its schema there; the service's answers have every default filled in.
  job: (job: string, signal: AbortSignal): Promise<Job> => descent.jobs.get(job, { signal }),
  submit: (spec: JobSpecInput, idempotencyKey: string) => descent.jobs.submit(spec, { idempotencyKey }),
  plan: (spec: JobSpecInput) => descent.jobs.plan(spec),
  act: (job: string, action: "cancel" | "pause" | "resume") => descent.jobs[action](job),
  /** All events: those the caller has, and those after them. */
  events: (job: string, known: readonly JobEvent[], signal: AbortSignal): Promise<JobEvent[]> => {
    const after = known.at(-1)?.id;
    return all<JobEvent>(known, descent.jobs.events(job, { signal, ...(after === undefined ? {} : { after }) }));
  },
  /** All points: those the caller has, and those after them. */
  metrics: (job: string, known: readonly MetricPoint[], signal: AbortSignal): Promise<MetricPoint[]> => {
    const after = known.at(-1)?.step;
    return all(known, descent.jobs.metrics(job, { signal, ...(after === undefined ? {} : { after }) }));
  },
  datasets: (pageToken: string | null, signal: AbortSignal) =>
    descent.datasets.list({ pageSize, signal }).page(pageToken),
  allDatasets: (signal: AbortSignal) => all<Dataset>([], descent.datasets.list({ pageSize: 100, signal })),
  dataset: (dataset: string, signal: AbortSignal) => descent.datasets.get(dataset, { signal }),
  retype: (dataset: string, types: NonNullable<DatasetUpdate["types"]>) => descent.datasets.update(dataset, { types }),
  /** Rows from the first on, or after another page. */
  rowPage: (dataset: string, page: { limit: number; pageToken?: string }, signal: AbortSignal) =>
    descent.datasets.rowPage(dataset, { ...page, signal }),
  image: async (dataset: string, row: number, signal: AbortSignal) =>
    (await descent.datasets.image(dataset, row, { signal })).blob(),
  /** What the model said of held-out rows, as CSV. */
  heldOut: async (model: string, signal: AbortSignal) =>
    (await descent.models.file(model, "held-out", { signal })).text(),
  rows: async (dataset: string, limit: number) => ({ rows: await descent.datasets.rows(dataset, { limit }) }),
  thumbnails: (dataset: string, pageToken: string | null, signal: AbortSignal) =>
    descent.datasets.rowPage(dataset, {
      limit: 24,
      imageSide: 96,
      signal,
      ...(pageToken === null ? {} : { pageToken }),
    }),
  upload: (name: string, file: File, onProgress: (share: number) => void) =>
    descent.datasets.upload(file, {
      name,
      onProgress: ({ sentBytes, totalBytes }) => onProgress(totalBytes ? sentBytes / totalBytes : 1),
    }),
  models: (pageToken: string | null, signal: AbortSignal) => descent.models.list({ pageSize, signal }).page(pageToken),
  model: (model: string, signal: AbortSignal) => descent.models.get(model, { signal }),
  report: (model: string, signal: AbortSignal) => descent.models.report(model, { signal }),
  predict: (model: string, rows: Row[]) => descent.models.predict(model, rows),
  modelFile: async (model: string, file: "weights" | "onnx" | "card" | "report.html", preprocessing?: boolean) =>
    (await descent.models.file(model, file, preprocessing === undefined ? {} : { preprocessing })).blob(),
  lineage: (model: string, signal: AbortSignal) => descent.models.lineage(model, { signal }),
  compare: (models: readonly string[], dataset: string, rows: "all" | "held_out") =>
    descent.models.compare(models, dataset, { rows }),
  comparisonPage: async (models: readonly string[], dataset: string, rows: "all" | "held_out") =>
    (await descent.models.comparePage(models, dataset, { rows })).blob(),
  aliases: (pageToken: string | null, signal: AbortSignal) =>
    descent.aliases.list({ pageSize, signal }).page(pageToken),
  allAliases: (signal: AbortSignal) => all<Alias>([], descent.aliases.list({ pageSize: 100, signal })),
  alias: (name: string, signal: AbortSignal) => descent.aliases.get(name, { signal }),
  aliasHistory: (name: string, signal: AbortSignal) => descent.aliases.history(name, { signal }),
  /** Only if nobody changed it since the reader saw it; a null revision: there was none. */
  putAlias: (name: string, model: string, revision: number | null) => descent.aliases.put(name, model, { revision }),
  deleteAlias: (name: string, revision: number) => descent.aliases.delete(name, { revision }),
  /** To choose from: the newest. */
  someModels: async (signal: AbortSignal) => (await descent.models.list({ pageSize: 100, signal }).page()).items,
  someDatasets: async (signal: AbortSignal) => (await descent.datasets.list({ pageSize: 100, signal }).page()).items,
  jobEventFile: async (job: string) => (await descent.jobs.tensorboard(job)).blob(),
  studyEventFiles: async (study: string) => (await descent.studies.tensorboard(study)).blob(),
  answers: async (job: string) => (await descent.jobs.answers(job)).blob(),
  studies: (pageToken: string | null, signal: AbortSignal) =>
    descent.studies.list({ pageSize, signal }).page(pageToken),
  study: (study: string, signal: AbortSignal) => descent.studies.get(study, { signal }),
  trials: (study: string, signal: AbortSignal) =>
    all<Trial>([], descent.studies.trials(study, { pageSize: 100, signal })),
  leaderboard: (study: string, signal: AbortSignal) => descent.studies.leaderboard(study, { signal }),
  importances: (study: string, signal: AbortSignal) => descent.studies.importances(study, { signal }),
  trialsCsv: (study: string) => descent.studies.csv(study),
  planStudy: (spec: StudySpec) => descent.studies.plan(spec),
  submitStudy: (spec: StudySpec, idempotencyKey: string) => descent.studies.submit(spec, { idempotencyKey }),
  actOnStudy: (study: string, action: "cancel" | "pause" | "resume") => descent.studies[action](study),
  remove: (kind: Listed, resource: string) => descent[kind].delete(resource),
};
