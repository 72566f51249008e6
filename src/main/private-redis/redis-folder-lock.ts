import { link, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "../../store/artifacts/file-error.ts";
import { askRedis } from "./ask-redis.ts";
import { endProcess } from "./end-process.ts";
import { identify, isRunning } from "./process-identity.ts";

const Identity = z.object({ pid: z.int(), started: z.string() });
/** The folder that the lock was made in: a copy has another path and another number. */
const Place = z.object({ path: z.string(), inode: z.number() });
const Record = z.object({
  ...{ host: z.string(), owner: Identity, server: Identity.nullable(), url: z.string() },
  place: Place.optional(),
});
type Record = z.infer<typeof Record>;

const ANSWER_MS = 1000;
const STOP_MS = 10_000;

/** The one right to run a server on a folder's files: two servers on one append-only file would destroy it. */
export interface FolderLock {
  /** Notes the server that now runs, so that a later start can stop it should this process be killed. */
  noteServer(pid: number): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the folder for this process. A server that a crashed process left running is stopped first (its file is complete:
 * every write was synced); a folder that a living process holds is refused with one line.
 */
export const lockFolder = async (folder: string, url: string): Promise<FolderLock> => {
  const file = join(folder, "redis.lock");
  const owner = await identify(process.pid);
  if (owner === null) throw new Error("this process could not be identified");
  const record: Record = { host: hostname(), owner, server: null, url, place: await placeOf(folder) };
  while (!(await publishNew(file, record))) await clearStale(file, folder);
  return {
    noteServer: async (pid) => replace(file, { ...record, server: await identify(pid) }),
    release: () => rm(file, { force: true }),
  };
};

const placeOf = async (folder: string): Promise<z.infer<typeof Place>> => ({
  path: await realpath(folder),
  inode: (await stat(folder)).ino,
});

/**
 * A lock that came along with a copy of a folder, or out of a backup, names another folder's owner and server: it protects nothing
 * here, and they are to be left alone. One of the two alone does not show it: a folder may be renamed, or seen under another path.
 */
const isCopied = ({ place }: Record, here: z.infer<typeof Place>): boolean =>
  place !== undefined && place.path !== here.path && place.inode !== here.inode;

const draftOf = (file: string): string => `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;

/** A link appears with its content or not at all, and fails where the name exists: of two starts one wins. */
const publishNew = async (file: string, record: Record): Promise<boolean> => {
  const draft = draftOf(file);
  await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

const replace = async (file: string, record: Record): Promise<void> => {
  const draft = draftOf(file);
  await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
  await rename(draft, file);
};

const clearStale = async (file: string, folder: string): Promise<void> => {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  });
  if (text === null) return;
  const record = parseRecord(text);
  if (record !== null && !isCopied(record, await placeOf(folder))) {
    await refuseIfHeld(record, folder);
    await stopServer(record);
  }
  await removeIfUnchanged(file, text);
};

const parseRecord = (text: string): Record | null => {
  try {
    return Record.parse(JSON.parse(text));
  } catch {
    return null; // not ours, or torn by a loss of power: it protects nothing
  }
};

const refuseIfHeld = async (record: Record, folder: string): Promise<void> => {
  const here = record.host === hostname();
  const held = here ? await isRunning(record.owner) : (await askRedis(record.url, "PING", ANSWER_MS)) !== null;
  if (held) {
    const where = here ? `process ${record.owner.pid}` : `a process on ${record.host}`;
    throw new Error(`DATA_DIR: ${folder} is in use by another Descent (${where}); stop it or choose another folder`);
  }
};

const stopServer = async ({ host, server, url }: Record): Promise<void> => {
  if (server !== null && host === hostname()) return endProcess(server, STOP_MS);
  // Its owner was killed before it could note the server's number.
  await askRedis(url, "SHUTDOWN NOSAVE", STOP_MS);
};

/** Between reading and removing, another start may have taken the folder: its fresh lock is put back. */
const removeIfUnchanged = async (file: string, expected: string): Promise<void> => {
  const aside = draftOf(file);
  try {
    await rename(file, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== expected) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
};
