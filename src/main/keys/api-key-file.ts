import { createHash, randomBytes } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import { open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { StartError } from "../../config.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Log } from "../../domain/log.ts";
import type { FileKeys } from "../../usecases/access/admit-keys.ts";
import type { Admit } from "../../usecases/admission/caller.ts";
import type { Scope } from "../../usecases/admission/operations.ts";
import { type ApiKey, admitFound, indexKeys, readApiKeys } from "./api-keys.ts";

/** Whole or not at all: a server that reads at this moment sees the old file or the new one. */
const writeApiKeys = async (file: string, keys: readonly ApiKey[]): Promise<void> => {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify({ keys }, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const folder = await open(dirname(file), "r");
  await folder.sync().finally(() => folder.close());
};

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );

/** Adds a key of 256 random bits and returns it: the only time that anyone sees it, for the file keeps its hash. */
export const addApiKey = async (
  file: string,
  wanted: { id: string; tenant: TenantId; scopes: Scope[] },
): Promise<string> => {
  const keys = (await exists(file)) ? await readApiKeys(file) : [];
  if (keys.some(({ id }) => id === wanted.id)) throw new StartError(`there is already a key "${wanted.id}" in ${file}`);
  const key = `dsc_${randomBytes(32).toString("base64url")}`;
  const sha256 = createHash("sha256").update(key).digest("hex");
  await writeApiKeys(file, [...keys, { ...wanted, sha256 }]);
  return key;
};

/** Servers that run notice within a second or two. The last key stays: a file without keys admits no one and means a mistake. */
export const revokeApiKey = async (file: string, id: string): Promise<void> => {
  const keys = await readApiKeys(file);
  const left = keys.filter((key) => key.id !== id);
  if (left.length === keys.length) throw new StartError(`there is no key "${id}" in ${file}`);
  if (left.length === 0) throw new StartError(`"${id}" is the last key; create another one before revoking it`);
  await writeApiKeys(file, left);
};

export interface FileAdmission extends FileKeys {
  /** By the file's keys alone. */
  admit: Admit;
  close(): void;
}

/** Admits by the file's keys and follows its changes; a change that cannot be read is logged and the keys before it stay. */
export const admitByFile = async (file: string, log: Log): Promise<FileAdmission> => {
  let keys = await readApiKeys(file);
  let known = indexKeys(keys);
  const find = (hash: Buffer): ApiKey | null => known(hash);
  const reload = async () => {
    try {
      keys = await readApiKeys(file);
      known = indexKeys(keys);
      log.info({ file }, "the API keys were read again");
    } catch (error) {
      log.error({ file, err: error }, "the API keys could not be read again; those before stay in force");
    }
  };
  const listener = () => void reload();
  watchFile(file, { interval: 1000, persistent: false }, listener);
  return {
    admit: admitFound(find),
    find,
    byId: (tenant, id) => keys.find((key) => key.tenant === tenant && key.id === id) ?? null,
    close: () => unwatchFile(file, listener),
  };
};
