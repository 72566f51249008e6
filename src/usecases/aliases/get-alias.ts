import type { Alias } from "../../domain/models/alias.ts";
import type { Caller } from "../admission/caller.ts";
import { parseAliasName } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

export const getAlias = async (deps: Deps, caller: Caller, request: { name: string }): Promise<Alias> =>
  deps.catalogue.alias(caller.tenant, parseAliasName(request.name));
