import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { StartError } from "../../config.ts";
import { ServiceError } from "../../domain/errors.ts";
import { TenantId } from "../../domain/ids.ts";
import { type Admit, requireScope } from "../../usecases/admission/caller.ts";

/** What is known of a key: its hash, never the key. */
const ApiKey = z.strictObject({
  id: z.string().min(1).max(63),
  tenant: TenantId,
  scopes: z.array(z.enum(["read", "submit", "admin", "operator"])).min(1),
  /** Lower-case hexadecimal SHA-256 of the key. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits"),
});
const ApiKeys = z.strictObject({ keys: z.array(ApiKey).min(1) });
export type ApiKey = z.infer<typeof ApiKey>;

/** Reads API_KEYS_FILE: `{"keys":[{"id","tenant","scopes","sha256"}]}`. StartError when it cannot be read or makes no sense. */
export const readApiKeys = async (file: string): Promise<ApiKey[]> => {
  try {
    return ApiKeys.parse(JSON.parse(await readFile(file, "utf8"))).keys;
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const reason = issue === undefined ? String(error) : `${issue.path.join(".")}: ${issue.message}`;
    throw new StartError(`API_KEYS_FILE=${file}: ${reason}`, { cause: error });
  }
};

/** Keys by the SHA-256 of what is presented, of which how long a look takes tells nothing: however many there are, a request looks once. */
export const indexKeys = (keys: readonly ApiKey[]): ((hash: Buffer) => ApiKey | null) => {
  // Of two that are the same the first counts.
  const known = new Map(keys.toReversed().map((key) => [key.sha256, key]));
  return (hash) => known.get(hash.toString("hex")) ?? null;
};

/** Admits who presents a known key as `Authorization: Bearer …`. */
export const admitFound =
  (find: (hash: Buffer) => ApiKey | null): Admit =>
  async (operation, authorization) => {
    const [, presented] = /^Bearer +(\S{1,512})$/i.exec(authorization ?? "") ?? [];
    if (presented === undefined) {
      throw new ServiceError("unauthenticated", "an API key is needed: send it as Authorization: Bearer …");
    }
    const hash = createHash("sha256").update(presented).digest();
    const found = find(hash);
    if (found === null) throw new ServiceError("unauthenticated", "this API key is not known");
    const caller = { tenant: found.tenant, scopes: new Set(found.scopes), key: found.id };
    requireScope(caller, operation);
    return caller;
  };

export const createAdmit = (keys: readonly ApiKey[]): Admit => admitFound(indexKeys(keys));
