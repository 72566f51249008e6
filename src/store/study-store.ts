import type { StudyId, TenantId } from "../domain/ids.ts";
import type { JobEvent } from "../domain/jobs/job.ts";
import type { Page, PageRequest } from "../domain/page.ts";
import type { Study, Trial } from "../domain/studies/study.ts";

export interface NewStudy {
  tenant: TenantId;
  study: Study;
  /** As for jobs. */
  idempotency: { key: string; bodyDigest: string } | null;
  /** `quota_exceeded` if the tenant has as many that are not done. */
  mostOpen: number;
  /** Told as events of type `warning`, after that of the submission. */
  warnings?: readonly string[];
}

/** Which study of which tenant. */
export interface StudyName {
  tenant: TenantId;
  id: StudyId;
}

/** A study as it was read: what is written back says which version it follows. */
export interface StudyRecord {
  study: Study;
  version: number;
}

/** One step of a study's course. */
export interface StudyChange {
  study: Study;
  /** Trials that are new, or have changed. */
  trials: readonly Trial[];
  events: readonly Omit<JobEvent, "id">[];
}

/**
 * Durable records of studies and their trials. A step is one atomic script, which refuses it if another came in between: whoever
 * advances a study, how often and in how many processes, it has one course. A study holds its data set and base model until it is done.
 * Errors as of JobStore.
 */
export interface StudyStore {
  /** `invalid` with a pointer if the data set or the base model is gone. Returns the existing one for a repeated idempotency key. */
  create(study: NewStudy): Promise<{ study: Study; created: boolean }>;
  get(tenant: TenantId, id: StudyId): Promise<StudyRecord>;
  /** Newest first. */
  list(tenant: TenantId, page: PageRequest): Promise<Page<Study>>;
  /** All, or those with numbers in [from, to), in their order. */
  trials(tenant: TenantId, id: StudyId, range?: { from: number; to: number }): Promise<Trial[]>;
  /** False, changing nothing, if the study has another version by now, or is gone. */
  commit(tenant: TenantId, version: number, change: StudyChange): Promise<boolean>;
  /** As of jobs. */
  events(tenant: TenantId, id: StudyId, page: { from: string | null; limit: number }): Promise<JobEvent[]>;
  /** Those that are not done, of all tenants. */
  open(): Promise<StudyName[]>;
  /** Calls back with a study that was changed, or of which a trial ended or paused. Some calls may be lost. Returns the unsubscriber. */
  onNews(listener: (study: StudyName) => void): () => void;
  /** `forbidden_transition` if it is not done. */
  remove(tenant: TenantId, id: StudyId): Promise<void>;
  /** Finished studies of which nobody has said yet that their manifest is in the artifact store. */
  unpublished(tenant: TenantId): Promise<StudyId[]>;
  published(tenant: TenantId, id: StudyId): Promise<void>;
  /** Records a finished study again. False, changing nothing, if it is known. */
  restore(tenant: TenantId, study: Study, trials: readonly Trial[], events: readonly JobEvent[]): Promise<boolean>;
}
