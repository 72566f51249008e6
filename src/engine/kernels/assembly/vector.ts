// Four f32 lanes, and the loops that every element-by-element kernel shares.
// A tail of fewer than four elements runs the same vector operation on one lane, so that an element's bits never depend on its place in a range.

// @ts-ignore: decorator
@inline
export function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
export function sub(a: v128, b: v128): v128 {
  return f32x4.sub(a, b);
}

// @ts-ignore: decorator
@inline
export function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

// @ts-ignore: decorator
@inline
export function div(a: v128, b: v128): v128 {
  return f32x4.div(a, b);
}

/** a · b + c, rounded twice: there is no fused form without relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** mask ? a : b, lane by lane. */
// @ts-ignore: decorator
@inline
export function select4(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask);
}

/**
 * v, but not below floor, lane by lane; a NaN of v stays one. One instruction on x64, where f32x4.max, which orders the zeros, takes eight.
 */
// @ts-ignore: decorator
@inline
export function atLeast(v: v128, floor: v128): v128 {
  return f32x4.pmax(v, floor);
}

/** v, but not above ceiling, lane by lane; a NaN of v stays one. */
// @ts-ignore: decorator
@inline
export function atMost(v: v128, ceiling: v128): v128 {
  return f32x4.pmin(v, ceiling);
}

/** One element in lane 0, the others 0. */
// @ts-ignore: decorator
@inline
export function load1(p: usize): v128 {
  return v128.load32_zero(p);
}

// @ts-ignore: decorator
@inline
export function store1(p: usize, v: v128): void {
  f32.store(p, f32x4.extract_lane(v, 0));
}

/** Four elements, or one in lane 0: the body and the tail of a loop in one expression. */
// @ts-ignore: decorator
@inline
export function load4(p: usize, whole: bool): v128 {
  return whole ? v128.load(p) : load1(p);
}

// @ts-ignore: decorator
@inline
export function store4(p: usize, v: v128, whole: bool): void {
  if (whole) v128.store(p, v);
  else store1(p, v);
}

/** Address of element i of a tensor at p. */
// @ts-ignore: decorator
@inline
export function at(p: usize, i: u32): usize {
  return p + (<usize>i << 2);
}

/** Sum of the lanes in a fixed order. */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** out[i] = T.of(x[i], p) for a class T with one operation on four lanes and a parameter p. */
export function map1<T>(out: usize, x: usize, p: v128, start: u32, end: u32): void {
  const f = changetype<T>(0);
  let i = start;
  for (; i + 4 <= end; i += 4) v128.store(at(out, i), f.of(v128.load(at(x, i)), p));
  for (; i < end; i++) store1(at(out, i), f.of(load1(at(x, i)), p));
}

/** out[i] = T.of(a[i], b[i], p) */
export function map2<T>(out: usize, a: usize, b: usize, p: v128, start: u32, end: u32): void {
  const f = changetype<T>(0);
  let i = start;
  for (; i + 4 <= end; i += 4) v128.store(at(out, i), f.of(v128.load(at(a, i)), v128.load(at(b, i)), p));
  for (; i < end; i++) store1(at(out, i), f.of(load1(at(a, i)), load1(at(b, i)), p));
}

/** Rows of four become columns of four: writes a0 b0 c0 d0, a1 b1 c1 d1, … at `out`, 64 bytes. */
// @ts-ignore: decorator
@inline
export function storeTransposed(out: usize, stride: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(out + stride, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  v128.store(out + 2 * stride, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5));
  v128.store(out + 3 * stride, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7));
}
