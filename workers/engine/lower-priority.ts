import { constants, getPriority, setPriority } from "node:os";

const LOWEST = constants.priority.PRIORITY_LOW;

/**
 * Lets whoever asks the API of the same machine go before training. Lower than the process was started with, as only a superuser may raise
 * a priority. On Linux of the calling thread alone: the trainer's heartbeats keep their place.
 */
export const lowerPriority = (): void =>
  setPriority(Math.min(LOWEST, getPriority() + constants.priority.PRIORITY_BELOW_NORMAL));
