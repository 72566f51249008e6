import { columnsOf, rowsOf, showShape } from "../../tensor/shape.ts";
import { type Place, sliceOf } from "../emitter.ts";
import type { Value } from "../graph.ts";
import { mustFit, op } from "../op.ts";

const shifted = (place: Place, bytes: number): Place =>
  place === 0 || "buffer" in place ? place : sliceOf(place, bytes);

/** out = a's columns, then b's: channels side by side. */
export const concat = op("concat", {
  inputs: ["a", "b"],
  shape: ({ a, b }) => {
    mustFit(
      String(a.shape.slice(0, -1)) === String(b.shape.slice(0, -1)),
      `${showShape(a.shape)} and ${showShape(b.shape)} do not stand side by side`,
    );
    return { out: { shape: [...a.shape.slice(0, -1), columnsOf(a.shape) + columnsOf(b.shape)], dtype: "float" } };
  },
  forward: ({ k, floatBytes }, { a, b, out }, _attributes, types) => {
    const [first, second, all] = [columnsOf(types.a.shape), columnsOf(types.b.shape), columnsOf(types.out.shape)];
    const rows = rowsOf(types.out.shape);
    k.copyStrided(out, a, first, all, 1, first, 1, rows);
    k.copyStrided(shifted(out, first * floatBytes), b, second, all, 1, second, 1, rows);
  },
  vjp: (g, { a, b }) => ({
    a: columnsFrom(g, 0, columnsOf(a.shape)),
    b: columnsFrom(g, columnsOf(a.shape), columnsOf(b.shape)),
  }),
  cost: () => 0,
});

interface Range {
  readonly start: number;
  readonly count: number;
}

/** out = the columns start … start + count − 1 of x. */
export const takeColumns = op("takeColumns", {
  inputs: ["x"],
  shape: ({ x }, { start, count }: Range) => {
    mustFit(start + count <= columnsOf(x.shape), `columns ${start} to ${start + count} of ${showShape(x.shape)}`);
    return { out: { shape: [...x.shape.slice(0, -1), count], dtype: "float" } };
  },
  forward: ({ k, floatBytes }, { x, out }, { start, count }, types) =>
    k.copyStrided(
      out,
      shifted(x, start * floatBytes),
      count,
      count,
      1,
      columnsOf(types.x.shape),
      1,
      rowsOf(types.x.shape),
    ),
  vjp: (g, { x }, { start }) => ({ x: insertedColumns(g, start, columnsOf(x.shape)) }),
  cost: () => 0,
});

export const columnsFrom = (x: Value, start: number, count: number): Value => takeColumns({ x }, { start, count }).out;

/** out = x's columns at `start` of `columns` columns, zeros elsewhere. */
export const insertColumns = op("insertColumns", {
  inputs: ["x"],
  shape: ({ x }, { columns }: { start: number; columns: number }) => ({
    out: { shape: [...x.shape.slice(0, -1), columns], dtype: "float" },
  }),
  forward: ({ k, floatBytes }, { x, out }, { start, columns }, types) => {
    const [count, rows] = [columnsOf(types.x.shape), rowsOf(types.x.shape)];
    k.fill(out, 0, rows * columns);
    k.copyStrided(shifted(out, start * floatBytes), x, count, columns, 1, count, 1, rows);
  },
  vjp: (g, { x }, { start }) => ({ x: columnsFrom(g, start, columnsOf(x.shape)) }),
  cost: () => 0,
});

export const insertedColumns = (x: Value, start: number, columns: number): Value =>
  insertColumns({ x }, { start, columns }).out;
