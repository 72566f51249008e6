import { add, at, div, load4, madd, mul, splat, store4, sub } from "./vector";

// Each rule works on four lanes; a tail runs the same lanes one element at a time. Hyper-parameters are f64, rounded once to f32 lanes.

// @ts-ignore: decorator
@inline
function rate4(hyper: usize): v128 {
  return splat(<f32>f64.load(hyper));
}

// @ts-ignore: decorator
@inline
function clip4(clip: usize): v128 {
  return splat(clip ? <f32>f64.load(clip) : 1);
}

/** clip · g + l2 · w + l1 · sign(w) */
// @ts-ignore: decorator
@inline
function gradient4(w: v128, g: v128, clip: v128, l1: v128, l2: v128): v128 {
  const zero = splat(0);
  const sign = sub(v128.and(f32x4.gt(w, zero), l1), v128.and(f32x4.lt(w, zero), l1));
  return add(madd(clip, g, mul(l2, w)), sign);
}

/**
 * Zero for a subnormal number. The slots of a parameter whose gradient has become 0 decay into that range and would stay there, each step costing some
 * hundred cycles a lane.
 */
// @ts-ignore: decorator
@inline
function flush4(v: v128): v128 {
  return v128.andnot(v, f32x4.lt(f32x4.abs(v), splat(1.17549435e-38)));
}

// @ts-ignore: decorator
@inline
function root4(s: v128, epsilon: v128, outside: bool): v128 {
  return outside ? add(f32x4.sqrt(s), epsilon) : f32x4.sqrt(add(s, epsilon));
}

export function sgd(w: usize, g: usize, hyper: usize, clip: usize, l1: f64, l2: f64, decay: f64, start: u32, end: u32): void {
  const rate = rate4(hyper);
  const factor = clip4(clip);
  const a = splat(<f32>l1);
  const b = splat(<f32>l2);
  const keep = splat(<f32>(1 - f64.load(hyper) * decay));
  for (let i = start; i < end; ) {
    const whole = i + 4 <= end;
    const v = load4(at(w, i), whole);
    const d = gradient4(v, load4(at(g, i), whole), factor, a, b);
    store4(at(w, i), sub(mul(v, keep), mul(rate, d)), whole);
    i += whole ? 4 : 1;
  }
}

export function momentum(
  w: usize, g: usize, m: usize, hyper: usize, clip: usize, l1: f64, l2: f64, decay: f64, beta: f64, nesterov: u32, start: u32, end: u32,
): void {
  const rate = rate4(hyper);
  const factor = clip4(clip);
  const a = splat(<f32>l1);
  const b = splat(<f32>l2);
  const keep = splat(<f32>(1 - f64.load(hyper) * decay));
  const beta4 = splat(<f32>beta);
  for (let i = start; i < end; ) {
    const whole = i + 4 <= end;
    const v = load4(at(w, i), whole);
    const step = mul(rate, gradient4(v, load4(at(g, i), whole), factor, a, b));
    const moment = flush4(madd(beta4, load4(at(m, i), whole), step));
    store4(at(m, i), moment, whole);
    store4(at(w, i), sub(mul(v, keep), nesterov ? madd(beta4, moment, step) : moment), whole);
    i += whole ? 4 : 1;
  }
}

export function adagrad(
  w: usize, g: usize, s: usize, hyper: usize, clip: usize, l1: f64, l2: f64, decay: f64, epsilon: f64, outside: u32, start: u32, end: u32,
): void {
  const rate = rate4(hyper);
  const factor = clip4(clip);
  const a = splat(<f32>l1);
  const b = splat(<f32>l2);
  const keep = splat(<f32>(1 - f64.load(hyper) * decay));
  const small = splat(<f32>epsilon);
  for (let i = start; i < end; ) {
    const whole = i + 4 <= end;
    const v = load4(at(w, i), whole);
    const d = gradient4(v, load4(at(g, i), whole), factor, a, b);
    const squares = madd(d, d, load4(at(s, i), whole));
    store4(at(s, i), squares, whole);
    store4(at(w, i), sub(mul(v, keep), div(mul(rate, d), root4(squares, small, outside != 0))), whole);
    i += whole ? 4 : 1;
  }
}

export function rmsprop(
  w: usize, g: usize, s: usize, hyper: usize, clip: usize, l1: f64, l2: f64, decay: f64, alpha: f64, epsilon: f64, outside: u32,
  start: u32, end: u32,
): void {
  const rate = rate4(hyper);
  const factor = clip4(clip);
  const a = splat(<f32>l1);
  const b = splat(<f32>l2);
  const keep = splat(<f32>(1 - f64.load(hyper) * decay));
  const alpha4 = splat(<f32>alpha);
  const rest = splat(<f32>(1 - alpha));
  const small = splat(<f32>epsilon);
  for (let i = start; i < end; ) {
    const whole = i + 4 <= end;
    const v = load4(at(w, i), whole);
    const d = gradient4(v, load4(at(g, i), whole), factor, a, b);
    const squares = flush4(madd(alpha4, load4(at(s, i), whole), mul(rest, mul(d, d))));
    store4(at(s, i), squares, whole);
    store4(at(w, i), sub(mul(v, keep), div(mul(rate, d), root4(squares, small, outside != 0))), whole);
    i += whole ? 4 : 1;
  }
}

/** adamStep where the gradient is not clipped and nothing decays: what is left fits into the registers. */
function adamPlain(
  w: usize, g: usize, m: usize, v: usize, rate: v128, correct: v128, beta1: v128, rest1: v128, beta2: v128, rest2: v128, epsilon: v128, count: u32,
): void {
  const stop = w + (<usize>count << 2);
  const smallest = splat(1.17549435e-38);
  for (; w < stop; w += 16, g += 16, m += 16, v += 16) {
    const d = v128.load(g);
    const second = madd(beta2, v128.load(v), mul(rest2, mul(d, d)));
    const flushed = v128.andnot(second, f32x4.lt(second, smallest));
    v128.store(v, flushed);
    const first = flush4(madd(beta1, v128.load(m), mul(rest1, d)));
    v128.store(m, first);
    const step = div(mul(rate, first), add(f32x4.sqrt(mul(flushed, correct)), epsilon));
    v128.store(w, sub(v128.load(w), step));
  }
}

/** One step of Adam on four parameters, or on one. */
// @ts-ignore: decorator
@inline
function adamStep(
  w: usize, g: usize, m: usize, v: usize, clip: v128, l1: v128, l2: v128, keep: v128, rate: v128, correct: v128,
  beta1: v128, rest1: v128, beta2: v128, rest2: v128, epsilon: v128, whole: bool,
): void {
  const weight = load4(w, whole);
  const d = gradient4(weight, load4(g, whole), clip, l1, l2);
  const first = flush4(madd(beta1, load4(m, whole), mul(rest1, d)));
  const second = flush4(madd(beta2, load4(v, whole), mul(rest2, mul(d, d))));
  store4(m, first, whole);
  store4(v, second, whole);
  const step = div(mul(rate, first), add(f32x4.sqrt(mul(second, correct)), epsilon));
  store4(w, sub(mul(weight, keep), step), whole);
}

export function adam(
  w: usize, g: usize, m: usize, v: usize, hyper: usize, clip: usize, l1: f64, l2: f64, decay: f64, beta1: f64, beta2: f64, epsilon: f64,
  start: u32, end: u32,
): void {
  const rate = splat(<f32>(f64.load(hyper) / f64.load(hyper, 8)));
  const correct = splat(<f32>(1 / f64.load(hyper, 16)));
  const factor = clip4(clip);
  const a = splat(<f32>l1);
  const b = splat(<f32>l2);
  const keep = splat(<f32>(1 - f64.load(hyper) * decay));
  const one = splat(<f32>beta1);
  const rest1 = splat(<f32>(1 - beta1));
  const two = splat(<f32>beta2);
  const rest2 = splat(<f32>(1 - beta2));
  const small = splat(<f32>epsilon);
  let i = start;
  if (clip == 0 && l1 == 0 && l2 == 0 && decay == 0 && end > start) {
    const count = (end - start) & ~3;
    adamPlain(at(w, i), at(g, i), at(m, i), at(v, i), rate, correct, one, rest1, two, rest2, small, count);
    i += count;
  }
  for (; i + 4 <= end; i += 4)
    adamStep(at(w, i), at(g, i), at(m, i), at(v, i), factor, a, b, keep, rate, correct, one, rest1, two, rest2, small, true);
  for (; i < end; i++)
    adamStep(at(w, i), at(g, i), at(m, i), at(v, i), factor, a, b, keep, rate, correct, one, rest1, two, rest2, small, false);
}
