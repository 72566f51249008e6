// What the levels and the runner share.
#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;

/** A kernel: the memory, its arguments but for the last two as f64, and the range of units. */
typedef void Kernel(char *memory, const double *a, u32 start, u32 end);

typedef struct {
  const char *name;
  Kernel *kernel;
} Entry;

#endif
