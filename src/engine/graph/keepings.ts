import { bytesOf } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Value } from "./graph.ts";
import { isTakenAgain, type Passes } from "./recompute.ts";
import { aliasedBy, typesOf } from "./record.ts";

/** A tensor of the forward pass that could be dropped and computed again. */
interface Tensor {
  readonly value: Value;
  readonly bytes: number;
  /** Floating-point operations of a byte. */
  readonly density: number;
  /** Order of the node that computes it, and of the last forward node that reads it. */
  readonly made: number;
  lastRead: number;
  /** Whether a gradient reads it. */
  saved: boolean;
}

/** One way to keep a part of the forward pass. */
export interface Keeping {
  /** Values that do not stay until their gradients; a view of one neither. */
  readonly dropped: ReadonlySet<Value>;
  /** About what forward tensors take at their most. */
  readonly bytes: number;
}

/** Values smaller than this share of all are kept: computing them again would gain nothing. */
const smallShare = 1 / 4096;
/** Operations of a byte below which computing a tensor again costs about what reading it does: activations, normalisation, dropout, pooling, sums, convolutions channel by channel. */
const cheapDensity = 10;

/** From one bound of the memory to the next. */
const finer = 1.2;

/** The value whose memory this one has. */
export const rootOf = (value: Value): Value => {
  let root = value;
  while (root.source.kind === "output") {
    const below = aliasedBy(root.source.node, root.source.port);
    if (below === null) break;
    root = below;
  }
  return root;
};

/** The tensors that may be dropped, by the order of the forward pass. */
const droppable = ({ graph, forward, backward }: Passes): Tensor[] => {
  // Leaves that the step itself changes: what has read them may not read them again.
  const changed = new Set(graph.effects.map(rootOf));
  const tensors = new Map<Value, Tensor>();
  for (const [made, node] of forward.entries()) {
    const inputs = Object.values(node.inputs).filter((input) => input !== null);
    for (const input of inputs) {
      const tensor = tensors.get(rootOf(input));
      if (tensor) tensor.lastRead = made;
    }
    if (inputs.some((input) => changed.has(rootOf(input)))) continue;
    const outputs = Object.entries(node.outputs).filter(
      ([port, value]) => rootOf(value) === value && !isTakenAgain(node, port),
    );
    const bytes = outputs.map(([, { shape, dtype }]) => sizeOf(shape) * bytesOf(dtype, 4));
    const density = node.op.cost(typesOf(node), node.attributes) / bytes.reduce((sum, own) => sum + own, 0);
    for (const [i, [, value]] of outputs.entries())
      tensors.set(value, { value, bytes: bytes[i]!, density, made, lastRead: made, saved: false });
  }
  for (const input of backward.flatMap((node) => Object.values(node.inputs))) {
    const tensor = input && tensors.get(rootOf(input));
    if (tensor) tensor.saved = true;
  }
  const found = [...tensors.values()];
  const saved = savedBytes(found);
  return found.filter(({ bytes }) => bytes >= saved * smallShare);
};

const savedBytes = (tensors: readonly Tensor[]): number =>
  tensors.reduce((sum, { bytes, saved }) => sum + (saved ? bytes : 0), 0);

/** Where a segment ends whose last tensor this is: as late as it may, since what stands between has nothing to drop. */
const endAfter = (tensors: readonly Tensor[], last: number): number =>
  tensors[last + 1]?.made ?? Number.POSITIVE_INFINITY;

/** Where segments of the forward pass end, back to its beginning. */
interface Cut {
  /** Nodes before it. */
  readonly at: number;
  readonly before: Cut | null;
  /** Bytes of tensors that are computed before one of these cuts and read behind it. */
  readonly kept: number;
  /** The most that is in memory while the gradients of one of these segments are computed. */
  readonly peak: number;
}

/**
 * Cuts the forward pass into segments, so that what crosses the cuts takes as little as possible and at no time more than `most` bytes are in memory; null: that is too little.
 * While the gradients of a segment are computed, its own tensors are there, what was kept for the cuts up to its end, and what is always kept of all before it: later ones are gone.
 * @param always for each tensor bytes of those up to a segment's end behind it that are kept whatever the cuts are
 */
const cutSegments = (tensors: readonly Tensor[], always: readonly number[], most: number): Cut | null => {
  const best: (Cut | null)[] = [{ at: 0, before: null, kept: 0, peak: 0 }];
  for (const last of tensors.keys()) {
    const at = endAfter(tensors, last);
    const fixed = always[last]!;
    let found: Cut | null = null;
    let [inside, crossing] = [0, 0];
    for (let first = last; first >= 0; first--) {
      const { bytes, saved, lastRead } = tensors[first]!;
      if (lastRead >= at) crossing += bytes;
      else if (saved) inside += bytes;
      if (fixed + inside + crossing > most) break;
      // A node's tensors are in one segment.
      const before = tensors[first - 1]?.made === tensors[first]!.made ? null : best[first];
      if (!before) continue;
      const kept = before.kept + crossing;
      const peak = Math.max(before.peak, fixed + kept + inside);
      if (peak <= most && (found === null || kept < found.kept)) found = { at, before, kept, peak };
    }
    best.push(found);
  }
  return best.at(-1) ?? null;
};

const boundsOf = (last: Cut): number[] => {
  const bounds: number[] = [];
  for (let cut: Cut | null = last; cut !== null; cut = cut.before) bounds.unshift(cut.at);
  return bounds;
};

/** What is dropped where the segments end at `bounds`: not what crosses them, and nothing of the last segment, whose gradients come first. */
const droppedBetween = (tensors: readonly Tensor[], bounds: readonly number[]): Set<Value> => {
  const last = bounds.at(-2) ?? 0;
  const endOf = (made: number): number => bounds.find((bound) => bound > made)!;
  const dropped = tensors.filter(({ made, lastRead }) => made < last && lastRead < endOf(made));
  return new Set(dropped.map(({ value }) => value));
};

/** Densities up to which tensors are dropped: the cheap ones, those of half and of three quarters of the bytes, and all. */
const densities = (tensors: readonly Tensor[]): number[] => {
  const saved = tensors.filter((tensor) => tensor.saved).sort((a, b) => a.density - b.density);
  const total = savedBytes(saved);
  const found = new Set([cheapDensity]);
  let seen = 0;
  for (const { density, bytes } of saved) {
    for (const share of [0.5, 0.75]) if (seen < share * total && seen + bytes >= share * total) found.add(density);
    seen += bytes;
  }
  return [...found, Number.POSITIVE_INFINITY];
};

/** Ways to keep less than all of the forward pass: in ever less memory, and by dropping only tensors that are cheap to compute, dearer ones too, or any. */
export const keepings = (passes: Passes): Keeping[] => {
  const tensors = droppable(passes);
  return densities(tensors).flatMap((density): Keeping[] => {
    const dropped = tensors.filter((tensor) => tensor.density <= density);
    const kept = tensors.filter((tensor) => tensor.density > density);
    const always = dropped.map((_, last) => savedBytes(kept.filter(({ made }) => made < endAfter(dropped, last))));
    const found: Keeping[] = [];
    for (let most = savedBytes(tensors) / finer; most > 0; most /= finer) {
      const cut = cutSegments(dropped, always, most);
      if (cut === null) break;
      found.push({ dropped: droppedBetween(dropped, boundsOf(cut)), bytes: cut.peak });
    }
    return found;
  });
};
