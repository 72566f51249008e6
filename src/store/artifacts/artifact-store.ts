import type { Readable } from "node:stream";

/**
 * Immutable, content-hashed files under keys such as `default/datasets/ds_…/data.csv`: the service's source of truth.
 * Every implementation passes test/conformance/artifact-store.ts.
 *
 * Keys are `/`-separated segments of [A-Za-z0-9._-], the first the tenant; anything else is refused. A file is whole or
 * absent, never torn. Errors: ServiceError `unavailable` when the store cannot be reached, is full or read-only
 * (the cause's `code`, e.g. ENOSPC, is kept).
 */
export interface ArtifactStore {
  /**
   * Takes the body in as a stream, then publishes it atomically and durably. Over `limitBytes`: `too_large`, nothing is left. With
   * `ifAbsent`, where there is one already: `in_use`, and that one stays. It is for names that nobody else writes, and no lock: a store
   * may see the other one too late.
   */
  write(key: string, body: Readable | Uint8Array, options?: WriteOptions): Promise<WrittenArtifact>;
  /** `not_found` if absent. With a range: the bytes from `start` to before `end`, of which there is one at least. */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  readBytes(key: string, options?: { limitBytes?: number }): Promise<Uint8Array>;
  /** The file, to be read from anywhere and as often as wanted; `not_found` if absent. Whoever opens it closes it. */
  openFile(key: string): Promise<ArtifactFile>;
  exists(key: string): Promise<boolean>;
  /** Keys below a prefix (ending in `/`), sorted. */
  list(prefix: string): Promise<string[]>;
  /** Deletes one key or, with a prefix ending in `/`, all below it. Absent is not an error. */
  remove(keyOrPrefix: string): Promise<void>;
  /** Bytes stored below a prefix. */
  usedBytes(prefix: string): Promise<number>;
  /** The tenants that have anything stored. */
  tenants(): Promise<string[]>;
  /** Deletes what crashed writers left; returns how many files. */
  sweepTemporary(): Promise<number>;
  /** Proves that the store can be written and read now; one that asks to be paid, that it could a few seconds ago. */
  probe(): Promise<void>;
}

export interface ArtifactFile {
  /** Fills `into` with what stands from `start` on; returns how many bytes: fewer only at the file's end. */
  read(into: Uint8Array, start: number): Promise<number>;
  close(): Promise<void>;
}

export interface WriteOptions {
  limitBytes?: number;
  ifAbsent?: boolean;
}

export interface WrittenArtifact {
  bytes: number;
  /** Lower-case hexadecimal SHA-256 of the content. */
  sha256: string;
}

/** Where everything lies in the store: the one list of key shapes. */
export const artifactKeys = {
  datasets: (tenant: string) => `${tenant}/datasets/`,
  dataset: (tenant: string, id: string) => `${tenant}/datasets/${id}/`,
  datasetFile: (tenant: string, id: string, format: "csv" | "images" = "csv") =>
    `${tenant}/datasets/${id}/data.${format}`,
  /** An archive of images as it came, until they have been read. */
  datasetUpload: (tenant: string, id: string) => `${tenant}/datasets/${id}/upload`,
  /** Pixels set aside during an upload, to be read in another order. */
  datasetAside: (tenant: string, id: string) => `${tenant}/datasets/${id}/aside`,
  /** Where in a file of images each row begins. */
  datasetIndex: (tenant: string, id: string) => `${tenant}/datasets/${id}/data.index`,
  /** Its manifest as it was before its types were changed. */
  datasetVersion: (tenant: string, id: string, version: number) => `${tenant}/datasets/${id}/versions/${version}.json`,
  datasetManifest: (tenant: string, id: string) => `${tenant}/datasets/${id}/manifest.json`,
  models: (tenant: string) => `${tenant}/models/`,
  model: (tenant: string, id: string) => `${tenant}/models/${id}/`,
  /** The digest is in the name: two attempts that computed the same bits write the same file. */
  weights: (tenant: string, id: string, digestHex: string) => `${tenant}/models/${id}/weights-${digestHex}.safetensors`,
  /** A network's description, for those read from a file; it belongs to the weights whose digest it bears. */
  network: (tenant: string, id: string, digestHex: string) => `${tenant}/models/${id}/network-${digestHex}.json`,
  /** The file of an import as it came, until it has been read. */
  modelUpload: (tenant: string, id: string) => `${tenant}/models/${id}/upload`,
  /** Computed together with the weights whose digest it bears. */
  report: (tenant: string, id: string, digestHex: string) => `${tenant}/models/${id}/report-${digestHex}.json`,
  /** What a trial's model made of each validation row. */
  scores: (tenant: string, id: string, digestHex: string) => `${tenant}/models/${id}/scores-${digestHex}.safetensors`,
  /** Training rows that single predictions are explained against. */
  background: (tenant: string, id: string, digestHex: string) =>
    `${tenant}/models/${id}/background-${digestHex}.safetensors`,
  /** The models that were measured, with the preprocessing of each: of folds, or the one before a refit. */
  measured: (tenant: string, id: string, digestHex: string) =>
    `${tenant}/models/${id}/measured-${digestHex}.safetensors`,
  /** How each member of an ensemble of folds' models takes its rows. */
  folds: (tenant: string, id: string, digestHex: string) => `${tenant}/models/${id}/folds-${digestHex}.json`,
  /** What the model said of the rows that its report is about. */
  heldOut: (tenant: string, id: string, digestHex: string) => `${tenant}/models/${id}/held-out-${digestHex}.csv`,
  /** Published last, after the job's commit was accepted: a model without it does not exist. */
  modelManifest: (tenant: string, id: string) => `${tenant}/models/${id}/manifest.json`,
  studies: (tenant: string) => `${tenant}/studies/`,
  study: (tenant: string, id: string) => `${tenant}/studies/${id}/`,
  /** A finished study with its trials and events. */
  studyManifest: (tenant: string, id: string) => `${tenant}/studies/${id}/manifest.json`,
  aliases: (tenant: string) => `${tenant}/aliases/`,
  /** A file for each revision that has not been replaced yet: of two that are written at a time, the newer counts. */
  alias: (tenant: string, name: string, revision: number) =>
    `${tenant}/aliases/${name}/${String(revision).padStart(12, "0")}.json`,
  accessFiles: (tenant: string) => `${tenant}/access/`,
  /** A tenant's record with its keys' hashes, a file for each revision that has not been replaced yet. */
  access: (tenant: string, revision: number) => `${tenant}/access/${String(revision).padStart(12, "0")}.json`,
  jobs: (tenant: string) => `${tenant}/jobs/`,
  job: (tenant: string, id: string) => `${tenant}/jobs/${id}/`,
  jobManifest: (tenant: string, id: string) => `${tenant}/jobs/${id}/manifest.json`,
  /** A finished job's events and metrics; written before the manifest. */
  jobLog: (tenant: string, id: string) => `${tenant}/jobs/${id}/log.json`,
  /** What a job that predicts has answered: blocks of rows, and their list. */
  predictions: (tenant: string, id: string) => `${tenant}/jobs/${id}/predictions/`,
  predictionBlock: (tenant: string, id: string, block: number) =>
    `${tenant}/jobs/${id}/predictions/${String(block).padStart(8, "0")}.ndjson`,
  predictionIndex: (tenant: string, id: string) => `${tenant}/jobs/${id}/predictions/index.json`,
  checkpoints: (tenant: string, id: string) => `${tenant}/jobs/${id}/checkpoints/`,
  checkpoint: (tenant: string, id: string, step: number, attempt: number) =>
    `${tenant}/jobs/${id}/checkpoints/${String(step).padStart(12, "0")}-${attempt}.ckpt`,
} as const;
