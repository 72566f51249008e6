import { describe, expect, test } from "vitest";
import { countRows } from "../../../src/data/splits/count-rows.ts";
import { createSpecErrors } from "../../../src/domain/jobs/spec/spec-errors.ts";
import { resolveStudy } from "../../../src/domain/studies/resolve-study.ts";
import { StudySpec } from "../../../src/domain/studies/study-spec.ts";
import { datasetId, datasetOf } from "../csv-fixtures.ts";

import { openOf, type Training, table } from "./split-rows-of.ts";

describe("a study", () => {
  const studyOn = async (words: readonly string[], training: Training) => {
    const csv = table(words.map((word, i) => [i, word, i % 7]));
    const job = { dataset: datasetId, task: { type: "regression", label: "y" }, model: { type: "mlp" }, training };
    const plain = await datasetOf(openOf(csv));
    const asked = StudySpec.parse({ job });
    const dataset = await countRows(asked.job, plain, openOf(csv));
    const errors = createSpecErrors();
    const { spec, template } = resolveStudy(asked, job, { dataset, base: null }, errors);
    errors.throwIfAny("invalid");
    return { split: spec.job.training?.split, resolved: template.training };
  };

  test("compares on the rows that a column says, or on a share of the training rows", async () => {
    const words = Array.from({ length: 50 }, (_, i) => (i % 5 === 0 ? "test" : "train"));
    const drawn = await studyOn(words, { split: { column: "g" } });
    expect(drawn.split).toEqual({ column: "g", validation: 0.2 });
    expect(drawn.resolved.split).toMatchObject({ validation: 0.2, test: 0.2 });
    const said = words.map((word, i) => (i % 5 === 1 ? "validation" : word));
    expect((await studyOn(said, { split: { column: "g" } })).split).toEqual({ column: "g" });
  });

  test("with no row that validates is refused, unless folds compare its trials", async () => {
    const words = Array.from({ length: 50 }, (_, i) => ["train", "test", "validation"][i % 3]!);
    for (const split of [{ validation: 0 }, { validation: 0, column: "g" }]) {
      const refused = studyOn(words, { split });
      await expect(refused).rejects.toMatchObject({
        errors: [{ pointer: "/job/training/split/validation", detail: expect.stringContaining("leave it out") }],
      });
    }
    const folds = await studyOn(words, { split: { validation: 0 }, crossValidation: { folds: 3 } });
    expect(folds.split).toEqual({ validation: 0, test: 0.2 });
    expect((await studyOn(words, {})).split).toEqual({ validation: 0.2 });
  });

  test("sets whole groups aside for its final job, where its trials go by folds", async () => {
    const words = Array.from({ length: 60 }, (_, i) => `g${i % 12}`);
    const { split: own, resolved } = await studyOn(words, { split: { by: "g" }, crossValidation: { folds: 3 } });
    expect(own).toEqual({ by: "g", test: 0.2 });
    expect(resolved.crossValidation?.by).toBe("g");
  });
});
