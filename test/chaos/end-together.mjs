const children = new Set();

/** Told to stop, this process ends what it started, waits for it, and ends as a signal ends a process. */
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
  process.exit(128 + number);
};

/** From now on the child does not outlive this process. `end` asks it to; SIGTERM if left out. */
export const endTogether = (child, end = () => child.kill("SIGTERM")) => {
  if (children.size === 0)
    for (const [signal, number] of [
      ["SIGHUP", 1],
      ["SIGINT", 2],
      ["SIGTERM", 15],
    ])
      process.once(signal, () => void endAll(signal, number));
  const entry = { child, end };
  children.add(entry);
  child.once("exit", () => children.delete(entry));
  return child;
};
