import type { Dataset } from "../domain/dataset.ts";
import type { Caller } from "./caller.ts";
import type { Deps } from "./deps.ts";
import { parseDatasetId } from "./resource-id.ts";

export const getDataset = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Dataset> =>
  deps.catalogue.dataset(caller.tenant, parseDatasetId(request.id));
