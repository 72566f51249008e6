import type { Cell } from "../../domain/datasets/dataset.ts";
import { truthOf } from "../../domain/datasets/truth-values.ts";
import type { FeatureTransform } from "../../domain/models/model.ts";

type CategoryTransform = Extract<FeatureTransform, { type: "category" }>;

/** What a cell says of a category column: a text, null where it is missing, or what is wrong with it. */
export type CategoryText = { text: string | null } | { problem: string };

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const remedy = "send codes as strings";

/** The category that a truth value is: the one so written, or the only one that says so (of yes and no, say). */
const wordOf = (categories: readonly string[], value: boolean): string => {
  const own = categories.includes(String(value)) ? [] : categories.filter((text) => truthOf(text) === value);
  return own.length === 1 ? own[0]! : String(value);
};

/**
 * Reads category cells. A bare number has lost its spelling on the way (1e3, 1000 and 1000.0 are one number, and beyond 2⁵³ several are), so it is taken for a
 * category only where no other could be meant.
 */
export const createCategoryReader = ({ categories }: CategoryTransform): ((value: Cell) => CategoryText) => {
  let byNumber: Map<number, string[]> | null = null;
  const meant = (value: number): readonly string[] => {
    if (byNumber === null) {
      byNumber = new Map();
      for (const category of categories.filter((text) => decimal.test(text))) {
        const same = byNumber.get(Number(category));
        if (same === undefined) byNumber.set(Number(category), [category]);
        else same.push(category);
      }
    }
    return byNumber.get(value) ?? [];
  };
  return (value) => {
    if (value === null) return { text: null };
    if (typeof value === "boolean") return { text: wordOf(categories, value) };
    if (typeof value !== "number") {
      const text = String(value);
      return { text: /^[ \t]*$/.test(text) ? null : text };
    }
    if (!Number.isFinite(value)) return { problem: `must be a text that names a category; got ${value}` };
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      return { problem: `the number ${value} is beyond 2⁵³, where numbers are rounded on their way; ${remedy}` };
    }
    const candidates = meant(value);
    if (candidates.length < 2) return { text: String(value) };
    const quoted = candidates.slice(0, 3).map((candidate) => JSON.stringify(candidate));
    return { problem: `the number ${value} may mean ${quoted.join(" or ")}; ${remedy}` };
  };
};
