// Softmax cross-entropy: up to 24 classes, rows go side by side in the lanes; see assembly/cross-entropy.ts.
#pragma once
#include "losses.h"

#define CLASSES_BY_LANES 24

INLINE vf without_traces(vf v) { return drop(v, lt(size_of(v), splat(7.888609052210118e-31))); }

/** Element j of each lane's row. */
INLINE vf gather(const float *x, vi places) {
#if LANES == 16
  return _mm512_i32gather_ps((__m512i)places, x, 4);
#elif LANES == 8
  return _mm256_i32gather_ps(x, (__m256i)places, 4);
#else
  const float lanes[4] = {x[places[0]], x[places[1]], x[places[2]], x[places[3]]};
  return load(lanes);
#endif
}

INLINE void spread(float *x, vi places, vf v) {
#if LANES == 16
  _mm512_i32scatter_ps(x, (__m512i)places, v, 4);
#else
  float lanes[LANES];
  i32 at[LANES];
  store(lanes, v);
  memcpy(at, &places, sizeof at);
  for (u32 i = 0; i < LANES; i++) x[at[i]] = lanes[i];
#endif
}

typedef struct {
  float *loss, *dx;
  const float *x, *classWeights, *rowWeights;
  const u32 *labels;
  float factor, share, sharp;
  u32 classes;
} CrossEntropy;

/** As many rows from i on as there are lanes; past `last` the last row again, which then gets the same numbers once more. */
static void cross_entropy_of_rows(const CrossEntropy *t, u32 i, u32 last) {
  const u32 classes = t->classes;
  float atLabel[LANES], weighing[LANES], rowWeights[LANES];
  i32 rows[LANES], counts[LANES];
  u32 labels[LANES];
  for (u32 lane = 0; lane < LANES; lane++) {
    const u32 row = least(i + lane, last), label = t->labels[row];
    const int known = label < classes;
    rows[lane] = (i32)(row - i);
    labels[lane] = label;
    counts[lane] = known;
    atLabel[lane] = known ? t->x[(size_t)row * classes + label] : 0;
    weighing[lane] = !known ? 0 : t->classWeights ? t->classWeights[label] : 1;
    rowWeights[lane] = weight_of(t->rowWeights, row);
  }
  vi row, label, counted;
  memcpy(&row, rows, sizeof row);
  memcpy(&label, labels, sizeof label);
  memcpy(&counted, counts, sizeof counted);
  const vm counting = not(eq(__builtin_convertvector(counted, vf), zero()));
  const vi places = row * (i32)classes;
  const float *x = t->x + (size_t)i * classes;
  vf largest = gather(x, places);
  for (u32 j = 1; j < classes; j++) largest = at_least(largest, gather(x + j, places));
  const vf labelMass = splat(t->sharp) * load(weighing);
  vf mass = labelMass, spreadSum = zero();
  if (t->share != 0)
    for (u32 j = 0; j < classes; j++) {
      const vf target = splat(t->share * (t->classWeights ? t->classWeights[j] : 1));
      mass = mass + target;
      spreadSum = madd(target, largest - gather(x + j, places), spreadSum);
    }
  vf exponentials[CLASSES_BY_LANES];
  vf total = zero();
  for (u32 j = 0; j < classes; j++) {
    exponentials[j] = exp_lanes(gather(x + j, places) - largest);
    total = total + exponentials[j];
  }
  const vf value = madd(mass, log_lanes(total), labelMass * (largest - load(atLabel))) + spreadSum;
  spread(t->loss + i, row, keep(load(rowWeights) * value, counting));
  if (!t->dx) return;
  float *dx = t->dx + (size_t)i * classes;
  const vf perMass = mass / total, f = splat(t->factor) * load(rowWeights);
  for (u32 j = 0; j < classes; j++) {
    const vm here = eq(__builtin_convertvector(label - (i32)j, vf), zero());
    const vf target = splat(t->share * (t->classWeights ? t->classWeights[j] : 1)) + keep(labelMass, here);
    spread(dx + j, places, keep(without_traces(f * (exponentials[j] * perMass - target)), counting));
  }
}

/** row[j] = factor · (row[j] · massOverTotal − t[j]), row holding e^(x − max). */
static void cross_entropy_gradient(float *row, const CrossEntropy *t, u32 label, float massOverTotal, float labelMass, float factor) {
  const vf p = splat(massOverTotal), s = splat(t->share), f = splat(factor);
  const float labelPart = row[label] * massOverTotal;
  for (u32 j = 0; j < t->classes; j += LANES) {
    const u32 n = t->classes - j;
    const vf target = t->classWeights ? (vf)(s * load_some(t->classWeights + j, n)) : s;
    store_some(row + j, without_traces(f * (load_some(row + j, n) * p - target)), n);
  }
  const float target = t->share * (t->classWeights ? t->classWeights[label] : 1);
  row[label] = factor * (labelPart - (target + labelMass));
}

static void cross_entropy_of_row(const CrossEntropy *t, u32 i) {
  const u32 label = t->labels[i], classes = t->classes;
  const float *x = t->x + (size_t)i * classes;
  float *to = t->dx ? t->dx + (size_t)i * classes : NULL;
  if (label >= classes) {
    t->loss[i] = 0;
    if (to) memset(to, 0, (size_t)classes * 4);
    return;
  }
  const float largest = row_max(x, classes), labelLogit = x[label];
  const float labelMass = t->sharp * (t->classWeights ? t->classWeights[label] : 1);
  float mass = labelMass, spreadSum = 0;
  if (t->share != 0)
    for (u32 j = 0; j < classes; j++) {
      const float target = t->share * (t->classWeights ? t->classWeights[j] : 1);
      mass += target;
      spreadSum += target * (largest - x[j]);
    }
  const float weight = weight_of(t->rowWeights, i);
  const float total = exp_row(to, x, largest, classes);
  const float value = mass * log_one(total) + labelMass * (largest - labelLogit) + spreadSum;
  t->loss[i] = weight * value;
  if (to) cross_entropy_gradient(to, t, label, mass / total, labelMass, t->factor * weight);
}

KERNEL(softmaxCrossEntropy) {
  const u32 classes = WHOLE(7);
  const CrossEntropy t = {.loss = FLOATS(0), .dx = FLOATS_OR_NULL(1), .x = FLOATS(2), .labels = INTEGERS(3), .classWeights = FLOATS_OR_NULL(4),
                          .rowWeights = FLOATS_OR_NULL(5), .factor = (float)DOUBLES(6)[0], .classes = classes,
                          .share = (float)(a[8] / (double)classes), .sharp = (float)(1 - a[8])};
  if (classes <= CLASSES_BY_LANES)
    for (u32 i = start; i < end; i += LANES) cross_entropy_of_rows(&t, i, end - 1);
  else
    for (u32 i = start; i < end; i++) cross_entropy_of_row(&t, i);
}
