import { assert } from "../../src/domain/errors.ts";

/** What a job takes of the trainer's machine: the exact size of its shared memory, and its team, which may be smaller while others want the cores. */
export interface Need {
  memoryBytes: number;
  threads: number;
}

/** A job's place among those that run. */
export interface Place {
  /** Tells the job's share of the cores, now and whenever it changes. */
  onShare(listen: (cores: number) => void): void;
  giveBack(): void;
}

export interface Ledger {
  /** Whether the need could be met if nothing else ran. */
  couldFit(need: Need): boolean;
  /**
   * Enters the need if it fits beside what is running: its memory, and one core at least. Once one was refused, all are until
   * something is taken out: small jobs that come after a large one do not keep it waiting for ever. Where no core is free, and only
   * teams could give one up, it is refused at first: another trainer may have one. With `alone`, nothing may run beside it, before
   * or after.
   */
  admit(need: Need & { alone?: boolean }): Place | null;
  /** Settles when something is taken out the next time, or teams may give up a core. */
  room(): Promise<void>;
  used(): Need;
  /** The cores of each job that runs, in the order in which they came. */
  shares(): number[];
}

interface Entry extends Need {
  share: number;
  listen: (cores: number) => void;
}

/** As equal as can be, in whole cores, and to none more than it wants; those that came first have the odd ones. */
const divide = (entries: readonly Entry[], cores: number): void => {
  const before = entries.map(({ share }) => share);
  for (const entry of entries) entry.share = 1;
  let left = cores - entries.length;
  for (let given = true; given && left > 0; ) {
    given = false;
    for (const entry of entries) {
      if (left === 0 || entry.share >= entry.threads) continue;
      entry.share += 1;
      left -= 1;
      given = true;
    }
  }
  for (const [i, { share, listen }] of entries.entries()) if (share !== before[i]) listen(share);
};

/** Whether teams give up cores for a job that comes: only some time after one was turned away for that, and for as long, so that idle trainers go first. */
const createPatience = (ms: number, tell: () => void) => {
  let state: "closed" | "asked" | "open" = "closed";
  let timer: NodeJS.Timeout | undefined;
  const close = (): void => {
    clearTimeout(timer);
    state = "closed";
  };
  const open = (): void => {
    state = "open";
    timer = setTimeout(close, ms);
    timer.unref();
    tell();
  };
  return {
    close,
    isOver: (): boolean => {
      if (ms === 0 || state === "open") return true;
      if (state === "closed") {
        state = "asked";
        timer = setTimeout(open, ms);
        timer.unref();
      }
      return false;
    },
  };
};

/** How long a job waits for a trainer with a free core before it shares those of another job. */
const usualPatienceMs = 2000;

/**
 * The trainer's own account of planned bytes and of cores. The limits that Node puts on a thread do not see a shared
 * WebAssembly memory, so nothing but this ledger keeps the jobs of one process from taking more than the machine has.
 * Jobs that run at the same time share the cores: a team gives some up when another job comes, and has them back when one
 * ends, with the same bits.
 */
export const createLedger = (total: Need, patienceMs: number = usualPatienceMs): Ledger => {
  const entries: Entry[] = [];
  let usedBytes = 0;
  let alone = false;
  let refused = false;
  let waiting: (() => void)[] = [];
  const tellAll = (): void => {
    const told = waiting;
    waiting = [];
    for (const tell of told) tell();
  };
  const patience = createPatience(patienceMs, tellAll);

  const usedThreads = (): number => entries.reduce((sum, { share }) => sum + share, 0);
  const fits = ({ memoryBytes }: Need): boolean =>
    usedBytes + memoryBytes <= total.memoryBytes && entries.length < total.threads;

  const leave = (entry: Entry): void => {
    const position = entries.indexOf(entry);
    assert(position >= 0, "a place in the ledger is given back once");
    entries.splice(position, 1);
    usedBytes -= entry.memoryBytes;
    alone = false;
    refused = false;
    patience.close();
    divide(entries, total.threads);
    tellAll();
  };

  return {
    couldFit: (need) => need.memoryBytes <= total.memoryBytes,
    used: () => ({ memoryBytes: usedBytes, threads: usedThreads() }),
    shares: () => entries.map(({ share }) => share),
    admit(need) {
      refused ||= alone || !fits(need) || (need.alone === true && entries.length > 0);
      if (refused) return null;
      if (usedThreads() >= total.threads && !patience.isOver()) return null;
      patience.close();
      alone = need.alone === true;
      const { memoryBytes, threads } = need;
      const entry: Entry = { memoryBytes, threads, share: 0, listen: () => {} };
      entries.push(entry);
      usedBytes += memoryBytes;
      divide(entries, total.threads);
      return {
        onShare: (listen) => {
          entry.listen = listen;
          listen(entry.share);
        },
        giveBack: () => leave(entry),
      };
    },
    room: () => new Promise((resolve) => waiting.push(resolve)),
  };
};
