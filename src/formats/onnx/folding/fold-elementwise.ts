import { elementTypes } from "../wire/schema.ts";
import type { ConstantTensor } from "../wire/tensor-values.ts";
import { broadcastDims, broadcastStrides, productOf, visit } from "./axes.ts";

type Numbers = ConstantTensor["data"];

export const constant = (
  dims: readonly number[],
  kind: ConstantTensor["kind"],
  data: Numbers | readonly number[],
): ConstantTensor => ({
  dims,
  kind,
  data: data instanceof Float32Array || data instanceof Float64Array ? data : Float64Array.from(data),
});

const spread = (x: ConstantTensor, dims: readonly number[]): Numbers => {
  if (x.data.length === productOf(dims)) return x.data;
  const out = new Float64Array(productOf(dims));
  visit(dims, broadcastStrides(x.dims, dims), 0, (from, i) => {
    out[i] = x.data[from]!;
  });
  return out;
};

const truth = (value: boolean): number => (value ? 1 : 0);

/** Whole numbers divide towards zero, as C's do. */
const divide = (a: number, b: number, whole: boolean): number => (whole ? Math.trunc(a / b) : a / b);

/** Whole and half powers are computed, exactly as multiplication and roots have them. */
const isFoldedPower = (b: number): boolean => Math.abs(b) === 0.5 || (Number.isInteger(b) && Math.abs(b) <= 64);

const raise = (a: number, b: number): number => {
  if (b === 0.5) return Math.sqrt(a);
  if (b === -0.5) return 1 / Math.sqrt(a);
  let power = 1;
  for (let i = 0; i < Math.abs(b); i++) power *= a;
  return b < 0 ? 1 / power : power;
};

const binaries: Readonly<Record<string, (a: number, b: number, whole: boolean) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: divide,
  /** With the divisor's sign; `Fmod`, the same node with fmod=1, with the dividend's. */
  Mod: (a, b) => a - b * Math.floor(a / b),
  Fmod: (a, b) => a % b,
  Pow: raise,
  Min: (a, b) => Math.min(a, b),
  Max: (a, b) => Math.max(a, b),
  Equal: (a, b) => truth(a === b),
  Less: (a, b) => truth(a < b),
  LessOrEqual: (a, b) => truth(a <= b),
  Greater: (a, b) => truth(a > b),
  GreaterOrEqual: (a, b) => truth(a >= b),
  And: (a, b) => truth(a !== 0 && b !== 0),
  Or: (a, b) => truth(a !== 0 || b !== 0),
};
const comparisons = new Set(["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or"]);

const unaries: Readonly<Record<string, (x: number) => number>> = {
  Neg: (x) => -x,
  Abs: Math.abs,
  Sqrt: Math.sqrt,
  Reciprocal: (x) => 1 / x,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Not: (x) => truth(x === 0),
  // Half to even.
  Round: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
};

const foldBinary = (op: string, a: ConstantTensor, b: ConstantTensor): ConstantTensor | null => {
  const f = binaries[op];
  const dims = broadcastDims(a.dims, b.dims);
  if (f === undefined || dims === null) return null;
  if (op === "Pow" && !b.data.every(isFoldedPower)) return null;
  const whole = a.kind === "integer" && b.kind === "integer";
  const [x, y] = [spread(a, dims), spread(b, dims)];
  const data = Float64Array.from(x, (value, i) => f(value, y[i]!, whole));
  return constant(dims, whole || comparisons.has(op) ? "integer" : "float", data);
};

export const isElementwise = (op: string): boolean => op in binaries || op in unaries || op === "Where";

/** Element by element; null where the node cannot be folded. */
export const foldElementwise = (op: string, inputs: readonly ConstantTensor[]): ConstantTensor | null => {
  const [a, b, c] = inputs;
  if (a === undefined) return null;
  if (op === "Where") {
    const outer = b && c && broadcastDims(b.dims, c.dims);
    const dims = outer && broadcastDims(a.dims, outer);
    if (!b || !c || !dims) return null;
    const [condition, yes, no] = [spread(a, dims), spread(b, dims), spread(c, dims)];
    return constant(
      dims,
      b.kind,
      Float64Array.from(condition, (value, i) => (value === 0 ? no[i]! : yes[i]!)),
    );
  }
  const unary = unaries[op];
  if (unary !== undefined) return constant(a.dims, op === "Not" ? "integer" : a.kind, Float64Array.from(a.data, unary));
  if (inputs.length === 1) return op === "Min" || op === "Max" ? a : null;
  return inputs.slice(1).reduce<ConstantTensor | null>((all, next) => all && foldBinary(op, all, next), a);
};

/** Between whole numbers and floats; half precision is taken for single. */
export const castTo = (x: ConstantTensor, type: number): ConstantTensor | null => {
  if (type === elementTypes.string) return null;
  if (type === elementTypes.bool)
    return constant(
      x.dims,
      "integer",
      Float64Array.from(x.data, (v) => truth(v !== 0)),
    );
  const isFloat = [elementTypes.float, elementTypes.float16, elementTypes.bfloat16, elementTypes.double].some(
    (f) => f === type,
  );
  if (isFloat) return { ...x, kind: "float" };
  return constant(x.dims, "integer", x.kind === "integer" ? x.data : Float64Array.from(x.data, Math.trunc));
};
