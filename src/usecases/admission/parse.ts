import { z } from "zod";
import { counted } from "../../domain/counted.ts";
import { assert, type FieldError, ServiceError } from "../../domain/errors.ts";
import { toFieldError } from "../../domain/jobs/spec/spec-errors.ts";
import { limits } from "../../domain/limits.ts";
import { createNearNames, nearNames } from "../../domain/near-names.ts";
import { toPointerSegment } from "../../domain/pointer.ts";
import { findExcess, type ValueLimits } from "./find-excess.ts";
import { knownKeysAt, placesOf } from "./schema-walk.ts";

type Issue = z.core.$ZodIssue;

/** RFC 6901. */
const toPointer = (path: readonly PropertyKey[]): string =>
  path.map((key) => `/${toPointerSegment(String(key))}`).join("");

const quoted = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(", ");

const oneOf = (values: readonly unknown[], given: unknown): string => {
  if (values.length === 1) return `must be ${quoted(values)}`;
  const suggestion = typeof given === "string" ? nearNames(given, values.map(String)) : "";
  return `must be one of ${quoted(values)}${suggestion.startsWith("; did") ? suggestion : ""}`;
};

const kindOf = (value: unknown): string => {
  if (value === undefined) return "is missing";
  if (value === null) return "is null";
  if (Array.isArray(value)) return "is an array";
  if (typeof value === "number") return `is ${value}`;
  return typeof value === "object" ? "is an object" : `is a ${typeof value}`;
};

const expectedName = (expected: string): string =>
  ({ int: "an integer", object: "an object", array: "an array", record: "an object" })[expected] ?? `a ${expected}`;

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );

const isNumber = ({ origin }: { origin: string }): boolean => origin === "number" || origin === "int";

const partsOf = ({ origin }: { origin: string }, count: number | bigint): string =>
  origin === "string" ? counted(count, "character") : counted(count, "entry", "entries");

/** One sentence per fault, in words for the person who wrote the request. */
const describe = (issue: Issue, input: unknown, fullPath: readonly PropertyKey[]): string => {
  const given = valueAt(input, fullPath);
  switch (issue.code) {
    case "invalid_type":
      if (issue.message.startsWith("must")) return issue.message;
      return given === undefined ? "is required" : `must be ${expectedName(issue.expected)}, but ${kindOf(given)}`;
    case "invalid_value":
      return given === undefined ? "is required" : oneOf(issue.values, given);
    case "too_small": {
      if (issue.message.startsWith("must")) return issue.message;
      const bound = issue.inclusive === false ? "greater than" : "at least";
      if (isNumber(issue)) return `must be ${bound} ${issue.minimum}, but ${kindOf(given)}`;
      return `must have ${bound} ${partsOf(issue, issue.minimum)}`;
    }
    case "too_big": {
      if (issue.message.startsWith("must")) return issue.message;
      const bound = issue.inclusive === false ? "less than" : "at most";
      if (isNumber(issue)) return `must be ${bound} ${issue.maximum}, but ${kindOf(given)}`;
      return `must have ${bound} ${partsOf(issue, issue.maximum)}`;
    }
    default:
      return issue.message;
  }
};

const isDiscriminatorMiss = (issue: Issue): issue is Issue & { discriminator: string; options: unknown[] } =>
  issue.code === "invalid_union" && "discriminator" in issue && "options" in issue;

/** Whether a branch's fault says "this value is of another kind" rather than "there is something wrong inside". */
const refusesKind = (issue: Issue): boolean =>
  issue.path.length === 0
    ? ["invalid_type", "invalid_value", "invalid_format", "invalid_union"].includes(issue.code)
    : issue.code === "invalid_value" && issue.path.at(-1) === "type";

const unknownKeys = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 0), 0);

/** Of a plain union's branches, the one that takes the value's kind and knows most of its keys: it is what the writer most likely meant. Null if none does. */
const likelyBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] | null => {
  const taking = branches.filter((issues) => !issues.some(refusesKind));
  const [first = null] = taking.toSorted((a, b) => unknownKeys(a) - unknownKeys(b));
  return first;
};

const refusedByAll = (
  branches: readonly (readonly Issue[])[],
  input: unknown,
  path: readonly PropertyKey[],
): string => {
  const given = valueAt(input, path);
  if (given === undefined) return "is required";
  const wanted = branches.map((issues) => {
    const whole = issues.find((issue) => issue.path.length === 0);
    if (whole?.code === "invalid_value") return whole.values.map((value) => JSON.stringify(value)).join(", ");
    if (whole?.code === "invalid_type") return expectedName(whole.expected);
    return whole?.message.replace(/^must be /, "") ?? "an object of another type";
  });
  return `must be ${[...new Set(wanted)].join(" or ")}`;
};

const toFieldErrors = (
  issue: Issue,
  schema: z.core.$ZodType,
  input: unknown,
  prefix: readonly PropertyKey[],
): { path: readonly PropertyKey[]; detail: string }[] => {
  const path = [...prefix, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const known = knownKeysAt(schema, path, input);
    const near = createNearNames(known);
    const told = issue.keys.slice(0, limits.errorsInAnswer);
    // Known in another form of the same part.
    const besides = "does not go together with the other keys here; leave one or the other out";
    const elsewhere = (key: string): string => {
      const places = placesOf(schema, path, key, input).map((place) => JSON.stringify(place));
      return places.length > 0 ? `; did you mean ${places.join(" or ")}?` : near(key);
    };
    return told.map((key) => ({
      path: [...path, key],
      detail: known.includes(key) ? besides : `unknown key${elsewhere(key)}`,
    }));
  }
  if (isDiscriminatorMiss(issue)) {
    const given = valueAt(input, path);
    return [
      {
        path,
        detail: given === undefined ? `is required: ${oneOf(issue.options, given)}` : oneOf(issue.options, given),
      },
    ];
  }
  if (issue.code === "invalid_union") {
    const branch = likelyBranch(issue.errors);
    if (branch !== null) return branch.flatMap((nested) => toFieldErrors(nested, schema, input, path));
    return [{ path, detail: refusedByAll(issue.errors, input, path) }];
  }
  return [{ path, detail: describe(issue, input, path) }];
};

const refuse = (errors: readonly FieldError[], count: number): never => {
  const [first] = errors;
  const where = first === undefined || first.pointer === "" ? "the request" : first.pointer;
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  throw new ServiceError("invalid", `${where}: ${first?.detail ?? "is not valid"}${more}`, { errors });
};

const specLimits: ValueLimits = { keys: limits.keysPerObject, parts: limits.partsPerSpec };
/** Of rows to predict, in their list, in the body. */
export const rowLimits: ValueLimits = { keys: limits.columns, parts: limits.predictRows + 2 };

interface ParseOptions {
  /** The place of the input in the request: `""` for the body, `/query` for parameters. */
  base?: string;
  /** How large the parts of the input may be, if it is not a spec. */
  most?: ValueLimits;
}

/**
 * Parses strictly, or throws ServiceError `invalid` with a pointer and a remedy for each fault. How long it takes is bounded:
 * objects of more keys than any has are refused before they are looked at one by one, and only the faults that are told are worded.
 */
export const parse = <S extends z.ZodType>(
  schema: S,
  input: unknown,
  { base = "", most = specLimits }: ParseOptions = {},
): z.output<S> => {
  const excess = findExcess(input, most);
  if (excess !== null) return refuse([toFieldError(`${base}${toPointer(excess.path)}`, excess.detail)], 1);
  const context: z.core.ParseContextInternal = { async: false };
  const result = schema._zod.run({ value: input, issues: [] }, context);
  assert(!(result instanceof Promise), "the schemas of requests are synchronous");
  if (result.issues.length === 0) return result.value as z.output<S>;
  const kinds = new Set(
    result.issues.filter(({ code }) => code === "invalid_type").map(({ path }) => toPointer(path ?? [])),
  );
  // The length of what should be something else says nothing.
  const isIdle = ({ code, path }: z.core.$ZodRawIssue): boolean =>
    (code === "too_big" || code === "too_small") && kinds.has(toPointer(path ?? []));
  const issues = result.issues.filter((issue) => !isIdle(issue));
  const errors = issues
    .slice(0, limits.errorsInAnswer)
    .map((issue) => z.core.util.finalizeIssue(issue, context, z.core.config()))
    .flatMap((issue) => toFieldErrors(issue, schema, input, []));
  const told = errors.slice(0, limits.errorsInAnswer);
  const count = Math.max(errors.length, issues.length);
  return refuse(
    told.map(({ path, detail }) => toFieldError(`${base}${toPointer(path)}`, detail)),
    count,
  );
};
