import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { createJobs } from "./jobs.ts";

type Input = Omit<JobSpecInput, "dataset">;
const iris = readFileSync(new URL("../../data/iris.csv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");
/** Iris with further cells behind each row, by the row's place and its species. */
const irisWith = (names: string, cells: (row: number, species: string) => string): string =>
  iris.map((line, i) => `${line},${i === 0 ? names : cells(i - 1, line.split(",").at(-1)!)}`).join("\n");
const codes: Record<string, number> = { setosa: 1, versicolor: 0, virginica: 2 };
const network: Input = {
  ...{ task: { type: "classification", label: "species" }, model: { type: "mlp", hidden: [4] } },
  training: { epochs: 2, penaltySearch: false },
};
const softmax: Input = { ...network, model: { type: "softmax" }, training: {} };

describe("a column that gives the label away", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());
  const noteOf = (csv: string, input: Input) => jobs.noteOf(csv, input, "label_given_away");

  test.each([network, softmax])(
    "is named: a number, a category, both with their remedy ($model.type)",
    async (input) => {
      const csv = irisWith("code,level,half", (row, species) =>
        [codes[species]! + (row % 97) / 200, `${species.slice(2)}${row % 2}`, `${species === "setosa"}`].join(","),
      );
      const note = await noteOf(csv, input);
      expect(note).toMatch(
        /^"code" \(all of 120 training rows\), "level" \(all of 120 training rows\) each alone tell "species":.*task\.exclude/,
      );
      // One class alone is told by `half`, and by the petals.
      expect(note).not.toMatch(/half|petal/);
    },
  );

  test.each([network, softmax])(
    "is none where several columns tell the classes, or rows are few ($model.type)",
    async (input) => {
      expect(await noteOf(iris.join("\n"), input)).toBeNull();
      const named = irisWith("name,place", (row) => `r${row},${row}`);
      // The rows lie by class: a place that counts them tells it, a name of each row does not.
      expect(await noteOf(named, input)).toMatch(/^"place" \(all of 120 training rows\) alone tells/);
      const few = iris
        .filter((_, i) => i % 4 === 0)
        .map((line, i) => `${line},${i === 0 ? "again" : line.split(",")[4]}`);
      expect(await noteOf(few.join("\n"), input)).toBeNull();
    },
  );

  test("is one that has a few exceptions among many rows, and none with more", async () => {
    const tableOf = (slips: number): string =>
      Array.from({ length: 3000 }, (_, i) => {
        const isSecond = i % 2 === 1;
        const truth = isSecond !== i < slips ? "yes" : "no";
        return `${(i * 37) % 101},${(isSecond ? 4 : 0) + ((i * 7919) % 3001) / 1000},${truth}`;
      }).join("\n");
    const input: Input = { ...network, task: { type: "classification", label: "y" } };
    expect(await noteOf(`a,x,y\n${tableOf(2)}`, input)).toMatch(
      /^"x" \(all (but [12] )?of 2400 training rows\) alone tells "y"/,
    );
    expect(await noteOf(`a,x,y\n${tableOf(30)}`, input)).toBeNull();
  });

  test("of numbers is one that is the label in another unit, beside others", async () => {
    const tableOf = (noise: number): string =>
      Array.from({ length: 200 }, (_, i) => {
        const y = (i * 37) % 101;
        return `${(i * 13) % 89},${2.54 * y + noise * ((i * 71) % 17)},${y}`;
      }).join("\n");
    for (const model of [network.model!, { type: "linear" } satisfies Input["model"]]) {
      const training = model.type === "mlp" ? network.training! : {};
      const input: Input = { task: { type: "regression", label: "y" }, model, training };
      expect(await noteOf(`a,x,y\n${tableOf(0.1)}`, input)).toMatch(
        /^"x" \(correlation 0\.999\d\d on 160 training rows\) alone tells "y"/,
      );
      expect(await noteOf(`a,x,y\n${tableOf(1)}`, input)).toBeNull();
      const alone: Input = { ...input, task: { ...input.task, features: ["x"] } as Input["task"] };
      expect(await noteOf(`a,x,y\n${tableOf(0.1)}`, alone)).toBeNull();
    }
  });
});
