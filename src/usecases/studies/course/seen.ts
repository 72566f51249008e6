import type { Seen, Study, Trial } from "../../../domain/studies/study.ts";
import type { Outcome } from "../../../search/outcome.ts";
import type { Course } from "../../../search/stopping/rungs.ts";

/** `0-17,19` */
const toRanges = (numbers: readonly number[]): string => {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let end = i;
    while (numbers[end + 1] === numbers[end]! + 1) end += 1;
    parts.push(end === i ? String(numbers[i]) : `${numbers[i]}-${numbers[end]}`);
    i = end + 1;
  }
  return parts.join(",");
};

const fromRanges = (text: string): number[] =>
  text === ""
    ? []
    : text.split(",").flatMap((part) => {
        const [first = 0, last = first] = part.split("-").map(Number);
        return Array.from({ length: last - first + 1 }, (_, i) => first + i);
      });

/** What a proposal that is made now sees of the trials so far. Those that failed or were cancelled have nothing to say. */
export const seenNow = (trials: readonly Trial[]): Seen => {
  const numbersOf = (wanted: (trial: Trial) => boolean): number[] => trials.filter(wanted).map(({ number }) => number);
  const stopped = trials.filter(
    ({ state, reached }) => (state === "waiting" || state === "stopped") && reached.length > 0,
  );
  return {
    finished: toRanges(numbersOf(({ state, objective }) => state === "succeeded" && objective !== null)),
    stopped: stopped.map(({ number, reached }) => `${number}@${reached.at(-1)!.epochs}`).join(","),
    running: toRanges(numbersOf(({ state }) => state === "running")),
  };
};

/** 1, or −1 where more is better: samplers know only what falls. */
export const signOf = (direction: "minimize" | "maximize"): 1 | -1 => (direction === "minimize" ? 1 : -1);

/** Finished trials of earlier studies come before the first of this one. */
export const earlierOutcomes = ({ earlier = [], epochs }: Pick<Study, "earlier" | "epochs">, sign: 1 | -1): Outcome[] =>
  earlier.map(({ point, value }, i) => ({
    ...{ number: i - earlier.length, point, state: "complete", value: sign * value, epochs },
  }));

/** The outcomes that a proposal saw, read from the record: the same now as then. */
export const outcomesOf = (seen: Seen, trials: readonly Trial[], sign: 1 | -1): Outcome[] => {
  const byNumber = new Map(trials.map((trial) => [trial.number, trial]));
  const trialOf = (number: number): Trial => byNumber.get(number)!;
  const finished = fromRanges(seen.finished).map(trialOf);
  const running = fromRanges(seen.running).map(trialOf);
  const stopped = seen.stopped === "" ? [] : seen.stopped.split(",").map((part) => part.split("@").map(Number));
  return [
    ...finished.map(({ number, point, objective, epochs }): Outcome => {
      return { number, point, state: "complete", value: sign * objective!, epochs };
    }),
    ...running.map(({ number, point }): Outcome => ({ number, point, state: "running", value: null, epochs: 0 })),
    ...stopped.map(([number = 0, epochs = 0]): Outcome => {
      const { point, reached } = trialOf(number);
      return {
        number,
        point,
        state: "stopped",
        value: sign * reached.find((rung) => rung.epochs === epochs)!.value,
        epochs,
      };
    }),
  ].sort((a, b) => a.number - b.number);
};

/** How far the trials have come, as the rungs see it. */
export const coursesOf = (trials: readonly Trial[], sign: 1 | -1): Course[] =>
  trials.map(({ number, bracket, state, reached, objective }) => ({
    ...{ number, bracket },
    reached: reached.map(({ epochs, value }) => ({ epochs, value: sign * value })),
    state: state === "running" || state === "waiting" ? state : "ended",
    value: state === "succeeded" && objective !== null ? sign * objective : null,
  }));
