// Elementary functions on four f32 lanes, in + − × ÷ √ alone, so that their bits are the same on every CPU.
// Polynomials: Cephes 2.8 single precision (Moshier 1992) but for erf (Juffa 2014). Bounds in ulps: see test/engine/kernels/math.test.ts.

import { add, atLeast, atMost, div, madd, mul, select4, splat, sub } from "./vector";

/** A whole number below 2²² in size as an integer: the lowest bits of 1.5 · 2²³ + n. (The conversion of WebAssembly takes eight instructions on x64.) */
// @ts-ignore: decorator
@inline
function toInteger(n: v128): v128 {
  return i32x4.sub(add(n, splat(12582912)), i32x4.splat(0x4b400000));
}

/**
 * eˣ = 2ⁿ eʳ, |r| ≤ ln 2 / 2; 2ⁿ in two factors, for n = 128. Results below the smallest normal number are 0: arithmetic on subnormal numbers costs some
 * hundred cycles each.
 */
export function exp4(x: v128): v128 {
  const z = atLeast(atMost(x, splat(89)), splat(-87.3365447505531));
  const n = f32x4.nearest(mul(z, splat(1.44269504088896341)));
  const r = sub(sub(z, mul(n, splat(0.693359375))), mul(n, splat(-2.12194440e-4)));
  let p = madd(splat(1.9875691500e-4), r, splat(1.3981999507e-3));
  p = madd(p, r, splat(8.3334519073e-3));
  p = madd(p, r, splat(4.1665795894e-2));
  p = madd(p, r, splat(1.6666665459e-1));
  p = madd(p, r, splat(5.0000001201e-1));
  const y = add(add(mul(p, mul(r, r)), r), splat(1));
  const k = toInteger(n);
  const half = i32x4.shr_s(k, 1);
  const bias = i32x4.splat(127);
  const first = i32x4.shl(i32x4.add(half, bias), 23);
  const second = i32x4.shl(i32x4.add(i32x4.sub(k, half), bias), 23);
  return v128.andnot(mul(mul(y, first), second), f32x4.lt(x, splat(-87.3365447505531)));
}

/** ln x = e ln 2 + ln(1 + f), 1 + f in [√½, √2); −∞ at 0, NaN below 0. */
export function log4(x: v128): v128 {
  const subnormal = f32x4.lt(x, splat(1.17549435e-38));
  const z = select4(subnormal, mul(x, splat(8388608)), x);
  const shifted = i32x4.sub(z, i32x4.splat(0x3f3504f3));
  const k = i32x4.shr_s(shifted, 23);
  const f = sub(i32x4.sub(z, i32x4.shl(k, 23)), splat(1));
  const e = sub(f32x4.convert_i32x4_s(k), v128.and(subnormal, splat(23)));
  const square = mul(f, f);
  let p = madd(splat(7.0376836292e-2), f, splat(-1.1514610310e-1));
  p = madd(p, f, splat(1.1676998740e-1));
  p = madd(p, f, splat(-1.2420140846e-1));
  p = madd(p, f, splat(1.4249322787e-1));
  p = madd(p, f, splat(-1.6668057665e-1));
  p = madd(p, f, splat(2.0000714765e-1));
  p = madd(p, f, splat(-2.4999993993e-1));
  p = madd(p, f, splat(3.3333331174e-1));
  let y = mul(mul(p, f), square);
  y = madd(e, splat(-2.12194440e-4), y);
  y = sub(y, mul(square, splat(0.5)));
  const value = add(add(f, y), mul(e, splat(0.693359375)));
  const finite = select4(f32x4.eq(x, splat(f32.MAX_VALUE * 2)), x, value);
  const atZero = select4(f32x4.eq(x, splat(0)), splat(-f32.MAX_VALUE * 2), finite);
  return select4(f32x4.ge(x, splat(0)), atZero, splat(f32.NaN));
}

/** ln(1 + e) for 0 ≤ e ≤ 1, mended by the part of e that 1 + e rounds away. */
export function log1p4(e: v128): v128 {
  const u = add(splat(1), e);
  return add(log4(u), div(sub(e, sub(u, splat(1))), u));
}

/** By polynomial where |x| < 0.625, else 1 − 2 / (e^(2|x|) + 1) with the sign of x. */
export function tanh4(x: v128): v128 {
  const size = f32x4.abs(x);
  const z = mul(x, x);
  let p = madd(splat(-5.70498872745e-3), z, splat(2.06390887954e-2));
  p = madd(p, z, splat(-5.37397155531e-2));
  p = madd(p, z, splat(1.33314422036e-1));
  p = madd(p, z, splat(-3.33332819422e-1));
  const small = madd(mul(p, z), x, x);
  const large = sub(splat(1), div(splat(2), add(exp4(add(size, size)), splat(1))));
  const signed = v128.or(large, v128.and(x, splat(-0.0)));
  return select4(f32x4.lt(size, splat(0.625)), small, select4(f32x4.eq(x, x), signed, x));
}

/** 1 / (1 + e⁻ˣ), from e^−|x| so that small values keep their relative precision. */
export function sigmoid4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  return div(select4(f32x4.lt(x, splat(0)), e, splat(1)), add(splat(1), e));
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|) */
export function softplus4(x: v128): v128 {
  return add(atLeast(x, splat(0)), log1p4(exp4(f32x4.neg(f32x4.abs(x)))));
}

/** erf t for |t| ≤ 475/512, by an odd polynomial. */
// @ts-ignore: decorator
@inline
function erfSmall(t: v128): v128 {
  const s = mul(t, t);
  let p = madd(splat(-5.96761703e-4), s, splat(4.99119423e-3));
  p = madd(p, s, splat(-2.67681349e-2));
  p = madd(p, s, splat(1.12819925e-1));
  p = madd(p, s, splat(-3.76125336e-1));
  p = madd(p, s, splat(1.28379166e-1));
  return madd(p, t, t);
}

/** 1 − erf t for t > 475/512, as the exponential of a polynomial. */
// @ts-ignore: decorator
@inline
function erfcLarge(t: v128): v128 {
  const s = mul(t, t);
  const u = madd(splat(-3.88396438e-3), t, splat(2.42546219e-2));
  let r = madd(madd(splat(-1.72853470e-5), t, splat(3.83197126e-4)), s, u);
  r = madd(r, t, splat(-1.06777877e-1));
  r = madd(r, t, splat(-6.34846687e-1));
  r = madd(r, t, splat(-1.28717512e-1));
  return exp4(sub(mul(r, t), t));
}

/** The standard normal distribution function Φ(x) = (1 + erf(x / √2)) / 2, its left tail without cancellation. */
export function normalCdf4(x: v128): v128 {
  const t = mul(x, splat(0.70710678118654752));
  const size = f32x4.abs(t);
  const half = splat(0.5);
  const centre = madd(half, erfSmall(t), half);
  const tail = mul(half, erfcLarge(size));
  const outer = select4(f32x4.lt(x, splat(0)), tail, sub(splat(1), tail));
  return select4(f32x4.le(size, splat(0.927734375)), centre, outer);
}

/** φ(x) = e^(−x²/2) / √(2π) */
export function normalDensity4(x: v128): v128 {
  return mul(splat(0.39894228040143268), exp4(mul(splat(-0.5), mul(x, x))));
}

// sin and cos of 2πu for |u| < 2²⁰: quarter turns are taken off exactly, then polynomials on [−π/4, π/4].

// @ts-ignore: decorator
@inline
function sinKernel(a: v128): v128 {
  const z = mul(a, a);
  let p = madd(splat(-1.9515295891e-4), z, splat(8.3321608736e-3));
  p = madd(p, z, splat(-1.6666654611e-1));
  return madd(mul(p, z), a, a);
}

// @ts-ignore: decorator
@inline
function cosKernel(a: v128): v128 {
  const z = mul(a, a);
  let p = madd(splat(2.443315711809948e-5), z, splat(-1.388731625493765e-3));
  p = madd(p, z, splat(4.166664568298827e-2));
  return add(sub(mul(p, mul(z, z)), mul(z, splat(0.5))), splat(1));
}

/** sin 2π(u + quarters / 4) */
// @ts-ignore: decorator
@inline
function turned(u: v128, quarters: i32): v128 {
  const q = f32x4.nearest(mul(u, splat(4)));
  const a = mul(sub(u, mul(q, splat(0.25))), splat(6.28318530717958648));
  const k = i32x4.add(toInteger(q), i32x4.splat(quarters));
  const odd = i32x4.eq(v128.and(k, i32x4.splat(1)), i32x4.splat(1));
  const sign = i32x4.shl(v128.and(k, i32x4.splat(2)), 30);
  return v128.xor(select4(odd, cosKernel(a), sinKernel(a)), sign);
}

export function sinTurns4(u: v128): v128 {
  return turned(u, 0);
}

export function cosTurns4(u: v128): v128 {
  return turned(u, 1);
}
