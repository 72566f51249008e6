import type { Row } from "../../src/domain/datasets/dataset.ts";
import { limits } from "../../src/domain/limits.ts";
import { PredictRequest } from "../../src/domain/models/predictions/prediction.ts";
import { parse, rowLimits } from "../../src/usecases/admission/parse.ts";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCell = (value: unknown): boolean =>
  value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);

const isRow = (value: unknown): value is Row => {
  if (!isObject(value)) return false;
  const keys = Object.keys(value);
  if (keys.length > rowLimits.keys) return false;
  for (const key of keys) if (!isCell(value[key])) return false;
  return true;
};

/**
 * A request as its schema reads it. Rows that are nothing but cells, as they nearly always are, are taken as they came: the schema would make all of them once more, in six times
 * what reading their JSON takes. What is wrong with others the schema says.
 */
export const parseRows = (body: unknown): PredictRequest => {
  const rows = isObject(body) ? body.rows : null;
  const areRows = Array.isArray(rows) && rows.length > 0 && rows.length <= limits.predictRows && rows.every(isRow);
  if (!areRows) return parse(PredictRequest, body, { most: rowLimits });
  return { ...parse(PredictRequest, { ...(body as object), rows: rows.slice(0, 1) }, { most: rowLimits }), rows };
};
