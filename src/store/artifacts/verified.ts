import { createHash } from "node:crypto";
import { ServiceError } from "../../domain/errors.ts";
import type { ArtifactFile, ArtifactStore, WrittenArtifact } from "./artifact-store.ts";

/** What a file is held against while it is read. */
export interface Check {
  update(chunk: Uint8Array): void;
  /** Whether the bytes so far are the whole file, as it was written. */
  holds(): boolean;
}

/** Against the digest of the whole file. */
export const checkFile = ({ bytes, sha256 }: WrittenArtifact): Check => {
  const hash = createHash("sha256");
  let seen = 0;
  return {
    update: (chunk) => {
      seen += chunk.byteLength;
      hash.update(chunk);
    },
    holds: () => seen === bytes && hash.copy().digest("hex") === sha256,
  };
};

const LENGTH_BYTES = 8;

/** Against the digest of a safetensors file's data alone, which is all that models of earlier versions tell: its header is not checked. */
export const checkTensors = (digest: string): Check => {
  const hash = createHash("sha256");
  const length = Buffer.alloc(LENGTH_BYTES);
  let seen = 0;
  let dataStart = Number.POSITIVE_INFINITY;
  return {
    update: (chunk) => {
      if (seen < LENGTH_BYTES) {
        length.set(chunk.subarray(0, LENGTH_BYTES - seen), seen);
        if (seen + chunk.byteLength >= LENGTH_BYTES) dataStart = LENGTH_BYTES + Number(length.readBigUInt64LE());
      }
      const from = dataStart - seen;
      seen += chunk.byteLength;
      if (from < chunk.byteLength) hash.update(chunk.subarray(Math.max(0, from)));
    },
    holds: () => `sha256:${hash.copy().digest("hex")}` === digest,
  };
};

export const corrupt = (what: string, problem: string, cause?: unknown): ServiceError =>
  new ServiceError("corrupt", `${what} ${problem}; restore it from a backup, or make it again`, { cause });

const changed = (what: string): ServiceError => corrupt(what, "is not what was written: its digest is another");

/** What a record says is there and is not: damage as well. Other errors pass. */
const orMissing = async <T>(what: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ServiceError && error.code === "not_found")
      throw corrupt(what, "is missing in the artifact store", error);
    throw error;
  }
};

/** A whole file. `corrupt` if it is not what was written. `what` names it in the message. */
export const readVerified = async (
  artifacts: ArtifactStore,
  key: string,
  check: Check,
  what: string,
): Promise<Uint8Array> => {
  const bytes = await orMissing(what, () => artifacts.readBytes(key));
  check.update(bytes);
  if (!check.holds()) throw changed(what);
  return bytes;
};

/**
 * A large file, checked while it is read. Its last chunk comes only when all are known to be right, so nobody has the whole of a file
 * that is not: the stream ends with `corrupt` instead.
 */
export const openVerified = async (
  artifacts: ArtifactStore,
  key: string,
  check: Check,
  what: string,
): Promise<AsyncGenerator<Uint8Array, void, void>> => {
  const source = await orMissing(what, () => artifacts.read(key));
  return passing(source, check, what);
};

async function* passing(
  source: AsyncIterable<Uint8Array>,
  check: Check,
  what: string,
): AsyncGenerator<Uint8Array, void, void> {
  let last: Uint8Array | null = null;
  for await (const chunk of source) {
    check.update(chunk);
    if (last !== null) yield last;
    last = chunk;
  }
  if (!check.holds()) throw changed(what);
  if (last !== null) yield last;
}

/** A file to be read by place: whoever does so holds what is read against digests of its own. */
export const openByPlace = (artifacts: ArtifactStore, key: string, what: string): Promise<ArtifactFile> =>
  orMissing(what, () => artifacts.openFile(key));

/** Reads the file to its end: `corrupt` if it is not what was written. */
export const requireIntact = async (
  artifacts: ArtifactStore,
  key: string,
  check: Check,
  what: string,
): Promise<void> => {
  for await (const _ of await openVerified(artifacts, key, check, what));
};
