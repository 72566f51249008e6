import type { Value } from "../engine/graph/graph.ts";
import { columnsOf, type Shape, sizeOf } from "../engine/tensor/shape.ts";
import type { Rules } from "./rules.ts";
import { fileDims, runtimeDims, type Translation } from "./translation.ts";

const isPicture = (value: Value): boolean => value.shape.length === 4;

/** Along the last axis, which is the second where channels stand first. */
const alongColumns = (
  t: Translation,
  x: readonly Value[],
  out: Value,
  make: (values: readonly string[], axis: number) => string,
): void => {
  if (isPicture(out) && x.some(t.isChannelsFirst)) t.hold(out, { channelsFirst: make(x.map(t.channelsFirst), 1) });
  else t.hold(out, { plain: make(x.map(t.plain), out.shape.length - 1) });
};

const reshapeRule = (t: Translation, x: Value, out: Value): void => {
  const [, height, width] = x.shape;
  // Of a single pixel both orders of axes are the same.
  const single = isPicture(x) && height === 1 && width === 1 && t.isChannelsFirst(x);
  t.hold(out, { plain: t.build.reshape(single ? t.channelsFirst(x) : t.plain(x), fileDims(out.shape)) });
};

const blocks = (t: Translation, x: Value, dims: Shape): string => t.build.reshape(t.plain(x), fileDims(dims));

export const shapeRules = {
  reshape: (t, { x, out }) => {
    // What an input of pictures has prepared for this view of it is there already.
    if (isPicture(out!) && t.takePicture(x!, out!)) return;
    reshapeRule(t, x!, out!);
  },
  concat: (t, { a, b, out }) =>
    alongColumns(t, [a!, b!], out!, (values, axis) => t.build.node("Concat", values, { axis: { int: axis } })),
  takeColumns: (t, { x, out }, { start, count }: { start: number; count: number }) =>
    alongColumns(t, [x!], out!, ([value], axis) => {
      const [from, to, on] = [[start], [start + count], [axis]].map(t.build.integers);
      return t.build.node("Slice", [value!, from!, to!, on!]);
    }),
  insertColumns: (t, { x, out }, { start, columns }: { start: number; columns: number }) =>
    alongColumns(t, [x!], out!, ([value], axis) => {
      const before = out!.shape.map((_, i) => (i === axis ? start : 0));
      const behind = out!.shape.map((_, i) => (i === axis ? columns - start - columnsOf(x!.shape) : 0));
      return t.build.node("Pad", [value!, t.build.integers([...before, ...behind])]);
    }),
  swapAxes: (t, { x, out }, { first, second, inner }: { first: number; second: number; inner: number }) => {
    // An axis of one element changes places with nothing.
    if (first === 1 || second === 1) {
      t.hold(out!, { plain: blocks(t, x!, out!.shape) });
      return;
    }
    const seen = blocks(t, x!, [out!.shape[0]!, first, second, inner]);
    t.hold(out!, { plain: t.build.node("Transpose", [seen], { perm: { ints: [0, 2, 1, 3] } }) });
  },
  repeat: (t, { x, out }, { times, inner }: { times: number; inner: number }) => {
    const outer = out!.shape[0]!;
    const seen = blocks(t, x!, [outer, 1, inner]);
    t.hold(out!, { plain: t.build.node("Expand", [seen, runtimeDims(t, [1, times, 1])]) });
  },
  sumRepeats: (t, { x, out }, { times, inner, factor }: { times: number; inner: number; factor: number }) => {
    const seen = blocks(t, x!, [sizeOf(x!.shape) / (times * inner), times, inner]);
    const sum = t.build.node("ReduceSum", [seen, t.build.integers([1])], { keepdims: { int: 0 } });
    t.hold(out!, { plain: factor === 1 ? sum : t.build.node("Mul", [sum, t.build.scalar(factor)]) });
  },
  expand: (t, { x, out }) => {
    t.hold(out!, { plain: t.build.node("Expand", [t.plain(x!), runtimeDims(t, out!.shape)]) });
  },
} satisfies Rules;
