import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLabelReader } from "../../../src/data/preprocessing/label-reader.ts";
import { countRows } from "../../../src/data/splits/count-rows.ts";
import { fitsOf } from "../../../src/data/splits/fits.ts";
import { foldSource, foldStrata, foldsOfGroups } from "../../../src/data/splits/fold-sizes.ts";
import { visitSplitRows } from "../../../src/data/splits/split-rows.ts";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { datasetOf, jobSpec, streamOf } from "../csv-fixtures.ts";

type Training = JobSpecInput["training"];

const csvOf = (labels: readonly number[], groups: readonly number[]): string =>
  ["x,g,y", ...labels.map((label, i) => `${i},g${groups[i]! % 7},c${label}`)].join("\n");

const specOf = (dataset: Dataset, training: Training, features: string[] = ["x"]) =>
  resolveSpec(
    jobSpec({ task: { type: "classification", label: "y", features }, model: { type: "softmax" }, training }),
    dataset,
  );

/** The rows of each split of one fit, by their number in the file. */
const rowsOf = async (spec: ReturnType<typeof specOf>, dataset: Dataset, csv: string) => {
  const rows: Record<"train" | "validation" | "test", number[]> = { train: [], validation: [], test: [] };
  const reader = createLabelReader(spec, dataset);
  await visitSplitRows(
    spec,
    dataset,
    () => streamOf(csv, 4096),
    reader,
    (_, split, __, place) => rows[split].push(place),
  );
  return rows;
};

const labelled = fc
  .array(fc.record({ label: fc.nat(2), group: fc.nat(6) }), { minLength: 24, maxLength: 60 })
  .filter(
    (rows) => new Set(rows.map(({ label }) => label)).size > 1 && new Set(rows.map(({ group }) => group)).size > 4,
  );

describe("folds", () => {
  test("hold each row out once in a repeat, class by class within one, whatever is set aside or validates, as planned from the manifest", async () => {
    await fc.assert(
      fc.asyncProperty(
        labelled,
        fc.integer({ min: 2, max: 5 }),
        fc.constantFrom(0, 0.2),
        fc.constantFrom(0, 0.3),
        async (rows, folds, test, validation) => {
          const csv = csvOf(
            rows.map(({ label }) => label),
            rows.map(({ group }) => group),
          );
          const dataset = await datasetOf(() => streamOf(csv, 4096));
          const spec = specOf(dataset, { crossValidation: { folds, repeats: 2 }, split: { test, validation } });
          const fits = fitsOf(spec, dataset, null);
          expect(fits).toHaveLength(2 * folds + 1);
          const aside = new Set((await rowsOf(spec, dataset, csv)).test);
          const held: number[][] = [[], []];
          for (const { spec: own, shape, heldOut } of fits.slice(0, -1)) {
            const split = await rowsOf(own, dataset, csv);
            expect([shape.trainRows, shape.validationRows, shape.testRows]).toEqual([
              split.train.length,
              split.validation.length,
              split.test.length,
            ]);
            const seen = [...split.train, ...split.validation, ...split.test].sort((a, b) => a - b);
            expect(seen).toEqual(rows.map((_, i) => i).filter((i) => !aside.has(i)));
            held[heldOut!.repeat]!.push(...split.test);
          }
          for (const all of held) expect(all).toHaveLength(rows.length - aside.size);
          const source = foldSource(spec, dataset);
          const sizes = Array.from({ length: folds }, (_, fold) => foldStrata(source, { repeat: 0, fold }));
          for (const [stratum] of sizes[0]!.entries()) {
            const counts = sizes.map((strata) => strata[stratum]!.test);
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          }
          const totals = sizes.map((strata) => strata.reduce((sum, { test: own }) => sum + own, 0));
          expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("by a column keep its equal values together, and every fold has some", async () => {
    await fc.assert(
      fc.asyncProperty(labelled, fc.integer({ min: 2, max: 5 }), async (rows, folds) => {
        const groups = rows.map(({ group }) => group);
        const csv = csvOf(
          rows.map(({ label }) => label),
          groups,
        );
        const plain = await datasetOf(() => streamOf(csv, 4096));
        const asked = specOf(plain, { crossValidation: { folds, by: "g" } });
        const dataset = await countRows(asked, plain, () => streamOf(csv, 4096));
        const spec = specOf(dataset, { crossValidation: { folds, by: "g" }, split: { validation: 0.2 } });
        const places: number[] = [];
        for (const { spec: own, shape } of fitsOf(spec, dataset, null).slice(0, -1)) {
          const split = await rowsOf(own, dataset, csv);
          expect(split.test.length).toBeGreaterThan(0);
          expect(split.test.length).toBe(shape.testRows);
          expect(split.validation.length).toBe(shape.validationRows);
          const outside = new Set([...split.train, ...split.validation].map((row) => groups[row]! % 7));
          expect(split.test.filter((row) => outside.has(groups[row]! % 7))).toEqual([]);
          // Nor are rows of one group on both sides of what the fit chooses by.
          const trains = new Set(split.train.map((row) => groups[row]! % 7));
          expect(split.validation.filter((row) => trains.has(groups[row]! % 7))).toEqual([]);
          places.push(...split.test);
        }
        expect(places.sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
      }),
      { numRuns: 25 },
    );
  });

  test("of groups differ from repeat to repeat", async () => {
    const csv = csvOf(
      Array.from({ length: 70 }, (_, i) => i % 2),
      Array.from({ length: 70 }, (_, i) => i),
    );
    const dataset = await datasetOf(() => streamOf(csv, 4096));
    const source = foldSource(specOf(dataset, { crossValidation: { folds: 3, repeats: 5, by: "g" } }), dataset);
    const divisions = [0, 1, 2, 3, 4].map((repeat) => foldsOfGroups(source, source.groups ?? [], repeat).join());
    expect(new Set(divisions).size).toBeGreaterThan(1);
  });
});
