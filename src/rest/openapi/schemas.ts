import { z } from "zod";
import { Dataset, Row } from "../../domain/datasets/dataset.ts";
import { errorCatalogue } from "../../domain/errors.ts";
import { AnyEvent } from "../../domain/jobs/any-event.ts";
import { Job, MetricPoint, Plan } from "../../domain/jobs/job.ts";
import { JobState } from "../../domain/jobs/job-state.ts";
import { JobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { limits } from "../../domain/limits.ts";
import { AnyModel } from "../../domain/models/model.ts";

/** Shapes that only this surface has: the pages, the query parameters, the problem document. Their ranges are those of the use cases. */

export const nextPageToken = z.string().nullable().describe("pass as pageToken for the next page; null on the last");

const items = <T extends z.ZodType>(item: T) => z.array(item).describe("newest first");

export const DatasetPage = z
  .object({ items: items(Dataset), nextPageToken })
  .meta({ id: "DatasetPage", description: "A page of data sets." });
export const JobPage = z
  .object({ items: items(Job), nextPageToken })
  .meta({ id: "JobPage", description: "A page of jobs." });
export const ModelPage = z
  .object({ items: items(AnyModel), nextPageToken })
  .meta({ id: "ModelPage", description: "A page of models." });
export const EventPage = z
  .object({
    items: z.array(AnyEvent).describe("oldest first"),
    nextAfter: z.string().nullable().describe("pass as after for more; null at the end"),
  })
  .meta({ id: "JobEventPage", description: "A page of a job's events." });
export const MetricsPage = z
  .object({
    items: z.array(MetricPoint).describe("in growing order of step"),
    nextAfter: z.int().nullable().describe("pass as after for more; null at the end"),
  })
  .meta({ id: "MetricsPage", description: "A page of a job's curve." });
export const DatasetRows = z
  .object({ rows: z.array(Row).describe("in the file's order"), nextPageToken })
  .meta({ id: "DatasetRows", description: "Rows of a data set." });
export const JobValidation = Plan.extend({ spec: JobSpec.describe("with every default filled in") }).meta({
  id: "JobValidation",
  description: "The plan of a job that would be accepted",
});

/** A file: bytes, sent and received as they are. */
export const BinaryFile = z.string().meta({ format: "binary" });

export const Problem = z
  .object({
    type: z.string().describe("urn:descent:error: and the code"),
    title: z.string().describe("what the code means"),
    status: z.int().describe("that of HTTP"),
    detail: z.string().describe("what is wrong and what to do about it"),
    code: z.enum(Object.keys(errorCatalogue) as [keyof typeof errorCatalogue]).describe("stable, for programs"),
    errors: z
      .array(
        z
          .object({
            pointer: z
              .string()
              .describe(
                "RFC 6901: into the body, or /query/… or /headers/… for a parameter, or /line/3/column/2 of a file",
              ),
            detail: z.string().describe("what would be right"),
          })
          .meta({ id: "FieldError", description: "One fault of a request." }),
      )
      .describe("each fault by itself"),
    requestId: z
      .string()
      .optional()
      .describe("by which the request is found in the log: the client's `x-request-id`, or one of the service's own"),
  })
  .meta({
    id: "Problem",
    description: "RFC 9457 problem details",
    examples: [
      {
        type: "urn:descent:error:invalid",
        title: errorCatalogue.invalid.title,
        status: 422,
        detail: "/optimizer/learningRate: must be > 0",
        code: "invalid",
        errors: [{ pointer: "/optimizer/learningRate", detail: "must be > 0" }],
      },
    ],
  });

export const JobBatchBody = z
  .strictObject({
    jobs: z
      .array(JobSpec)
      .min(1)
      .max(limits.jobsPerBatch)
      .describe("each as by itself; how many and how large is bounded"),
  })
  .meta({ id: "JobBatch", description: "Jobs to be submitted in one request." });

export const JobOutcomes = z
  .object({
    recorded: z.int().describe("how many were recorded"),
    refused: z.int().describe("how many were not"),
    outcomes: z
      .array(
        z
          .object({
            index: z.int().describe("of the job in the request, from 0"),
            id: z.string().nullable().describe("of the recorded job; null: refused"),
            created: z.boolean().describe("false: refused, or recorded before under the same idempotency key"),
            problem: Problem.nullable().describe(
              "why it was refused, with pointers into its specification; null: recorded",
            ),
            retryAfterSeconds: z.int().nullable().describe("after which trying again makes sense; null: not as it is"),
          })
          .meta({ id: "JobOutcome", description: "What became of one job of a batch." }),
      )
      .describe("one for each job, in their order"),
  })
  .meta({ id: "JobOutcomes", description: "What became of the jobs of a batch." });

export const NoQuery = z.strictObject({});
export const IdParams = z.object({ id: z.string().describe("the resource's id") });
export const RowParams = IdParams.extend({ row: z.string().describe("the row's number, from 0") });
export const ModelParams = z.object({ id: z.string().describe("the model's id, or an alias") });

export const PageQuery = z.strictObject({
  pageSize: z.int().min(1).max(limits.pageSize).default(20).describe("entries in a page"),
  pageToken: z.string().optional().describe("nextPageToken of the page before"),
});
export const JobsQuery = PageQuery.extend({ state: JobState.optional().describe("only jobs in this state") });
export const JobQuery = z.strictObject({
  wait: z
    .number()
    .min(0)
    .max(limits.waitSeconds)
    .optional()
    .describe("seconds to wait for the job's state to change; answers at once when the job is done"),
});
export const SubmitQuery = z.strictObject({
  validateOnly: z
    .boolean()
    .default(false)
    .describe(
      "only check: 200 with the plan, and nothing is stored; `POST /v1/jobs/plan` is the same under a path of its own",
    ),
});
export const EventsQuery = z.strictObject({
  after: z.string().optional().describe("only events after the one with this id"),
  limit: z.int().min(1).max(limits.eventsPerJob).optional().describe("of a JSON page; 100 by default"),
});
export const WatchQuery = EventsQuery.extend({
  token: z.string().optional().describe("an event token, in place of the API key: see `POST /v1/tokens`"),
});
export const MetricsQuery = z.strictObject({
  after: z.int().min(0).optional().describe("only points whose step is greater"),
  limit: z.int().min(1).max(limits.metricPointsPerJob).default(1000).describe("points in a page"),
});
export const RowsQuery = z.strictObject({
  limit: z.int().min(1).max(limits.previewRows).default(20).describe("rows in the answer; fewer if they are large"),
  pageToken: z.string().optional().describe("nextPageToken of the page before"),
  imageSide: z
    .int()
    .min(1)
    .max(limits.imageSide)
    .optional()
    .describe("images are shown no larger than this on a side; left out: as they are"),
});
export const OnnxQuery = z.strictObject({
  preprocessing: z.boolean().default(true).describe("whether raw columns go in, or what preprocessing makes of them"),
});
export const ImportQuery = z.strictObject({
  name: z.string().min(1).max(limits.nameLength).optional().describe("shown in lists; `untitled` if left out"),
  architecture: z
    .string()
    .optional()
    .describe(
      "of a safetensors file: resnet18 … resnet152, vgg11 … vgg19_bn, squeezenet1_0, squeezenet1_1, mobilenet_v1, mobilenet_v2; or the spec of a model as JSON, whose tensors have the names and shapes of `/weights`",
    ),
  sizes: z
    .string()
    .optional()
    .describe(
      "of an ONNX file: the sizes that its inputs leave open behind the batch, in its order, joined by x: `640x480`; axes of one name have one size; left out: it leaves none open",
    ),
  preprocessing: z
    .string()
    .optional()
    .describe(
      "what pictures become before the network sees them: `imagenet` (as torchvision has it), `unit` (0 … 1), `minus_one_to_one`, `none`, or a StatedImagePreprocessing as JSON; left out: as the file has it, if it does",
    ),
  licence: z.string().optional().describe("of the weights, kept with the model"),
  source: z.string().optional().describe("where the file comes from, kept with the model"),
});
export const UploadQuery = z.strictObject({
  name: z.string().min(1).max(limits.nameLength).optional().describe("shown in lists; `untitled` if left out"),
  types: z
    .string()
    .optional()
    .describe('JSON: column types to use instead of the inferred ones, as {"zip":"category"}'),
  delimiter: z
    .enum([",", ";", "|", "\t", "tab"])
    .optional()
    .describe("of tables: what stands between two cells; left out: found out by the first rows"),
  encoding: z
    .enum(["utf-8", "utf-16le", "utf-16be", "windows-1252"])
    .optional()
    .describe("of CSV files; left out: UTF-8, or UTF-16 where the file begins with its byte order mark"),
  decimal: z
    .enum([".", ","])
    .optional()
    .describe(
      "of tables: what stands before the decimals; left out: a point, or what the first rows show where `;` or a tab separates the cells",
    ),
  header: z
    .enum(["present", "absent"])
    .optional()
    .describe(
      "of CSV files: `absent`: the first line is a row, and columns are called column_1, column_2, …; left out: `present`",
    ),
  quote: z
    .enum(['"', "'", "none"])
    .optional()
    .describe(
      "of CSV files: what encloses cells and is doubled in them; `none`: nothing does; left out: the double quote",
    ),
  missingWords: z
    .string()
    .optional()
    .describe(
      "of tables: words, with commas between them or as a list in JSON, that are missing cells in every column; left out: none beside empty cells, and NA, N/A, NaN and null in columns of numbers and of dates",
    ),
  dates: z
    .enum(["day_first", "month_first"])
    .optional()
    .describe(
      "of tables: the order of day and month in cells such as 03/04/2026 or 3-4-2026 14:05; left out: they are no dates",
    ),
  shorterSide: z
    .int()
    .min(1)
    .max(limits.imageSide)
    .optional()
    .describe("of images: to which each is scaled before its centre is cut out; left out: `size`, or else 64"),
  size: z
    .int()
    .min(1)
    .max(limits.imageSide)
    .optional()
    .describe("of images: the side of the square that is cut out of the centre; left out: `shorterSide`"),
  channels: z.int().min(1).max(3).optional().describe("of images: 3 (left out) for colour, 1 for grey"),
  onBroken: z
    .enum(["skip", "refuse"])
    .optional()
    .describe(
      "of images: what becomes of a file that is none; `skip` (left out) lists it with its path, `refuse` refuses the upload",
    ),
});
