import { describe, expect, it } from "vitest";
import { createNearNames, nearNames } from "../../src/domain/near-names.ts";

const genes = Array.from({ length: 16_384 }, (_, i) => `gene_${(i * 7919) % 16_384}`);

describe("names that may have been meant", () => {
  it("differ by letters changed, added, left out or swapped, by case or by separators", () => {
    const names = ["sepal_length", "species", "age"];
    expect(nearNames("sepal_lenght", names)).toBe('; did you mean "sepal_length"?');
    expect(nearNames("SepalLength", names)).toBe('; did you mean "sepal_length"?');
    expect(nearNames("specis", names)).toBe('; did you mean "species"?');
    expect(nearNames("aeg", names)).toBe('; did you mean "age"?');
    expect(nearNames("zip", names)).toBe('; there are "sepal_length", "species", "age"');
  });

  it("are found among as many columns as a table may have, for as many unknown names as an answer tells", () => {
    const near = createNearNames(genes);
    for (const i of [0, 1, 8000, 16_383]) expect(near(`Gene-${i}`)).toMatch(`did you mean "gene_${i}"`);
    expect(near("species")).toBe("");
  });

  it("of a name of any length are compared by its beginning", () => {
    expect(nearNames("a".repeat(1_000_000), ["a".repeat(64), "b"])).toContain("did you mean");
  });
});
