import { cosTurns4, log4, sinTurns4 } from "./math";
import { add, at, madd, mul, select4, splat, store1 } from "./vector";

/** High words of the products of the u32 lanes with m. */
// @ts-ignore: decorator
@inline
function multiplyHigh(a: v128, m: v128): v128 {
  return v128.shuffle<i32>(i64x2.extmul_low_i32x4_u(a, m), i64x2.extmul_high_i32x4_u(a, m), 1, 3, 5, 7);
}

/** u = ⌊word / 2⁸⌋ · 2⁻²⁴ in [0, 1), exact. */
// @ts-ignore: decorator
@inline
function uniform4(words: v128): v128 {
  return mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), splat(5.9604644775390625e-8));
}

// What becomes of one block of four words: x is the input's elements, p and q are parameters.
@unmanaged class Bits { @inline of(words: v128, x: v128, p: v128, q: v128): v128 { return words; } }
@unmanaged class Uniform { @inline of(words: v128, x: v128, p: v128, q: v128): v128 { return madd(q, uniform4(words), p); } }
@unmanaged class Dropout {
  @inline of(words: v128, x: v128, p: v128, q: v128): v128 { return v128.and(mul(x, q), f32x4.ge(uniform4(words), p)); }
}
@unmanaged class Normal {
  @inline of(words: v128, x: v128, p: v128, q: v128): v128 {
    const u = uniform4(words);
    const open = add(v128.shuffle<f32>(u, u, 0, 0, 2, 2), splat(5.9604644775390625e-8));
    const turns = v128.shuffle<f32>(u, u, 1, 1, 3, 3);
    const radius = f32x4.sqrt(mul(splat(-2), log4(open)));
    const even = i32x4(-1, 0, -1, 0);
    return madd(q, mul(radius, select4(even, cosTurns4(turns), sinTurns4(turns))), p);
  }
}

/** Elements e … e + 3 of which those in [start, end) are wanted. */
// @ts-ignore: decorator
@inline
function put<T>(out: usize, x: usize, words: v128, p: v128, q: v128, e: u32, start: u32, end: u32): void {
  const f = changetype<T>(0);
  if (e >= start && e + 4 <= end) {
    v128.store(at(out, e), f.of(words, v128.load(at(x, e)), p, q));
    return;
  }
  for (let lane: u32 = 0; lane < 4; lane++) {
    if (e + lane < start || e + lane >= end) continue;
    let value = f.of(words, v128.load_splat<f32>(at(x, e + lane)), p, q);
    for (let turn = lane; turn > 0; turn--) value = v128.shuffle<f32>(value, value, 1, 2, 3, 0);
    store1(at(out, e + lane), value);
  }
}

/** Philox 4×32-10, four blocks (16 elements) at a time: lane b of c0 … c3 is word 0 … 3 of block first + b. */
function generate<T>(out: usize, x: usize, state: usize, purpose: u32, p: v128, q: v128, start: u32, end: u32): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  for (let e = start & ~15; e < end; e += 16) {
    let c0 = i32x4.add(i32x4.splat(e >> 2), i32x4(0, 1, 2, 3));
    let c1 = i32x4.splat(purpose);
    let c2 = i32x4.splat(load<u32>(state, 8));
    let c3 = i32x4.splat(load<u32>(state, 12));
    let k0 = load<u32>(state);
    let k1 = load<u32>(state, 4);
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(c0, m0);
      const high1 = multiplyHigh(c2, m1);
      const low0 = i32x4.mul(c0, m0);
      const low1 = i32x4.mul(c2, m1);
      c0 = v128.xor(v128.xor(high1, c1), i32x4.splat(k0));
      c1 = low1;
      c2 = v128.xor(v128.xor(high0, c3), i32x4.splat(k1));
      c3 = low0;
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    const t0 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
    const t1 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
    const t2 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
    const t3 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
    put<T>(out, x, v128.shuffle<i32>(t0, t2, 0, 1, 4, 5), p, q, e, start, end);
    put<T>(out, x, v128.shuffle<i32>(t0, t2, 2, 3, 6, 7), p, q, e + 4, start, end);
    put<T>(out, x, v128.shuffle<i32>(t1, t3, 0, 1, 4, 5), p, q, e + 8, start, end);
    put<T>(out, x, v128.shuffle<i32>(t1, t3, 2, 3, 6, 7), p, q, e + 12, start, end);
  }
}

export function randomBits(out: usize, state: usize, purpose: u32, start: u32, end: u32): void {
  generate<Bits>(out, out, state, purpose, splat(0), splat(0), start, end);
}

export function randomUniform(out: usize, state: usize, purpose: u32, low: f64, high: f64, start: u32, end: u32): void {
  generate<Uniform>(out, out, state, purpose, splat(<f32>low), splat(<f32>(high - low)), start, end);
}

export function randomNormal(out: usize, state: usize, purpose: u32, mean: f64, deviation: f64, start: u32, end: u32): void {
  generate<Normal>(out, out, state, purpose, splat(<f32>mean), splat(<f32>deviation), start, end);
}

export function dropout(out: usize, x: usize, state: usize, purpose: u32, rate: f64, start: u32, end: u32): void {
  generate<Dropout>(out, x, state, purpose, splat(<f32>rate), splat(<f32>(1 / (1 - rate))), start, end);
}
