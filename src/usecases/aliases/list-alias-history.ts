import { ServiceError } from "../../domain/errors.ts";
import type { AliasChange } from "../../domain/models/alias.ts";
import type { Caller } from "../admission/caller.ts";
import { parseAliasName } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

/** What an alias named, newest first, as far as it is kept; of one that was deleted for a day. */
export const listAliasHistory = async (
  deps: Deps,
  caller: Caller,
  request: { name: string },
): Promise<{ items: AliasChange[] }> => {
  const name = parseAliasName(request.name);
  const manifest = await deps.catalogue.aliasManifest(caller.tenant, name);
  if (manifest === null) throw new ServiceError("not_found", `There is no alias ${name}`);
  return { items: manifest.history.toReversed() };
};
