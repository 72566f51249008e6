import { exp64 } from "./math64.ts";

/** c[0] + c[1] x + c[2] x² + … */
const polynomial = (x: number, coefficients: readonly number[]): number =>
  coefficients.reduceRight((sum, c) => sum * x + c, 0);

// Rational approximations of fdlibm's s_erf.c (Sun Microsystems, 1993), by range of |x|.
const smallP = [
  0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442, -2.3763016656650163e-5,
];
const smallQ = [
  1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164, -3.960228278775368e-6,
];
const nearOne = 0.8450629115104675;
const middleP = [
  -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175, -0.11089469428239668,
  0.035478304325618236, -0.002166375594868791,
];
const middleQ = [
  1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
  0.011984499846799107,
];
const tailP = [
  -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
  -184.60509290671104, -81.2874355063066, -9.814329344169145,
];
const tailQ = [
  1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
  108.63500554177944, 6.570249770319282, -0.0604244152148581,
];
const farP = [
  -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
  -1025.0951316110772, -483.5191916086514,
];
const farQ = [
  1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
  474.52854120695537, -22.44095244658582,
];

/** 1 − erf(size) for size ≥ 0.84375. */
const complementOf = (size: number): number => {
  if (size < 1.25) {
    const s = size - 1;
    return 1 - nearOne - polynomial(s, middleP) / polynomial(s, middleQ);
  }
  if (size > 28) return 0;
  const s = 1 / (size * size);
  const ratio =
    size < 1 / 0.35 ? polynomial(s, tailP) / polynomial(s, tailQ) : polynomial(s, farP) / polynomial(s, farQ);
  // z has few bits, so that z² is exact and e^(−x²) loses nothing: −x² = −z² + (z − x)(z + x).
  const z = Math.fround(size);
  const zShort = Math.floor(z * 524288) / 524288;
  return (exp64(-zShort * zShort - 0.5625) * exp64((zShort - size) * (zShort + size) + ratio)) / size;
};

/** The error function. */
export const erf64 = (x: number): number => {
  const size = Math.abs(x);
  if (!(size >= 0.84375)) return x + x * (polynomial(x * x, smallP) / polynomial(x * x, smallQ));
  const value =
    size < 1.25 ? nearOne + polynomial(size - 1, middleP) / polynomial(size - 1, middleQ) : 1 - complementOf(size);
  return x < 0 ? -value : value;
};

/** 1 − erf x, to full relative precision for large x. */
export const erfc64 = (x: number): number => {
  const size = Math.abs(x);
  if (!(size >= 0.84375)) return x < 0.25 ? 1 - erf64(x) : 0.5 - (x - 0.5 + (erf64(x) - x));
  return x < 0 ? 2 - complementOf(size) : complementOf(size);
};

/** The standard normal distribution function Φ(x) = erfc(−x / √2) / 2. */
export const normalCdf64 = (x: number): number => 0.5 * erfc64(-x * Math.SQRT1_2);

/** The standard normal density φ(x) = e^(−x²/2) / √(2π). */
export const normalDensity64 = (x: number): number => 0.3989422804014327 * exp64(-0.5 * x * x);
