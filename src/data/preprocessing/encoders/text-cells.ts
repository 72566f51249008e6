import type { FeatureTransform } from "../../../domain/models/model.ts";
import { withoutBlanks } from "../../columns/number-cell.ts";
import { createFeatureEncoder } from "../feature-encoder.ts";
import type { Warnings } from "../predict-warnings.ts";
import { type CellWriter, warnMissing } from "./cell-writer.ts";

type TextTransform = Extract<FeatureTransform, { type: "text" }>;

export const createTextCells = (transform: TextTransform, warnings: Warnings): CellWriter => {
  const encoder = createFeatureEncoder(transform);
  return {
    column: transform.column,
    width: encoder.width,
    write: (value, row, out, at) => {
      const text = value === undefined || value === null || withoutBlanks(String(value)) === "" ? null : String(value);
      if (text === null) warnMissing(transform, value, row, warnings);
      encoder.write(out, at, text);
      return null;
    },
  };
};
