/** Long enough that waiting costs little, short enough that nobody notices. */
const longestMs = 10;

/** For long loops: awaited once in a round, it lets the event loop turn now and then. */
export const createTurnTaker = (): (() => Promise<void>) => {
  let begunMs = performance.now();
  return async () => {
    if (performance.now() - begunMs < longestMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    begunMs = performance.now();
  };
};
