import { exp4, log4 } from "./math";
import { add, at, atLeast, atMost, div, load1, madd, map1, map2, mul, select4, splat, store1, sub } from "./vector";

// Each class is one operation; map1 and map2 inline it into their loop. They are never constructed.
@unmanaged class Add { @inline of(a: v128, b: v128, p: v128): v128 { return add(a, b); } }
@unmanaged class Sub { @inline of(a: v128, b: v128, p: v128): v128 { return sub(a, b); } }
@unmanaged class Mul { @inline of(a: v128, b: v128, p: v128): v128 { return mul(a, b); } }
@unmanaged class Div { @inline of(a: v128, b: v128, p: v128): v128 { return div(a, b); } }
@unmanaged class Axpy { @inline of(a: v128, b: v128, p: v128): v128 { return madd(p, b, a); } }
@unmanaged class Fill { @inline of(x: v128, p: v128): v128 { return p; } }
@unmanaged class Copy { @inline of(x: v128, p: v128): v128 { return x; } }
@unmanaged class Scale { @inline of(x: v128, p: v128): v128 { return mul(x, p); } }
@unmanaged class AddConstant { @inline of(x: v128, p: v128): v128 { return add(x, p); } }
@unmanaged class Clamp { @inline of(x: v128, p: v128): v128 { return atMost(atLeast(x, f32x4.neg(p)), p); } }
@unmanaged class ClipGrad {
  @inline of(g: v128, y: v128, p: v128): v128 {
    // The two bounds lie in lanes 0 and 1 of the parameter.
    const low = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    const high = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    return v128.and(g, v128.and(f32x4.gt(y, low), f32x4.lt(y, high)));
  }
}
@unmanaged class Clip {
  @inline of(x: v128, p: v128): v128 {
    return atMost(atLeast(x, v128.shuffle<f32>(p, p, 0, 0, 0, 0)), v128.shuffle<f32>(p, p, 1, 1, 1, 1));
  }
}
@unmanaged class Neg { @inline of(x: v128, p: v128): v128 { return f32x4.neg(x); } }
@unmanaged class Abs { @inline of(x: v128, p: v128): v128 { return f32x4.abs(x); } }
@unmanaged class Sign {
  @inline of(x: v128, p: v128): v128 {
    const zero = splat(0);
    return sub(v128.and(f32x4.gt(x, zero), splat(1)), v128.and(f32x4.lt(x, zero), splat(1)));
  }
}
@unmanaged class Square { @inline of(x: v128, p: v128): v128 { return mul(x, x); } }
@unmanaged class Sqrt { @inline of(x: v128, p: v128): v128 { return f32x4.sqrt(x); } }
@unmanaged class Reciprocal { @inline of(x: v128, p: v128): v128 { return div(splat(1), x); } }
@unmanaged class Exp { @inline of(x: v128, p: v128): v128 { return exp4(x); } }
@unmanaged class Log { @inline of(x: v128, p: v128): v128 { return log4(x); } }
@unmanaged class Pow {
  @inline of(x: v128, p: v128): v128 {
    return select4(f32x4.eq(p, splat(0)), splat(1), exp4(mul(p, log4(x))));
  }
}

export function fill(out: usize, value: f32, start: u32, end: u32): void {
  map1<Fill>(out, out, splat(value), start, end);
}
export function copy(out: usize, x: usize, start: u32, end: u32): void {
  memory.copy(at(out, start), at(x, start), <usize>(end - start) << 2);
}
// `add`, `sub`, `mul` and `div` are the lanes' names here; index.ts exports these under their own.
export function addElements(out: usize, a: usize, b: usize, start: u32, end: u32): void {
  map2<Add>(out, a, b, splat(0), start, end);
}
export function subElements(out: usize, a: usize, b: usize, start: u32, end: u32): void {
  map2<Sub>(out, a, b, splat(0), start, end);
}
export function mulElements(out: usize, a: usize, b: usize, start: u32, end: u32): void {
  map2<Mul>(out, a, b, splat(0), start, end);
}
export function divElements(out: usize, a: usize, b: usize, start: u32, end: u32): void {
  map2<Div>(out, a, b, splat(0), start, end);
}
export function axpy(out: usize, x: usize, factor: f32, start: u32, end: u32): void {
  map2<Axpy>(out, out, x, splat(factor), start, end);
}
export function scale(out: usize, x: usize, factor: f32, start: u32, end: u32): void {
  map1<Scale>(out, x, splat(factor), start, end);
}
export function clamp(out: usize, x: usize, limit: f32, start: u32, end: u32): void {
  map1<Clamp>(out, x, splat(limit), start, end);
}
export function clip(out: usize, x: usize, low: f32, high: f32, start: u32, end: u32): void {
  map1<Clip>(out, x, f32x4.replace_lane(splat(low), 1, high), start, end);
}
export function clipGrad(dx: usize, dy: usize, y: usize, low: f32, high: f32, start: u32, end: u32): void {
  map2<ClipGrad>(dx, dy, y, f32x4.replace_lane(splat(low), 1, high), start, end);
}
export function addConstant(out: usize, x: usize, value: f32, start: u32, end: u32): void {
  map1<AddConstant>(out, x, splat(value), start, end);
}
export function neg(out: usize, x: usize, start: u32, end: u32): void {
  map1<Neg>(out, x, splat(0), start, end);
}
export function absElements(out: usize, x: usize, start: u32, end: u32): void {
  map1<Abs>(out, x, splat(0), start, end);
}
export function sign(out: usize, x: usize, start: u32, end: u32): void {
  map1<Sign>(out, x, splat(0), start, end);
}
export function square(out: usize, x: usize, start: u32, end: u32): void {
  map1<Square>(out, x, splat(0), start, end);
}
export function sqrtElements(out: usize, x: usize, start: u32, end: u32): void {
  map1<Sqrt>(out, x, splat(0), start, end);
}
export function reciprocal(out: usize, x: usize, start: u32, end: u32): void {
  map1<Reciprocal>(out, x, splat(0), start, end);
}
export function exp(out: usize, x: usize, start: u32, end: u32): void {
  map1<Exp>(out, x, splat(0), start, end);
}
export function log(out: usize, x: usize, start: u32, end: u32): void {
  map1<Log>(out, x, splat(0), start, end);
}
export function pow(out: usize, x: usize, exponent: f32, start: u32, end: u32): void {
  map1<Pow>(out, x, splat(exponent), start, end);
}

/** One row of a broadcast: column strides 0 and 1 in vectors, any other element by element. */
function broadcastRow<T>(out: usize, a: usize, b: usize, columns: u32, aColumn: u32, bColumn: u32): void {
  const f = changetype<T>(0);
  const none = splat(0);
  let j: u32 = 0;
  if (aColumn == 1 && bColumn == 1) return map2<T>(out, a, b, none, 0, columns);
  if (aColumn == 1 && bColumn == 0) {
    const right = v128.load_splat<f32>(b);
    for (; j + 4 <= columns; j += 4) v128.store(at(out, j), f.of(v128.load(at(a, j)), right, none));
  } else if (aColumn == 0 && bColumn == 1) {
    const left = v128.load_splat<f32>(a);
    for (; j + 4 <= columns; j += 4) v128.store(at(out, j), f.of(left, v128.load(at(b, j)), none));
  }
  for (; j < columns; j++) store1(at(out, j), f.of(load1(at(a, j * aColumn)), load1(at(b, j * bColumn)), none));
}

// @ts-ignore: decorator
@inline
function broadcast<T>(
  out: usize, a: usize, b: usize, columns: u32, outRow: u32, aRow: u32, aColumn: u32, bRow: u32, bColumn: u32, start: u32, end: u32,
): void {
  for (let i = start; i < end; i++) broadcastRow<T>(at(out, i * outRow), at(a, i * aRow), at(b, i * bRow), columns, aColumn, bColumn);
}

export function addBroadcast(
  out: usize, a: usize, b: usize, columns: u32, outRow: u32, aRow: u32, aColumn: u32, bRow: u32, bColumn: u32, start: u32, end: u32,
): void {
  broadcast<Add>(out, a, b, columns, outRow, aRow, aColumn, bRow, bColumn, start, end);
}
export function subBroadcast(
  out: usize, a: usize, b: usize, columns: u32, outRow: u32, aRow: u32, aColumn: u32, bRow: u32, bColumn: u32, start: u32, end: u32,
): void {
  broadcast<Sub>(out, a, b, columns, outRow, aRow, aColumn, bRow, bColumn, start, end);
}
export function mulBroadcast(
  out: usize, a: usize, b: usize, columns: u32, outRow: u32, aRow: u32, aColumn: u32, bRow: u32, bColumn: u32, start: u32, end: u32,
): void {
  broadcast<Mul>(out, a, b, columns, outRow, aRow, aColumn, bRow, bColumn, start, end);
}
export function divBroadcast(
  out: usize, a: usize, b: usize, columns: u32, outRow: u32, aRow: u32, aColumn: u32, bRow: u32, bColumn: u32, start: u32, end: u32,
): void {
  broadcast<Div>(out, a, b, columns, outRow, aRow, aColumn, bRow, bColumn, start, end);
}

export function copyStrided(
  out: usize, x: usize, columns: u32, outRow: u32, outColumn: u32, xRow: u32, xColumn: u32, start: u32, end: u32,
): void {
  for (let i = start; i < end; i++) {
    const to = at(out, i * outRow);
    const from = at(x, i * xRow);
    if (outColumn == 1 && xColumn == 1) memory.copy(to, from, <usize>columns << 2);
    else for (let j: u32 = 0; j < columns; j++) f32.store(at(to, j * outColumn), f32.load(at(from, j * xColumn)));
  }
}
