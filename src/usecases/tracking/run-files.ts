import type { Readable } from "node:stream";
import { ServiceError } from "../../domain/errors.ts";
import type { Job } from "../../domain/jobs/job.ts";
import type { Report } from "../../domain/models/report.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModelCard } from "../models/get-model-card.ts";
import { getModelOnnx } from "../models/get-model-onnx.ts";
import { getModelReport } from "../models/get-model-report.ts";
import { getModelReportPage } from "../models/get-model-report-page.ts";
import { getModelWeights } from "../models/get-model-weights.ts";

export interface RunFile {
  path: string;
  /** Rejects with a ServiceError if there is no such file of this model. */
  open(): Promise<Uint8Array<ArrayBuffer> | Readable>;
}

const toBytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** What a run keeps of a job: its record, and of what it made the model and the report. */
export const filesOf = (deps: Deps, caller: Caller, job: Job): RunFile[] => {
  const record = { path: "job.json", open: async () => toBytes(JSON.stringify(job, null, 2)) };
  if (job.model === null) return [record];
  const request = { id: job.model };
  // Read once for the three files that tell of it.
  let reading: Promise<Report> | null = null;
  const readReport = (): Promise<Report> => {
    reading ??= getModelReport(deps, caller, request);
    return reading;
  };
  return [
    record,
    {
      path: "report/report.json",
      open: async () => toBytes(JSON.stringify(await readReport(), null, 2)),
    },
    {
      path: "report/report.html",
      open: async () => toBytes(await getModelReportPage(deps, caller, request, readReport)),
    },
    { path: "model/README.md", open: async () => toBytes(await getModelCard(deps, caller, request, readReport)) },
    { path: "model/weights.safetensors", open: async () => (await getModelWeights(deps, caller, request)).body },
    { path: "model/model.onnx", open: async () => (await getModelOnnx(deps, caller, request)).body },
  ];
};

/** A model that was deleted meanwhile has no files, and one that is too large for a form has not that one. */
export const isMissing = (error: unknown): boolean =>
  error instanceof ServiceError && (error.code === "not_found" || error.code === "over_limit");
