import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { ServiceError } from "../../domain/errors.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { errorCode } from "./file-error.ts";
import { fileOfHandle } from "./handle-file.ts";
import { sweepTemporaryFiles, temporaryName } from "./temporary-files.ts";

export interface CacheOptions {
  folder: string;
  /** Of all files together; what is larger alone is not kept. */
  limitBytes: number;
}

/** What never changes under its name, and is read more than once: data sets, and the weights that jobs start from. */
const CACHED = /^[^/]+\/(datasets\/[^/]+\/data\.\w+|models\/[^/]+\/weights-[0-9a-f]+\.safetensors)$/;

/** What nobody has read for so long goes, also that deleted data do not stay on a trainer's disk for ever. */
const UNUSED_MS = 86_400_000;

const TEMPORARY = ".tmp";

/** A file's name says what it is of, and what it must be. */
const nameOf = (key: string, sha256: string): string => `${createHash("sha256").update(key).digest("hex")}.${sha256}`;

let lastUseMs = 0;

/** Marks a file as read last of all: the file system's own clock stands still for some ms, within which many files are read. */
const markUsed = async (path: string): Promise<void> => {
  lastUseMs = Math.max(Date.now(), lastUseMs + 0.01);
  await utimes(path, lastUseMs / 1000, lastUseMs / 1000);
};

/** A local trouble (a full disk, a folder that is not ours) is no reason to fail: the store itself is asked instead. */
const orNull = async <T>(step: () => Promise<T>): Promise<T | null> => {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ServiceError || errorCode(error) === undefined) throw error;
    return null;
  }
};

/** Makes room for so many bytes: what was not read for the longest time goes first. */
const makeRoom = async ({ folder, limitBytes }: CacheOptions, bytes: number, nowMs: number): Promise<void> => {
  const files: { path: string; size: number; usedMs: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const status = await stat(path).catch(() => null); // another thread made room meanwhile
    if (status?.isFile()) files.push({ path, size: status.size, usedMs: status.mtimeMs });
  }
  files.sort((a, b) => a.usedMs - b.usedMs);
  let used = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size, usedMs } of files) {
    if (used + bytes <= limitBytes && nowMs - usedMs < UNUSED_MS) continue;
    await rm(path, { force: true });
    used -= size;
  }
};

interface Cached {
  path: string;
  sha256: string;
}

/** Once it is open, it may be removed by others: its bytes stay. */
interface Opened extends Cached {
  handle: FileHandle;
  size: number;
}

/** The file's chunks, held against its digest: what a failing disk changed goes, and the reader comes back for the store's. */
async function* checked({ path, sha256, handle }: Opened): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash("sha256");
  let last: Uint8Array | null = null;
  for await (const chunk of handle.createReadStream()) {
    hash.update(chunk);
    if (last !== null) yield last;
    last = chunk;
  }
  if (hash.digest("hex") !== sha256) {
    await rm(path, { force: true });
    throw new ServiceError("unavailable", "a cached artifact is damaged; it is fetched again", {
      retryAfterSeconds: 1,
    });
  }
  if (last !== null) yield last;
}

/** Copies an artifact to the folder; null if it is larger than the cache. */
const fetchTo = async (store: ArtifactStore, options: CacheOptions, key: string): Promise<Cached | null> => {
  const draft = join(options.folder, TEMPORARY, temporaryName());
  const hash = createHash("sha256");
  let bytes = 0;
  const source = await store.read(key);
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        bytes += chunk.byteLength;
        if (bytes > options.limitBytes) return null;
        hash.update(chunk);
        await handle.writeFile(chunk);
      }
    } finally {
      await handle.close();
    }
    const sha256 = hash.digest("hex");
    const path = join(options.folder, nameOf(key, sha256));
    await makeRoom(options, bytes, Date.now());
    await markUsed(draft);
    await rename(draft, path);
    return { path, sha256 };
  } finally {
    source.destroy();
    await rm(draft, { force: true }).catch(() => undefined); // after the rename there is none
  }
};

/**
 * The same store, whose data sets and weights are kept on this machine's disk as well, up to a number of bytes, for all trainers and
 * threads that share the folder. Where the folder cannot be used, there is no cache.
 */
export const cacheArtifacts = async (store: ArtifactStore, options: CacheOptions): Promise<ArtifactStore> => {
  const { folder } = options;
  const prepare = async (): Promise<true> => {
    await mkdir(join(folder, TEMPORARY), { recursive: true, mode: 0o700 });
    await sweepTemporaryFiles(join(folder, TEMPORARY));
    await makeRoom(options, 0, Date.now());
    return true;
  };
  if ((await orNull(prepare)) === null) return store;

  const find = async (key: string): Promise<Cached | null> => {
    const prefix = nameOf(key, "");
    const name = (await readdir(folder)).find((each) => each.startsWith(prefix));
    if (name === undefined) return null;
    const path = join(folder, name);
    await markUsed(path);
    return { path, sha256: name.slice(prefix.length) };
  };
  const tooLarge = new Set<string>();
  const fetched = async (key: string): Promise<Cached | null> => {
    const file = await fetchTo(store, options, key);
    if (file === null) tooLarge.add(key);
    return file;
  };
  /** Null: the store itself is to be asked. */
  const openCached = async (key: string): Promise<Opened | null> => {
    if (!CACHED.test(key) || tooLarge.has(key)) return null;
    return orNull(async () => {
      const file = (await find(key)) ?? (await fetched(key));
      if (file === null) return null;
      const handle = await open(file.path, "r");
      return { ...file, handle, size: (await handle.stat()).size };
    });
  };

  const drop = async (key: string): Promise<void> => {
    if (!CACHED.test(key)) return;
    const prefix = nameOf(key, "");
    const names = (await orNull(() => readdir(folder))) ?? [];
    for (const name of names.filter((each) => each.startsWith(prefix))) await rm(join(folder, name), { force: true });
  };

  return {
    ...store,
    write: async (key, body, wanted) => {
      const written = await store.write(key, body, wanted);
      await drop(key);
      return written;
    },
    read: async (key, range) => {
      if (range !== undefined) return store.read(key, range);
      const file = await openCached(key);
      return file === null ? store.read(key) : Readable.from(checked(file), { objectMode: false });
    },
    openFile: async (key) => {
      const file = await openCached(key);
      return file === null ? store.openFile(key) : fileOfHandle(file.handle);
    },
    readBytes: async (key, limits) => {
      const file = await openCached(key);
      if (file === null) return store.readBytes(key, limits);
      if (file.size > (limits?.limitBytes ?? Number.POSITIVE_INFINITY)) {
        await file.handle.close();
        return store.readBytes(key, limits);
      }
      const bytes = new Uint8Array(file.size);
      let filled = 0;
      for await (const chunk of checked(file)) {
        bytes.set(chunk, filled);
        filled += chunk.byteLength;
      }
      return bytes;
    },
  };
};
