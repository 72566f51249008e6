import { describe, expect, test } from "vitest";
import { toCode } from "../../src/web/page/form/code-samples.ts";
import { numberOf, numberText } from "../../src/web/page/form/number-text.ts";
import { withKey } from "../../src/web/page/form/schema.ts";

test("a member that is left out is gone", () => {
  expect(withKey({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
  expect(Object.keys(withKey({ a: 1, b: 2 }, "a", 3))).toEqual(["a", "b"]);
});

describe("a specification as code", () => {
  const spec = {
    name: "it's",
    task: { type: "regression", label: "y" },
    training: { shuffle: true, epochs: null },
    hidden: [8, 4],
  };
  const asked = { url: "https://ml.example/ml", resource: "jobs" as const, spec };

  test("a shell takes the quotes", () => {
    const curl = toCode("curl", { ...asked, withKey: true });
    expect(curl).toContain(`"it'\\''s"`);
    expect(curl).toContain("https://ml.example/ml/v1/jobs");
    expect(curl).toContain("authorization: Bearer $DESCENT_API_KEY");
    expect(toCode("curl", { ...asked, withKey: false })).not.toContain("authorization");
  });

  test("Python and TypeScript have their own words", () => {
    const python = toCode("Python", { ...asked, withKey: false });
    expect(python).toContain('"shuffle": True,');
    expect(python).toContain('"epochs": None,');
    expect(toCode("TypeScript", { ...asked, withKey: false })).toContain('  name: "it\'s",');
    expect(toCode("TypeScript", { ...asked, resource: "studies", withKey: false })).toContain("studies.submit(");
    expect(JSON.parse(toCode("JSON", { ...asked, withKey: false }))).toEqual(spec);
  });
});

test("a number is shown as it is typed as long as it means the value", () => {
  // As a browser has it on the way: a text that is no number yet is empty.
  for (const typed of ["0", "", "0.0", "0.00", "0.001", "1e-3", "10.0", "-0.50", "05"])
    expect(numberText(typed, numberOf(typed))).toBe(typed);
  expect(numberText("0.0", 0.5)).toBe("0.5");
  expect(numberText("64", undefined)).toBe("");
  expect(numberText("", 0.001)).toBe("0.001");
});
