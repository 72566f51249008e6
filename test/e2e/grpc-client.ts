import { credentials, type ServiceError } from "@grpc/grpc-js";
import {
  type Dataset,
  DatasetsServiceClient,
  type UploadHeader,
} from "../../src/grpc/generated/descent/v1/datasets.ts";
import type { JobSpec } from "../../src/grpc/generated/descent/v1/job_spec.ts";
import { type Job, type JobEvent, JobsServiceClient } from "../../src/grpc/generated/descent/v1/jobs.ts";
import {
  type GetModelReportResponse,
  type Model,
  ModelsServiceClient,
  type PredictResponse,
} from "../../src/grpc/generated/descent/v1/models.ts";

const chunkBytes = 16 * 1024;

const answered = <T>(call: (callback: (error: ServiceError | null, answer: T) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => call((error, answer) => (error === null ? resolve(answer) : reject(error))));

/** The wire as a generated client speaks it. */
export const createGrpcClient = (address: string) => {
  const insecure = credentials.createInsecure();
  const datasets = new DatasetsServiceClient(address, insecure);
  const jobs = new JobsServiceClient(address, insecure);
  const models = new ModelsServiceClient(address, insecure);
  return {
    upload: (name: string, csv: Buffer, header: Partial<UploadHeader> = {}): Promise<Dataset> =>
      answered((callback) => {
        const call = datasets.uploadDataset(callback);
        call.write({ part: { $case: "header", value: { name, types: {}, ...header } } });
        for (let at = 0; at < csv.length; at += chunkBytes) {
          call.write({ part: { $case: "chunk", value: csv.subarray(at, at + chunkBytes) } });
        }
        call.end();
      }),
    submit: (spec: JobSpec): Promise<Job> => answered((callback) => jobs.submitJob({ spec }, callback)),
    job: (id: string): Promise<Job> => answered((callback) => jobs.getJob({ id }, callback)),
    cancel: (id: string): Promise<Job> => answered((callback) => jobs.cancelJob({ id }, callback)),
    /** The job's whole event log: the stream ends when the job is done. */
    watch: async (id: string): Promise<JobEvent[]> => {
      const events: JobEvent[] = [];
      for await (const event of jobs.watchJob({ id })) events.push(event);
      return events;
    },
    model: (id: string): Promise<Model> => answered((callback) => models.getModel({ id }, callback)),
    report: async (id: string) =>
      (await answered<GetModelReportResponse>((callback) => models.getModelReport({ id }, callback))).report?.fields,
    predict: (
      model: string,
      rows: Record<string, unknown>[],
      strict?: boolean,
      coverage?: number,
      explain?: boolean,
    ): Promise<PredictResponse> =>
      answered((callback) => models.predict({ model, rows, strict, coverage, explain, pictures: [] }, callback)),
    close: (): void => {
      for (const client of [datasets, jobs, models]) client.close();
    },
  };
};

export type GrpcClient = ReturnType<typeof createGrpcClient>;
