import type { Cell, Row } from "../../domain/datasets/dataset.ts";
import { type FieldError, ServiceError } from "../../domain/errors.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import { nearNames } from "../../domain/near-names.ts";
import { toPointerSegment } from "../../domain/pointer.ts";
import { quoteCell } from "../../formats/csv/csv-error.ts";
import { createFeatureEncoder, type FeatureEncoder } from "./feature-encoder.ts";

/** An answer with more errors than this would help nobody. */
const mostErrors = 50;

const describe = (value: Cell): string => (typeof value === "string" ? quoteCell(value) : String(value));

/** Writes one cell; returns what is wrong with it, if anything. */
const writeCell = (encoder: FeatureEncoder, value: Cell, out: Float32Array, at: number): string | null => {
  if (encoder.type === "category") {
    const text = value === null ? null : String(value);
    encoder.write(out, at, text === null || /^[ \t]*$/.test(text) ? null : text);
    return null;
  }
  if (value !== null && (typeof value !== "number" || !Number.isFinite(value))) {
    return `must be a number${typeof value === "number" ? " that is finite" : ""}, or null if it is missing; got ${describe(value)}`;
  }
  encoder.write(out, at, value ?? Number.NaN);
  return null;
};

/**
 * Raw rows to a network's inputs (rows × inputs, row-major), through the same arithmetic as in training, to the bit.
 * A key left out and null are missing cells; an unknown category is all zeros; the label may be there and is ignored.
 * Errors: `invalid` with a pointer for each cell, `/rows/3/age`.
 */
export const encodeRows = (preprocessing: Preprocessing, rows: readonly Row[]): Float32Array => {
  const { inputs, features, label } = preprocessing;
  const encoders = features.map(createFeatureEncoder);
  const names = features.map(({ column }) => column);
  const known = new Set(label.type === "none" ? names : [...names, label.column]);
  const out = new Float32Array(rows.length * inputs);
  const errors: FieldError[] = [];
  const fail = (row: number, key: string, detail: string): void => {
    if (errors.length < mostErrors) errors.push({ pointer: `/rows/${row}/${toPointerSegment(key)}`, detail });
  };
  for (const [i, row] of rows.entries()) {
    for (const key of Object.keys(row)) {
      if (!known.has(key)) fail(i, key, `the model has no feature ${quoteCell(key)}${nearNames(key, names)}`);
    }
    let at = i * inputs;
    for (const encoder of encoders) {
      const value = Object.hasOwn(row, encoder.column) ? row[encoder.column]! : null;
      const problem = writeCell(encoder, value ?? null, out, at);
      if (problem !== null) fail(i, encoder.column, problem);
      at += encoder.width;
    }
    if (errors.length >= mostErrors) break;
  }
  if (errors.length > 0) {
    const [first] = errors;
    throw new ServiceError("invalid", `${first!.pointer}: ${first!.detail}`, { errors });
  }
  return out;
};
