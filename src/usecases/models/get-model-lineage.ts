import { orNull } from "../../domain/errors.ts";
import { JobId, ModelId, type TenantId } from "../../domain/ids.ts";
import { isDone } from "../../domain/jobs/job-state.ts";
import { limits } from "../../domain/limits.ts";
import type { Lineage, LineageBranch, LineageJob, LineageModel } from "../../domain/models/lineage.ts";
import { type AnyModel, isImported } from "../../domain/models/model.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";

/** Reads the tree node by node, as many as one answer shows. What was deleted meanwhile is no part of it. */
const createReader = async (deps: Deps, tenant: TenantId) => {
  const { catalogue, jobs } = deps;
  const aliases = await catalogue.aliases(tenant);
  let left: number = limits.lineageNodes;
  let truncated = false;
  /** False when there is no room for another node. */
  const take = (): boolean => {
    if (left > 0) {
      left -= 1;
      return true;
    }
    truncated = true;
    return false;
  };

  const nodeOf = async (model: AnyModel): Promise<LineageModel> => {
    const dataset = model.dataset === null ? null : await orNull(catalogue.dataset(tenant, model.dataset));
    return {
      ...{ id: model.id, name: model.name, version: model.version, createdAt: model.createdAt, job: model.job },
      origin: isImported(model) ? "imported" : "trained",
      aliases: aliases.filter((alias) => alias.model === model.id).map(({ name }) => name),
      dataset: dataset && { id: dataset.id, name: dataset.name, rows: dataset.rows, sha256: dataset.sha256 },
      file: isImported(model)
        ? { sha256: model.file.sha256, bytes: model.file.bytes, licence: model.licence, source: model.source }
        : null,
    };
  };

  const ancestorsOf = async (model: AnyModel): Promise<LineageModel[]> => {
    const ancestors: LineageModel[] = [];
    for (let id = model.base; id !== null; ) {
      if (!take()) break;
      const base = await orNull(catalogue.model(tenant, id));
      if (base === null) break;
      ancestors.push(await nodeOf(base));
      id = base.base;
    }
    return ancestors;
  };

  const branchOf = async (model: AnyModel): Promise<LineageBranch> => {
    const live: LineageJob[] = [];
    const descendants: LineageBranch[] = [];
    for (const id of await catalogue.referrers(tenant, model.id, limits.lineageNodes)) {
      if (!take()) break;
      if (JobId.safeParse(id).success) {
        const state = await orNull(jobs.state(tenant, id));
        if (state !== null && !isDone(state)) live.push({ id, state });
      } else if (ModelId.safeParse(id).success) {
        const descendant = await orNull(catalogue.model(tenant, id));
        if (descendant?.base === model.id) descendants.push(await branchOf(descendant));
      }
    }
    return { ...(await nodeOf(model)), jobs: live, descendants };
  };

  return { ancestorsOf, branchOf, isTruncated: () => truncated };
};

/** Where a model comes from and what came of it: bases, data sets, jobs, and the models and unfinished jobs that started from it. */
export const getModelLineage = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Lineage> => {
  const model = await getModel(deps, caller, request);
  const { ancestorsOf, branchOf, isTruncated } = await createReader(deps, caller.tenant);
  const [ancestors, branch] = [await ancestorsOf(model), await branchOf(model)];
  return { ancestors, model: branch, truncated: isTruncated() };
};
