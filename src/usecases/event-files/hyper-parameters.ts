import { isObject } from "../../domain/is-object.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { toPointerSegment } from "../../domain/pointer.ts";
import type { HyperParameter } from "../../formats/event-files/hparams.ts";

/** What TensorBoard's table can show of a value: lists and objects as JSON. */
export const toHyperParameter = (value: unknown): HyperParameter =>
  typeof value === "number" || typeof value === "string" || typeof value === "boolean" ? value : JSON.stringify(value);

/** A cell of a table, not a document. */
const mostCharacters = 200;
const mostParameters = 200;

const shortened = (value: HyperParameter): HyperParameter =>
  typeof value === "string" && value.length > mostCharacters ? `${value.slice(0, mostCharacters - 1)}…` : value;

/** Parts of a specification that make the model what it is. */
const parts = ["task", "model", "loss", "optimizer", "training", "preprocessing", "base"] as const;

function* leaves(value: unknown, path: string): Generator<[string, HyperParameter], void, void> {
  if (!isObject(value)) {
    if (value !== undefined && value !== null) yield [path, shortened(toHyperParameter(value))];
    return;
  }
  for (const [key, inner] of Object.entries(value)) yield* leaves(inner, `${path}/${toPointerSegment(key)}`);
}

/** Every value of a job's specification by its pointer, `optimizer/learningRate`; of long lists and of many values the first. */
export const hyperParametersOf = (spec: ResolvedJobSpec): Map<string, HyperParameter> => {
  const found = new Map<string, HyperParameter>();
  for (const part of parts)
    for (const [name, value] of leaves(spec[part], part)) if (found.size < mostParameters) found.set(name, value);
  return found;
};
