import type { Dataset } from "../../domain/datasets/dataset.ts";
import type { Caller } from "../admission/caller.ts";
import { parseDatasetId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

export const getDataset = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Dataset> =>
  deps.catalogue.dataset(caller.tenant, parseDatasetId(request.id));
