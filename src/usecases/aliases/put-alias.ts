import { ServiceError } from "../../domain/errors.ts";
import { AliasName } from "../../domain/ids.ts";
import { type Alias, type AliasCondition, PutAliasRequest } from "../../domain/models/alias.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { publishChange } from "./publish-alias.ts";

const requireName = (name: string): string => {
  const parsed = AliasName.safeParse(name);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues[0]?.message ?? "is not a name";
  throw new ServiceError("invalid", `/name: ${detail}`, { errors: [{ pointer: "/name", detail }] });
};

/** The model that an alias is to name; another alias stands for what it names now. */
const modelIdOf = async (deps: Deps, caller: Caller, reference: string): Promise<string> => {
  try {
    return (await deps.catalogue.model(caller.tenant, reference)).id;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "not_found") throw error;
    const detail = error.message;
    throw new ServiceError("invalid", `/model: ${detail}`, { errors: [{ pointer: "/model", detail }], cause: error });
  }
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
  const { alias, changed } = await deps.catalogue.changeAlias(caller.tenant, {
    name,
    model: await modelIdOf(deps, caller, model),
    at: deps.now().toISOString(),
    by: caller.key,
    condition: request.condition ?? null,
  });
  // A repetition may be of a change whose second step was cut.
  await publishChange(deps, caller.tenant, name);
  return { alias, created: changed && alias.createdAt === alias.updatedAt };
};
