import { createHash } from "node:crypto";
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { assert, ServiceError } from "../../domain/errors.ts";
import { parseKey, parsePrefix } from "./artifact-key.ts";
import type { ArtifactStore, WriteOptions, WrittenArtifact } from "./artifact-store.ts";
import { errorCode, onFiles } from "./file-error.ts";
import { fileOfHandle } from "./handle-file.ts";
import { sweepTemporaryFiles, temporaryName } from "./temporary-files.ts";

const TEMPORARY = ".tmp";

/** Of a file at once: each costs a turn of the event loop. */
const readBytes = 256 * 1024;

const isTenant = (name: string): boolean => !name.startsWith(".");

/** Files of `root`, one per key. Unless it must exist already, creates the folder if needed and sweeps what crashed writers left. */
export const createFileArtifactStore = async (
  root: string,
  { existing = false }: { existing?: boolean } = {},
): Promise<ArtifactStore> => {
  const base = resolve(root);
  const temporary = join(base, TEMPORARY);
  const prepare = async (): Promise<void> => {
    await mkdir(temporary, { recursive: true });
    await sweepTemporaryFiles(temporary);
  };
  if (!existing) await onFiles(prepare);
  const locate = (segments: readonly string[]): string => {
    const path = resolve(base, ...segments);
    assert(path.startsWith(base + sep), "an artifact lies inside the store");
    return path;
  };
  /**
   * One step on the files. A folder without its `.tmp` is no store: another disk is mounted there, or none. Then nothing is absent,
   * it only cannot be seen, and a job must wait rather than fail.
   */
  const onStore = async <T>(step: () => Promise<T>, looksEmpty: (found: T) => boolean = () => false): Promise<T> => {
    const found = await onFiles(step).catch((error: unknown) => {
      if (error instanceof ServiceError && error.code === "not_found") return error;
      throw error;
    });
    const absent = found instanceof ServiceError;
    if ((absent || looksEmpty(found)) && !(await isFolder(temporary))) throw storeGone(absent ? found : undefined);
    if (absent) throw found;
    return found;
  };
  const fileOf = (key: string): string => locate(parseKey(key));
  const folderOf = (prefix: string): string => locate(parsePrefix(prefix));

  return {
    write: (key, body, options) => onStore(() => writeFile(temporary, fileOf(key), body, options)),
    // A stream's own `end` is the last byte, not the one after it.
    read: async (key, range) =>
      (await onStore(() => openFile(fileOf(key)))).createReadStream({
        highWaterMark: readBytes,
        ...(range && { start: range.start, end: range.end - 1 }),
      }),
    readBytes: (key, options) => onStore(() => readWhole(fileOf(key), options?.limitBytes ?? Infinity)),
    openFile: async (key) => fileOfHandle(await onStore(() => openFile(fileOf(key)))),
    exists: (key) =>
      onStore(
        () => isFile(fileOf(key)),
        (found) => !found,
      ),
    list: (prefix) =>
      onStore(
        async () => (await filesBelow(folderOf(prefix), prefix)).map(({ key }) => key).sort(byCodeUnits),
        ({ length }) => length === 0,
      ),
    remove: (keyOrPrefix) =>
      onFiles(() =>
        keyOrPrefix.endsWith("/")
          ? rm(folderOf(keyOrPrefix), { recursive: true, force: true, maxRetries: 3 })
          : rm(fileOf(keyOrPrefix), { force: true }),
      ),
    usedBytes: (prefix) =>
      onFiles(async () => {
        let bytes = 0;
        for (const { path } of await filesBelow(folderOf(prefix), prefix)) bytes += await sizeOf(path);
        return bytes;
      }),
    tenants: () =>
      onFiles(async () => {
        const entries = await readdir(base, { withFileTypes: true });
        return entries.filter((entry) => entry.isDirectory() && isTenant(entry.name)).map(({ name }) => name);
      }),
    sweepTemporary: () => onFiles(() => sweepTemporaryFiles(temporary)),
    probe: () => onStore(() => probe(temporary)),
  };
};

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );

const storeGone = (cause: unknown): ServiceError =>
  new ServiceError("unavailable", "the artifact store is not there: is its disk mounted?", {
    cause,
    retryAfterSeconds: 10,
  });

/** tmp → fsync → rename → fsync of the folder: a reader, or a machine that lost power, sees all of the file or none of it. */
const writeFile = async (
  temporary: string,
  target: string,
  body: Readable | Uint8Array,
  { limitBytes = Number.POSITIVE_INFINITY, ifAbsent = false }: WriteOptions = {},
): Promise<WrittenArtifact> => {
  // A body may break while its file is opened, before anyone reads it; reading tells its error then.
  if (!(body instanceof Uint8Array)) body.on("error", () => undefined);
  const draft = join(temporary, temporaryName());
  const handle = await onFiles(() => open(draft, "wx", 0o640));
  try {
    let written: WrittenArtifact;
    try {
      written = await copy(body, handle, limitBytes);
      await onFiles(() => handle.sync());
    } finally {
      await onFiles(() => handle.close());
    }
    await onFiles(() => publish(draft, target, ifAbsent ? placeNew : rename));
    return written;
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined); // the first error is the one to tell; the next start sweeps
    throw error;
  }
};

const copy = async (body: Readable | Uint8Array, handle: FileHandle, limitBytes: number): Promise<WrittenArtifact> => {
  const hash = createHash("sha256");
  let bytes = 0;
  const chunks: AsyncIterable<Uint8Array | string> | Uint8Array[] = body instanceof Uint8Array ? [body] : body;
  for await (const chunk of chunks) {
    const data = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    bytes += data.byteLength;
    if (bytes > limitBytes) throw new ServiceError("too_large", `larger than the limit of ${limitBytes} bytes`);
    hash.update(data);
    await onFiles(() => writeAll(handle, data));
  }
  return { bytes, sha256: hash.digest("hex") };
};

const writeAll = async (handle: FileHandle, data: Uint8Array): Promise<void> => {
  let offset = 0;
  while (offset < data.byteLength) offset += (await handle.write(data, offset)).bytesWritten;
};

/** Renames where there is nothing yet: a link, unlike a rename, replaces nothing. */
const placeNew = async (draft: string, target: string): Promise<void> => {
  try {
    await link(draft, target);
  } catch (error) {
    if (errorCode(error) === "EEXIST") throw new ServiceError("in_use", "there is such an artifact already");
    throw error;
  }
  await rm(draft);
};

const publish = async (
  draft: string,
  target: string,
  place: (draft: string, target: string) => Promise<void>,
): Promise<void> => {
  const folder = dirname(target);
  let created: string | undefined;
  for (let tries = 0; ; tries += 1) {
    try {
      await place(draft, target);
    } catch (error) {
      // The folder is new, or was removed between the two steps. Where the draft is gone too, the whole store is.
      if (errorCode(error) !== "ENOENT" || tries === 4) throw error;
      await stat(draft);
      created = (await mkdir(folder, { recursive: true })) ?? created;
      continue;
    }
    await syncFolders(folder, created === undefined ? folder : dirname(created));
    return;
  }
};

/** New folders are entries of their parents, and as little durable as a file until those are synced. */
const syncFolders = async (from: string, upTo: string): Promise<void> => {
  for (let folder = from; ; folder = dirname(folder)) {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (folder === upTo || folder === dirname(folder)) return;
  }
};

const openFile = async (path: string): Promise<FileHandle> => {
  const handle = await open(path, "r");
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new ServiceError("not_found", "there is no such artifact");
};

const readWhole = async (path: string, limitBytes: number): Promise<Uint8Array> => {
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    if (size > limitBytes) throw new ServiceError("too_large", `larger than the limit of ${limitBytes} bytes`);
    // An own buffer, not a slice of Node's pool: callers view it as f32 and hand it to threads.
    const bytes = new Uint8Array(size);
    let offset = 0;
    while (offset < size) {
      const { bytesRead } = await handle.read(bytes, offset, size - offset, offset);
      assert(bytesRead > 0, "a published file does not shrink");
      offset += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
};

const isFile = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
    throw error;
  }
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return 0; // removed since it was listed
    throw error;
  }
};

const filesBelow = async (folder: string, prefix: string): Promise<{ key: string; path: string }[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  });
  const files: { key: string; path: string }[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(path, `${prefix}${entry.name}/`)));
    else if (entry.isFile()) files.push({ key: prefix + entry.name, path });
  }
  return files;
};

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const probe = async (temporary: string): Promise<void> => {
  const path = join(temporary, temporaryName());
  try {
    const handle = await open(path, "wx+");
    try {
      await handle.write("probe");
      await handle.sync();
      const { bytesRead } = await handle.read(Buffer.alloc(5), 0, 5, 0);
      assert(bytesRead === 5, "what was written can be read");
    } finally {
      await handle.close();
    }
  } finally {
    await rm(path, { force: true });
  }
};
