import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import type { CheckpointContent } from "../checkpoint-file.ts";
import { fromKeptTensors, type KeptModel, toKeptTensors } from "./kept-models.ts";
import { emptyPool, type FoldDone, type Pool } from "./pool.ts";

/** Where a cross-validation stands. */
export interface FoldsPosition {
  /** The fit that comes next, or is under way. */
  readonly fit: number;
  /** Of computing before this fit. */
  readonly seconds: number;
  readonly pool: Pool;
  /** Of the folds so far: where they are the job's model together, or its promises of coverage ask them; else none. */
  readonly models: readonly KeptModel[];
  /** Of the fit that is under way, with steps of its own. Null: it has not begun. */
  readonly inner: CheckpointContent | null;
}

interface State {
  version: 1;
  fit: number;
  seconds: number;
  folds: readonly FoldDone[];
  inner: { step: number; state: unknown } | null;
}

const [poolPrefix, keptPrefix, innerPrefix] = ["folds/", "kept/", "fit/"];

/** @param step of the whole job */
export const toFoldsContent = (
  step: number,
  { fit, seconds, pool, models, inner }: FoldsPosition,
): CheckpointContent => {
  const state: State = {
    ...{ version: 1, fit, seconds, folds: pool.folds },
    inner: inner && { step: inner.step, state: inner.state },
  };
  const columns = Object.entries(pool.columns).map(([name, data]) => ({
    ...{ name: `${poolPrefix}${name}`, dtype: "F64" as const, shape: [data.length], data },
  }));
  const under = (prefix: string, tensors: readonly Tensor[]): Tensor[] =>
    tensors.map((tensor) => ({ ...tensor, name: `${prefix}${tensor.name}` }));
  const kept = under(keptPrefix, toKeptTensors(models));
  return { step, state, tensors: [...columns, ...kept, ...under(innerPrefix, inner?.tensors ?? [])] };
};

/** The file's digest was compared, so it is what `toFoldsContent` was given. */
export const fromFoldsContent = (content: CheckpointContent | null): FoldsPosition => {
  if (content === null) return { fit: 0, seconds: 0, pool: emptyPool, models: [], inner: null };
  const { fit, seconds, folds, inner } = content.state as State;
  const beneath = (prefix: string) =>
    content.tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
  const columns = Object.fromEntries(
    beneath(poolPrefix).flatMap(({ name, data }) => (data instanceof Float64Array ? [[name, data]] : [])),
  );
  const models = fromKeptTensors(beneath(keptPrefix));
  const own = inner && { ...inner, tensors: beneath(innerPrefix) };
  return { fit, seconds, pool: { folds, columns }, models, inner: own };
};
