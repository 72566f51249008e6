import type { EventToken as SignedToken } from "../domain/access/event-token.ts";
import type * as access from "../domain/access/tenant.ts";
import type * as usage from "../domain/access/usage.ts";
import type * as datasets from "../domain/datasets/dataset.ts";
import type { ErrorCode, FieldError as Fault, Problem as Refusal } from "../domain/errors.ts";
import type { AnyEvent } from "../domain/jobs/any-event.ts";
import type * as jobs from "../domain/jobs/job.ts";
import type { JobState as State } from "../domain/jobs/job-state.ts";
import type { Overview as Seen } from "../domain/jobs/overview.ts";
import type { JobSpecInput } from "../domain/jobs/spec/job-spec.ts";
import type { AliasChange as Change, Alias as NamedModel } from "../domain/models/alias.ts";
import type { Comparison as Compared } from "../domain/models/comparison.ts";
import type { ImagePreset, StatedPreprocessing } from "../domain/models/image-preprocessing.ts";
import type { Lineage as Tree } from "../domain/models/lineage.ts";
import type * as models from "../domain/models/model.ts";
import type * as predictions from "../domain/models/predictions/prediction.ts";
import type { Report as ModelReport } from "../domain/models/report.ts";
import type { Page as ListPage } from "../domain/page.ts";
import type * as standing from "../domain/studies/standing.ts";
import type * as studies from "../domain/studies/study.ts";
import type { StudySpecInput } from "../domain/studies/study-spec.ts";

// What the service sends and takes, under the names of the OpenAPI document; from the schemas that validate it there.

export type EventToken = SignedToken;
export type Tenant = access.Tenant;
export type CreatedKey = access.CreatedKey;
export type TenantChange = Partial<Pick<access.Tenant, "suspended" | "quotas" | "rates">>;
export type Usage = usage.Usage;
export type AuditEntry = usage.AuditEntry;
export type Dataset = datasets.Dataset;
export type Row = datasets.Row;
/** What `submit` and `plan` take; whatever has a default may be left out. */
export type JobSpec = JobSpecInput;
export type Job = jobs.Job;
/** What became of one job of `submitAll`: its id, or why it was refused, with pointers into its specification. */
export interface JobOutcome {
  /** Of the job among those submitted. */
  index: number;
  id: string | null;
  /** False: refused, or recorded before under the same idempotency key. */
  created: boolean;
  problem: (Omit<Refusal, "code"> & { code: DescentErrorCode }) | null;
  /** After which trying again makes sense; null: not as it is. */
  retryAfterSeconds: number | null;
}
export type JobState = State;
export type JobEvent = AnyEvent;
export type Overview = Seen;
export type MetricPoint = jobs.MetricPoint;
export type JobPlan = jobs.Plan & { spec: jobs.Job["spec"] };
/** The plan's answer, as the OpenAPI document calls it. */
export type JobValidation = JobPlan;
export type Model = models.AnyModel;
export type Report = ModelReport;
/** What `studies.submit` and `studies.plan` take; whatever has a default may be left out. */
export type StudySpec = StudySpecInput;
export type Study = studies.Study;
export type Trial = studies.Trial;
export type Leaderboard = standing.Leaderboard;
export type Importances = standing.Importances;
export type StudyPlan = studies.StudyPlan;
export type Alias = NamedModel;
export type AliasChange = Change;
export type Lineage = Tree;
export type Comparison = Compared;
/** What pictures become before an imported network sees them: by name or by numbers. */
export type PicturePreprocessing = ImagePreset | StatedPreprocessing;
export type Prediction = predictions.Prediction;
export type PredictResponse = predictions.PredictResponse;
/** What `predict` sends; its options are what stands beside the rows. */
export type PredictRequest = predictions.PredictRequestInput;
export type Page<T> = ListPage<T>;
export type FieldError = Fault;
/** The codes of the service; `connection`: nobody answered, `interrupted`: an answer broke off. */
export type DescentErrorCode = ErrorCode | "connection" | "interrupted";
