/** Of one manifest's text; a longer one is parsed each time. */
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
 * Parses manifests, and the same text only once: every submission reads its data set's, every prediction its model's. What it gives
 * is frozen, as several requests share it.
 */
export const createManifestParser = (): ((key: string, text: string) => unknown) => {
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  const known = new Map<string, { text: string; value: unknown }>();
  return (key, text) => {
    const last = known.get(key);
    known.delete(key);
    if (text.length > longest) return JSON.parse(text);
    const current = last?.text === text ? last : { text, value: freeze(JSON.parse(text)) };
    known.set(key, current);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    return current.value;
  };
};
