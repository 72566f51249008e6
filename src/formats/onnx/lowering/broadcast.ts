import type { NetworkNode, Repetition } from "../../../domain/models/network.ts";
import type { OnnxNode } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import { arranged, emit, type Laid, type Lowering, laid, rowMajor } from "./context.ts";
import { quotientOf } from "./dims.ts";
import { dimsOf, type Layout, layoutOf, sizeOfAtoms, splitAtom } from "./layout.ts";

export type BinaryKind = Extract<NetworkNode, { op: "binary" }>["kind"];

/** More axes of size 1 in front. */
const withRank = (x: Laid, rank: number): Laid =>
  laid(x.value, {
    ...x.layout,
    axes: [...Array.from({ length: rank - x.layout.axes.length }, () => []), ...x.layout.axes],
  });

/** Splits the atoms of an axis of `a` where those of `b` end; null where that cannot be. */
const refined = (l: Lowering, a: Layout, b: Layout, axis: number): Layout | null => {
  let current = a;
  for (let at = 0; at < b.axes[axis]!.length; at++) {
    const atom = current.axes[axis]![at];
    if (atom === undefined) return null;
    const [own, wanted] = [current.sizes.get(atom)!, b.sizes.get(b.axes[axis]![at]!)!];
    if (own === wanted) continue;
    const inner = quotientOf(own, wanted);
    // A larger atom of b is split in its own turn.
    if (inner === null) continue;
    current = splitAtom(current, atom, wanted, inner, l.newAtom).layout;
  }
  return current;
};

const sameAtoms = (a: Layout, b: Layout, axis: number): boolean => {
  const [x, y] = [a.axes[axis]!, b.axes[axis]!];
  return x.length === y.length && x.every((atom, at) => a.sizes.get(atom) === b.sizes.get(y[at]!));
};

/** Both operands with the same atoms on every axis that both have. */
const aligned = (l: Lowering, a: Laid, b: Laid): [Laid, Laid] => {
  const rank = Math.max(a.layout.axes.length, b.layout.axes.length);
  let [x, y] = [withRank(a, rank), withRank(b, rank)];
  for (let axis = 0; axis < rank; axis++) {
    if (x.layout.axes[axis]!.length === 0 || y.layout.axes[axis]!.length === 0) continue;
    x = laid(x.value, refined(l, x.layout, y.layout, axis) ?? x.layout);
    y = laid(y.value, refined(l, y.layout, x.layout, axis) ?? y.layout);
    if (sameAtoms(x.layout, y.layout, axis)) continue;
    const plain = (own: Laid): Laid => {
      const moved = rowMajor(l, own);
      return laid(moved.value, layoutOf(dimsOf(moved.layout), l.newAtom));
    };
    [x, y] = [plain(x), plain(y)];
  }
  return [x, y];
};

/** x's atoms in the names of those of `like`. */
const renamed = (x: Laid, like: Layout): Laid => {
  const names = new Map<number, number>();
  for (const [axis, atoms] of x.layout.axes.entries())
    for (const [at, atom] of atoms.entries()) names.set(atom, like.axes[axis]![at]!);
  const rename = (atoms: readonly number[]): number[] => atoms.map((atom) => names.get(atom)!);
  const sizes = new Map(
    [...x.layout.sizes].flatMap(([atom, size]) => (names.has(atom) ? [[names.get(atom)!, size] as const] : [])),
  );
  return laid(x.value, { sizes, order: rename(x.layout.order), axes: x.layout.axes.map(rename) });
};

/** x repeated over the atoms of `layout` that it has not: in memory as `layout` has it. Its atoms bear the layout's names. */
export const spreadOver = (l: Lowering, x: Laid, layout: Layout): Laid => {
  const own = new Set(x.layout.order);
  let { value } = arranged(
    l,
    x,
    layout.order.filter((atom) => own.has(atom)),
  );
  for (let end = layout.order.length; end > 0; ) {
    if (own.has(layout.order[end - 1]!)) {
      end -= 1;
      continue;
    }
    let start = end - 1;
    while (start > 0 && !own.has(layout.order[start - 1]!)) start -= 1;
    const times = sizeOfAtoms(layout, layout.order.slice(start, end));
    value = emit(l, { op: "repeat", x: value, times, inner: sizeOfAtoms(layout, layout.order.slice(end)) });
    end = start;
  }
  return laid(value, layout);
};

const howOf = (part: readonly number[], whole: readonly number[]): Repetition | null => {
  if (part.length === whole.length) return "same";
  if (part.length === 0) return "scalar";
  if (part.every((atom, i) => atom === whole[whole.length - part.length + i])) return "row";
  return part.every((atom, i) => atom === whole[i]) ? "column" : null;
};

/** The smaller operand against the larger, whose memory order the result has. */
const combined = (l: Lowering, kind: BinaryKind, large: Laid, small: Laid, side: "a" | "b"): Laid => {
  const named = renamed(small, large.layout);
  const own = new Set(named.layout.order);
  let part = arranged(
    l,
    named,
    large.layout.order.filter((atom) => own.has(atom)),
  );
  let how = howOf(part.layout.order, large.layout.order);
  if (how === null) {
    part = spreadOver(l, part, large.layout);
    how = "same";
  }
  const [a, b] = side === "b" ? [large.value, part.value] : [part.value, large.value];
  return laid(emit(l, { op: "binary", kind, a, b, repeats: { side, how } }), large.layout);
};

/** a ∘ b by numpy's rule of broadcasting, whatever the operands' order in memory. */
export const binaryOf = (l: Lowering, node: OnnxNode, kind: BinaryKind, left: Laid, right: Laid): Laid => {
  const [a, b] = aligned(l, left, right);
  const axes = a.layout.axes.map((_, axis) => axis);
  const lacks = (x: Laid, y: Laid): boolean =>
    axes.some((axis) => x.layout.axes[axis]!.length === 0 && y.layout.axes[axis]!.length > 0);
  for (const axis of axes) {
    const [x, y] = [a.layout.axes[axis]!, b.layout.axes[axis]!];
    if (x.length > 0 && y.length > 0 && !sameAtoms(a.layout, b.layout, axis)) {
      throw nodeProblem(
        node,
        `shapes [${dimsOf(a.layout).join(", ")}] and [${dimsOf(b.layout).join(", ")}] do not go together`,
      );
    }
  }
  if (!lacks(a, b)) return combined(l, kind, a, b, "b");
  if (!lacks(b, a)) return combined(l, kind, b, a, "a");
  // Each has an axis that the other lacks: a is repeated over b's first.
  const sizes = new Map([...a.layout.sizes, ...b.layout.sizes]);
  const whole = axes.map((axis) => (a.layout.axes[axis]!.length > 0 ? a.layout.axes[axis]! : b.layout.axes[axis]!));
  const layout: Layout = { sizes, axes: whole, order: whole.flat() };
  return combined(l, kind, spreadOver(l, a, layout), b, "b");
};
