// The library's entry: runs one thread's part of a stretch of a plan, kernel after kernel, barriers included, in one call.
#if defined(__linux__)
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "run.h"

#define EXPORT __attribute__((visibility("default")))

#if defined(__x86_64__)
extern const Entry table_avx2[], table_avx512[];
static const struct { const char *name; const Entry *table; } levels[] = {{"avx512", table_avx512}, {"avx2", table_avx2}};
static int can_run(int level) {
  __builtin_cpu_init();
  if (level == 1) return __builtin_cpu_supports("avx2");
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw");
}
#else
extern const Entry table_neon[];
static const struct { const char *name; const Entry *table; } levels[] = {{"neon", table_neon}};
static int can_run(int level) { return level == 0; }
#endif
#define LEVELS ((int)(sizeof levels / sizeof levels[0]))

/** Name of a level that this processor has, the widest first; NULL past the last. */
EXPORT const char *descent_level(int level) {
  return level < LEVELS ? (can_run(level) ? levels[level].name : "") : NULL;
}

/** Name of a level's kernel, by its number in a program; NULL past the last. */
EXPORT const char *descent_kernel(int level, int kernel) { return levels[level].table[kernel].name; }

/** Words of a team's block, as in parallel/barrier.ts; CLAIMED is thread 0's, the others' follow, each in a line of its own. */
enum { GENERATION = 0, ARRIVED = 16, SLEEPERS = 17, ABORT = 33, COMPLETED = 64, DONE = 80, CLAIMED = 96, LINE = 16 };
/**
 * Turns of the spinning loop, some microseconds; then the processor is offered to whoever waits for it, the late member perhaps, which takes as long as that one
 * runs, or a good tenth of a millisecond in all where nobody does; then a thread sleeps. To be woken takes a virtual machine's idle core about as long.
 */
#define SPIN_TURNS 200
#define YIELD_TURNS 400
/** A sleeping thread looks this often whether its team has been given up. */
#define SLEEP_NANOSECONDS 50000000

static void breathe(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void sleep_on(_Atomic i32 *word, i32 value) {
#if defined(__linux__)
  const struct timespec limit = {0, SLEEP_NANOSECONDS};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &limit, NULL, 0);
#else
  const struct timespec limit = {0, 20000};
  if (atomic_load(word) == value) nanosleep(&limit, NULL);
#endif
}

static void wake(_Atomic i32 *word) {
#if defined(__linux__)
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0);
#else
  (void)word;
#endif
}

/** Whether phase `phase` has ended, all of whose results are seen then. */
static int has_ended(_Atomic u64 *completed, u64 phase) { return atomic_load_explicit(completed, memory_order_acquire) >= phase; }

/** Waits until a phase has ended. Gives 1 where the team was given up. */
static int wait_for_phase(_Atomic i32 *sync, u64 phase) {
  _Atomic u64 *completed = (_Atomic u64 *)&sync[COMPLETED];
  for (int turns = SPIN_TURNS + YIELD_TURNS; turns > 0; turns--) {
    if (has_ended(completed, phase)) return atomic_load(&sync[ABORT]) != 0;
    if (turns > YIELD_TURNS) breathe();
    else sched_yield();
  }
  atomic_fetch_add(&sync[SLEEPERS], 1);
  while (!has_ended(completed, phase) && atomic_load(&sync[ABORT]) == 0) {
    // The low half, which every phase changes, is what a sleeper looks at.
    const i32 low = atomic_load(&sync[COMPLETED]);
    if (!has_ended(completed, phase)) sleep_on(&sync[COMPLETED], low);
  }
  atomic_fetch_sub(&sync[SLEEPERS], 1);
  return atomic_load(&sync[ABORT]) != 0;
}

/** Takes the next of `count` pieces of a phase, of those that are one thread's to begin with; −1: none is left. A word has the phase in its upper 48 bits. */
static i32 claim(_Atomic u64 *claimed, u64 phase, u32 count) {
  u64 word = atomic_load_explicit(claimed, memory_order_relaxed);
  for (;;) {
    const u64 of = word >> 16;
    const u32 next = of == phase ? (u32)(word & 0xffff) : 0;
    if (of > phase || next >= count) return -1;
    if (atomic_compare_exchange_weak_explicit(claimed, &word, (phase << 16) | (next + 1), memory_order_acq_rel, memory_order_relaxed)) return (i32)next;
  }
}

static void run_piece(const Entry *table, char *memory, const double *piece) {
  const double *stop = piece + (size_t)piece[0];
  for (const double *word = piece + 1; word < stop; word += (size_t)word[1])
    table[(int)word[0]].kernel(memory, word + 4, (u32)word[2], (u32)word[3]);
}

/** The barrier of parallel/barrier.ts. Gives 1 where the team was given up. */
static int wait_for_team(_Atomic i32 *sync, i32 threads) {
  const i32 generation = atomic_load(&sync[GENERATION]);
  if (atomic_fetch_add(&sync[ARRIVED], 1) == threads - 1) {
    atomic_store(&sync[ARRIVED], 0);
    atomic_store(&sync[GENERATION], (i32)((u32)generation + 1));
    if (atomic_load(&sync[SLEEPERS]) > 0) wake(&sync[GENERATION]);
  } else {
    int turns = SPIN_TURNS + YIELD_TURNS;
    while (atomic_load_explicit(&sync[GENERATION], memory_order_acquire) == generation && --turns > 0) {
      if (turns > YIELD_TURNS) breathe();
      else sched_yield();
    }
    if (turns == 0) {
      atomic_fetch_add(&sync[SLEEPERS], 1);
      while (atomic_load(&sync[GENERATION]) == generation && atomic_load(&sync[ABORT]) == 0) sleep_on(&sync[GENERATION], generation);
      atomic_fetch_sub(&sync[SLEEPERS], 1);
    }
  }
  return atomic_load(&sync[ABORT]) != 0;
}

/**
 * Runs a program of f64 words: [level, address of the memory, words in all, offset of the team's block, threads], then calls [kernel, words to the next, start,
 * end, arguments …] and barriers [−1]. Gives 1 where the team was given up, else 0.
 */
EXPORT int descent_run(const double *program) {
  const Entry *table = levels[(int)program[0]].table;
  char *memory = (char *)(uintptr_t)program[1];
  const double *stop = program + (size_t)program[2];
  _Atomic i32 *sync = (_Atomic i32 *)(memory + (size_t)program[3]);
  const i32 threads = (i32)program[4];
  for (const double *word = program + 5; word < stop;) {
    const int kernel = (int)word[0];
    if (kernel < 0) {
      if (wait_for_team(sync, threads)) return 1;
      word++;
      continue;
    }
    table[kernel].kernel(memory, word + 4, (u32)word[2], (u32)word[3]);
    word += (size_t)word[1];
  }
  return 0;
}

/**
 * Runs a team's program of f64 words: [level, address of the memory, words in all, offset of the team's block, threads, this thread], then its phases, each
 * [words to the next, pieces in all, for each thread its pieces and the word in the phase where they begin], pieces [words to the next, calls as above …].
 * A thread takes the pieces that are its own, then what others have not begun: who comes late, or not at all, keeps nobody waiting. Phases are counted
 * from `before` on over all runs of the team; one begins when the pieces of the one before have been computed. A member returns when it finds nothing more to
 * do, the lead (thread 0) when all is done. Gives 1 where the team was given up, else 0.
 */
EXPORT int descent_run_team(const double *program, double before) {
  const Entry *table = levels[(int)program[0]].table;
  char *memory = (char *)(uintptr_t)program[1];
  const double *stop = program + (size_t)program[2];
  _Atomic i32 *sync = (_Atomic i32 *)(memory + (size_t)program[3]);
  const u32 threads = (u32)program[4], own = (u32)program[5];
  _Atomic u64 *completed = (_Atomic u64 *)&sync[COMPLETED];
  u64 phase = (u64)before;
  for (const double *start = program + 6; start < stop; start += (size_t)start[0]) {
    if (wait_for_phase(sync, phase)) return 1;
    phase++;
    i32 computed = 0;
    for (u32 i = 0, of = own; i < threads; i++, of = of + 1 == threads ? 0 : of + 1) {
      const u32 count = (u32)start[2 + 2 * of];
      const double *piece = start + (size_t)start[3 + 2 * of];
      i32 at = 0;
      for (i32 next; (next = claim((_Atomic u64 *)&sync[CLAIMED + LINE * of], phase, count)) >= 0; computed++) {
        for (; at < next; at++) piece += (size_t)piece[0];
        run_piece(table, memory, piece);
      }
    }
    if (computed > 0 && atomic_fetch_add(&sync[DONE], computed) + computed == (i32)start[1]) {
      // Nobody else counts before the next phase begins.
      atomic_store(&sync[DONE], 0);
      atomic_store(completed, phase);
      if (atomic_load(&sync[SLEEPERS]) > 0) wake(&sync[COMPLETED]);
    }
  }
  return own == 0 ? wait_for_phase(sync, phase) : 0;
}

#include "barrier-cost.h"
