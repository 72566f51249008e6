/**
 * Elementary functions in plain IEEE-754 double arithmetic. Math.exp, Math.log and their like may differ in the last bit between CPUs and Node versions;
 * these use only + − × ÷, Math.sqrt, Math.abs and Math.floor, which the standard makes exact, so their bits are the same everywhere.
 * Polynomials and reductions after fdlibm 5.3 (Sun Microsystems, 1993). Error below 1 ulp but for sinTurns64, cosTurns64, sigmoid64 and softplus64 (below 2).
 */

// One scratch cell to read and write a double's exponent; no value outlives a call.
const cell = new Float64Array(1);
const words = new Int32Array(cell.buffer);

const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;
const inverseLn2 = Math.LOG2E;

/** 2ᵏ for −1022 ≤ k ≤ 1023. */
const twoTo = (k: number): number => {
  words[0] = 0;
  words[1] = (k + 1023) << 20;
  return cell[0] as number;
};

/** y · 2ᵏ, rounding once even where the result is subnormal. */
const scaleByTwoTo = (y: number, k: number): number => {
  if (k > 1023) return y * 2 * twoTo(k - 1);
  if (k < -1021) return y * twoTo(k + 1000) * twoTo(-1000);
  return y * twoTo(k);
};

/** eˣ */
export const exp64 = (x: number): number => {
  if (!(x <= 709.782712893384)) return x > 0 ? Number.POSITIVE_INFINITY : x;
  if (x < -745.1332191019411) return 0;
  const k = Math.floor(x * inverseLn2 + 0.5);
  const high = x - k * ln2High;
  const low = k * ln2Low;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  return scaleByTwoTo(y, k);
};

/** eˣ − 1, without cancellation near 0. */
export const expm164 = (x: number): number => {
  if (Number.isNaN(x) || x === 0) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -38.1230949) return -1;
  const k = Math.abs(x) <= 0.5 * Math.LN2 ? 0 : Math.floor(x * inverseLn2 + 0.5);
  const high = x - k * ln2High;
  const low = k * ln2Low;
  const r = high - low;
  const c = high - r - low;
  const half = 0.5 * r;
  const square = r * half;
  const r1 =
    1 +
    square *
      (-0.03333333333333313 +
        square *
          (0.0015873015872548146 +
            square * (-7.93650757867488e-5 + square * (4.008217827329362e-6 + square * -2.0109921818362437e-7))));
  const t = 3 - r1 * half;
  const ratio = square * ((r1 - t) / (6 - r * t));
  if (k === 0) return r - (r * ratio - square);
  const e = r * (ratio - c) - c - square;
  if (k === -1) return 0.5 * (r - e) - 0.5;
  if (k === 1) return r < -0.25 ? -2 * (e - (r + 0.5)) : 1 + 2 * (r - e);
  if (k <= -2 || k > 56) return scaleByTwoTo(1 - (e - r), k) - 1;
  if (k < 20) return scaleByTwoTo(1 - twoTo(-k) - (e - r), k);
  return scaleByTwoTo(r - (e + twoTo(-k)) + 1, k);
};

/** ln(u + c) for normal u > 0 and a correction c below u's last bit. */
const logOf = (u: number, c: number): number => {
  cell[0] = u;
  const high = words[1] as number;
  let k = (high >>> 20) - 1023;
  words[1] = (high & 0xfffff) | 0x3ff00000;
  let mantissa = cell[0] as number;
  if (mantissa > Math.SQRT2) {
    mantissa *= 0.5;
    k += 1;
  }
  const f = mantissa - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const halfSquare = 0.5 * f * f;
  return k * ln2High - (halfSquare - (s * (halfSquare + (even + odd)) + (k * ln2Low + c / u)) - f);
};

/** ln x */
export const log64 = (x: number): number => {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  if (x < 2.2250738585072014e-308) return logOf(x * 18014398509481984, 0) - 54 * ln2Low - 54 * ln2High;
  return logOf(x, 0);
};

/** ln(1 + x), without cancellation near 0. */
export const log1p64 = (x: number): number => {
  if (!(x > -1)) return x === -1 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY || Math.abs(x) < 1.1102230246251565e-16) return x;
  if (x > -0.2929 && x < 0.4142) {
    const s = x / (2 + x);
    const z = s * s;
    const r =
      z *
      (0.6666666666666735 +
        z *
          (0.3999999999940942 +
            z *
              (0.2857142874366239 +
                z *
                  (0.22222198432149784 +
                    z * (0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586))))));
    const halfSquare = 0.5 * x * x;
    return x - (halfSquare - s * (halfSquare + r));
  }
  const u = 1 + x;
  return logOf(u, u > 9007199254740992 ? 0 : x > 1 ? 1 - (u - x) : x - (u - 1));
};

/** tanh x */
export const tanh64 = (x: number): number => {
  const size = Math.abs(x);
  if (size > 22) return x > 0 ? 1 : -1;
  if (size >= 1) {
    const z = 1 - 2 / (expm164(2 * size) + 2);
    return x > 0 ? z : -z;
  }
  const t = expm164(-2 * size);
  const z = -t / (t + 2);
  return x < 0 ? -z : x === 0 ? x : z;
};

/** 1 / (1 + e⁻ˣ), to full relative precision on both sides. */
export const sigmoid64 = (x: number): number => {
  const e = exp64(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
};

/** ln(1 + eˣ) */
export const softplus64 = (x: number): number => Math.max(x, 0) + log1p64(exp64(-Math.abs(x)));

/** baseⁿ for a whole n ≥ 0, by repeated squaring (decay factors such as β₁ᵗ); relative error below 2 log₂(n) ulp. */
export const powInteger64 = (base: number, n: number): number => {
  let result = 1;
  let factor = base;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= factor;
    factor *= factor;
  }
  return result;
};

const sinKernel = (x: number): number => {
  const z = x * x;
  const r =
    0.00833333333332249 +
    z *
      (-0.0001984126982985795 + z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  return x + z * x * (-0.16666666666666632 + z * r);
};

const cosKernel = (x: number): number => {
  const z = x * x;
  const r =
    z *
    (0.0416666666666666 +
      z *
        (-0.001388888888887411 +
          z *
            (2.480158728947673e-5 +
              z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)))));
  const half = 0.5 * z;
  const w = 1 - half;
  return w + (1 - w - half + z * r);
};

/** sin(2πu): the argument counts turns, so that its reduction is exact. */
export const sinTurns64 = (u: number): number => {
  const quarter = Math.floor(4 * (u - Math.floor(u)) + 0.5);
  const angle = (u - Math.floor(u) - quarter / 4) * (2 * Math.PI);
  if (quarter === 1) return cosKernel(angle);
  if (quarter === 2) return -sinKernel(angle);
  return quarter === 3 ? -cosKernel(angle) : sinKernel(angle);
};

/** cos(2πu) */
export const cosTurns64 = (u: number): number => {
  const quarter = Math.floor(4 * (u - Math.floor(u)) + 0.5);
  const angle = (u - Math.floor(u) - quarter / 4) * (2 * Math.PI);
  if (quarter === 1) return -sinKernel(angle);
  if (quarter === 2) return -cosKernel(angle);
  return quarter === 3 ? sinKernel(angle) : cosKernel(angle);
};
