import type { CheckpointContent } from "../checkpoint-file.ts";
import { emptyPool, type FoldDone, type Pool } from "./pool.ts";

/** Where a cross-validation stands. */
export interface FoldsPosition {
  /** The fit that comes next, or is under way. */
  readonly fit: number;
  /** Of computing before this fit. */
  readonly seconds: number;
  readonly pool: Pool;
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

const [poolPrefix, innerPrefix] = ["folds/", "fit/"];

/** @param step of the whole job */
export const toFoldsContent = (step: number, { fit, seconds, pool, inner }: FoldsPosition): CheckpointContent => {
  const state: State = {
    ...{ version: 1, fit, seconds, folds: pool.folds },
    inner: inner && { step: inner.step, state: inner.state },
  };
  const columns = Object.entries(pool.columns).map(([name, data]) => ({
    ...{ name: `${poolPrefix}${name}`, dtype: "F64" as const, shape: [data.length], data },
  }));
  const own = (inner?.tensors ?? []).map((tensor) => ({ ...tensor, name: `${innerPrefix}${tensor.name}` }));
  return { step, state, tensors: [...columns, ...own] };
};

/** The file's digest was compared, so it is what `toFoldsContent` was given. */
export const fromFoldsContent = (content: CheckpointContent | null): FoldsPosition => {
  if (content === null) return { fit: 0, seconds: 0, pool: emptyPool, inner: null };
  const { fit, seconds, folds, inner } = content.state as State;
  const beneath = (prefix: string) =>
    content.tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
  const columns = Object.fromEntries(
    beneath(poolPrefix).flatMap(({ name, data }) => (data instanceof Float64Array ? [[name, data]] : [])),
  );
  return { fit, seconds, pool: { folds, columns }, inner: inner && { ...inner, tensors: beneath(innerPrefix) } };
};
