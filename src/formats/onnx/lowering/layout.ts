import { multiplied, quotientOf } from "./dims.ts";

/**
 * How a value of the graph lies in the engine's memory. Its axes are made of factors ("atoms"); memory holds the atoms in an order of their own, outermost
 * first. So a transposition moves nothing, only reorders axes; a reshape splits and joins atoms; and what has to be moved at last is moved once.
 * Axes of size 1 have no atoms.
 */
export interface Layout {
  /** Sizes by atom. Below zero: rows of the batch. */
  readonly sizes: ReadonlyMap<number, number>;
  /** Atoms in the order of memory, outermost first. */
  readonly order: readonly number[];
  /** The graph's axes, each a list of atoms, outermost first. */
  readonly axes: readonly (readonly number[])[];
}

/** Numbers atoms. */
export type NewAtom = () => number;

export const createAtoms = (): NewAtom => {
  let next = 0;
  return () => next++;
};

export const axisSize = ({ sizes, axes }: Layout, axis: number): number =>
  multiplied(axes[axis]!.map((atom) => sizes.get(atom)!));
export const dimsOf = (layout: Layout): number[] => layout.axes.map((_, axis) => axisSize(layout, axis));
export const totalOf = ({ sizes, order }: Layout): number => multiplied(order.map((atom) => sizes.get(atom)!));
export const sizeOfAtoms = ({ sizes }: Layout, atoms: readonly number[]): number =>
  multiplied(atoms.map((atom) => sizes.get(atom)!));

/** Memory in the order of the axes given: row-major if they are in order. */
export const layoutOf = (
  dims: readonly number[],
  newAtom: NewAtom,
  order: readonly number[] = dims.map((_, axis) => axis),
): Layout => {
  const sizes = new Map<number, number>();
  const axes = dims.map((size) => {
    if (size === 1) return [];
    const atom = newAtom();
    sizes.set(atom, size);
    return [atom];
  });
  return { sizes, axes, order: order.flatMap((axis) => axes[axis]!) };
};

/** Neighbours in memory that are neighbours in one axis become one atom. */
export const joined = (layout: Layout, newAtom: NewAtom): Layout => {
  let current = layout;
  for (let i = 0; i + 1 < current.order.length; ) {
    const [first, second] = [current.order[i]!, current.order[i + 1]!];
    const axis = current.axes.findIndex((atoms) =>
      atoms.some((atom, at) => atom === first && atoms[at + 1] === second),
    );
    if (axis < 0) {
      i += 1;
      continue;
    }
    const atom = newAtom();
    const sizes = new Map(current.sizes);
    sizes.set(atom, multiplied([sizes.get(first)!, sizes.get(second)!]));
    const merge = (atoms: readonly number[]): number[] =>
      atoms.flatMap((own) => (own === first ? [atom] : own === second ? [] : [own]));
    current = { sizes, order: merge(current.order), axes: current.axes.map(merge) };
  }
  return current;
};

/** One atom in two, wherever it stands. */
export const splitAtom = (
  layout: Layout,
  atom: number,
  outer: number,
  inner: number,
  newAtom: NewAtom,
): { layout: Layout; parts: [number, number] } => {
  const parts: [number, number] = [newAtom(), newAtom()];
  const sizes = new Map(layout.sizes);
  sizes.set(parts[0], outer);
  sizes.set(parts[1], inner);
  const replace = (atoms: readonly number[]): number[] => atoms.flatMap((own) => (own === atom ? parts : [own]));
  return { layout: { sizes, order: replace(layout.order), axes: layout.axes.map(replace) }, parts };
};

/** The axes regrouped to another shape; null where a new axis would begin within an old one that cannot be split there. */
export const regrouped = (layout: Layout, dims: readonly number[], newAtom: NewAtom): Layout | null => {
  let current = layout;
  let rest = layout.axes.flat();
  const axes: number[][] = [];
  for (const size of dims) {
    const own: number[] = [];
    let left = size;
    while (left !== 1) {
      const atom = rest[0];
      if (atom === undefined) return null;
      const whole = current.sizes.get(atom)!;
      const after = quotientOf(left, whole);
      if (after !== null) {
        own.push(atom);
        rest = rest.slice(1);
        left = after;
        continue;
      }
      const inner = quotientOf(whole, left);
      if (inner === null) return null;
      const split = splitAtom(current, atom, left, inner, newAtom);
      current = split.layout;
      own.push(split.parts[0]);
      rest = [split.parts[1], ...rest.slice(1)];
      for (const done of axes)
        done.splice(0, done.length, ...done.flatMap((one) => (one === atom ? split.parts : [one])));
      left = 1;
    }
    axes.push(own);
  }
  return rest.length === 0 ? { ...current, axes } : null;
};
