import { malformedOnnx } from "../onnx-error.ts";

export const productOf = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);

/** Row-major strides. */
export const stridesOf = (dims: readonly number[]): number[] => {
  const strides = dims.map(() => 1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  return strides;
};

/** An axis counted from the end where it is negative. */
export const axisOf = (axis: number, rank: number): number => {
  const own = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(own) || own < 0 || own >= Math.max(1, rank))
    throw malformedOnnx(`there is no axis ${axis} of ${rank}`);
  return own;
};

/** The shape that two broadcast to (numpy's rule), or null. */
export const broadcastDims = (a: readonly number[], b: readonly number[]): number[] | null => {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const [x, y] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return null;
    out.push(x === 1 ? y : x);
  }
  return out;
};

/** For each element of a tensor of shape `dims`, in order, where it lies by `strides`. */
export const visit = (
  dims: readonly number[],
  strides: readonly number[],
  start: number,
  each: (from: number, i: number) => void,
): void => {
  const count = productOf(dims);
  const index = dims.map(() => 0);
  let from = start;
  for (let i = 0; i < count; i++) {
    each(from, i);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      from += strides[axis]!;
      if (index[axis]! < dims[axis]!) break;
      from -= strides[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
};

/** Strides of a tensor seen as `dims`, to which it broadcasts. */
export const broadcastStrides = (own: readonly number[], dims: readonly number[]): number[] => {
  const strides = stridesOf(own);
  return dims.map((_, axis) => {
    const at = axis - dims.length + own.length;
    return at < 0 || own[at] === 1 ? 0 : strides[at]!;
  });
};
