import type { Initializer } from "../../domain/jobs/spec/parts/units.ts";
import type { Buffer, Emitter } from "../graph/emitter.ts";

/** How a tensor begins: a constant, or draws from a normal or uniform distribution about 0. */
export type Initial =
  | { readonly type: "constant"; readonly value: number }
  | { readonly type: "normal"; readonly deviation: number }
  | { readonly type: "uniform"; readonly limit: number };

export const constantInitial = (value: number): Initial => ({ type: "constant", value });

/**
 * The initialiser of a weight with n_in inputs and n_out outputs to a unit (for a convolution, times the kernel's taps):
 * `xavier` N(0, 2/(n_in + n_out)) and `xavier_uniform` U(±√(6/(n_in + n_out))) (Glorot & Bengio 2010),
 * `he` N(0, 2/n_in) (He et al. 2015), `he_average` N(0, 4/(n_in + n_out)); the second argument of N is the variance.
 */
export const initialOf = (initializer: Initializer, fanIn: number, fanOut: number): Initial => {
  if (typeof initializer === "object") {
    if (initializer.type === "constant") return { type: "constant", value: initializer.value };
    if (initializer.type === "normal") return { type: "normal", deviation: initializer.standardDeviation };
    return { type: "uniform", limit: initializer.limit };
  }
  const sum = fanIn + fanOut;
  switch (initializer) {
    case "zeros":
      return constantInitial(0);
    case "xavier":
      return { type: "normal", deviation: Math.sqrt(2 / sum) };
    case "xavier_uniform":
      return { type: "uniform", limit: Math.sqrt(6 / sum) };
    case "he":
      return { type: "normal", deviation: Math.sqrt(2 / fanIn) };
    case "he_average":
      return { type: "normal", deviation: Math.sqrt(4 / sum) };
  }
};

/** Whether all units of a layer begin alike, and so would stay alike for ever. */
export const isSymmetric = (initial: Initial): boolean =>
  initial.type === "constant" || (initial.type === "normal" ? initial.deviation === 0 : initial.limit === 0);

/** Records the calls that fill a tensor of `count` elements; the bits depend on the seed in `state` and on `purpose` alone. */
export const emitInitial = (
  { k }: Emitter,
  out: Buffer,
  count: number,
  initial: Initial,
  state: Buffer,
  purpose: number,
): void => {
  if (initial.type === "constant") k.fill(out, initial.value, count);
  else if (initial.type === "normal") k.randomNormal(out, state, purpose, 0, initial.deviation, count);
  else k.randomUniform(out, state, purpose, -initial.limit, initial.limit, count);
};
