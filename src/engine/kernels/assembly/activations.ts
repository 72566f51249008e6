import { cosTurns4, exp4, normalCdf4, normalDensity4, sigmoid4, sinTurns4, softplus4, tanh4 } from "./math";
import { atLeast, atMost, madd, map1, map2, mul, select4, splat, sub } from "./vector";

// @ts-ignore: decorator
@inline
function relu4(x: v128): v128 {
  return atLeast(x, splat(0));
}

// @ts-ignore: decorator
@inline
function leakyRelu4(x: v128, slope: v128): v128 {
  return select4(f32x4.gt(x, splat(0)), x, mul(slope, x));
}

/** One activation by its code in families/activations.ts. */
export function activate4(x: v128, code: u32, slope: v128): v128 {
  switch (code) {
    case 1: return relu4(x);
    case 2: return leakyRelu4(x, slope);
    case 3: return sigmoid4(x);
    case 4: return tanh4(x);
    case 5: return mul(x, normalCdf4(x));
    case 6: return mul(x, sigmoid4(x));
    case 7: return softplus4(x);
    default: return x;
  }
}

@unmanaged class Sigmoid { @inline of(x: v128, p: v128): v128 { return sigmoid4(x); } }
@unmanaged class SigmoidGrad { @inline of(g: v128, y: v128, p: v128): v128 { return mul(g, mul(y, sub(splat(1), y))); } }
@unmanaged class Tanh { @inline of(x: v128, p: v128): v128 { return tanh4(x); } }
@unmanaged class TanhGrad { @inline of(g: v128, y: v128, p: v128): v128 { return mul(g, sub(splat(1), mul(y, y))); } }
@unmanaged class Relu { @inline of(x: v128, p: v128): v128 { return relu4(x); } }
@unmanaged class ReluGrad { @inline of(g: v128, y: v128, p: v128): v128 { return v128.and(g, f32x4.gt(y, splat(0))); } }
@unmanaged class LeakyRelu { @inline of(x: v128, p: v128): v128 { return leakyRelu4(x, p); } }
@unmanaged class LeakyReluGrad {
  @inline of(g: v128, y: v128, p: v128): v128 { return select4(f32x4.gt(y, splat(0)), g, mul(p, g)); }
}
@unmanaged class Gelu { @inline of(x: v128, p: v128): v128 { return mul(x, normalCdf4(x)); } }
@unmanaged class GeluGrad {
  @inline of(g: v128, x: v128, p: v128): v128 { return mul(g, madd(x, normalDensity4(x), normalCdf4(x))); }
}
@unmanaged class Silu { @inline of(x: v128, p: v128): v128 { return mul(x, sigmoid4(x)); } }
@unmanaged class SiluGrad {
  @inline of(g: v128, x: v128, p: v128): v128 {
    const inner = madd(x, sigmoid4(f32x4.neg(x)), splat(1));
    return mul(g, mul(sigmoid4(x), inner));
  }
}
@unmanaged class CosTurns { @inline of(x: v128, p: v128): v128 { return cosTurns4(x); } }
@unmanaged class CosTurnsGrad {
  @inline of(g: v128, x: v128, p: v128): v128 { return mul(g, mul(sinTurns4(x), splat(-6.28318530717958648))); }
}
@unmanaged class Softplus { @inline of(x: v128, p: v128): v128 { return softplus4(x); } }
@unmanaged class SoftplusGrad { @inline of(g: v128, x: v128, p: v128): v128 { return mul(g, sigmoid4(x)); } }

// @ts-ignore: decorator
@inline
function hardSigmoid4(x: v128): v128 {
  return atMost(atLeast(madd(x, splat(0.16666666666666666), splat(0.5)), splat(0)), splat(1));
}

@unmanaged class HardSigmoid { @inline of(x: v128, p: v128): v128 { return hardSigmoid4(x); } }
@unmanaged class HardSigmoidGrad {
  @inline of(g: v128, y: v128, p: v128): v128 {
    return v128.and(mul(g, splat(0.16666666666666666)), v128.and(f32x4.gt(y, splat(0)), f32x4.lt(y, splat(1))));
  }
}
@unmanaged class HardSwish { @inline of(x: v128, p: v128): v128 { return mul(x, hardSigmoid4(x)); } }
@unmanaged class HardSwishGrad {
  @inline of(g: v128, x: v128, p: v128): v128 {
    const middle = mul(g, madd(x, splat(0.3333333333333333), splat(0.5)));
    const below = v128.andnot(middle, f32x4.lt(x, splat(-3)));
    return select4(f32x4.gt(x, splat(3)), g, below);
  }
}
@unmanaged class Erf {
  @inline of(x: v128, p: v128): v128 {
    return sub(mul(splat(2), normalCdf4(mul(x, splat(1.4142135623730951)))), splat(1));
  }
}
@unmanaged class ErfGrad {
  @inline of(g: v128, x: v128, p: v128): v128 {
    return mul(g, mul(splat(1.1283791670955126), exp4(f32x4.neg(mul(x, x)))));
  }
}

export function hardSigmoid(out: usize, x: usize, start: u32, end: u32): void {
  map1<HardSigmoid>(out, x, splat(0), start, end);
}
export function hardSigmoidGrad(dx: usize, dy: usize, y: usize, start: u32, end: u32): void {
  map2<HardSigmoidGrad>(dx, dy, y, splat(0), start, end);
}
export function hardSwish(out: usize, x: usize, start: u32, end: u32): void {
  map1<HardSwish>(out, x, splat(0), start, end);
}
export function hardSwishGrad(dx: usize, dy: usize, x: usize, start: u32, end: u32): void {
  map2<HardSwishGrad>(dx, dy, x, splat(0), start, end);
}
export function erf(out: usize, x: usize, start: u32, end: u32): void {
  map1<Erf>(out, x, splat(0), start, end);
}
export function erfGrad(dx: usize, dy: usize, x: usize, start: u32, end: u32): void {
  map2<ErfGrad>(dx, dy, x, splat(0), start, end);
}
export function cosTurns(out: usize, x: usize, start: u32, end: u32): void {
  map1<CosTurns>(out, x, splat(0), start, end);
}
export function cosTurnsGrad(dx: usize, dy: usize, x: usize, start: u32, end: u32): void {
  map2<CosTurnsGrad>(dx, dy, x, splat(0), start, end);
}
export function sigmoid(out: usize, x: usize, start: u32, end: u32): void {
  map1<Sigmoid>(out, x, splat(0), start, end);
}
export function sigmoidGrad(dx: usize, dy: usize, y: usize, start: u32, end: u32): void {
  map2<SigmoidGrad>(dx, dy, y, splat(0), start, end);
}
export function tanh(out: usize, x: usize, start: u32, end: u32): void {
  map1<Tanh>(out, x, splat(0), start, end);
}
export function tanhGrad(dx: usize, dy: usize, y: usize, start: u32, end: u32): void {
  map2<TanhGrad>(dx, dy, y, splat(0), start, end);
}
export function relu(out: usize, x: usize, start: u32, end: u32): void {
  map1<Relu>(out, x, splat(0), start, end);
}
export function reluGrad(dx: usize, dy: usize, y: usize, start: u32, end: u32): void {
  map2<ReluGrad>(dx, dy, y, splat(0), start, end);
}
export function leakyRelu(out: usize, x: usize, slope: f32, start: u32, end: u32): void {
  map1<LeakyRelu>(out, x, splat(slope), start, end);
}
export function leakyReluGrad(dx: usize, dy: usize, y: usize, slope: f32, start: u32, end: u32): void {
  map2<LeakyReluGrad>(dx, dy, y, splat(slope), start, end);
}
export function gelu(out: usize, x: usize, start: u32, end: u32): void {
  map1<Gelu>(out, x, splat(0), start, end);
}
export function geluGrad(dx: usize, dy: usize, x: usize, start: u32, end: u32): void {
  map2<GeluGrad>(dx, dy, x, splat(0), start, end);
}
export function silu(out: usize, x: usize, start: u32, end: u32): void {
  map1<Silu>(out, x, splat(0), start, end);
}
export function siluGrad(dx: usize, dy: usize, x: usize, start: u32, end: u32): void {
  map2<SiluGrad>(dx, dy, x, splat(0), start, end);
}
export function softplus(out: usize, x: usize, start: u32, end: u32): void {
  map1<Softplus>(out, x, splat(0), start, end);
}
export function softplusGrad(dx: usize, dy: usize, x: usize, start: u32, end: u32): void {
  map2<SoftplusGrad>(dx, dy, x, splat(0), start, end);
}
