import { expect } from "vitest";
import { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { iris } from "../usecases/service.ts";

export const specFor = (dataset: Dataset) => ({
  dataset: dataset.id,
  task: { type: "classification", label: "species" },
});

// biome-ignore lint/suspicious/noExplicitAny: what is asserted about an answer is what its test is about
export const body = async (response: Response | Promise<Response>): Promise<any> => (await response).json();

/** The requests that most tests begin with. */
export const createClient = (url: () => string) => {
  const call = (path: string, init: RequestInit = {}) => fetch(`${url()}${path}`, init);
  const post = (path: string, content?: unknown, headers: Record<string, string> = {}) =>
    call(path, {
      method: "POST",
      ...(content === undefined
        ? { headers }
        : { body: JSON.stringify(content), headers: { "content-type": "application/json", ...headers } }),
    });
  const upload = async (query = "?name=iris"): Promise<Dataset> => {
    const response = await call(`/v1/datasets${query}`, {
      method: "POST",
      body: iris,
      headers: { "content-type": "text/csv" },
    });
    expect(response.status).toBe(201);
    const dataset = Dataset.parse(await response.json());
    expect(response.headers.get("location")).toBe(`/v1/datasets/${dataset.id}`);
    return dataset;
  };
  const submit = async (dataset: Dataset, headers: Record<string, string> = {}): Promise<Job> => {
    const response = await post("/v1/jobs", specFor(dataset), headers);
    expect(response.status).toBe(202);
    const job = (await response.json()) as Job;
    expect(response.headers.get("location")).toBe(`/v1/jobs/${job.id}`);
    return job;
  };
  return { call, post, upload, submit };
};
