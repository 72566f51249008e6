import type { Model } from "../domain/model.ts";
import type { Caller } from "./caller.ts";
import type { Deps } from "./deps.ts";
import { parseModelReference } from "./resource-id.ts";

/** By id or alias. */
export const getModel = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Model> =>
  deps.catalogue.model(caller.tenant, parseModelReference(request.id));
