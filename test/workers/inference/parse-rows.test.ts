import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PredictRequest } from "../../../src/domain/models/predictions/prediction.ts";
import { parse, rowLimits } from "../../../src/usecases/admission/parse.ts";
import { parseRows } from "../../../workers/inference/parse-rows.ts";

const outcome = (read: (body: unknown) => unknown, body: unknown): unknown => {
  try {
    return read(body);
  } catch (error) {
    return { error: String(error), errors: (error as { errors?: unknown }).errors };
  }
};

const cell = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom<unknown>(undefined, [], {}, { a: 1 }),
);
const good = fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string(), fc.constant(null)));
const rows = fc.oneof(
  fc.array(good, { maxLength: 4 }),
  fc.array(fc.oneof(good, fc.dictionary(fc.string(), cell), fc.constantFrom<unknown>(null, 1, [])), { maxLength: 4 }),
);
const body = fc.oneof(
  fc.record({ rows }),
  fc.record(
    { rows, strict: fc.constantFrom<unknown>(true, 1), coverage: fc.constantFrom<unknown>(0.9, 2), x: cell },
    { requiredKeys: [] },
  ),
  fc.anything(),
);

describe("rows of a prediction", () => {
  test("are read as their schema reads them, and refused in its words", () => {
    const bySchema = (sent: unknown): unknown => parse(PredictRequest, sent, { most: rowLimits });
    fc.assert(
      fc.property(body, (sent) => {
        expect(outcome(parseRows, sent)).toEqual(outcome(bySchema, sent));
      }),
    );
  });

  test("may have columns of any name", () => {
    const sent: unknown = JSON.parse('{"rows":[{"__proto__":1,"constructor":"a"}]}');
    expect(Object.keys(parseRows(sent).rows[0]!)).toEqual(["__proto__", "constructor"]);
  });
});
