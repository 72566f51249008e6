import { aliasesOf } from "./aliases.ts";
import { DescentError } from "./errors.ts";
import { modelsOf } from "./models.ts";
import { createListing, following, type Listing, type ListOptions } from "./pages.ts";
import { studiesOf } from "./studies.ts";
import { tenantsOf } from "./tenants.ts";
import {
  createTransport,
  type DescentOptions,
  type RequestCall,
  type RequestOptions,
  type Transport,
  toSent,
} from "./transport.ts";
import type {
  Dataset,
  EventToken,
  Job,
  JobEvent,
  JobOutcome,
  JobPlan,
  JobSpec,
  JobState,
  MetricPoint,
  Overview,
  Row,
} from "./types.ts";
import { type FileSource, titleOf, type UploadOptions, uploadFile } from "./upload-file.ts";
import { type WatchOptions, waitForJob, watchJob } from "./watch-job.ts";

export type { AliasOptions } from "./aliases.ts";
export { DescentError } from "./errors.ts";
export type { FileOptions, ModelImport, ModelUpdate, PictureSource, PredictOptions } from "./models.ts";
export type { DescentOptions, RequestCall, RequestOptions } from "./transport.ts";
export type * from "./types.ts";
export type { WatchOptions } from "./watch-job.ts";

export type StatedColumnType = "number" | "category" | "boolean" | "datetime" | "text";

export interface DatasetUpload extends UploadOptions {
  /** Left out: the file's name. */
  name?: string;
  /** Column types to use instead of the inferred ones. */
  types?: Record<string, StatedColumnType>;
  delimiter?: "," | ";" | "|" | "\t";
  decimal?: "." | ",";
  /** Of CSV files. Left out: UTF-8, or UTF-16 where a byte order mark says so. */
  encoding?: "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";
  /** Of CSV files: `absent`: columns are called column_1, column_2, … */
  header?: "present" | "absent";
  quote?: '"' | "'" | "none";
  /** Cells that are missing in every column. */
  missingWords?: string[];
  /** The order of day and month in cells such as 03/04/2026. Left out: they are no dates. */
  dates?: "day_first" | "month_first";
  /** Of images. */
  shorterSide?: number;
  size?: number;
  channels?: number;
  onBroken?: "skip" | "refuse";
}

/** What is left out stays as it is. */
export interface DatasetUpdate {
  name?: string;
  types?: Record<string, StatedColumnType | null>;
  labels?: Record<string, string>;
}

export interface RowPageOptions {
  limit?: number;
  pageToken?: string;
  imageSide?: number;
}

export interface SubmitOptions extends RequestOptions {
  /** The same key and specification are the same job, however often they are sent. Left out: one of its own. */
  idempotencyKey?: string;
}

/** A submission: await it for the job as it was recorded, or go on with it at once. */
export interface SubmittedJob extends Promise<Job> {
  /** The job's events, until it is done. */
  watch(options?: WatchOptions): AsyncGenerator<JobEvent, void, void>;
  /** The job once it is done, whatever it came to. */
  wait(options?: RequestOptions): Promise<Job>;
}

const id = encodeURIComponent;

const datasetsOf = (transport: Transport) => ({
  upload: (source: FileSource, options: DatasetUpload = {}): Promise<Dataset> => {
    const { name = titleOf(source), types, missingWords, ...said } = options;
    return uploadFile<Dataset>(transport, "/v1/datasets", source, {
      ...said,
      name,
      missingWords: missingWords === undefined ? undefined : JSON.stringify(missingWords),
      types: types === undefined ? undefined : JSON.stringify(types),
    });
  },
  list: (options: ListOptions = {}): Listing<Dataset> =>
    createListing<Dataset>(transport, "/v1/datasets", { ...options }),
  get: (dataset: string, options?: RequestOptions) => transport.json<Dataset>(`/v1/datasets/${id(dataset)}`, options),
  rows: async (dataset: string, { limit, ...options }: RequestOptions & { limit?: number } = {}): Promise<Row[]> =>
    (await transport.json<{ rows: Row[] }>(`/v1/datasets/${id(dataset)}/rows`, { query: { limit }, ...options })).rows,
  /** A page of rows, from the first on or after another page; images no larger than `imageSide`, or as they are. */
  rowPage: (
    dataset: string,
    { limit, pageToken, imageSide, ...options }: RequestOptions & RowPageOptions = {},
  ): Promise<{ rows: Row[]; nextPageToken: string | null }> =>
    transport.json(`/v1/datasets/${id(dataset)}/rows`, { query: { limit, pageToken, imageSide }, ...options }),
  /** The image of a row, from 0, as a PNG file. */
  image: (dataset: string, row: number, options?: RequestOptions) =>
    transport.send(`/v1/datasets/${id(dataset)}/rows/${row}/image`, { headers: { accept: "*/*" }, ...options }),
  /** The file as it is kept: CSV, or pixels; as a response to stream from. */
  file: (dataset: string, options?: RequestOptions) => transport.send(`/v1/datasets/${id(dataset)}/file`, options),
  /** Its name, labels or column types; null: to be inferred again. Jobs that were planned keep the types of their plan. */
  update: (dataset: string, change: DatasetUpdate, options?: RequestOptions) =>
    transport.json<Dataset>(`/v1/datasets/${id(dataset)}`, { method: "PATCH", json: change, ...options }),
  delete: async (dataset: string, options?: RequestOptions): Promise<void> => {
    await transport.send(`/v1/datasets/${id(dataset)}`, { method: "DELETE", ...options });
  },
});

const steer =
  (transport: Transport, action: "cancel" | "pause" | "resume") =>
  (job: string, options: RequestOptions = {}): Promise<Job> =>
    transport.json<Job>(`/v1/jobs/${id(job)}/${action}`, { method: "POST", repeatable: true, ...options });

/** What the service takes in one request. */
const mostJobs = 250;
const mostBytes = 1024 ** 2 - 1024;

const partsOf = (specs: readonly JobSpec[]): JobSpec[][] => {
  const parts: JobSpec[][] = [];
  let bytes = 0;
  for (const spec of specs) {
    const ofSpec = new TextEncoder().encode(JSON.stringify(spec)).length + 1;
    const last = parts.at(-1);
    bytes += ofSpec;
    if (last !== undefined && last.length < mostJobs && bytes <= mostBytes) last.push(spec);
    else {
      parts.push([spec]);
      bytes = ofSpec;
    }
  }
  return parts;
};

/** A job of a request that failed as a whole. */
const refusedWith = (
  { status, code, message, errors, retryAfterSeconds }: DescentError,
  index: number,
): JobOutcome => ({
  ...{ index, id: null, created: false, retryAfterSeconds },
  problem: { type: "about:blank", title: message, status, code, detail: message, errors: [...errors] },
});

const jobsOf = (transport: Transport) => {
  const submit = (spec: JobSpec, { idempotencyKey, ...options }: SubmitOptions = {}): SubmittedJob => {
    const headers = { "idempotency-key": idempotencyKey ?? crypto.randomUUID() };
    const sent = { method: "POST" as const, json: spec, headers, repeatable: true };
    const recorded = transport.json<Job>("/v1/jobs", { ...sent, ...options });
    return Object.assign(recorded, {
      async *watch(watching?: WatchOptions): AsyncGenerator<JobEvent, void, void> {
        yield* watchJob(transport, (await recorded).id, watching);
      },
      wait: async (waiting?: RequestOptions) => waitForJob(transport, (await recorded).id, waiting),
    });
  };
  /** In as many requests as the service's limits make of them; each job is recorded or refused by itself, in their order. */
  const submitAll = async (
    specs: readonly JobSpec[],
    { idempotencyKey = crypto.randomUUID(), ...options }: SubmitOptions = {},
  ): Promise<JobOutcome[]> => {
    const outcomes: JobOutcome[] = [];
    for (const [part, jobs] of partsOf(specs).entries()) {
      const headers = { "idempotency-key": `${idempotencyKey}.${part}` };
      const sent = { method: "POST" as const, json: { jobs }, headers, repeatable: true };
      const before = outcomes.length;
      try {
        const answer = await transport.json<{ outcomes: JobOutcome[] }>("/v1/jobs/batch", { ...sent, ...options });
        outcomes.push(...answer.outcomes.map((outcome) => ({ ...outcome, index: before + outcome.index })));
      } catch (error) {
        // Those before are recorded: whoever asked must learn their ids.
        if (before === 0 || !(error instanceof DescentError)) throw error;
        outcomes.push(...jobs.map((_, i) => refusedWith(error, before + i)));
      }
    }
    return outcomes;
  };
  return {
    submit,
    submitAll,
    plan: (spec: JobSpec, options?: RequestOptions) =>
      transport.json<JobPlan>("/v1/jobs/plan", { method: "POST", json: spec, repeatable: true, ...options }),
    get: (job: string, options?: RequestOptions) => transport.json<Job>(`/v1/jobs/${id(job)}`, options),
    list: (options: ListOptions & { state?: JobState } = {}): Listing<Job> =>
      createListing<Job>(transport, "/v1/jobs", { ...options }),
    watch: (job: string, options?: WatchOptions) => watchJob(transport, job, options),
    wait: (job: string, options?: RequestOptions) => waitForJob(transport, job, options),
    events: (job: string, options: RequestOptions & { after?: string } = {}) =>
      following<JobEvent>(transport, `/v1/jobs/${id(job)}/events/page`, options),
    metrics: (job: string, options: RequestOptions & { after?: number } = {}) =>
      following<MetricPoint>(transport, `/v1/jobs/${id(job)}/metrics`, options),
    /** Which rows the job trains, validates and tests on, as CSV; as a response to stream from. */
    rows: (job: string, options?: RequestOptions) => transport.send(`/v1/jobs/${id(job)}/rows`, options),
    /** Its curves as an event file of TensorBoard; as a response to stream from. */
    tensorboard: (job: string, options?: RequestOptions) =>
      transport.send(`/v1/jobs/${id(job)}/tensorboard`, { headers: { accept: "*/*" }, ...options }),
    cancel: steer(transport, "cancel"),
    pause: steer(transport, "pause"),
    resume: steer(transport, "resume"),
    /** What a job that predicts a whole data set has answered, a line for each row; as a response to stream from. */
    answers: (job: string, { format = "csv", ...options }: RequestOptions & { format?: "csv" | "ndjson" } = {}) => {
      const accept = format === "csv" ? "text/csv" : "application/x-ndjson";
      return transport.send(`/v1/predictions/${id(job)}/file`, { headers: { accept }, ...options });
    },
    delete: async (job: string, options?: RequestOptions): Promise<void> => {
      await transport.send(`/v1/jobs/${id(job)}`, { method: "DELETE", ...options });
    },
  };
};

/** A client of one service: no state but its address and key. */
export const createDescent = (options: DescentOptions = {}) => {
  const transport = createTransport(options);
  return {
    datasets: datasetsOf(transport),
    jobs: jobsOf(transport),
    models: modelsOf(transport),
    studies: studiesOf(transport),
    aliases: aliasesOf(transport),
    tenants: tenantsOf(transport),
    /** A token that opens the events of one job or study, for a browser's `EventSource`. */
    createToken: (resource: string, { signal, ...said }: RequestOptions & { seconds?: number } = {}) =>
      transport.json<EventToken>("/v1/tokens", {
        ...{ method: "POST", json: { resource, ...said } },
        ...(signal === undefined ? {} : { signal }),
      }),
    /** What runs, what waits, and what room trainers have. */
    overview: (options?: RequestOptions) => transport.json<Overview>("/v1/overview", options),
    /**
     * For what has no method here, with the same errors and repetitions: `request("/v1/jobs/plan", { method: "POST", body: spec })`. The body goes out as JSON,
     * JSON comes back; nothing, where the answer has no body.
     */
    request: <T>(path: string, call: RequestCall = {}): Promise<T> => transport.json<T>(path, toSent(call)),
  };
};

export type Descent = ReturnType<typeof createDescent>;
