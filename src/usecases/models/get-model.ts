import type { AnyModel } from "../../domain/models/model.ts";
import type { Caller } from "../admission/caller.ts";
import { parseModelReference } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

/** By id or alias. */
export const getModel = async (deps: Deps, caller: Caller, request: { id: string }): Promise<AnyModel> =>
  deps.catalogue.model(caller.tenant, parseModelReference(request.id));
