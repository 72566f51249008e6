/** Of one text; a longer one is read each time. */
const longest = 64 * 1024;
const most = 256;

const freeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
};

/**
 * Reads what texts say, and what is asked for again and reads the same only once more: every submission reads its data set's manifest, every prediction its
 * model's, and most looks at a job find it as it was. What is kept is frozen, as several requests share it.
 */
export const createKnownTexts = <T>(): ((key: string, text: string, read: () => T) => T) => {
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  const known = new Map<string, { text: string; value?: T }>();
  return (key, text, read) => {
    const last = known.get(key);
    known.delete(key);
    if (text.length > longest) return read();
    const current = last?.text === text ? last : { text };
    known.set(key, current);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    // Freezing costs as much as reading: what is asked for once is given as it is.
    if (current !== last) return read();
    current.value ??= freeze(read());
    return current.value;
  };
};
