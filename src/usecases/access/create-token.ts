import { CreateToken, type EventToken } from "../../domain/access/event-token.ts";
import { signToken } from "../../domain/access/sign-token.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";

/** A signed token that opens the events of one job or study for some minutes: for browsers, whose EventSource sends no key. */
export const createToken = async (deps: Deps, caller: Caller, { body }: { body: unknown }): Promise<EventToken> => {
  const { resource, seconds } = parse(CreateToken, body);
  if (resource.startsWith("std_")) await deps.studies.get(caller.tenant, resource);
  else await deps.jobs.state(caller.tenant, resource);
  const expiresAtMs = deps.now().getTime() + seconds * 1000;
  const claims = { tenant: caller.tenant, resource, key: caller.key, expiresAtMs };
  const token = signToken(claims, await deps.tokenSecret());
  return { token, resource, expiresAt: new Date(expiresAtMs).toISOString() };
};
