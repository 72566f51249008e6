/** How many of a team run a program: asked before each run, told after it. */
export interface TeamSizes {
  /** At most `most`. */
  next(program: number, most: number): number;
  /** Of the run that was asked for last. */
  took(program: number, ms: number): void;
}

/** Runs are timed together until they have taken so long, or one of them has. */
const windowMs = 5;
/** The first comparison: after so many runs and milliseconds, when the code is compiled and the caches are warm. */
const [firstRuns, firstMs] = [8, 20];
/** From one comparison to the next at least, in milliseconds of running: the more the longer nothing changes, and so many times what the last one has lost. */
const [soonestMs, latestMs, timesLost] = [250, 4000, 40];
/** Pairs of windows, one of each size, that are compared, on a busy machine each another; and what decides sooner, after so many: so many times as long. */
const [mostPairs, leastPairs, clearlyWorse, clearlyBetter] = [8, 3, 1.5, 0.7];
/** More threads must need less than this part of the time of fewer: what gains nothing, or is not sure to, is left to others. */
const worthMore = 0.93;
/** What makes a comparison due at once: so many windows together that took so many times as long as the last comparison found. */
const [slowWindows, muchSlower] = [3, 1.5];

interface Window {
  runs: number;
  ms: number;
}

/** One size against another, window by window in turns, so that what else the machine does meets both alike. */
interface Comparison {
  readonly candidate: number;
  /** Milliseconds a run of each, summed over the windows; and of all runs. */
  own: number;
  other: number;
  readonly ranMs: { own: number; other: number };
  pairs: number;
  /** Its windows have one run each. */
  readonly isLong: boolean;
  /** Which of the two has its turn. */
  turn: "own" | "other";
}

interface ProgramSizes {
  /** That may be at work. */
  readonly most: number;
  size: number;
  runs: number;
  ms: number;
  window: Window;
  comparison: Comparison | null;
  /** Of the last comparison. */
  endedMs: number;
  /** Until the next one is due; and the part of it that grows while nothing changes. */
  waitMs: number;
  intervalMs: number;
  /** A run at the present size took so long when it was compared last; 0: it never was. */
  usualMs: number;
  slow: number;
  /** Whether fewer threads are tried next, or more. */
  fewer: boolean;
}

const fresh = (most: number): ProgramSizes => ({
  ...{ most, size: most, runs: 0, ms: 0, window: { runs: 0, ms: 0 }, comparison: null, endedMs: 0, waitMs: 0 },
  ...{ intervalMs: soonestMs, usualMs: 0, slow: 0, fewer: true },
});

const isDue = (own: ProgramSizes): boolean => {
  if (own.usualMs === 0) return own.runs >= firstRuns && own.ms >= firstMs;
  return own.slow >= slowWindows || own.ms - own.endedMs >= own.waitMs;
};

/** The size that is tried next: one less or one more, in turns where there are both. */
const candidateOf = ({ size, most, fewer }: ProgramSizes): number => {
  if (size === 1) return 2;
  return fewer || size === most ? size - 1 : size + 1;
};

/** Whether the candidate is taken; null: not yet decided. */
const verdictOf = ({ own, other, pairs, candidate, isLong }: Comparison, size: number): boolean | null => {
  const ratio = other / own;
  if (pairs >= mostPairs) return candidate > size ? ratio < worthMore : ratio <= 1 / worthMore;
  // A long run is no matter of chance.
  if (pairs < (isLong ? 1 : leastPairs)) return null;
  if (ratio > clearlyWorse) return false;
  return ratio < clearlyBetter ? true : null;
};

/** What the slower of the two took longer than the other would have. */
const lostMs = ({ own, other, ranMs }: Comparison): number =>
  own < other ? ranMs.other * (1 - own / other) : ranMs.own * (1 - other / own);

const endComparison = (own: ProgramSizes, comparison: Comparison, taken: boolean): void => {
  own.usualMs = (taken ? comparison.other : comparison.own) / comparison.pairs;
  own.intervalMs = taken ? soonestMs : Math.min(latestMs, 2 * own.intervalMs);
  own.waitMs = Math.max(own.intervalMs, timesLost * lostMs(comparison));
  // What was better once is tried further; what was not is tried the other way.
  if (taken) own.size = comparison.candidate;
  else own.fewer = !own.fewer;
  own.endedMs = own.ms;
  own.slow = 0;
  own.comparison = null;
};

const endWindow = (own: ProgramSizes): void => {
  const { ms, runs } = own.window;
  const msOfRun = ms / runs;
  own.window = { runs: 0, ms: 0 };
  const { comparison } = own;
  if (comparison === null) {
    own.slow = own.usualMs > 0 && msOfRun > muchSlower * own.usualMs ? own.slow + 1 : 0;
    if (isDue(own)) {
      const none = { own: 0, other: 0 };
      own.comparison = {
        candidate: candidateOf(own),
        ...none,
        ranMs: none,
        pairs: 0,
        isLong: runs === 1,
        turn: "other",
      };
    }
    return;
  }
  comparison[comparison.turn] += msOfRun;
  comparison.ranMs[comparison.turn] += ms;
  if (comparison.turn === "other") comparison.turn = "own";
  else {
    comparison.turn = "other";
    comparison.pairs += 1;
    const verdict = verdictOf(comparison, own.size);
    if (verdict !== null) endComparison(own, comparison, verdict);
  }
};

/**
 * Finds for each program the team that runs it in the least time, by comparing neighbouring sizes now and then: cores that others use, caches and work too small
 * to share all show in it. Begins with all that may be at work, whenever these become more or fewer. How many compute changes no bit of what is computed.
 */
export const createTeamSizes = (): TeamSizes => {
  const programs: ProgramSizes[] = [];
  return {
    next: (program, most) => {
      let own = programs[program];
      if (own?.most !== most) {
        own = fresh(most);
        programs[program] = own;
      }
      const { comparison } = own;
      return comparison?.turn === "other" ? comparison.candidate : own.size;
    },
    took: (program, ms) => {
      const own = programs[program]!;
      if (own.most === 1) return;
      own.runs += 1;
      own.ms += ms;
      own.window.runs += 1;
      own.window.ms += ms;
      if (own.window.ms >= windowMs) endWindow(own);
    },
  };
};
