import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
/** Everything between a file of rows and the bits of the weights. Predictions and reports are answers, not weights. */
const folders = ["src/engine/", "src/data/", "src/search/", "src/domain/", "workers/"];
const answers = ["workers/training/network-report.ts", "workers/inference/reconstruction.ts"];
/** Compares kernels with each other, and computes no weight. */
const comparisons = "src/engine/kernels/cases/";

/** IEEE 754 leaves these to the library; + − × ÷ √ and whole numbers it does not. */
const inexact =
  /Math\.(?:exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|random)\b|\*\*/g;
/** A power of two with a literal exponent, or a logarithm that is rounded to what all libraries agree on. */
const exact =
  /\b2 \*\* -?\d+|\b1024 \*\* \d|2 \*\* Math\.round\(Math\.log2\([^\n]*|Math\.log2\([^\n]*\)\.toPrecision\(\d\)/g;

const withoutComments = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, "")).replace(/\/\/.*$/gm, "");

const findingsIn = (source: string): string[] => withoutComments(source).replace(exact, "").match(inexact) ?? [];

describe("functions whose last bits differ between machines", () => {
  it("are nowhere between the data and the weights", () => {
    const files = folders.flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
        .filter((name) => /\.(?:ts|mjs)$/.test(name))
        .map((name) => folder + name),
    );
    expect(files.length).toBeGreaterThan(150);
    const findings = files
      .filter((file) => !answers.includes(file) && !file.startsWith(comparisons))
      .flatMap((file) => findingsIn(readFileSync(new URL(file, root), "utf8")).map((found) => `${file}: ${found}`));
    expect(findings).toEqual([]);
  });

  it("would be found", () => {
    expect(findingsIn("const y = Math.exp(x) + a ** 2; // Math.tanh")).toEqual(["Math.exp", "**"]);
    expect(findingsIn("/** Math.log */ const most = 2 ** 21; Math.sqrt(x)")).toEqual([]);
  });
});
