import type { OptimizerSpec } from "../../domain/jobs/spec/optimizer-spec.ts";
import { type Rule, rule } from "./rule.ts";

/** w ← w − η g: the deepest descent (Cauchy 1847) on the mini-batch's loss (Robbins & Monro 1951). */
export const sgd = rule("sgd", {
  slots: [],
  flops: 4,
  update: ({ k }, r, _options, decay) => k.sgd(r.weights, r.gradients, r.hyper, r.clip, r.l1, r.l2, decay, r.count),
});

/** m ← β m + η g; w ← w − m (Polyak 1964), or with Nesterov's step ahead. Near a constant slope it moves at η/(1 − β). */
export const momentum = rule("momentum", {
  slots: ["m"],
  flops: 6,
  update: ({ k }, r, o, decay) =>
    k.momentum(
      r.weights,
      r.gradients,
      r.slots.m,
      r.hyper,
      r.clip,
      r.l1,
      r.l2,
      decay,
      o.momentum,
      Number(o.nesterov),
      r.count,
    ),
});

/** s ← s + g²; w ← w − η g / √(s + ε) (Duchi, Hazan & Singer 2011). */
export const adagrad = rule("adagrad", {
  slots: ["s"],
  flops: 8,
  update: ({ k }, r, o, decay) =>
    k.adagrad(
      r.weights,
      r.gradients,
      r.slots.s,
      r.hyper,
      r.clip,
      r.l1,
      r.l2,
      decay,
      o.epsilon,
      Number(o.epsilonOutside),
      r.count,
    ),
});

/** s ← α s + (1 − α) g²; w ← w − η g / √(s + ε) (Tieleman & Hinton 2012). */
export const rmsprop = rule("rmsprop", {
  slots: ["s"],
  flops: 9,
  update: ({ k }, r, o, decay) =>
    k.rmsprop(
      r.weights,
      r.gradients,
      r.slots.s,
      r.hyper,
      r.clip,
      r.l1,
      r.l2,
      decay,
      o.alpha,
      o.epsilon,
      Number(o.epsilonOutside),
      r.count,
    ),
});

const adamUpdate: Rule<{ beta1: number; beta2: number; epsilon: number }, "m" | "v">["update"] = ({ k }, r, o, decay) =>
  k.adam(
    r.weights,
    r.gradients,
    r.slots.m,
    r.slots.v,
    r.hyper,
    r.clip,
    r.l1,
    r.l2,
    decay,
    o.beta1,
    o.beta2,
    o.epsilon,
    r.count,
  );

/** m̂, v̂ the bias-corrected moving averages of g and g²; w ← w − η m̂ / (√v̂ + ε) (Kingma & Ba 2015, algorithm 1). */
export const adam = rule("adam", {
  slots: ["m", "v"],
  flops: 14,
  decays: (o) => [o.beta1, o.beta2],
  update: adamUpdate,
});

/** Adam after w ← w − η·weightDecay·w (Loshchilov & Hutter 2019, algorithm 2). */
export const adamw = rule("adamw", {
  slots: ["m", "v"],
  flops: 16,
  decays: (o) => [o.beta1, o.beta2],
  decay: (o) => o.weightDecay,
  update: adamUpdate,
});

/** Every optimiser of the specification has its rule, or this does not compile. */
const rules: { readonly [Name in OptimizerSpec["type"]]: Rule<Extract<OptimizerSpec, { type: Name }>, string> } = {
  sgd,
  momentum,
  adagrad,
  rmsprop,
  adam,
  adamw,
};

/** The rule of a specification; its `update` takes the specification itself as options. */
export const ruleOf = (spec: OptimizerSpec): Rule<OptimizerSpec, string> =>
  rules[spec.type] as Rule<OptimizerSpec, string>;
