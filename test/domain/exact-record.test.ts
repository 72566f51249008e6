import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { exactRecord } from "../../src/domain/exact-record.ts";
import { JobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import { PredictRequest } from "../../src/domain/models/predictions/prediction.ts";
import { parse } from "../../src/usecases/admission/parse.ts";

const odd = '{"__proto__": 1, "constructor": 2, "toString": 3}';

describe("records of the user's own names", () => {
  it("keep every key, whatever objects inherit under it", () => {
    const record = exactRecord(z.string(), z.number());
    for (const schema of [record, record.optional(), record.default({}), record.meta({ id: "Odd" })]) {
      const parsed = schema.parse(JSON.parse(odd));
      expect(JSON.stringify(parsed)).toBe(odd.replaceAll(" ", ""));
      expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    }
    expect(record.safeParse(JSON.parse('{"__proto__": "x"}')).error?.issues).toMatchObject([
      { code: "invalid_type", path: ["__proto__"] },
    ]);
    expect(record.safeParse([1]).error?.issues).toMatchObject([{ code: "invalid_type", expected: "record" }]);
    expect(z.toJSONSchema(record)).toEqual(z.toJSONSchema(z.record(z.string(), z.number())));
  });

  it("are all that requests have: rows, labels, class weights", () => {
    const rows = JSON.parse(`{"rows": [${odd}]}`);
    expect(JSON.stringify(parse(PredictRequest, rows).rows)).toBe(`[${odd.replaceAll(" ", "")}]`);
    const spec =
      JSON.parse(`{"dataset": "ds_01JD0000000000000000000000", "task": {"type": "classification", "label": "y"},
      "loss": {"type": "cross_entropy", "classWeights": ${odd}}, "labels": {"__proto__": "x"}}`);
    const parsed = parse(JobSpec, spec);
    expect(Object.hasOwn(parsed.labels, "__proto__")).toBe(true);
    expect(JSON.stringify(parsed.loss)).toContain('"__proto__":1');
  });

  it("are used throughout: z.record would leave one key out", () => {
    const folder = join(import.meta.dirname, "../../src");
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
    const wrong = sources.filter((path) =>
      /\bz\.(record|partialRecord|looseRecord)\(/.test(readFileSync(join(folder, path), "utf8")),
    );
    expect(wrong).toEqual([]);
  });
});
