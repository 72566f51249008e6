// Counter-based random numbers (Philox 4×32-10): families/random.ts.
#pragma once
#include "elementary.h"

typedef u32 vu __attribute__((vector_size(4 * LANES)));
typedef uint64_t vul __attribute__((vector_size(8 * LANES)));

/** Elements of as many blocks of four as there are lanes. */
#define DRAWN (4 * LANES)

INLINE vu multiply_high(vu x, u32 m) { return __builtin_convertvector((__builtin_convertvector(x, vul) * m) >> 32, vu); }

/** The words of elements first … first + DRAWN; `first` is a multiple of 4. */
static void draw(u32 *words, const u32 *state, u32 purpose, u32 first) {
  vu c0 = (vu){} + first / 4, c1 = (vu){} + purpose, c2 = (vu){} + state[2], c3 = (vu){} + state[3];
  for (u32 lane = 0; lane < LANES; lane++) c0[lane] += lane;
  u32 k0 = state[0], k1 = state[1];
  for (int round = 0; round < 10; round++) {
    const vu high0 = multiply_high(c0, 0xd2511f53), high1 = multiply_high(c2, 0xcd9e8d57);
    const vu low0 = c0 * 0xd2511f53, low1 = c2 * 0xcd9e8d57;
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  for (u32 lane = 0; lane < LANES; lane++) {
    words[4 * lane] = c0[lane];
    words[4 * lane + 1] = c1[lane];
    words[4 * lane + 2] = c2[lane];
    words[4 * lane + 3] = c3[lane];
  }
}

/** u = ⌊word / 2⁸⌋ · 2⁻²⁴ in [0, 1), exact. */
INLINE vf uniform_lanes(const u32 *words) {
  vu drawn;
  memcpy(&drawn, words, sizeof drawn);
  return __builtin_convertvector((vi)(drawn >> 8), vf) * splat(5.9604644775390625e-8);
}

/** Runs `body` over the elements e … of [start, end), n of them at a time, whose words begin at `words`. */
#define FOR_DRAWN(stateAt, purposeAt, body) \
  u32 drawn[DRAWN + LANES] = {0}; \
  for (u32 block = start - start % DRAWN; block < end; block += DRAWN) { \
    draw(drawn, INTEGERS(stateAt), WHOLE(purposeAt), block); \
    const u32 stop = least(end, block + DRAWN); \
    for (u32 e = most(start, block); e < stop; e += LANES) { \
      const u32 n = stop - e; \
      const u32 *words = drawn + (e - block); \
      body \
    } \
  }

KERNEL(randomBits) {
  FOR_DRAWN(1, 2, memcpy(INTEGERS(0) + e, words, least(n, LANES) * 4);)
}

KERNEL(randomUniform) {
  const vf low = splat(SINGLE(3)), range = splat((float)(a[4] - a[3]));
  FOR_DRAWN(1, 2, store_some(FLOATS(0) + e, madd(range, uniform_lanes(words), low), n);)
}

KERNEL(dropout) {
  const vf rate = splat(SINGLE(4)), factor = splat((float)(1 / (1 - a[4])));
  FOR_DRAWN(2, 3, store_some(FLOATS(0) + e, keep(load_some(FLOATS(1) + e, n) * factor, ge(uniform_lanes(words), rate)), n);)
}

/** Pairs by Box & Muller 1958: the first of two by the cosine, the second by the sine. */
static void normal_of(float *out, const u32 *words, vf mean, vf deviation) {
  float open[LANES], turns[LANES];
  float odd[LANES];
  const vf u = uniform_lanes(words);
  for (u32 lane = 0; lane < LANES; lane++) {
    open[lane] = u[lane & ~1u];
    turns[lane] = u[lane | 1u];
    odd[lane] = lane & 1;
  }
  const vf radius = root(splat(-2) * log_lanes(load(open) + splat(5.9604644775390625e-8)));
  const vf t = load(turns);
  const vf wave = sel(eq(load(odd), zero()), sin_turns(t, 1), sin_turns(t, 0));
  store(out, madd(deviation, radius * wave, mean));
}

KERNEL(randomNormal) {
  const vf mean = splat(SINGLE(3)), deviation = splat(SINGLE(4));
  u32 words[DRAWN];
  float values[DRAWN];
  for (u32 block = start - start % DRAWN; block < end; block += DRAWN) {
    draw(words, INTEGERS(1), WHOLE(2), block);
    for (u32 i = 0; i < DRAWN; i += LANES) normal_of(values + i, words + i, mean, deviation);
    const u32 first = most(start, block), last = least(end, block + DRAWN);
    memcpy(FLOATS(0) + first, values + (first - block), (size_t)(last - first) * 4);
  }
}
