import type { Cell, Row } from "../../domain/datasets/dataset.ts";
import { assert, type FieldError, ServiceError } from "../../domain/errors.ts";
import { toFieldError } from "../../domain/jobs/spec/spec-errors.ts";
import type { FeatureTransform, Preprocessing } from "../../domain/models/model.ts";
import type { PredictWarning } from "../../domain/models/predictions/prediction.ts";
import { toPointerSegment } from "../../domain/pointer.ts";
import { quoteCell } from "../../formats/csv/csv-error.ts";
import type { DecodedImage } from "../../formats/images/decode-image.ts";
import { withoutBlanks } from "../columns/number-cell.ts";
import { createCategoryReader } from "./category-cell.ts";
import { type CellWriter, describeCell, rounded, warnMissing } from "./encoders/cell-writer.ts";
import { createDateCells } from "./encoders/date-cells.ts";
import { exposureOf } from "./encoders/exposure-cell.ts";
import { createNumberScale, middleOf, type NumberTransform } from "./encoders/number-scale.ts";
import { createTextCells } from "./encoders/text-cells.ts";
import { createFeatureEncoder } from "./feature-encoder.ts";
import { isWithin, usualRange } from "./number-range.ts";
import { createWarnings, type Warnings } from "./predict-warnings.ts";

/** An answer with more errors than this would help nobody. */
const mostErrors = 50;

type ImageTransform = Extract<FeatureTransform, { type: "image" }>;
type CategoryTransform = Extract<FeatureTransform, { type: "category" }>;

const createNumberWriter = (transform: NumberTransform, warnings: Warnings): CellWriter => {
  const { column, logShift, range, clip, unlearnt } = transform;
  const encoder = createFeatureEncoder(transform);
  const scaled = createNumberScale(transform);
  const usual = usualRange(transform);
  const warnRange = (value: number, row: number): void =>
    warnings.add(row, column, "out_of_range", () => {
      const place =
        range?.minimum === range?.maximum
          ? `every training row has ${range?.minimum}, not ${value}`
          : `${value} is beyond the training range, ${range?.minimum} to ${range?.maximum}`;
      if (clip === undefined || isWithin(value, clip)) return `${place}; what is said of it is extrapolated`;
      return `${place}; it counts as ${rounded(value < clip.minimum ? clip.minimum : clip.maximum)}`;
    });
  return {
    column,
    width: encoder.width,
    write: (value, row, out, at) => {
      if (value !== undefined && value !== null && (typeof value !== "number" || !Number.isFinite(value))) {
        return `must be a number${typeof value === "number" ? " that is finite" : ""}, or null if it is missing; got ${describeCell(value)}`;
      }
      if (typeof value !== "number") warnMissing(transform, value, row, warnings);
      else if (unlearnt) {
        warnings.add(
          row,
          column,
          "out_of_range",
          () => `no training row has a value, such as ${value}; it counts as missing`,
        );
      } else {
        if (usual !== undefined && !isWithin(value, usual)) warnRange(value, row);
        if (clip === undefined && logShift !== undefined && value + logShift <= 0)
          return `${value} has no logarithm, by which the model knows the column; send a number above ${-logShift}`;
        if (clip === undefined && !Number.isFinite(Math.fround(scaled(value)))) {
          return `${value} is too far from the numbers of training, around ${rounded(middleOf(transform).value)}, to be computed with`;
        }
      }
      encoder.write(out, at, value ?? Number.NaN);
      return null;
    },
  };
};

const createCategoryWriter = (transform: CategoryTransform, warnings: Warnings): CellWriter => {
  const { column, categories, unseen, reference } = transform;
  const encoder = createFeatureEncoder(transform);
  const read = createCategoryReader(transform);
  const never = new Set(unseen);
  const known = new Set(categories.filter((category) => !never.has(category)));
  const warnUnknown = (text: string, row: number): void =>
    warnings.add(row, column, "unknown_category", () => {
      const meant = never.has(text) ? "" : warnings.near(column, text, categories);
      return `no row of training has ${quoteCell(text)} in ${quoteCell(column)}${meant}; it counts as ${reference === undefined ? "none of the categories" : `the reference level, ${quoteCell(reference)}`}`;
    });
  return {
    column,
    width: encoder.width,
    write: (value, row, out, at) => {
      const cell = read(value ?? null);
      if ("problem" in cell) return cell.problem;
      if (cell.text === null) warnMissing(transform, value, row, warnings);
      else if (!known.has(cell.text)) warnUnknown(cell.text, row);
      encoder.write(out, at, cell.text);
      return null;
    },
  };
};

const isMissing = (words: readonly string[] | undefined, value: Cell | undefined): boolean =>
  words !== undefined && typeof value === "string" && words.includes(withoutBlanks(value));

/** Rows as a network takes them, and what they have that training had not. */
export interface EncodedRows {
  /** rows × inputs, row-major. */
  inputs: Float32Array;
  /** What each row's count is of; null: of one unit. */
  exposures: Float64Array | null;
  warnings: readonly PredictWarning[];
  furtherWarnings: number;
}

/** The pixels of the image at a row and a column, decoded before, or what is wrong with it. */
export type PixelsOf = (row: number, column: string) => DecodedImage;

const createImageWriter = (transform: ImageTransform, pixelsOf: PixelsOf | undefined): CellWriter => {
  const { column } = transform;
  const encoder = createFeatureEncoder(transform);
  return {
    column,
    width: encoder.width,
    write: (value, row, out, at) => {
      if (typeof value !== "string") return "must be a PNG, JPEG or WebP image as a text in base64";
      assert(pixelsOf !== undefined, "images are decoded before they are encoded");
      const image = pixelsOf(row, column);
      if ("problem" in image) return `is no image that can be read: ${image.problem}`;
      encoder.write(out, at, image.pixels);
      return null;
    },
  };
};

const createWriter = (transform: FeatureTransform, warnings: Warnings, pixelsOf: PixelsOf | undefined): CellWriter => {
  switch (transform.type) {
    case "number":
      return createNumberWriter(transform, warnings);
    case "category":
      return createCategoryWriter(transform, warnings);
    case "image":
      return createImageWriter(transform, pixelsOf);
    case "datetime":
      return createDateCells(transform, warnings);
    case "text":
      return createTextCells(transform, warnings);
  }
};

const refuse = (errors: readonly FieldError[], more = 0): never => {
  const [first] = errors;
  const rest = errors.length - 1 + more;
  throw new ServiceError("invalid", `${first!.pointer}: ${first!.detail}${rest > 0 ? ` (and ${rest} more)` : ""}`, {
    errors: errors.slice(0, mostErrors),
  });
};

const pointerTo = (row: number, column: string): string => `/rows/${row}/${toPointerSegment(column)}`;

/**
 * Raw rows to a network's inputs, through the same arithmetic as in training, to the bit. A key left out and null are missing cells; an unknown category is all
 * zeros; the label may be there and is ignored. What training did not have is warned of, or with `strict` refused.
 * Errors: `invalid` with a pointer for each cell, `/rows/3/age`.
 */
export const encodeRows = (
  { inputs, features, label, weight, offset }: Preprocessing,
  rows: readonly Row[],
  options: { strict?: boolean; pixelsOf?: PixelsOf } = {},
): EncodedRows => {
  const warnings = createWarnings();
  const writers = features.map((transform) => createWriter(transform, warnings, options.pixelsOf));
  const missingWords = features.map((transform) => ("missingWords" in transform ? transform.missingWords : undefined));
  const names = features.map(({ column }) => column);
  const known = new Set(label.type === "none" ? names : [...names, label.column]);
  if (weight !== undefined) known.add(weight);
  if (offset !== undefined) known.add(offset.column);
  const exposures = offset === undefined ? null : new Float64Array(rows.length);
  const out = new Float32Array(rows.length * inputs);
  const errors: FieldError[] = [];
  for (const [i, row] of rows.entries()) {
    for (const key of Object.keys(row)) {
      if (known.has(key)) continue;
      const message = () => `the model has no feature ${quoteCell(key)}${warnings.near("", key, names)}; it is ignored`;
      warnings.add(i, key, "unknown_feature", message);
    }
    let at = i * inputs;
    for (const [f, { column, width, write }] of writers.entries()) {
      const words = missingWords[f];
      const value = Object.hasOwn(row, column) ? row[column] : undefined;
      const problem = write(isMissing(words, value) ? null : value, i, out, at);
      if (problem !== null) errors.push({ pointer: pointerTo(i, column), detail: problem });
      at += width;
    }
    if (offset !== undefined && exposures !== null) {
      const read = exposureOf(Object.hasOwn(row, offset.column) ? row[offset.column] : undefined, offset.key);
      if (typeof read === "string") errors.push({ pointer: pointerTo(i, offset.column), detail: read });
      else exposures[i] = read;
    }
    if (errors.length >= mostErrors) break;
  }
  if (errors.length > 0) refuse(errors.slice(0, mostErrors));
  const { listed } = warnings;
  if (options.strict === true && listed.length > 0) {
    const detailed = listed.map(({ row, column, message }) => toFieldError(pointerTo(row, column), message));
    refuse(detailed, warnings.further());
  }
  return { inputs: out, exposures, warnings: listed, furtherWarnings: warnings.further() };
};
