import type { Dataset, Row } from "../../domain/datasets/dataset.ts";
import type { FieldError, Problem } from "../../domain/errors.ts";
import type { Job, JobEvent, MetricPoint, Plan } from "../../domain/jobs/job.ts";
import type { JobSpecInput } from "../../domain/jobs/spec/job-spec.ts";
import type { AnyModel, Prediction } from "../../domain/models/model.ts";
import type { Report } from "../../domain/models/report.ts";
import type { Page } from "../../domain/page.ts";

/** What a request that failed tells the reader. `status` 0: no answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly fields: readonly FieldError[];

  constructor(status: number, message: string, fields: readonly FieldError[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.fields = fields;
  }
}

const keyName = "descent.apiKey";

/** The API key of this tab, if the service asks for one; forgotten when the tab closes. */
export const apiKey = {
  read: (): string | null => sessionStorage.getItem(keyName),
  save: (key: string): void => sessionStorage.setItem(keyName, key),
};

const authorization = (): Record<string, string> => {
  const key = apiKey.read();
  return key === null ? {} : { authorization: `Bearer ${key}` };
};

const toApiError = (status: number, text: string): ApiError => {
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    return new ApiError(
      status,
      problem.detail ?? problem.title ?? `The service answered ${status}`,
      problem.errors ?? [],
    );
  } catch {
    return new ApiError(status, `The service answered ${status}`);
  }
};

const send = async (path: string, init: RequestInit): Promise<Response> => {
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      headers: { accept: "application/json", ...authorization(), ...init.headers },
    });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, "Cannot reach the service");
  }
  if (!response.ok) throw toApiError(response.status, await response.text());
  return response;
};

/** The browser's cache revalidates with ETags by itself, so asking again costs little when nothing changed. */
const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await (await send(path, signal === undefined ? {} : { signal })).json()) as T;

const post = async <T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> => {
  const json = { "content-type": "application/json", ...headers };
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  return (await (await send(path, { method: "POST", headers: json, ...content })).json()) as T;
};

const query = (parameters: Record<string, string | number | null>): string => {
  const entries = Object.entries(parameters).filter(([, value]) => value !== null && value !== "");
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries.map(([key, value]) => [key, String(value)]))}`;
};

/** A listing that only grows, oldest first: asks for what comes after the known part, page by page. */
const following = async <T>(
  known: readonly T[],
  position: (items: readonly T[]) => string | number | null,
  path: string,
  signal: AbortSignal,
): Promise<T[]> => {
  let items = [...known];
  let more = true;
  while (more) {
    const page = await get<{ items: T[]; nextAfter: unknown }>(
      `${path}${query({ after: position(items), limit: 1000 })}`,
      signal,
    );
    items = items.concat(page.items);
    more = page.nextAfter !== null && page.items.length > 0;
  }
  return items;
};

/** XMLHttpRequest, because fetch cannot tell how much of an upload has been sent. */
const upload = (name: string, file: File, onProgress: (share: number) => void): Promise<Dataset> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/datasets${query({ name })}`);
    request.setRequestHeader("content-type", "text/csv");
    request.setRequestHeader("accept", "application/json");
    for (const [key, value] of Object.entries(authorization())) request.setRequestHeader(key, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total);
    request.onerror = () => reject(new ApiError(0, "Cannot reach the service"));
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText) as Dataset);
      else reject(toApiError(request.status, request.responseText));
    };
    request.send(file);
  });

const id = encodeURIComponent;

export const api = {
  jobs: (page: { state: string; pageToken: string | null }, signal: AbortSignal) =>
    get<Page<Job>>(`/v1/jobs${query({ pageSize: 25, ...page })}`, signal),
  job: (job: string, signal: AbortSignal) => get<Job>(`/v1/jobs/${id(job)}`, signal),
  submit: (spec: JobSpecInput, idempotencyKey: string) =>
    post<Job>("/v1/jobs", spec, { "idempotency-key": idempotencyKey }),
  plan: (spec: JobSpecInput) => post<Plan>("/v1/jobs?validateOnly=true", spec),
  act: (job: string, action: "cancel" | "pause" | "resume") => post<Job>(`/v1/jobs/${id(job)}/${action}`, undefined),
  /** All events: those the caller has, and those after them. */
  events: (job: string, known: readonly JobEvent[], signal: AbortSignal) =>
    following(known, (events) => events.at(-1)?.id ?? null, `/v1/jobs/${id(job)}/events`, signal),
  /** All points: those the caller has, and those after them. */
  metrics: (job: string, known: readonly MetricPoint[], signal: AbortSignal) =>
    following(known, (points) => points.at(-1)?.step ?? null, `/v1/jobs/${id(job)}/metrics`, signal),
  datasets: (pageToken: string | null, signal: AbortSignal) =>
    get<Page<Dataset>>(`/v1/datasets${query({ pageSize: 25, pageToken })}`, signal),
  dataset: (dataset: string, signal: AbortSignal) => get<Dataset>(`/v1/datasets/${id(dataset)}`, signal),
  rows: (dataset: string, limit: number) => get<{ rows: Row[] }>(`/v1/datasets/${id(dataset)}/rows${query({ limit })}`),
  upload,
  models: (pageToken: string | null, signal: AbortSignal) =>
    get<Page<AnyModel>>(`/v1/models${query({ pageSize: 25, pageToken })}`, signal),
  model: (model: string, signal: AbortSignal) => get<AnyModel>(`/v1/models/${id(model)}`, signal),
  report: (model: string, signal: AbortSignal) => get<Report>(`/v1/models/${id(model)}/report`, signal),
  predict: (model: string, rows: Row[]) =>
    post<{ predictions: Prediction[] }>(`/v1/models/${id(model)}/predict`, { rows }),
  modelFile: async (model: string, file: "weights" | "onnx" | "card") =>
    (await send(`/v1/models/${id(model)}/${file}`, {})).blob(),
  remove: (kind: "jobs" | "datasets" | "models", resource: string) =>
    send(`/v1/${kind}/${id(resource)}`, { method: "DELETE" }),
};
