import { ServiceError } from "../../domain/errors.ts";

/** The error for a Parquet file that cannot be read. `place` names column and row group where they are known. */
export const parquetError = (detail: string, place = "", cause?: unknown): ServiceError =>
  new ServiceError("malformed", `the Parquet file cannot be read: ${place === "" ? "" : `${place}: `}${detail}`, {
    cause,
  });

const ours = Symbol("a fault in words for the user");

/** What is wrong with a file, for `asParquetError` to add the place. */
export const parquetFault = (detail: string, cause?: unknown): Error =>
  Object.assign(new Error(detail, { cause }), { [ours]: true });

/** The decoder's errors that are no damage: what it does not know. */
const unknownParts: readonly [RegExp, string][] = [
  [/unsupported compression codec: (\w+)/, "compression"],
  [/unsupported encoding: (\w+)/, "encoding"],
];

/** Words for what the decoder says of itself: its own are for its developers. */
const detailOf = (error: Error): string => {
  if (ours in error) return error.message;
  for (const [pattern, what] of unknownParts) {
    const name = pattern.exec(error.message)?.[1];
    if (name !== undefined)
      return `its ${what} ${name.slice(0, 40)} is not read here; write it with another, such as SNAPPY and PLAIN`;
  }
  return "its bytes are not what they should be there: the file is damaged, so write or send it anew";
};

/** What the decoder throws of a damaged file becomes the client's fault, with the place. */
export const asParquetError = (error: unknown, place: string): unknown => {
  if (error instanceof ServiceError || !(error instanceof Error) || "syscall" in error) return error;
  return parquetError(detailOf(error), place, error);
};
