// What a barrier costs a team of two. Included by run.c, last.
#pragma once
#include <pthread.h>
#include <stdlib.h>

enum { TIMED_BARRIERS = 64, TURNS = 9, HEADER_WORDS = 5, BLOCK_BYTES = 512 };
/** No further turn is taken after this: others use the processors, and each barrier may wait for one of them. */
#define LATEST_SECONDS 0.02

typedef struct {
  char block[BLOCK_BYTES];
  /** Nothing but barriers: the two threads run the same. */
  double program[HEADER_WORDS + TIMED_BARRIERS];
  /** Whether there is another turn, told between two barriers. */
  _Atomic i32 goes_on;
  /** Where the lead runs. */
  int processor;
} Trial;

static double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void place_barriers(Trial *trial) {
  const double header[HEADER_WORDS] = {0, (double)(uintptr_t)trial, HEADER_WORDS + TIMED_BARRIERS, offsetof(Trial, block), 2};
  for (int i = 0; i < HEADER_WORDS; i++) trial->program[i] = header[i];
  for (int i = 0; i < TIMED_BARRIERS; i++) trial->program[HEADER_WORDS + i] = -1;
}

/** Two new threads are often begun on one processor, and stay there for longer than this takes. */
static void leave_processor(int processor) {
#if defined(__linux__)
  cpu_set_t others;
  if (sched_getaffinity(0, sizeof others, &others) != 0) return;
  CPU_CLR(processor, &others);
  if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof others, &others);
#else
  (void)processor;
#endif
}

static void *run_partner(void *argument) {
  Trial *trial = argument;
  leave_processor(trial->processor);
  _Atomic i32 *sync = (_Atomic i32 *)trial->block;
  for (;;) {
    wait_for_team(sync, 2);
    if (!atomic_load(&trial->goes_on)) return NULL;
    descent_run(trial->program);
  }
}

/** The least of some turns: no more than a barrier takes where both threads have a processor. */
static double time_barriers(Trial *trial) {
  _Atomic i32 *sync = (_Atomic i32 *)trial->block;
  const double first = seconds_now();
  double least = 0;
  for (int turn = 0; turn < TURNS && (turn == 0 || seconds_now() - first < LATEST_SECONDS); turn++) {
    atomic_store(&trial->goes_on, 1);
    wait_for_team(sync, 2);
    const double begun = seconds_now();
    descent_run(trial->program);
    const double seconds = (seconds_now() - begun) / TIMED_BARRIERS;
    if (turn == 0 || seconds < least) least = seconds;
  }
  atomic_store(&trial->goes_on, 0);
  wait_for_team(sync, 2);
  return least;
}

/** In seconds; 0 where it cannot be told. Takes less than a millisecond where two processors are free. */
EXPORT double descent_barrier_seconds(void) {
  Trial *trial = aligned_alloc(64, (sizeof(Trial) + 63) / 64 * 64);
  if (trial == NULL) return 0;
  memset(trial, 0, sizeof *trial);
  place_barriers(trial);
#if defined(__linux__)
  trial->processor = sched_getcpu();
#endif
  pthread_t partner;
  double seconds = 0;
  if (pthread_create(&partner, NULL, run_partner, trial) == 0) {
    seconds = time_barriers(trial);
    pthread_join(partner, NULL);
  }
  free(trial);
  return seconds;
}
