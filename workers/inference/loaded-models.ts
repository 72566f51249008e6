/** A loaded model and what it costs to keep. */
export interface Loaded<T> {
  value: T;
  bytes: number;
}

/** The models used last, as many as fit in the bytes. One that is larger than all of them is used and not kept. */
export const createLoadedModels = <T>(capacityBytes: number) => {
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  const models = new Map<string, Loaded<T>>();
  let usedBytes = 0;
  const remove = (key: string): void => {
    usedBytes -= models.get(key)?.bytes ?? 0;
    models.delete(key);
  };
  return {
    get(key: string): T | null {
      const found = models.get(key);
      if (found === undefined) return null;
      models.delete(key);
      models.set(key, found);
      return found.value;
    },
    add(key: string, loaded: Loaded<T>): void {
      remove(key);
      if (loaded.bytes > capacityBytes) return;
      models.set(key, loaded);
      usedBytes += loaded.bytes;
      for (const oldest of models.keys()) {
        if (usedBytes <= capacityBytes) break;
        remove(oldest);
      }
    },
    removeBelow(prefix: string): void {
      for (const key of [...models.keys()]) if (key.startsWith(prefix)) remove(key);
    },
    usedBytes: () => usedBytes,
  };
};
