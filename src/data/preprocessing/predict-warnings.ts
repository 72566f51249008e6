import { limits } from "../../domain/limits.ts";
import type { PredictWarning } from "../../domain/models/predictions/prediction.ts";
import { createNearNames } from "../../domain/near-names.ts";

/** Looking for what was meant takes long among thousands of names: after so many it is left. */
const mostSearches = 50;

/**
 * Collects what rows have that training had not; of more than a request may list only the number is kept.
 * `near` ends a message with the name that was probably meant.
 */
export const createWarnings = () => {
  const listed: PredictWarning[] = [];
  const found = new Map<string, string>();
  const searches = new Map<readonly string[], (wanted: string) => string>();
  let further = 0;
  const add = (row: number, column: string, code: PredictWarning["code"], message: () => string): void => {
    if (listed.length < limits.predictWarnings) listed.push({ row, column, code, message: message() });
    else further += 1;
  };
  /** @param where what the names are of: the same text is looked for once */
  const near = (where: string, text: string, names: readonly string[]): string => {
    const key = JSON.stringify([where, text]);
    const known = found.get(key);
    if (known !== undefined) return known;
    if (found.size === mostSearches) return "";
    const search = searches.get(names) ?? createNearNames(names);
    searches.set(names, search);
    const hint = search(text);
    found.set(key, hint);
    return hint;
  };
  return { add, near, listed, further: () => further };
};

export type Warnings = ReturnType<typeof createWarnings>;
