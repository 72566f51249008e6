import { limits } from "../domain/limits.ts";
import { deleteDataset } from "../usecases/datasets/delete-dataset.ts";
import { getDataset } from "../usecases/datasets/get-dataset.ts";
import { getDatasetFile } from "../usecases/datasets/get-dataset-file.ts";
import { listDatasets } from "../usecases/datasets/list-datasets.ts";
import type { Deps } from "../usecases/deps.ts";
import { getJob } from "../usecases/jobs/get-job.ts";
import { resultFile } from "./job-log.ts";
import { type OpenAiRoute, parseList } from "./route.ts";
import { uploadFile } from "./upload-file.ts";
import { resultFileId, seconds, toFile, toList } from "./wire.ts";

/** A form's parts around the file. */
const formBytes = 64 * 1024;

const jobOfResult = (id: string): string | null => (id.startsWith("res_") ? `job_${id.slice("res_".length)}` : null);

/** Files are data sets, and the curves of jobs. */
export const fileRoutes = (deps: Deps): OpenAiRoute[] => [
  {
    ...{ method: "POST", url: "/files", operation: "uploadDataset", lasts: "upload" },
    bodyLimitBytes: limits.datasetBytes + formBytes,
    handle: async ({ caller, request, gone }) => toFile(await uploadFile(deps, caller, request, gone)),
  },
  {
    ...{ method: "GET", url: "/files", operation: "listDatasets" },
    handle: async ({ caller, query }) => {
      const { limit, after } = parseList(query);
      const page = await listDatasets(deps, caller, { pageSize: Math.min(limit, limits.pageSize), after });
      return toList(page.items.map(toFile), page.nextPageToken !== null);
    },
  },
  {
    ...{ method: "GET", url: "/files/:id", operation: "getDataset" },
    handle: async ({ caller, id }) => {
      const job = jobOfResult(id);
      if (job === null) return toFile(await getDataset(deps, caller, { id }));
      const { createdAt, endedAt } = await getJob(deps, caller, { id: job });
      const content = await resultFile(deps, caller, job);
      return {
        ...{
          id: resultFileId(job),
          object: "file",
          bytes: Buffer.byteLength(content),
          created_at: seconds(endedAt ?? createdAt),
        },
        ...{ filename: "step_metrics.csv", purpose: "fine-tune-results", status: "processed" },
      };
    },
  },
  {
    ...{ method: "GET", url: "/files/:id/content", operation: "getDataset", lasts: "long", isFile: true },
    handle: async ({ caller, id, reply }) => {
      const job = jobOfResult(id);
      if (job !== null) return reply.type("text/csv; charset=utf-8").send(await resultFile(deps, caller, job));
      const { dataset, body } = await getDatasetFile(deps, caller, { id });
      const type = dataset.format === "csv" ? "text/csv; charset=utf-8" : "application/octet-stream";
      return reply.type(type).header("content-length", dataset.bytes).send(body);
    },
  },
  {
    ...{ method: "DELETE", url: "/files/:id", operation: "deleteDataset" },
    handle: async ({ caller, id }) => {
      await deleteDataset(deps, caller, { id });
      return { id, object: "file", deleted: true };
    },
  },
];
