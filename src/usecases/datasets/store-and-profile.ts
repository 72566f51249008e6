import { PassThrough, Readable } from "node:stream";
import { type CsvProfile, profileCsv } from "../../data/columns/profile-csv.ts";
import type { ColumnType } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { StatedDialect } from "../../formats/csv/csv-dialect.ts";
import type { ArtifactStore, WrittenArtifact } from "../../store/artifacts/artifact-store.ts";

export interface UploadedFile {
  key: string;
  body: Readable;
  limitBytes: number;
  /** Column types that the user states. */
  types: Readonly<Record<string, ColumnType>>;
  /** What the user states of how the file is written. */
  dialect: StatedDialect;
  /** Columns that the file has as texts. */
  texts?: ReadonlySet<string> | undefined;
}

/** Resolves when the stream can take more, or can take nothing any more. */
const writable = (stream: PassThrough): Promise<void> =>
  new Promise((resolve) => {
    const settle = () => {
      for (const event of ["drain", "close", "error"] as const) stream.off(event, settle);
      resolve();
    };
    for (const event of ["drain", "close", "error"] as const) stream.on(event, settle);
  });

/** Passes the source on and writes the same bytes to `copy`, at the pace of the slower reader. */
async function* copying(source: Readable, copy: PassThrough): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of source) {
      if (copy.destroyed) return;
      if (!copy.write(chunk)) await writable(copy);
      yield chunk;
    }
    copy.end();
  } catch (error) {
    copy.destroy(error as Error);
    throw error;
  }
}

/**
 * What to answer: a failing store also aborts the stream, and the profile's end on the aborted stream may come first. It is the
 * reason only if there is no other.
 */
const reasonOf = (failures: readonly unknown[]): unknown =>
  failures.find((error) => error instanceof ServiceError) ?? failures[0];

/** Stores and profiles in one pass over the stream. The first of the two to fail stops the other, and its reason is the answer. */
export const storeAndProfile = async (
  artifacts: ArtifactStore,
  { key, body, limitBytes, types, dialect, texts }: UploadedFile,
): Promise<{ written: WrittenArtifact; profile: CsvProfile }> => {
  const copy = new PassThrough();
  const original = Readable.from(copying(body, copy));
  const failures: unknown[] = [];
  // A store that fails before it reads leaves nobody who listens; what went wrong is told by the promises.
  for (const stream of [original, copy]) stream.on("error", () => undefined);
  const stop = (error: unknown): never => {
    failures.push(error);
    const cause = error instanceof Error ? error : new Error(String(error));
    copy.destroy(cause);
    original.destroy(cause);
    throw error;
  };
  const [written, profile] = await Promise.allSettled([
    artifacts.write(key, original, { limitBytes, ifAbsent: true }).catch(stop),
    profileCsv(copy, { types, dialect, ...(texts === undefined ? {} : { texts }) }).catch(stop),
  ]);
  if (written.status === "rejected" || profile.status === "rejected") throw reasonOf(failures);
  return { written: written.value, profile: profile.value };
};
