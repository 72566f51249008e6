import { ServiceError } from "../../domain/errors.ts";

/** What an archive may hold: none is unpacked further than this, whatever it says of itself. */
export interface ArchiveLimits {
  readonly entries: number;
  /** Of one file, unpacked. */
  readonly entryBytes: number;
  /** Of all files together, unpacked. */
  readonly totalBytes: number;
}

/** One file of an archive: its bytes, or why they cannot be had. */
export type ArchiveFile = { readonly path: string } & ({ readonly bytes: Buffer } | { readonly problem: string });

/** Asked of every file in its turn; what is not wanted is passed over unread. */
export type Wanted = (path: string) => boolean;

/** An archive's bytes from `start` to before `end`, as a stream; as a whole without them. */
export type ReadArchive = (range?: { start: number; end: number }) => Promise<AsyncIterable<Uint8Array>>;

const longestPath = 1024;

/** As messages name a file. */
export const quotedPath = (path: string): string => JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);

export const badArchive = (detail: string, cause?: unknown): ServiceError =>
  new ServiceError("malformed", `the archive cannot be read: ${detail}`, { cause });

export const leadsOut = (path: string): ServiceError =>
  badArchive(`the path ${quotedPath(path)} leads out of it; pack it again with relative paths`);

export const tooLargeFor = (bytes: number, limit: number): string =>
  `it unpacks to more than ${limit.toLocaleString("en-US")} bytes (${bytes.toLocaleString("en-US")})`;

/** The path within the archive, with `/` between its parts. Nothing may lead out of the archive: `malformed`. */
export const safePath = (name: string): string => {
  const path = name.replaceAll("\\", "/");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path) || parts.includes("..") || path.includes("\0"))
    throw leadsOut(name);
  if (path.length > longestPath)
    throw badArchive(`the path ${quotedPath(name)} is longer than ${longestPath} characters`);
  return parts.join("/");
};

/** What systems leave in archives beside their files: `__MACOSX/…`, `.DS_Store`, `Thumbs.db` and the like. */
export const isClutter = (path: string): boolean =>
  path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX" || part === "Thumbs.db");

/** Counts an archive's files and bytes, and refuses what has a path twice. */
export const createArchiveGauge = ({ entries, totalBytes }: ArchiveLimits) => {
  const paths = new Set<string>();
  let bytes = 0;
  let count = 0;
  return {
    /** For every entry, whatever it is. */
    addEntry: (): void => {
      count += 1;
      if (count > entries)
        throw new ServiceError("too_large", `the archive has more than ${entries.toLocaleString("en-US")} entries`);
    },
    addFile: (path: string): void => {
      if (paths.has(path)) throw badArchive(`it has ${quotedPath(path)} twice`);
      paths.add(path);
    },
    addBytes: (more: number): void => {
      bytes += more;
      if (bytes > totalBytes)
        throw new ServiceError(
          "too_large",
          `the archive unpacks to more than ${totalBytes.toLocaleString("en-US")} bytes; split it`,
        );
    },
  };
};
