import type { Dataset } from "../domain/datasets/dataset.ts";
import type { Party } from "../domain/fairness/shares.ts";
import type { ModelId, TenantId } from "../domain/ids.ts";
import type { Plan } from "../domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../domain/jobs/spec/job-spec.ts";
import type { Log } from "../domain/log.ts";
import type { Comparison } from "../domain/models/comparison.ts";
import type { ImportedNetwork, ImportFormat } from "../domain/models/imported-model.ts";
import type { AnyModel, Model } from "../domain/models/model.ts";
import type { NetworkDescription } from "../domain/models/network.ts";
import type { ReadBytes, TableBytes } from "../formats/table-bytes.ts";
import type { TrainingQueue } from "../queue/training-queue.ts";
import type { AccessStore } from "../store/access-store.ts";
import type { ArtifactStore } from "../store/artifacts/artifact-store.ts";
import type { Catalogue } from "../store/catalogue.ts";
import type { JobStore } from "../store/job-store.ts";
import type { Reservations } from "../store/reservations.ts";
import type { StudyStore } from "../store/study-store.ts";
import type { KnownPlans } from "./jobs/planning/known-plans.ts";
import type { Consumption } from "./upkeep/consumption.ts";

/** The rows of the three splits and the width of the network's ends: all that planning needs of the data. */
export interface DataShape {
  trainRows: number;
  validationRows: number;
  testRows: number;
  inputs: number;
  outputs: number;
  imageBytes?: number;
  streams?: boolean;
  spills?: boolean;
  cells?: number;
}

/** A prediction's body, unread. */
export interface PredictBody {
  body: Uint8Array<ArrayBuffer>;
  /** As the request states it. */
  contentType: string;
}

/** Of the Open Inference Protocol, unread. */
export interface InferQuestion {
  body: Uint8Array<ArrayBuffer>;
  name: string;
  version: string;
}

export interface CompareQuestion {
  models: readonly Model[];
  dataset: Dataset;
  /** Those that learnt from rows of the data set, themselves or what they started from. */
  trainedOnIt: readonly string[];
  /**
   * Only the rows that were held out from all that were trained on the file: of each model, those of its line that learnt from the data set; and whether it did itself, so that it answers with
   * what it said when they were held out. Null: every row.
   */
  heldOut: readonly { learnt: readonly Model[]; isOwn: boolean }[] | null;
}

/** What the use cases need of the engine, handed in so that they stay below it: planning and computing are done in threads, in whose lines parties take turns. */
export interface EngineAccess {
  /** Traces and plans without allocating; a network from a file by its description. ServiceError `invalid` with pointers when the spec does not fit the data's shape. */
  plan(party: Party, spec: ResolvedJobSpec, shape: DataShape, network: NetworkDescription | null): Promise<Plan>;
  /** Bytes of the engine's memory that predicting with a model takes. */
  planPrediction(party: Party, model: Model, network: NetworkDescription | null): Promise<number>;
  /**
   * Checks a body's rows (JSON, a picture, or a form of pictures) and runs a model on them; `invalid` with `/rows/3/age` pointers for what
   * does not fit. From bytes, which are gone then, to those of the answer in JSON.
   */
  predictBody(party: Party, model: AnyModel, sent: PredictBody): Promise<Uint8Array>;
  /** The same from one of gRPC's messages to another. */
  predictMessage(party: Party, model: AnyModel, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  /** Asks models about the same rows of a data set that has their columns and their label. */
  compare(party: Party, question: CompareQuestion): Promise<Comparison>;
  /** The same of the Open Inference Protocol's bodies and messages, which name the model as `name` and `version` in their answer. */
  inferHttp(
    party: Party,
    model: AnyModel,
    question: InferQuestion & { jsonBytes: number | null },
  ): Promise<{ body: Uint8Array; jsonBytes: number | null }>;
  inferMessage(party: Party, model: AnyModel, question: InferQuestion): Promise<Uint8Array>;
  /**
   * Reads the upload that lies in the store under this model, and leaves its weights and its network there. If those take more than
   * `mostBytes`, nothing is written, and the answer is how many they take.
   */
  importNetwork(
    party: Party,
    request: {
      model: ModelId;
      format: ImportFormat;
      architecture?: string | undefined;
      sizes?: number[] | undefined;
      mostBytes: number;
    },
  ): Promise<ImportedNetwork | { needsBytes: number }>;
  /** A stored model as an ONNX file; `sent` must be called once its content is no longer held. */
  exportOnnx(
    party: Party,
    request: { model: AnyModel; preprocessing: boolean },
  ): Promise<{ content: Uint8Array<ArrayBuffer>; sent: () => void }>;
  /** Forgets a deleted model. */
  forget(tenant: TenantId, model: ModelId): void;
}

/** What one tenant may hold at a time; going over is `quota_exceeded`, naming the limit. */
export interface Quotas {
  queuedJobs: number | null;
  storedBytes: number | null;
}

/** What submitting needs of webhooks: whether this server can sign them, and where they may go. */
export interface WebhookAccess {
  /** Why this URL is refused; null if it may be tried. */
  refusalOf(url: URL): string | null;
}

/** Everything a use case may touch; built in main.ts. */
export interface Deps {
  artifacts: ArtifactStore;
  jobs: JobStore;
  studies: StudyStore;
  catalogue: Catalogue;
  queue: TrainingQueue;
  engine: EngineAccess;
  /** Of this process; whatever is not among them is planned. */
  knownPlans: KnownPlans;
  /** A Parquet file as CSV, decoded where it can do no harm. */
  readParquet: (read: ReadBytes, bytes: number) => Promise<TableBytes>;
  /** Whether trainers take up what waits. */
  consumption: Consumption;
  /** For what must not fail an operation but must not be swallowed either. */
  log: Log;
  /** Per tenant; null without limits. */
  quotas: Quotas;
  /** How the uploads of all API processes share what is left of `storedBytes`. */
  reservations: Reservations;
  /** Null: this server has no secret to sign with, and jobs that name a webhook are refused. */
  webhooks: WebhookAccess | null;
  access: AccessStore;
  /** What event tokens are signed with. */
  tokenSecret: () => Promise<Uint8Array>;
  now: () => Date;
  createId: (prefix: "ds" | "job" | "mdl" | "std") => string;
}
