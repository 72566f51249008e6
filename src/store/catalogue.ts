import type { Dataset } from "../domain/datasets/dataset.ts";
import type { DatasetId, ModelId, TenantId } from "../domain/ids.ts";
import type { AnyModel } from "../domain/models/model.ts";
import type { Page, PageRequest } from "../domain/page.ts";
import type { Aliases } from "./aliases.ts";

export interface Removal {
  /** The prefix in the artifact store. */
  files: string;
  /** Nobody has said yet that they are gone. */
  pending: boolean;
}

/** The index of data sets and models in Redis, rebuildable from the manifests in the artifact store. Same errors as JobStore. */
export interface Catalogue extends Aliases {
  addDataset(tenant: TenantId, dataset: Dataset): Promise<void>;
  dataset(tenant: TenantId, id: DatasetId): Promise<Dataset>;
  /** Changes a data set's record in one step; the record as it is then. `change` is asked again, should others change it meanwhile. */
  changeDataset(tenant: TenantId, id: DatasetId, change: (dataset: Dataset) => Dataset): Promise<Dataset>;
  datasets(tenant: TenantId, page: PageRequest): Promise<Page<Dataset>>;
  /** `in_use` while an unfinished job or a model refers to it. May be repeated until `filesRemoved` was told. */
  removeDataset(tenant: TenantId, id: DatasetId): Promise<void>;
  /** Gives it the next version of its name, unless it has one; returns it as it is recorded. */
  addModel(tenant: TenantId, model: AnyModel): Promise<AnyModel>;
  /**
   * Changes a model's record, its name, version and lineage excepted, in one step; the record as it is then. With `unused`, `in_use` while
   * an unfinished job needs it. May be repeated, should others change it meanwhile: `change` is asked again.
   */
  changeModel(
    tenant: TenantId,
    id: ModelId,
    change: (model: AnyModel) => AnyModel,
    options: { unused: boolean },
  ): Promise<AnyModel>;
  /** Up to so many of the models and unfinished jobs that need this data set or model. */
  referrers(tenant: TenantId, id: string, most: number): Promise<string[]>;
  /** The models of one name, oldest first, the newest hundreds of them; with a version, only that. */
  versions(tenant: TenantId, name: string, version: number | null): Promise<{ version: number; model: ModelId }[]>;
  /** By id or alias. */
  model(tenant: TenantId, idOrAlias: string): Promise<AnyModel>;
  models(tenant: TenantId, page: PageRequest): Promise<Page<AnyModel>>;
  /** `in_use` while an unfinished job starts from it, a model came from it, or an alias names it. May be repeated, as above. */
  removeModel(tenant: TenantId, id: ModelId): Promise<void>;
  /**
   * What was deleted in the last day, jobs too: their records went in the same step in which this was noted. Files that come or
   * stay there belong to nothing, whoever wrote them.
   */
  removals(tenant: TenantId): Promise<Removal[]>;
  /** The files of something deleted are gone. */
  filesRemoved(tenant: TenantId, files: string): Promise<void>;
}
