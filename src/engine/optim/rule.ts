import type { OptimizerSpec } from "../../domain/jobs/spec/optimizer-spec.ts";
import type { Buffer, Emitter } from "../graph/emitter.ts";

/** One contiguous range of the flat parameters which is updated in one pass, and its gradients. */
export interface FlatRange<Slot extends string> {
  readonly weights: Buffer;
  readonly gradients: Buffer;
  readonly slots: Readonly<Record<Slot, Buffer>>;
  readonly count: number;
  /** Learning rate and corrections (kernels' hyper block). */
  readonly hyper: Buffer;
  /** One f64 that gradients are multiplied with, or 0. */
  readonly clip: Buffer | 0;
  readonly l1: number;
  readonly l2: number;
}

/**
 * An optimiser: the names of what it keeps for each weight (also the names in a checkpoint) and one fused pass over a range of the flat parameters.
 * `decays` are the factors βᵗ whose corrections 1 − βᵗ stand in the hyper block.
 */
export interface Rule<Options, Slot extends string> {
  readonly name: OptimizerSpec["type"];
  readonly slots: readonly Slot[];
  /** Floating-point operations for one weight. */
  readonly flops: number;
  decays(options: Options): readonly [number, number];
  /** Decoupled weight decay, of weights but not of biases. */
  decay(options: Options): number;
  update(emit: Emitter, range: FlatRange<Slot>, options: Options, decay: number): void;
}

type OptionsOf<Name extends OptimizerSpec["type"]> = Extract<OptimizerSpec, { type: Name }>;

export const rule = <Name extends OptimizerSpec["type"], Slot extends string>(
  name: Name,
  definition: Omit<Rule<OptionsOf<Name>, Slot>, "name" | "decays" | "decay"> &
    Partial<Pick<Rule<OptionsOf<Name>, Slot>, "decays" | "decay">>,
): Rule<OptionsOf<Name>, Slot> => ({ decays: () => [0, 0], decay: () => 0, ...definition, name });
