import { ServiceError } from "../../domain/errors.ts";

/** The error for a Parquet file that cannot be read. `place` names column and row group where they are known. */
export const parquetError = (detail: string, place = "", cause?: unknown): ServiceError =>
  new ServiceError("malformed", `the Parquet file cannot be read: ${place === "" ? "" : `${place}: `}${detail}`, {
    cause,
  });

/** What the decoder throws of a damaged file becomes the client's fault, with the place. */
export const asParquetError = (error: unknown, place: string): unknown => {
  if (error instanceof ServiceError || !(error instanceof Error) || "syscall" in error) return error;
  return parquetError(error.message.replace(/^parquet /, "").slice(0, 200), place, error);
};
