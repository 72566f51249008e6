import { invalidAt } from "../../domain/errors.ts";
import { AliasName } from "../../domain/ids.ts";
import { type Alias, type AliasCondition, PutAliasRequest } from "../../domain/models/alias.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { referred } from "../admission/referred.ts";
import type { Deps } from "../deps.ts";
import { publishChange } from "./publish-alias.ts";

const requireName = (name: string): string => {
  const parsed = AliasName.safeParse(name);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues[0]?.message ?? "is not a name";
  throw invalidAt("/name", detail);
};

/**
 * Makes an alias or moves it, in one step: whoever resolves it has the one model or the other. The change is recorded when this resolves.
 * `precondition_failed` when it is not as `condition` says.
 */
export const putAlias = async (
  deps: Deps,
  caller: Caller,
  request: { name: string; body: unknown; condition?: AliasCondition },
): Promise<{ alias: Alias; created: boolean }> => {
  const { model } = parse(PutAliasRequest, request.body);
  const name = requireName(request.name);
  // Another alias stands for what it names now.
  const { id } = await referred("/model", deps.catalogue.model(caller.tenant, model));
  const { alias, changed } = await deps.catalogue.changeAlias(caller.tenant, {
    name,
    model: id,
    at: deps.now().toISOString(),
    by: caller.key,
    condition: request.condition ?? null,
  });
  // A repetition may be of a change whose second step was cut.
  await publishChange(deps, caller.tenant, name);
  return { alias, created: changed && alias.createdAt === alias.updatedAt };
};
