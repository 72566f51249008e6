import type { Column } from "./dataset.ts";

/** Pairs of words, the true one first, that a column of truth values is recognised by. */
const pairs: readonly (readonly [string, string])[] = [
  ["true", "false"],
  ["yes", "no"],
  ["t", "f"],
  ["y", "n"],
];

/** Further ones, of columns that are stated to have truth values. */
const furtherPairs: readonly (readonly [string, string])[] = [
  ["on", "off"],
  ["1", "0"],
];

const truths = new Map(
  [...pairs, ...furtherPairs].flatMap(([yes, no]) => [[yes, true] as const, [no, false] as const]),
);

/** What a text says of a truth value, in any case; null: nothing. */
export const truthOf = (text: string): boolean | null => truths.get(text.trim().toLowerCase()) ?? null;

/** Whether a column has two texts and no more, which are a pair of truth values. */
export const areTruthValues = ({ categories = [] }: Pick<Column, "categories">): boolean => {
  const words = new Set(categories.map(({ value }) => value.trim().toLowerCase()));
  return categories.length === 2 && pairs.some((pair) => pair.every((word) => words.has(word)));
};

/** Whether a column's cells are categories to a model: truth values are two of them. */
export const isCategorical = ({ type }: Pick<Column, "type">): boolean => type === "category" || type === "boolean";

export const truthWords = [...truths.keys()].join(", ");
