import { assert } from "../domain/errors.ts";
import { toPointerSegment } from "../domain/pointer.ts";
import type { Json, Space } from "../domain/studies/space.ts";
import { type Dimension, fromScale, type NumberDimension, type Point } from "./dimension.ts";
import { isParameter } from "./read-space.ts";

const choicesOf = (parameter: unknown): readonly Json[] | null =>
  typeof parameter === "object" && parameter !== null && "choices" in parameter
    ? (parameter.choices as readonly Json[])
    : null;

const fill = (value: unknown, name: string, point: Point): Json => {
  if (isParameter(value)) return filledParameter(value, name, point);
  if (Array.isArray(value)) return value.map((part, i) => fill(part, `${name}/${i}`, point));
  if (typeof value !== "object" || value === null) return value as Json;
  const entries = Object.entries(value).map(([key, part]) => [
    key,
    fill(part, `${name}/${toPointerSegment(key)}`, point),
  ]);
  return Object.fromEntries(entries);
};

const filledParameter = (parameter: unknown, name: string, point: Point): Json => {
  const at = point[name];
  assert(at !== undefined, `a point has a value of ${name}`);
  const choices = choicesOf(parameter);
  return choices === null ? at : fill(choices[at], `${name}/${at}`, point);
};

/** What a point puts into a job: pointer → value. */
export const toValues = (space: Space, point: Point): Record<string, Json> =>
  Object.fromEntries(Object.keys(space).map((pointer) => [pointer, filledParameter(space[pointer], pointer, point)]));

const takesNumber = (dimension: NumberDimension, value: unknown): value is number =>
  typeof value === "number" &&
  value >= dimension.min &&
  value <= dimension.max &&
  (dimension.step === null || fromScale({ ...dimension, log: false }, value) === value);

const match = (
  pattern: unknown,
  value: unknown,
  name: string,
  dimensions: ReadonlyMap<string, Dimension>,
): Record<string, number> | null => {
  if (isParameter(pattern)) return matchParameter(pattern, value, name, dimensions);
  if (typeof pattern !== "object" || pattern === null) return pattern === value ? {} : null;
  if (typeof value !== "object" || value === null || Array.isArray(pattern) !== Array.isArray(value)) return null;
  const keys = Object.keys(pattern);
  if (keys.length !== Object.keys(value).length) return null;
  let point: Record<string, number> = {};
  for (const key of keys) {
    if (!Object.hasOwn(value, key)) return null;
    const [part, given] = [pattern, value].map((each) => (each as Record<string, unknown>)[key]);
    const found = match(part, given, `${name}/${toPointerSegment(key)}`, dimensions);
    if (found === null) return null;
    point = { ...point, ...found };
  }
  return point;
};

const matchParameter = (
  parameter: unknown,
  value: unknown,
  name: string,
  dimensions: ReadonlyMap<string, Dimension>,
): Record<string, number> | null => {
  const dimension = dimensions.get(name);
  assert(dimension !== undefined, `a space has a dimension ${name}`);
  if (dimension.type === "number") return takesNumber(dimension, value) ? { [name]: value } : null;
  for (const [i, choice] of (choicesOf(parameter) ?? []).entries()) {
    const found = match(choice, value, `${name}/${i}`, dimensions);
    if (found !== null) return { [name]: i, ...found };
  }
  return null;
};

/** The point of values as `toValues` makes them; else the pointers whose values are missing, or not in the space. */
export const fromValues = (
  space: Space,
  dimensions: readonly Dimension[],
  values: Readonly<Record<string, unknown>>,
): { point: Point } | { missing: string[]; foreign: string[] } => {
  const byName = new Map(dimensions.map((dimension) => [dimension.name, dimension]));
  const missing = Object.keys(space).filter((pointer) => !Object.hasOwn(values, pointer));
  const foreign = Object.keys(values).filter((pointer) => !Object.hasOwn(space, pointer));
  let point: Record<string, number> = {};
  for (const pointer of Object.keys(space)) {
    if (!Object.hasOwn(values, pointer)) continue;
    const found = matchParameter(space[pointer], values[pointer], pointer, byName);
    if (found === null) foreign.push(pointer);
    else point = { ...point, ...found };
  }
  return missing.length + foreign.length > 0 ? { missing, foreign } : { point };
};
