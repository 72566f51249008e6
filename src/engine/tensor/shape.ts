/** Sizes of a row-major tensor's axes, outermost first; [] is a scalar. Every size is at least 1. */
export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** The last axis: the columns of the tensor seen as a matrix; 1 for a scalar. */
export const columnsOf = (shape: Shape): number => shape.at(-1) ?? 1;

/** All axes but the last: the rows of the tensor seen as a matrix. */
export const rowsOf = (shape: Shape): number => sizeOf(shape.slice(0, -1));

export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;
