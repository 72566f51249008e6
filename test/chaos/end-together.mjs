const children = new Set();
const cleanings = [];
let isHeard = false;

/** Told to stop, this process ends what it started, waits for it, cleans up, and ends as a signal ends a process. */
const endAll = async (signal, number) => {
  await Promise.all(
    [...children].map(
      ({ child, end }) =>
        new Promise((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) return resolve();
          child.once("exit", resolve);
          end(signal);
        }),
    ),
  );
  await Promise.all(cleanings.map((clean) => clean()));
  process.exit(128 + number);
};

const hear = () => {
  if (isHeard) return;
  isHeard = true;
  for (const [signal, number] of [
    ["SIGHUP", 1],
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ])
    process.once(signal, () => void endAll(signal, number));
};

/** What is to be done before this process ends at a signal, once its children have ended. */
export const cleanAtEnd = (clean) => {
  hear();
  cleanings.push(clean);
};

/** From now on the child does not outlive this process. `end` asks it to; SIGTERM if left out. */
export const endTogether = (child, end = () => child.kill("SIGTERM")) => {
  hear();
  const entry = { child, end };
  children.add(entry);
  child.once("exit", () => children.delete(entry));
  return child;
};
