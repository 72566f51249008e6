import { isObject } from "../domain/is-object.ts";
import type { SpecErrors } from "../domain/jobs/spec/spec-errors.ts";
import { limits } from "../domain/limits.ts";
import { fromPointer, toPointerSegment } from "../domain/pointer.ts";
import { ChoiceParameter, type Json, RangeParameter, type Space } from "../domain/studies/space.ts";
import { atStep, type Condition, type Dimension, stepsOf } from "./dimension.ts";

/** An object of a choice that is a parameter itself. No part of a job has these keys. */
export const isParameter = (value: unknown): boolean =>
  isObject(value) && (("min" in value && "max" in value) || "choices" in value);

/** Where trials must not differ: what they learn from, which rows judge them, and what is not the model's. */
const fixed: Record<string, string> = {
  "/dataset": "all trials learn from the same data set",
  "/task": "all trials have the same task",
  "/name": "the study has a name, and its trials get theirs",
  "/labels": "labels change no model",
  "/webhook": "a study's end is told, not its trials'",
  "/resources": "resources change no model",
  "/training/split": "all trials are compared on the same rows",
  "/training/seed": "all trials are compared on the same rows, which the seed draws",
  "/training/crossValidation": "all trials are compared on the same rows",
  "/training/learningCurve": "a learning curve changes no model",
};

/** What cannot be chosen as a whole: a choice would take the place of parts that stay as they are, too. */
const tooWide: Record<string, string> = {
  "": "a whole job cannot be chosen; name its parts",
  "/training": "a choice would replace the split, too; name its parts, as /training/batchSize",
};

const checkPointers = (space: Space, errors: SpecErrors): void => {
  const pointers = Object.keys(space);
  for (const pointer of pointers) {
    const place = `/space/${toPointerSegment(pointer)}`;
    const keys = fromPointer(pointer);
    if (keys === null) errors.add(place, 'must be a JSON pointer into the job, as "/optimizer/learningRate"');
    const reason =
      keys === null ? undefined : (tooWide[pointer] ?? fixed[`/${keys[0]}`] ?? fixed[`/${keys[0]}/${keys[1]}`]);
    if (reason !== undefined) errors.add(place, `cannot be searched: ${reason}`);
    const inside = pointers.find((other) => pointer.startsWith(`${other}/`));
    if (inside !== undefined)
      errors.add(place, `lies inside ${inside}, which is chosen as a whole; put it into its choices`);
  }
};

const readRange = (
  { min, max, scale, type, step }: RangeParameter,
  { name, when, place }: { name: string; when: Condition | null; place: string },
  errors: SpecErrors,
): Dimension => {
  const integer = type === "integer";
  const log = scale === "log";
  if (min > max) errors.add(`${place}/min`, `must be at most max, ${max}`);
  if (log && min <= 0) errors.add(`${place}/min`, "must be > 0 on a log scale");
  if (integer && ![min, max, step ?? 1].every(Number.isInteger))
    errors.add(place, "min, max and step of an integer must be integers");
  if (log && step !== undefined && !(integer && step === 1))
    errors.add(`${place}/step`, "a log scale has no step; leave it out");
  const width = step ?? (integer ? 1 : null);
  if (width !== null && (max - min) / width > 1e6)
    errors.add(`${place}/step`, "makes more than a million numbers; take a larger one");
  const last = width === null || min > max ? max : atStep({ min }, width, stepsOf({ min, max, step: width }) - 1);
  return { type: "number", name, when, min, max: last, log, step: width };
};

interface Reader {
  dimensions: Dimension[];
  errors: SpecErrors;
}

/** The dimensions inside of a choice's value, at any depth. */
const readInside = (value: Json, name: string, place: string, when: Condition, reader: Reader): void => {
  if (isParameter(value)) {
    readParameter(value, name, place, when, reader);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const segment = toPointerSegment(key);
    readInside(part as Json, `${name}/${segment}`, `${place}/${segment}`, when, reader);
  }
};

const readParameter = (value: unknown, name: string, place: string, when: Condition | null, reader: Reader): void => {
  const { dimensions, errors } = reader;
  if (isObject(value) && "choices" in value) {
    const parsed = ChoiceParameter.safeParse(value);
    if (!parsed.success) {
      addIssues(parsed.error.issues, place, errors);
      return;
    }
    const { choices } = parsed.data;
    dimensions.push({ type: "choice", name, when, count: choices.length });
    for (const [i, choice] of choices.entries()) {
      readInside(choice, `${name}/${i}`, `${place}/choices/${i}`, { name, choice: i }, reader);
    }
    return;
  }
  const parsed = RangeParameter.safeParse(value);
  if (!parsed.success) {
    addIssues(parsed.error.issues, place, errors);
    return;
  }
  dimensions.push(readRange(parsed.data, { name, when, place }, errors));
};

const addIssues = (
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
  place: string,
  errors: SpecErrors,
): void => {
  for (const { path, message } of issues) {
    errors.add(`${place}${path.map((key) => `/${toPointerSegment(String(key))}`).join("")}`, message);
  }
};

/**
 * The dimensions of a space in the order of its pointers, parents before what depends on them. A parameter inside the second choice
 * of `/model` is called `/model/1/…`. What is wrong with the space is added to `errors`, at its pointer.
 */
export const readSpace = (space: Space, errors: SpecErrors): Dimension[] => {
  checkPointers(space, errors);
  const reader: Reader = { dimensions: [], errors };
  for (const pointer of Object.keys(space).sort()) {
    readParameter(space[pointer], pointer, `/space/${toPointerSegment(pointer)}`, null, reader);
  }
  if (reader.dimensions.length === 0) errors.add("/space", "must have at least one parameter");
  if (reader.dimensions.length > limits.studyDimensions)
    errors.add("/space", `has ${reader.dimensions.length} parameters; at most ${limits.studyDimensions} are searched`);
  return reader.dimensions;
};
