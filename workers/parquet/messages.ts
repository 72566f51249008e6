import type { ErrorCode, FieldError } from "../../src/domain/errors.ts";

/** What the process that decodes is told. */
export type ToReader =
  | { type: "open"; bytes: number }
  | { type: "range"; id: number; bytes: Uint8Array }
  /** The last piece has been taken. */
  | { type: "more" };

/** What it says. */
export type FromReader =
  | { type: "range"; id: number; start: number; end: number }
  | { type: "table"; texts: string[]; leftOut: { name: string; reason: string }[] }
  | { type: "csv"; bytes: Uint8Array }
  | { type: "end" }
  | { type: "failed"; code: ErrorCode | null; message: string; errors: FieldError[] };
