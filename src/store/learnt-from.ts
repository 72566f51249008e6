import type { Dataset } from "../domain/datasets/dataset.ts";
import { orNull } from "../domain/errors.ts";
import type { TenantId } from "../domain/ids.ts";
import { heldOutTwice } from "../domain/jobs/spec/base/base-rows.ts";
import type { ResolvedJobSpec } from "../domain/jobs/spec/job-spec.ts";
import { limits } from "../domain/limits.ts";
import { type AnyModel, isImported, type Model } from "../domain/models/model.ts";
import type { Catalogue } from "./catalogue.ts";

type Records = Pick<Catalogue, "dataset" | "model">;

/** A model and those that it started from, as far as they were trained here and are still there. */
const lineOf = async (catalogue: Records, tenant: TenantId, model: AnyModel): Promise<Model[]> => {
  if (isImported(model)) return [];
  const line = [model];
  for (let id = model.base; id !== null && line.length < limits.lineageNodes; ) {
    const base = await orNull(catalogue.model(tenant, id));
    if (base === null || isImported(base)) break;
    line.push(base);
    id = base.base;
  }
  return line;
};

/**
 * A model and those that it started from, as far as they learnt from the file of a data set, under whatever id it was uploaded. Files are told apart by their
 * SHA-256, not row by row; of a data set that was deleted it is not known.
 */
export const learntFrom = async (
  catalogue: Records,
  tenant: TenantId,
  model: AnyModel,
  dataset: Dataset,
): Promise<Model[]> => {
  const learnt: Model[] = [];
  for (const one of await lineOf(catalogue, tenant, model)) {
    if (one.dataset === null) continue;
    const own = one.dataset === dataset.id ? dataset : await orNull(catalogue.dataset(tenant, one.dataset));
    if (own?.sha256 === dataset.sha256) learnt.push(one);
  }
  return learnt;
};

/** Of the models that a job's weights come from those that learnt from the job's file; and whether one of them learnt from rows that are to test the job. */
export const baseRows = async (
  catalogue: Records,
  tenant: TenantId,
  spec: ResolvedJobSpec,
  dataset: Dataset,
  base: AnyModel | null,
): Promise<{ learnt: Model[]; seen: boolean }> => {
  if (base === null || spec.training.split.test === 0) return { learnt: [], seen: false };
  const learnt = await learntFrom(catalogue, tenant, base, dataset);
  return { learnt, seen: learnt.some((model) => !heldOutTwice(spec, model)) };
};
