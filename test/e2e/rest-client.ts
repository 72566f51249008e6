import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Problem } from "../../src/domain/errors.ts";
import type { Job, JobEvent } from "../../src/domain/jobs/job.ts";
import type { JobState } from "../../src/domain/jobs/job-state.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { PredictRequest, PredictResponse } from "../../src/domain/models/predictions/prediction.ts";
import type { Report } from "../../src/domain/models/report.ts";

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export const dataFile = (name: string): Promise<Buffer> =>
  readFile(join(import.meta.dirname, "../data", `${name}.csv`));

/** REST as a client without a library would use it, with an API key if given. `call` gives whatever was answered; the others expect success. */
export const createRestClient = (url: string, key?: string) => {
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const call = async <T>(path: string, init: RequestInit = {}): Promise<Answer<T>> => {
    const headers = new Headers({ ...authorization, ...Object.fromEntries(new Headers(init.headers)) });
    const response = await fetch(`${url}${path}`, { ...init, headers });
    const text = await response.text();
    const body: T = text === "" ? null : JSON.parse(text);
    return { status: response.status, headers: response.headers, body };
  };
  const expectSuccess = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const { status, body } = await call<T>(path, init);
    if (status >= 300) throw new Error(`${init.method ?? "GET"} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const json = (body: unknown): RequestInit => ({
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const csv = (body: string | Uint8Array): RequestInit => ({
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: typeof body === "string" ? body : Uint8Array.from(body),
  });
  const job = (id: string): Promise<Job> => expectSuccess(`/v1/jobs/${id}`);

  /** Long-polls: each call returns when the job is another than the one that was seen, or after half a minute. */
  const until = async (id: string, fits: (job: Job) => boolean): Promise<Job> => {
    for (let seen = await call<Job>(`/v1/jobs/${id}`); ; ) {
      if (seen.status !== 200) throw new Error(`GET /v1/jobs/${id}: ${seen.status} ${JSON.stringify(seen.body)}`);
      const { body } = seen;
      if (fits(body)) return body;
      if (body.done)
        throw new Error(`${id} ${body.state}: ${JSON.stringify(body.error)} ${JSON.stringify(body.history)}`);
      // Without what was seen, a change between two calls would be waited for in vain.
      const headers = { "if-none-match": seen.headers.get("etag")! };
      const next = await call<Job>(`/v1/jobs/${id}?wait=30`, { headers });
      if (next.status !== 304) seen = next;
    }
  };

  return {
    url,
    call,
    post: <T>(path: string, body: unknown) => call<T>(path, json(body)),
    tryUpload: (body: string | Uint8Array, query = "") => call<Dataset & Problem>(`/v1/datasets${query}`, csv(body)),
    upload: (name: string, body: string | Uint8Array) => expectSuccess<Dataset>(`/v1/datasets?name=${name}`, csv(body)),
    submit: (spec: JobSpecInput) => expectSuccess<Job>("/v1/jobs", json(spec)),
    trySubmit: (spec: unknown) => call<Job & Problem>("/v1/jobs", json(spec)),
    act: (id: string, action: "cancel" | "pause" | "resume") =>
      call<Job & Problem>(`/v1/jobs/${id}/${action}`, { method: "POST" }),
    job,
    until,
    untilState: (id: string, state: JobState) => until(id, (seen) => seen.state === state),
    untilDone: (id: string) => until(id, ({ done }) => done),
    model: (id: string) => expectSuccess<Model>(`/v1/models/${id}`),
    report: (id: string) => expectSuccess<Report>(`/v1/models/${id}/report`),
    predict: (id: string, rows: unknown[], options: Partial<PredictRequest> = {}) =>
      expectSuccess<PredictResponse>(`/v1/models/${id}/predict`, json({ rows, ...options })),
    /** Follows the job's server-sent events until one fits. */
    untilEvent: async (id: string, fits: (event: JobEvent) => boolean): Promise<JobEvent> => {
      const gone = new AbortController();
      const response = await fetch(`${url}/v1/jobs/${id}/events`, {
        headers: { ...authorization, accept: "text/event-stream" },
        signal: gone.signal,
      });
      let text = "";
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const frames = text.split("\n\n");
        text = frames.pop() ?? "";
        for (const frame of frames) {
          const data = /^data: ?(.*)$/m.exec(frame)?.[1];
          if (data === undefined) continue;
          const event: JobEvent = JSON.parse(data);
          if (!fits(event)) continue;
          gone.abort();
          return event;
        }
      }
      throw new Error(`the events of ${id} ended before the one that was waited for`);
    },
  };
};

export type RestClient = ReturnType<typeof createRestClient>;
