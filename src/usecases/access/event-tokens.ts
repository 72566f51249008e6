import { readToken } from "../../domain/access/sign-token.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Admit, Caller } from "../admission/caller.ts";
import type { Admitted } from "../admission/operations.ts";
import type { Deps } from "../deps.ts";

const opened: ReadonlySet<Admitted> = new Set<Admitted>(["watchJob", "watchStudy"]);

const reading: Caller["scopes"] = new Set(["read"]);

interface TokenDeps extends Pick<Deps, "tokenSecret" | "now"> {
  /** Whether the key that a token was made with may still read. */
  isInForce(tenant: TenantId, key: string): Promise<boolean>;
}

/** Admits who presents an event token as `Authorization: Token …` to the events of what it names; everyone else as `admit` does. */
export const admitTokens =
  (admit: Admit, { tokenSecret, now, isInForce }: TokenDeps): Admit =>
  async (operation, authorization, peer) => {
    const [, token] = /^Token +(\S{1,1000})$/i.exec(authorization ?? "") ?? [];
    if (token === undefined) return admit(operation, authorization, peer);
    if (!opened.has(operation))
      throw new ServiceError("forbidden", "an event token opens event streams and nothing else");
    const claims = readToken(token, await tokenSecret(), now().getTime());
    if (claims === null || (claims.key !== null && !(await isInForce(claims.tenant, claims.key))))
      throw new ServiceError("unauthenticated", "this event token is not valid, or no longer: make another one");
    return { tenant: claims.tenant, scopes: reading, key: claims.key, onlyOf: claims.resource };
  };

/** `forbidden` to whoever holds a token of something else. */
export const requireOpened = ({ onlyOf }: Caller, id: string): void => {
  if (onlyOf !== undefined && onlyOf !== id)
    throw new ServiceError("forbidden", `this event token opens the events of ${onlyOf} and nothing else`);
};
