import type { AliasCondition } from "../../domain/models/alias.ts";
import type { Caller } from "../admission/caller.ts";
import { parseAliasName } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { publishChange } from "./publish-alias.ts";

/** The name stands for nothing any more; the model stays. `precondition_failed` when it is not as `condition` says. */
export const deleteAlias = async (
  deps: Deps,
  caller: Caller,
  request: { name: string; condition?: AliasCondition },
): Promise<void> => {
  const name = parseAliasName(request.name);
  await deps.catalogue.changeAlias(caller.tenant, {
    ...{ name, model: null, at: deps.now().toISOString(), by: caller.key, condition: request.condition ?? null },
  });
  await publishChange(deps, caller.tenant, name);
};
