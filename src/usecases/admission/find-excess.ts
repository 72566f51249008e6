/** How large the parts of a JSON value may be. */
export interface ValueLimits {
  /** Keys of one object. */
  keys: number;
  /** Objects and lists in all. */
  parts: number;
}

interface Excess {
  path: readonly PropertyKey[];
  detail: string;
}

/** Deeper than any request is meant to be, and not so deep that walking it could exhaust the stack. */
const mostLevels = 32;

const isPart = (value: unknown): value is object => typeof value === "object" && value !== null;

/** The first part of a value, in its order, that makes it larger than it may be; null if none does. */
export const findExcess = (whole: unknown, most: ValueLimits): Excess | null => {
  let parts = 0;
  const walk = (value: object, level: number): Excess | null => {
    parts += 1;
    if (parts > most.parts)
      return { path: [], detail: `is one object or list too many; at most ${most.parts} are allowed` };
    if (level === mostLevels) return { path: [], detail: `lies more than ${mostLevels} levels deep` };
    const keys: readonly PropertyKey[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
    if (!Array.isArray(value) && keys.length > most.keys) {
      return { path: [], detail: `has ${keys.length} keys; at most ${most.keys} are allowed in one object` };
    }
    for (const key of keys) {
      const child = Reflect.get(value, key) as unknown;
      const found = isPart(child) ? walk(child, level + 1) : null;
      if (found !== null) return { ...found, path: [key, ...found.path] };
    }
    return null;
  };
  return isPart(whole) ? walk(whole, 0) : null;
};
