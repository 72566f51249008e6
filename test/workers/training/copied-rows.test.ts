import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { createJobs } from "./jobs.ts";

type Input = Omit<JobSpecInput, "dataset">;
const numbers = Array.from({ length: 200 }, (_, i) => [(i * 37) % 101, (i * 71) % 997, `g${i % 7}`, (i * 13) % 89]);
const header = "a,b,group,y,part";
/** A copy in the test split of every row whose number is named, and 40 rows of its own there. */
const tableOf = (copied: readonly number[], width = 4): string => {
  const train = numbers.slice(0, 160).map((cells) => [...cells, "train"]);
  const own = numbers.slice(160).map((cells) => [...cells, "test"]);
  const copies = copied.map((row) => [...numbers[row]!.slice(0, width), ...numbers[199]!.slice(width), "test"]);
  return [header, ...[...train, ...own, ...copies].map((cells) => cells.join(","))].join("\n");
};
const split = { column: "part" };
const network: Input = {
  ...{ task: { type: "regression", label: "y" }, model: { type: "mlp", hidden: [4] } },
  training: { epochs: 2, penaltySearch: false, split },
};
const linear: Input = { ...network, model: { type: "linear" }, training: { split } };

describe("rows that were learnt from as well", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());
  const noteOf = (csv: string, input: Input) => jobs.noteOf(csv, input, "copied_rows");

  test.each([network, linear])("are counted, with the remedy ($model.type)", async (input) => {
    expect(await noteOf(tableOf([3, 40, 41]), input)).toMatch(
      /^3 of the 43 rows of the test split are the same as a training row in every feature and the label: .*training\.split\.by/,
    );
    expect(await noteOf(tableOf([]), input)).toBeNull();
    // With another label it is no copy.
    expect(await noteOf(tableOf([3, 40, 41], 3), input)).toBeNull();
  });

  test("are not told of where all rows are made of a few values", async () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${i % 3},${i % 2},${i % 4 < 2 ? "yes" : "no"}`);
    const input: Input = { ...network, task: { type: "classification", label: "y" }, training: { epochs: 2 } };
    expect(await noteOf(`a,b,y\n${rows.join("\n")}`, input)).toBeNull();
  });
});
